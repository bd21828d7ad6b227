"""What can be done from the board: each action calls what its command calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from workshop import events
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import machines_of
from workshop.bill import so_far
from workshop.board import claims
from workshop.board.reading import BoardSource
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.errors import UsageError
from workshop.notebooks import reopening, start_stop
from workshop.notebooks.start_stop import NotebookOutcome, Transition
from workshop.requests import saving, telling
from workshop.requests.ask import AgentWaits
from workshop.swap import swapping
from workshop.swap.swapping import SwapPlan
from workshop.teardown import file_counts, freeze, session
from workshop.teardown.events import TeardownEvent
from workshop.teardown.plan import DONE, Choices
from workshop.teardown.session import TeardownRequest, TeardownSession

MOST_NAMED = 20
"""Resources of a sweep's plan that are named; the others are counted."""


@dataclass
class ActionWork:
    """One action under way: on which seats, with which words, and what it has said so far.

    ``good`` is False where something is not as asked; ``digest`` is that of a plan that can be
    done now.
    """

    source: BoardSource
    loaded: LoadedEnvironment
    seats: tuple[Seat, ...]
    words: Mapping[str, str]
    say: Callable[[str], None]
    good: bool = True
    digest: str = ""

    @property
    def clients(self) -> Clients:
        return self.source.clients

    @property
    def only(self) -> tuple[str, ...]:
        return tuple(seat.id for seat in self.seats)


@dataclass(frozen=True)
class ActionField:
    """What an action asks for beside seats."""

    name: str
    label: str
    longest: int = 60


@dataclass(frozen=True)
class BoardAction:
    """A button of the board; ``effect`` is the sentence that is agreed to."""

    verb: str
    title: str
    effect: str
    does: Callable[[ActionWork], None]
    seats: bool = True
    """Whether it is for seats that are chosen, else for the whole workshop."""
    for_one_seat: bool = False
    """Whether it is for one seat alone."""
    fields: tuple[ActionField, ...] = ()
    options: tuple[str, ...] = ()
    """What the command takes besides."""
    listed: bool = True
    """Whether it has a button of its own, else it follows from another action."""

    def command(self, loaded: LoadedEnvironment, only: tuple[str, ...]) -> str:
        """Return the command that does the same."""
        chosen = ("--only", ",".join(only)) if self.seats else ()
        options = self.options if self.listed else ("--apply",)
        return loaded.command(self.verb, *chosen, *options)


def _moved(goal: Transition, work: ActionWork) -> None:
    for outcome in _move(goal, work, work.seats):
        work.good = work.good and outcome.as_asked


def _stop(work: ActionWork) -> None:
    waits = AgentWaits(threading.Event().wait, saving.FIRST_MINUTES)
    saving.save_first(work.clients, work.loaded, work.seats, waits, work.say)
    _moved(start_stop.STOP, work)


def _move(goal: Transition, work: ActionWork, seats: tuple[Seat, ...]) -> list[NotebookOutcome]:
    return start_stop.move(
        work.loaded,
        machines_of(seats),
        work.clients,
        goal,
        report=lambda outcome: work.say(outcome.sentence(goal)),
        interrupted=lambda: None,
    )


def _freeze(work: ActionWork) -> None:
    for seat in work.seats:
        closed = freeze.freeze_seat(work.clients, work.loaded, seat)
        for sentence in (*closed.problems, *closed.open_still):
            work.say(sentence)
        work.good = work.good and not closed.problems
        if not closed.problems:
            work.say(f"{seat.id}: frozen")


def _reopen(work: ActionWork) -> None:
    for seat, reopened in reopening.reopen_seats(work.clients, work.loaded, work.seats).items():
        work.say(": ".join(filter(None, (seat.id, reopened.result, reopened.reason))))
        work.good = work.good and not reopened.reason


def _save(work: ActionWork) -> None:
    answers = saving.save(
        work.clients,
        work.loaded,
        work.seats,
        AgentWaits(threading.Event().wait, saving.MINUTES),
        report=lambda answer: work.say(saving.sentence(answer)),
    )
    work.good = all(answer.result in saving.GOOD for answer in answers)


def _tell(work: ActionWork) -> None:
    text = telling.message(work.words.get("text", ""))
    work.say(telling.tell(work.clients, work.loaded, work.loaded.seats, text))


def _undo_claims(work: ActionWork) -> None:
    seats = claims.undone(work.clients, work.loaded, work.words.get("since", ""), events.now())
    for seat in seats:
        work.say(f"{seat}: free again, with a new code")
    work.say(f"{count_of(len(seats), 'claim')} undone; claiming is closed")


def swap_plan(
    loaded: LoadedEnvironment, seats: tuple[Seat, ...], words: Mapping[str, str]
) -> SwapPlan:
    """Return what a swap would do; raise an error where it cannot be."""
    (seat,) = seats
    spare = words.get("spare", "").strip()
    if spare not in {known.id for known in loaded.seats}:
        raise UsageError(f"{spare!r} is no seat of this workshop; name a spare")
    found = swapping.rows(loaded.name, loaded.path.parent, seat.id, spare)
    return swapping.plan(found, loaded.seats)


def _swap(work: ActionWork) -> None:
    planned = swap_plan(work.loaded, work.seats, work.words)
    for warning in planned.warnings:
        work.say(f"warning: {warning}")
    work.good = swapping.swap(
        work.clients,
        work.loaded,
        planned,
        start=lambda spare: _move(start_stop.START, work, (spare,)),
        say=work.say,
    )


def _sweep_session(work: ActionWork, *, apply: bool) -> TeardownSession:
    whole = set(work.seats) == set(work.loaded.seats)
    only = None if whole else work.only
    choices = Choices(only=only, stacks=False, contents=False, save=session.kept(work.loaded, None))
    options = () if only is None else ("--only", ",".join(only))
    request = TeardownRequest(
        "sweep",
        choices,
        work.loaded.command("sweep", *options),
        apply=apply,
        digest=work.words.get("digest") if apply else None,
        early=True,
    )
    return TeardownSession(
        work.clients,
        work.loaded,
        work.seats,
        request,
        sink=lambda event: work.say(_told(event)),
        say=work.say,
    )


def _told(event: TeardownEvent) -> str:
    resource = event.resource
    subject = "" if resource is None else f"{resource.seat}: {resource.resource_type} {resource.id}"
    return ": ".join(filter(None, (subject, event.outcome or event.step, event.message)))


def _plan_sweep(work: ActionWork) -> None:
    asked = _sweep_session(work, apply=False)
    work.say("looking for everything of the workshop ...")
    plan = asked.plan()
    counts = asked.counts(plan)
    asked.show(plan)
    done = [(resource, action) for resource, action in plan.actions if action in DONE]
    for resource, action in done[:MOST_NAMED]:
        work.say(f"{resource.seat}: {resource.resource_type} {resource.id}: {action.value}")
    if len(done) > MOST_NAMED:
        work.say(
            f"and {count_of(len(done) - MOST_NAMED, 'more resource')}; all of it:"
            f" {asked.request.command} --all"
        )
    for unknown in plan.unknown:
        work.say(f"warning: {unknown.message}")
    for line in counts.lines:
        work.say(line)
    if plan.is_empty:
        work.say("there is nothing to sweep")
        return
    work.say(f"this {file_counts.deletes(plan, counts)}")
    work.digest = plan.digest


def _sweep(work: ActionWork) -> None:
    if not work.words.get("digest"):
        raise UsageError("no plan is named; press Sweep and look at its plan first")
    asked = _sweep_session(work, apply=True)
    work.say("looking for everything of the workshop ...")
    plan = asked.plan()
    asked.counts(plan)
    held = asked.held(plan)
    asked.agree(plan, work.words.get("name", ""))
    asked.begin(plan)
    bill = partial(
        so_far.bill_before_deletion,
        work.clients,
        work.loaded,
        asked.account_regions,
        work.say,
    )
    report = asked.apply(plan, held, bill)
    paths = asked.end(report)
    work.good = report.code == 0
    work.say(report.verdict)
    work.say(f"the report: {', '.join(map(str, paths))}")


NAME = ActionField("name", "The workshop's name, typed")
ACTIONS = {
    action.verb.rpartition(" ")[2] + ("" if action.listed else "-apply"): action
    for action in (
        BoardAction(
            "start",
            "Start",
            "The notebooks are started; what runs already is left alone. They cost while they run.",
            partial(_moved, start_stop.START),
        ),
        BoardAction(
            "stop",
            "Stop",
            "Files are saved first, for a minute at most, then the notebooks are stopped: what was"
            " not saved in an open program is lost, disks stay and go on costing. Jobs and"
            " endpoints go on.",
            _stop,
        ),
        BoardAction(
            "save",
            "Save",
            "The notebooks that run save their files into the seats' buckets now.",
            _save,
        ),
        BoardAction(
            "freeze",
            "Freeze",
            "The seats can make, start and change nothing until they are reopened; what runs goes"
            " on, and costs. A notebook that an organiser's link has open stays open until it is"
            " stopped.",
            _freeze,
        ),
        BoardAction(
            "reopen",
            "Reopen",
            "The seats may again do what they could before they were frozen; what was stopped"
            " stays stopped.",
            _reopen,
        ),
        BoardAction(
            "swap",
            "Swap",
            "The person of this seat goes on at the spare: the roster's row gets the spare's id,"
            " the saved work is copied, the spare is started, and this seat is frozen.",
            _swap,
            for_one_seat=True,
            fields=(ActionField("spare", "The spare"),),
        ),
        BoardAction(
            "sweep",
            "Sweep",
            "First it is looked up what attendees have made; nothing is deleted yet.",
            _plan_sweep,
        ),
        BoardAction(
            "sweep",
            "Sweep now",
            "What the plan shows is stopped and deleted: jobs, endpoints, models and the like."
            " Stacks, buckets and repositories stay.",
            _sweep,
            fields=(NAME,),
            listed=False,
        ),
        BoardAction(
            "tell",
            "Tell everybody",
            "Every running notebook shows the message within two minutes; whoever has a seat may"
            " read all messages.",
            _tell,
            seats=False,
            fields=(ActionField("text", "The message", longest=2_000),),
        ),
        BoardAction(
            "door undo",
            "Undo claims",
            "Every seat that was claimed since then is free again and has a new code: who claimed"
            " one claims another. Claiming is closed until it is opened again, and the class has a"
            " new code.",
            _undo_claims,
            seats=False,
            fields=(ActionField("since", "Since, as 10:05"),),
            options=("--since", "10:05"),
        ),
    )
}
"""Every action of the board by its name in addresses; opening is a link, not an action."""
