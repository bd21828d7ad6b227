"""Asks the agents of running machines for something, and waits for their answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from workshop.aws import agent_reports as reports
from workshop.aws.agent_reports import AgentReport
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import BOX, NOTEBOOK, BoxKind, Machine, NotebookKind
from workshop.aws.reads import Unavailable, attempt, side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.requests import inbox
from workshop.requests.inbox import CohortInbox

THREADS = 16
POLL_SECONDS = 5.0
FIRST_REPORT_MINUTES = 5.0
"""After which an agent that has never reported is not waited for: it reports once it has begun."""
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
    """What became of a request to one seat's agent, with its last report; ``reason`` says why."""

    seat: Seat
    result: Result
    report: AgentReport = field(default_factory=AgentReport)
    reason: str = ""


def running(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    kind: NotebookKind | BoxKind = NOTEBOOK,
) -> dict[Seat, Machine | Unavailable | None]:
    """Return the machines of seats, None for none, from one listing of each account and Region."""
    listed = side_by_side(
        lambda where: attempt(partial(kind.listed, clients, where, loaded.settings.workshop)),
        account_regions_of(seats),
        threads=THREADS,
    )
    found: dict[Seat, Machine | Unavailable | None] = {}
    for seat in seats:
        machines = listed[seat.account_region]
        if isinstance(machines, Unavailable):
            found[seat] = machines
        else:
            found[seat] = machines.get(kind.name(loaded.names(seat)))
    return found


def ask(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    kind: str,
    waits: AgentWaits,
    *,
    report: Callable[[AgentAnswer], None] = lambda _: None,
    known: bool = False,
    of: NotebookKind | BoxKind = NOTEBOOK,
    **more: Any,
) -> list[AgentAnswer]:
    """Ask running machines for ``kind`` and wait; return one answer for each seat, in order.

    ``report`` is called with each answer as it comes. ``known``: agents that have never reported
    are asked, and not waited for. Raise WorkshopError where the request cannot
    be written.
    """
    answers: dict[str, AgentAnswer] = {}

    def end(answer: AgentAnswer) -> None:
        answers[answer.seat.id] = answer
        report(answer)

    asked = []
    for seat, machine in running(clients, loaded, seats, of).items():
        if isinstance(machine, Unavailable):
            end(AgentAnswer(seat, "unread", reason=f"its {of.noun}: {machine.reason}"))
        elif machine is None or machine.status != of.up:
            state = f"its {of.noun} is {machine.status}" if machine else f"there is no {of.noun}"
            end(AgentAnswer(seat, "not running", reason=state))
        else:
            asked.append(seat)
    request_id, now = inbox.new_id(waits.now()), waits.now()
    for where in account_regions_of(asked):
        here = [seat.attendee for seat in asked if seat.account_region == where]
        CohortInbox(clients, loaded, where).change(
            partial(
                inbox.with_request,
                request_id=request_id,
                kind=kind,
                now=now,
                seats=here,
                **more,
            )
        )
    read_one = partial(reports.read, clients, loaded, of_box=of is BOX)
    wait_for(read_one, asked, request_id, waits, end, known=known)
    return [answers[seat.id] for seat in seats]


def wait_for(
    read_one: Callable[[Seat], AgentReport | Unavailable],
    asked: Sequence[Seat],
    request_id: str,
    waits: AgentWaits,
    end: Callable[[AgentAnswer], None],
    *,
    known: bool = False,
) -> None:
    """Wait until all who were ``asked`` have answered, or for as long as ``waits`` says.

    An agent that has never reported is given up after five minutes, and at once with ``known``.
    """
    begun, left = waits.clock(), list(asked)
    while left:
        read = side_by_side(read_one, left, threads=THREADS)
        for seat, answer in read.items():
            if not isinstance(answer, Unavailable) and request_id in answer.handled:
                end(AgentAnswer(seat, "done", answer))
                left.remove(seat)
            elif known and has_never_reported(answer):
                end(_unanswered(seat, answer, interrupted=False))
                left.remove(seat)
        waited = waits.clock() - begun
        over = waited >= waits.minutes * 60
        if waited >= FIRST_REPORT_MINUTES * 60:
            for seat in [seat for seat in left if has_never_reported(read[seat])]:
                end(_unanswered(seat, read[seat], interrupted=False))
                left.remove(seat)
        if left and (over or waits.pause(POLL_SECONDS)):
            for seat in left:
                end(_unanswered(seat, read[seat], interrupted=not over))
            return


def has_never_reported(read: AgentReport | Unavailable) -> bool:
    """Return whether it is known that an agent has not reported yet."""
    return not isinstance(read, Unavailable) and not read.time


def _unanswered(seat: Seat, read: AgentReport | Unavailable, *, interrupted: bool) -> AgentAnswer:
    if isinstance(read, Unavailable):
        return AgentAnswer(seat, "unread", reason=f"its report: {read.reason}")
    if interrupted:
        return AgentAnswer(seat, "interrupted", read, "it was not waited for")
    if read.save_error:
        return AgentAnswer(seat, "failed", read, read.save_error)
    why = NEVER if has_never_reported(read) else "its agent did not answer in time"
    return AgentAnswer(seat, "silent", read, why)
