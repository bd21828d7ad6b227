"""Asks the agents of running machines for something, and waits for their answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from workshop.account_region import AccountRegion
from workshop.aws import agent_reports as reports
from workshop.aws.agent_reports import AgentReport
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import BOX, NOTEBOOK, Machine, SeatMachine
from workshop.aws.reads import Unavailable, attempt_each, read_each, side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import WorkshopError
from workshop.requests import inbox
from workshop.requests.inbox import CohortInbox

THREADS = 16
POLL_SECONDS = 5.0
FIRST_REPORT_MINUTES = 5.0
"""So long after its machine came up, an agent that has never reported is waited for: it reports
once it has begun, and of one that has not by then, nobody knows when it will."""
NEVER = "its agent has never reported"

Result = Literal["done", "failed", "silent", "not running", "unread", "interrupted"]


@dataclass(frozen=True)
class AgentWaits:
    """How long is waited: ``pause`` waits so many seconds and says whether to stop at once."""

    pause: Callable[[float], bool]
    minutes: float
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


@dataclass(frozen=True)
class AgentAnswer:
    """What became of a request to the agent of one machine, with its last report.

    ``reason`` says why.
    """

    machine: SeatMachine
    result: Result
    report: AgentReport = field(default_factory=AgentReport)
    reason: str = ""

    @property
    def seat(self) -> Seat:
        """Whose machine it is."""
        return self.machine.seat

    @property
    def whose(self) -> str:
        """The seat's id for its notebook, or the words for another machine of it."""
        kind = self.machine.kind
        return self.seat.id if kind is NOTEBOOK else f"the {kind.noun} of {self.seat.id}"


def running(
    clients: Clients, loaded: LoadedEnvironment, machines: Sequence[SeatMachine]
) -> dict[SeatMachine, Machine | Unavailable | None]:
    """Return machines as they are, None for none, by one listing for each account and Region."""
    listed = attempt_each(
        lambda some: some[0].listed(clients, some[1], loaded.settings.workshop),
        dict.fromkeys((machine.kind, machine.seat.account_region) for machine in machines),
        threads=THREADS,
    )
    found: dict[SeatMachine, Machine | Unavailable | None] = {}
    for machine in machines:
        there = listed[machine.kind, machine.seat.account_region]
        if isinstance(there, Unavailable):
            found[machine] = there
        else:
            found[machine] = there.get(machine.kind.name(loaded.names(machine.seat)))
    return found


def ask(
    clients: Clients,
    loaded: LoadedEnvironment,
    machines: Sequence[SeatMachine],
    kind: str,
    waits: AgentWaits,
    *,
    report: Callable[[AgentAnswer], None] = lambda _: None,
    known: bool = False,
    **more: Any,
) -> list[AgentAnswer]:
    """Ask running machines for ``kind`` and wait; return one answer for each machine, in order.

    A request names seats: of a seat that has two machines, both do what is asked for.
    ``report`` is called with each answer as it comes. ``known``: agents that have never reported
    are asked, and not waited for, however short their machines run. Raise WorkshopError where the
    request can be written in none of the accounts and Regions.
    """
    answers: dict[SeatMachine, AgentAnswer] = {}

    def end(answer: AgentAnswer) -> None:
        answers[answer.machine] = answer
        report(answer)

    asked: dict[SeatMachine, float] = {}
    for seat_machine, machine in running(clients, loaded, machines).items():
        noun = seat_machine.kind.noun
        if isinstance(machine, Unavailable):
            end(AgentAnswer(seat_machine, "unread", reason=f"its {noun}: {machine.reason}"))
        elif machine is None or machine.status != seat_machine.kind.up:
            state = f"its {noun} is {machine.status}" if machine else f"there is no {noun}"
            end(AgentAnswer(seat_machine, "not running", reason=state))
        else:
            asked[seat_machine] = 0.0 if known else _patience(machine, waits.now())
    request_id, now = inbox.new_id(waits.now()), waits.now()
    by_place: dict[AccountRegion, set[str]] = {}
    for seat_machine in asked:
        by_place.setdefault(seat_machine.seat.account_region, set()).add(seat_machine.seat.attendee)

    def write(where: AccountRegion) -> None:
        request = partial(inbox.with_request, request_id=request_id, kind=kind, now=now)
        CohortInbox(clients, loaded, where).change(partial(request, seats=by_place[where], **more))

    _, refused = read_each(write, by_place, threads=THREADS)
    if refused and len(refused) == len(by_place):
        raise WorkshopError(next(iter(refused.values())))
    for seat_machine in [
        seat_machine for seat_machine in asked if seat_machine.seat.account_region in refused
    ]:
        del asked[seat_machine]
        end(AgentAnswer(seat_machine, "unread", reason=refused[seat_machine.seat.account_region]))

    def read_one(machine: SeatMachine) -> AgentReport | Unavailable:
        return reports.read(clients, loaded, machine.seat, of_box=machine.kind is BOX)

    wait_for(read_one, asked, request_id, waits, end)
    return [answers[seat_machine] for seat_machine in machines]


def wait_for(
    read_one: Callable[[SeatMachine], AgentReport | Unavailable],
    asked: Mapping[SeatMachine, float],
    request_id: str,
    waits: AgentWaits,
    end: Callable[[AgentAnswer], None],
) -> None:
    """Wait until all who were ``asked`` have answered, or for as long as ``waits`` says.

    ``asked`` has for how many seconds each is waited for whose agent has never reported.
    """
    begun, left = waits.clock(), list(asked)
    while left:
        read = side_by_side(read_one, left, threads=THREADS)
        for machine, answer in read.items():
            if not isinstance(answer, Unavailable) and request_id in answer.handled:
                end(AgentAnswer(machine, "done", answer))
                left.remove(machine)
        waited = waits.clock() - begun
        over = waited >= waits.minutes * 60
        for machine in [machine for machine in left if has_never_reported(read[machine])]:
            if waited >= asked[machine]:
                end(_unanswered(machine, read[machine], interrupted=False))
                left.remove(machine)
        if left and (over or waits.pause(POLL_SECONDS)):
            for machine in left:
                end(_unanswered(machine, read[machine], interrupted=not over))
            return


def _patience(machine: Machine, now: float) -> float:
    """Return for how many seconds more a machine that is up may not have reported yet."""
    longest = FIRST_REPORT_MINUTES * 60
    return min(longest, max(0.0, machine.changed.timestamp() + longest - now))


def has_never_reported(read: AgentReport | Unavailable) -> bool:
    """Return whether it is known that an agent has not reported yet."""
    return not isinstance(read, Unavailable) and not read.time


def _unanswered(
    machine: SeatMachine, read: AgentReport | Unavailable, *, interrupted: bool
) -> AgentAnswer:
    if isinstance(read, Unavailable):
        return AgentAnswer(machine, "unread", reason=f"its report: {read.reason}")
    if interrupted:
        return AgentAnswer(machine, "interrupted", read, "it was not waited for")
    if read.save_error:
        return AgentAnswer(machine, "failed", read, read.save_error)
    why = NEVER if has_never_reported(read) else "its agent did not answer in time"
    return AgentAnswer(machine, "silent", read, why)
