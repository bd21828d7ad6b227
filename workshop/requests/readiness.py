"""Whether workbenches are as attendees should find them, as their agents report after a check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from workshop.agent import files
from workshop.aws.agent_reports import AgentReport
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import SeatMachine
from workshop.config.environment import LoadedEnvironment
from workshop.requests import ask
from workshop.requests.ask import AgentAnswer, AgentWaits

AGAIN_SECONDS = 20.0
"""After which a workbench that still installs packages is checked once more."""
LONGEST = 200
"""Characters of one reason."""
INSTALLING = "installing"


def check(
    clients: Clients,
    loaded: LoadedEnvironment,
    machines: Sequence[SeatMachine],
    waits: AgentWaits,
    *,
    report: Callable[[AgentAnswer], None],
) -> None:
    """Have running workbenches checked, those that still install packages again until they have.

    ``report`` is called with each machine's answer; what it is called with last counts.
    """
    ends, left = waits.clock() + waits.minutes * 60, list(machines)
    # What a second check does not answer, the first one has.
    known: set[SeatMachine] = set()

    def note(answer: AgentAnswer) -> None:
        if answer.result == "done" or answer.machine not in known:
            known.add(answer.machine)
            report(answer)

    while left:
        minutes = max(0.0, ends - waits.clock()) / 60
        answers = ask.ask(
            clients, loaded, left, "check", replace(waits, minutes=minutes), report=note
        )
        left = [
            answer.machine
            for answer in answers
            if answer.result == "done" and answer.report.packages == INSTALLING
        ]
        if left and (waits.clock() >= ends or waits.pause(AGAIN_SECONDS)):
            return


def reasons(answer: AgentAnswer) -> tuple[str, ...]:
    """Return why a workbench is not ready; nothing if it is."""
    if answer.result != "done":
        return (_line(answer.reason),)
    return tuple(map(_line, _missing(answer.report)))


def _missing(report: AgentReport) -> list[str]:
    found = []
    if report.content is False:
        found.append("the content is not there")
    found += [f"the token {name} is not there" for name in report.no_tokens]
    if report.packages == INSTALLING:
        found.append("packages are still being installed")
    elif report.packages not in (None, "done"):
        found.append("packages are not installed: see workshop-packages.log on the machine")
    if report.datasets:
        found.append(f"the datasets cannot be read: {report.datasets}")
    if report.disk_free is not None and report.disk_free < files.KEPT_FREE:
        found.append(f"the disk has less than {files.KEPT_FREE // 1_000_000} MB free")
    if not report.kernels:
        found.append("no environment with a kernel was found")
    else:
        found += [
            f"the kernel {name} does not start: {why}"
            for name, why in report.kernels.items()
            if why
        ]
    if report.set_up:
        found.append(f"its start failed in part: {report.set_up}")
    return [*found, *report.errors]


def _line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."
