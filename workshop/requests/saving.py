"""Has running notebooks and EC2 instances save their files now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import machines_of
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import SignInError, WorkshopError
from workshop.requests import ask
from workshop.requests.ask import AgentAnswer, AgentWaits, Result

MINUTES = 4.0
FIRST_MINUTES = 1.0
"""For which machines may save before they are stopped."""
WORDS: dict[Result, str] = {
    "done": "saved",
    "failed": "not saved",
    "silent": "no answer",
    "unread": "not known",
    "not running": "not running",
    "interrupted": "not waited for",
}
GOOD: frozenset[Result] = frozenset({"done", "not running"})
"""What is no failure: a machine that does not run has saved before it stopped."""


def save(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    waits: AgentWaits,
    *,
    report: Callable[[AgentAnswer], None],
) -> list[AgentAnswer]:
    """Ask and wait; return one answer for each machine, and report each as it comes."""
    return ask.ask(clients, loaded, machines_of(seats), "save", waits, report=report)


def sentence(answer: AgentAnswer) -> str:
    """Return whose machine it is, what became of it, and why."""
    return ": ".join(filter(None, (answer.whose, WORDS[answer.result], answer.reason)))


def save_first(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    waits: AgentWaits,
    say: Callable[[str], object],
) -> None:
    """Have running machines save their files, and say who could not; nobody goes on for that."""
    say("having files saved first ...")
    try:
        answers = ask.ask(clients, loaded, machines_of(seats), "save", waits, known=True)
    except SignInError:  # nothing else would be answered either
        raise
    except WorkshopError as error:
        say(f"warning: files could not be saved first: {error}")
        return
    failed = [answer for answer in answers if answer.result not in GOOD]
    saved = sum(answer.result == "done" for answer in answers)
    if saved:
        say(f"{saved} saved")
    for why in dict.fromkeys(outcome.reason for outcome in failed):
        ids = ", ".join(outcome.whose for outcome in failed if outcome.reason == why)
        say(f"warning: not saved first: {ids}: {why}; a machine saves once more while it stops")
