"""Stops and starts the machines of many seats, listing all of a kind with one call.

Each account and Region has one batch for notebooks and one for EC2 instances: list them, act on
those that can be acted on, wait, and list again until all are where they should be or the time is
up. A few threads take turns with all batches, first with the one that is due first. A machine that
is on its way somewhere is left to arrive first. One seat's trouble hides no other's.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.boxes import BoxState
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import (
    BOX,
    NOTEBOOK,
    BoxKind,
    NotebookKind,
    SeatMachine,
    Step,
)
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import ACCOUNTS_AT_ONCE
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.events import EventStream

AT_ONCE = 8
FIRST_POLL_SECONDS, POLL_SECONDS = 1.0, 5.0
SLOWER = 1.5
"""Polls begin often and grow rarer, up to one every ``POLL_SECONDS``."""
DEADLINE_MINUTES = 15.0
"""A start takes three to seven minutes, of which a lifecycle script may take five."""

TRIES = 3
"""Of one seat's call, for what may pass: throttling, a server's error, a status that changed."""

UNHEARD_SECONDS = 30.0
"""After which a call that was accepted and changed nothing is sent again.

AWS takes some calls to start a notebook and leaves it Stopped; a second call does no harm
(waitNotebookInstanceStarted in Terraform's provider, internal/service/sagemaker).
"""

Result = Literal[
    "done",
    "already",
    "none",
    "asked",
    "failed",
    "missing",
    "stuck",
    "waiting",
    "interrupted",
    "unread",
]
AS_ASKED: frozenset[Result] = frozenset({"done", "already", "none", "asked"})


@dataclass(frozen=True)
class Transition(Step):
    """Where machines should be: the step of notebooks, and that of EC2 instances."""

    verb: str
    past: str
    of_boxes: Step

    def of(self, kind: NotebookKind | BoxKind) -> Step:
        """Return the step of a kind of machine."""
        return self.of_boxes if kind is BOX else self


STOP = Transition(
    "StopNotebookInstance",
    frozenset({"InService"}),
    "Stopping",
    "Stopped",
    verb="stop",
    past="stopped",
    of_boxes=Step("StopInstances", frozenset({"running"}), "stopping", "stopped"),
)
# What failed to start for want of capacity can be started again.
START = Transition(
    "StartNotebookInstance",
    frozenset({"Stopped", "Failed"}),
    "Pending",
    "InService",
    verb="start",
    past="started",
    of_boxes=Step("StartInstances", frozenset({"stopped"}), "pending", "running"),
)


@dataclass(frozen=True)
class NotebookOutcome:
    """What became of one seat's notebook, or of its EC2 instance where ``machine`` says so.

    ``before`` and ``after`` are its first and last status that was seen, empty for none;
    ``reason`` is a sentence for everything that is not as asked.
    """

    seat: str
    account_region: AccountRegion
    result: Result
    instance_type: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""
    machine: str = NOTEBOOK.noun

    @property
    def as_asked(self) -> bool:
        return self.result in AS_ASKED

    def words(self, goal: Transition) -> str:
        """Return the result for people, such as ``stopped already``."""
        words = {
            "done": goal.past,
            "already": f"{goal.past} already",
            "asked": f"asked to {goal.verb}",
            "none": "no notebook",
            "unread": "not known",
        }
        return words.get(self.result, self.result)

    def sentence(self, goal: Transition) -> str:
        """Return the seat, what became of it, and why."""
        outcome = self.words(goal)
        if self.machine != NOTEBOOK.noun:
            outcome = f"{self.machine} {outcome}"
        return ": ".join(filter(None, (self.seat, outcome, self.reason)))


@dataclass(frozen=True)
class NotebookWaits:
    """How long is waited: ``pause`` waits so many seconds and says whether to stop at once."""

    pause: Callable[[float], bool]
    stay: bool = True
    minutes: float = DEADLINE_MINUTES
    clock: Callable[[], float] = time.monotonic


@dataclass
class _Pending:
    """A seat whose machine is not yet where it should be."""

    seat: Seat
    name: str
    book: NotebookState | BoxState | None = None
    before: str = ""
    acted_at: float | None = None
    tries: int = 0
    trouble: str = ""

    @property
    def acted(self) -> bool:
        """Whether AWS has accepted the call."""
        return self.acted_at is not None


@dataclass
class MachineBatch:
    """The machines of a kind of some seats of one account and Region, on their way to a goal."""

    loaded: LoadedEnvironment
    seats: Sequence[Seat]
    clients: Clients
    account_region: AccountRegion
    goal: Transition
    waits: NotebookWaits
    report: Callable[[NotebookOutcome], None]
    kind: NotebookKind | BoxKind = NOTEBOOK
    outcomes: list[NotebookOutcome] = field(default_factory=list)

    @property
    def step(self) -> Step:
        """The step of this kind of machine."""
        return self.goal.of(self.kind)

    def __post_init__(self) -> None:
        self._may_be_read = True
        self._polls = count()
        self._ends: float | None = None
        self._pending = {
            seat.id: _Pending(seat, self.kind.name(self.loaded.names(seat))) for seat in self.seats
        }

    def turn(self) -> float | None:
        """Look once and ask for what is due; return the seconds until the next turn, None for none.

        Each seat has one outcome in the end, reported as it comes.
        """
        self._now = self.waits.clock()
        if self._ends is None:
            self._ends = self._now + self.waits.minutes * 60
        unread = self._scan()
        if unread and not self._may_be_read:
            self._close_all("unread", f"its {self.kind.noun} could not be read: {unread}")
            return None
        self._close_hopeless()
        if due := [*filter(self._due, self._pending.values())]:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(self._act, due))
        self._close_refused()
        if not self._pending:
            return None
        if not self.waits.stay or self._now >= self._ends:
            self._close_rest(unread)
            return None
        return float(min(POLL_SECONDS, FIRST_POLL_SECONDS * SLOWER ** next(self._polls)))

    def interrupt(self) -> None:
        """Close whatever has not arrived."""
        looked_at = any(pending.book for pending in self._pending.values())
        reason = "it was not waited for" if looked_at else "it was not looked at"
        self._close_all("interrupted", reason)

    def _scan(self) -> str:
        """See where all are, and close who has arrived; return why nothing was seen, if so."""
        try:
            workshop = self.loaded.settings.workshop
            seen = self.kind.listed(self.clients, self.account_region, workshop)
        except (BotoCoreError, ClientError) as error:
            self._may_be_read = errors.is_passing(error)
            return errors.reason(error)
        for pending in list(self._pending.values()):
            pending.book = seen.get(pending.name)
            if pending.book is None and self.kind is NOTEBOOK and not pending.seat.instance_type:
                self._close(pending, "none")
                continue
            if pending.book is None:
                command = self.loaded.command("deploy", "--only", pending.seat.id)
                reason = f"there is no {self.kind.noun}; make it with: {command}"
                self._close(pending, "missing", reason)
                continue
            pending.before = pending.before or pending.book.status
            if pending.book.status == self.step.ends:
                moved = pending.acted or pending.before != self.step.ends
                self._close(pending, "done" if moved else "already")
        return ""

    def _due(self, pending: _Pending) -> bool:
        if pending.book is None or pending.book.status not in self.step.begins:
            return False
        if pending.tries >= TRIES:
            return False
        heard = pending.acted_at
        return heard is None or self._now - heard > UNHEARD_SECONDS

    def _act(self, pending: _Pending) -> None:
        """Ask for the change; what may pass is tried again after the next scan."""
        if self.waits.pause(0):
            return
        pending.tries += 1
        try:
            if pending.book is not None:
                self.kind.ask(self.clients, self.account_region, self.step.operation, pending.book)
        except (BotoCoreError, ClientError) as error:
            pending.trouble = self.kind.trouble(
                error, self.loaded, self.account_region, pending.book
            )
            if not _may_pass(error):
                pending.tries = TRIES
        else:
            pending.acted_at = self._now

    def _close_hopeless(self) -> None:
        for pending in list(self._pending.values()):
            if pending.book is None:
                continue
            tried = pending.acted or pending.book.status not in self.step.begins
            if pending.book.status in self.kind.hopeless and tried:
                why = self.kind.why(self.clients, self.account_region, pending.book)
                self._close(pending, "failed", why)

    def _close_refused(self) -> None:
        for pending in list(self._pending.values()):
            if pending.book is None or pending.acted:
                continue
            if pending.tries >= TRIES and pending.book.status in self.step.begins:
                self._close(pending, "failed", pending.trouble)

    def _close_rest(self, unread: str) -> None:
        """Close who has not arrived where nothing more is waited for."""
        for pending in list(self._pending.values()):
            status = pending.book.status if pending.book else ""
            if not status:
                self._close(pending, "unread", f"its {self.kind.noun} could not be read: {unread}")
            elif self.waits.stay:
                reason = f"still {status} after {count_of(self.waits.minutes, 'minute')}"
                self._close(pending, "stuck", pending.trouble or reason)
            elif pending.acted or status == self.step.passes:
                self._close(pending, "asked")
            else:
                reason = pending.trouble or f"its {self.kind.noun} is {status}"
                self._close(pending, "waiting", f"{reason}; {self.goal.verb} it again later")

    def _close_all(self, result: Result, reason: str) -> None:
        for pending in list(self._pending.values()):
            self._close(pending, result, reason)

    def _close(self, pending: _Pending, result: Result, reason: str = "") -> None:
        book = pending.book
        outcome = NotebookOutcome(
            seat=pending.seat.id,
            account_region=self.account_region,
            result=result,
            instance_type=book.instance_type if book else "",
            before=pending.before,
            after=book.status if book else "",
            reason=reason,
            machine=self.kind.noun,
        )
        del self._pending[pending.seat.id]
        self.outcomes.append(outcome)
        self.report(outcome)


class _BatchQueue:
    """Batches by when their next turn is due; several threads take them from here.

    A thread keeps a batch while it waits for the turn: where there are more batches than threads, a
    turn comes ``POLL_SECONDS`` late at most, beside what the turns of others take.
    """

    def __init__(self, some: Sequence[MachineBatch], waits: NotebookWaits) -> None:
        self._waits = waits
        self._waiting = [(0.0, number, batch) for number, batch in enumerate(some)]
        self._number = count(len(some))
        self._lock = threading.Lock()

    def take(self) -> None:
        """Take turns until none is left; what is under way elsewhere ends there."""
        while (due := self._next()) is not None:
            at, batch = due
            if self._waits.pause(max(0.0, at - self._waits.clock())):
                batch.interrupt()
            elif (seconds := batch.turn()) is not None:
                again = (self._waits.clock() + seconds, next(self._number), batch)
                with self._lock:
                    heapq.heappush(self._waiting, again)

    def _next(self) -> tuple[float, MachineBatch] | None:
        with self._lock:
            if not self._waiting:
                return None
            at, _, batch = heapq.heappop(self._waiting)
            return at, batch


def move(
    loaded: LoadedEnvironment,
    machines: Sequence[SeatMachine],
    clients: Clients,
    goal: Transition,
    *,
    report: Callable[[NotebookOutcome], object],
    interrupted: Callable[[], object],
    minutes: float = DEADLINE_MINUTES,
    stay: bool = True,
) -> list[NotebookOutcome]:
    """Take machines to a goal, those of many accounts and Regions side by side.

    Return one outcome for each machine, in any order. ``report`` is called with each as it comes,
    and ``interrupted`` where Ctrl-C ends the waiting. What a batch raises passes through.
    """
    ending = threading.Event()
    waits = NotebookWaits(ending.wait, stay=stay, minutes=minutes)
    some = batches(loaded, machines, clients, goal=goal, waits=waits, report=EventStream(report))
    turns, threads = _BatchQueue(some, waits), max(1, min(len(some), ACCOUNTS_AT_ONCE))
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(turns.take) for _ in range(threads)]
        try:
            _wait_for(running)
        except KeyboardInterrupt:
            interrupted()
        finally:  # where one account and Region was broken off, the others end as well
            ending.set()
    for future in running:
        future.result()
    return [outcome for batch in some for outcome in batch.outcomes]


def _wait_for(running: Sequence[Future[None]]) -> None:
    wait(running, return_when=FIRST_EXCEPTION)


def batches(
    loaded: LoadedEnvironment,
    machines: Sequence[SeatMachine],
    clients: Clients,
    *,
    goal: Transition,
    waits: NotebookWaits,
    report: Callable[[NotebookOutcome], None],
) -> list[MachineBatch]:
    """Return the batches of each account and Region; ``report`` is called from their threads."""
    alike: dict[tuple[AccountRegion, NotebookKind | BoxKind], list[Seat]] = {}
    for machine in machines:
        alike.setdefault((machine.seat.account_region, machine.kind), []).append(machine.seat)
    return [
        MachineBatch(loaded, seats, clients, account_region, goal, waits, report, kind)
        for (account_region, kind), seats in alike.items()
    ]


def _may_pass(error: BotoCoreError | ClientError) -> bool:
    if errors.is_passing(error) or not isinstance(error, ClientError):
        return errors.is_passing(error)
    # "Status (Pending) not in ([InService])": it changed since the scan.
    return errors.code(error.response) == "ValidationException" and "Status (" in str(error)
