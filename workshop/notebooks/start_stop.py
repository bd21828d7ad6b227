"""Stops and starts the notebooks of many seats, looking at all of them with one listing.

Each place has one loop: list the workshop's notebooks, act on those that can be acted on, wait,
and list again until all are where they should be or the time is up. A notebook that is on its way
somewhere is left to arrive first. One seat's trouble is told and hides no other's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.notebooks import NotebookState, notebooks
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat

AT_ONCE = 8
POLL_SECONDS = 5.0
DEADLINE_MINUTES = 15.0
"""A start takes three to seven minutes, of which a lifecycle script may take five."""

TRIES = 3
"""Of one seat's call, for what may pass: throttling, a server's error, a status that changed."""

Result = Literal[
    "done", "already", "asked", "failed", "missing", "stuck", "waiting", "interrupted", "unread"
]
AS_ASKED: frozenset[Result] = frozenset({"done", "already", "asked"})


@dataclass(frozen=True)
class Transition:
    """Where notebooks shall be, and the operation that takes them there from ``begins``."""

    verb: str
    past: str
    operation: str
    begins: frozenset[str]
    passes: str
    ends: str


STOP = Transition(
    "stop", "stopped", "StopNotebookInstance", frozenset({"InService"}), "Stopping", "Stopped"
)
# What failed to start for want of capacity can be started again.
START = Transition(
    "start",
    "started",
    "StartNotebookInstance",
    frozenset({"Stopped", "Failed"}),
    "Pending",
    "InService",
)

HOPELESS = ("Failed", "Deleting")
"""Statuses that time alone does not cure."""


@dataclass(frozen=True)
class NotebookOutcome:
    """What became of one seat's notebook.

    ``before`` and ``after`` are its first and last status that was seen, empty for none;
    ``reason`` is a sentence for everything that is not as asked.
    """

    seat: str
    place: AccountRegion
    result: Result
    instance_type: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""

    @property
    def as_asked(self) -> bool:
        return self.result in AS_ASKED


@dataclass(frozen=True)
class NotebookWaits:
    """How long is waited: ``pause`` waits so many seconds and says whether to stop at once."""

    pause: Callable[[float], bool]
    stay: bool = True
    minutes: float = DEADLINE_MINUTES
    clock: Callable[[], float] = time.monotonic


@dataclass
class _Open:
    """A seat whose notebook is not yet where it should be."""

    seat: Seat
    name: str
    book: NotebookState | None = None
    before: str = ""
    acted: bool = False
    tries: int = 0
    trouble: str = ""


@dataclass
class NotebookBatch:
    """The notebooks of some seats of one place, on their way to a goal."""

    loaded: LoadedEnvironment
    seats: Sequence[Seat]
    clients: Clients
    place: AccountRegion
    goal: Transition
    patience: NotebookWaits
    told: Callable[[NotebookOutcome], None]
    outcomes: list[NotebookOutcome] = field(default_factory=list)

    def run(self) -> list[NotebookOutcome]:
        """Take them there; one outcome for each seat, told as it comes."""
        self._may_be_read = True
        self._open = {seat.id: _Open(seat, self.loaded.names(seat).notebook) for seat in self.seats}
        ends = self.patience.clock() + self.patience.minutes * 60
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while True:
                unread = self._look()
                if unread and not self._may_be_read:
                    self._close_all("unread", f"its notebook could not be read: {unread}")
                    break
                self._close_hopeless()
                list(pool.map(self._act, [one for one in self._open.values() if self._due(one)]))
                self._close_refused()
                if not self._open:
                    break
                if not self.patience.stay:
                    self._close_unstayed(unread)
                    break
                if self.patience.clock() >= ends:
                    self._close_late(unread)
                    break
                if self.patience.pause(POLL_SECONDS):
                    self._close_all("interrupted", "it was not waited for")
                    break
        return self.outcomes

    def _look(self) -> str:
        """See where all are, and close who has arrived; why nothing was seen, if so."""
        try:
            seen = notebooks(self.clients, self.place, self.loaded.settings.workshop)
        except (BotoCoreError, ClientError) as error:
            self._may_be_read = errors.is_passing(error)
            return str(error)
        for one in list(self._open.values()):
            one.book = seen.get(one.name)
            if one.book is None:
                self._close(one, "missing", "there is no notebook; deploy the seat")
                continue
            one.before = one.before or one.book.status
            if one.book.status == self.goal.ends:
                moved = one.acted or one.before != self.goal.ends
                self._close(one, "done" if moved else "already")
        return ""

    def _due(self, one: _Open) -> bool:
        return (
            one.book is not None
            and one.book.status in self.goal.begins
            and not one.acted
            and one.tries < TRIES
        )

    def _act(self, one: _Open) -> None:
        """Ask for the change; what may pass is tried again after the next look."""
        if self.patience.pause(0):
            return
        one.tries += 1
        try:
            self._ask(self.goal.operation, one.name)
        except (BotoCoreError, ClientError) as error:
            one.trouble = str(error)
            if not _may_pass(error):
                one.tries = TRIES
        else:
            one.acted = True

    def _ask(self, operation: str, notebook: str) -> dict[str, Any]:
        return self.clients.call(self.place, "sagemaker", operation, NotebookInstanceName=notebook)

    def _close_hopeless(self) -> None:
        for one in list(self._open.values()):
            if one.book is None:
                continue
            tried = one.acted or one.book.status not in self.goal.begins
            if one.book.status in HOPELESS and tried:
                self._close(one, "failed", self._why(one.book))

    def _close_refused(self) -> None:
        for one in list(self._open.values()):
            if one.book is None or one.acted:
                continue
            if one.tries >= TRIES and one.book.status in self.goal.begins:
                self._close(one, "failed", one.trouble)

    def _why(self, book: NotebookState) -> str:
        told = f"its notebook is {book.status}"
        if book.status == "Failed":
            try:
                described = self._ask("DescribeNotebookInstance", book.name)
            except (BotoCoreError, ClientError):
                return told
            told = f"{told}: {described.get('FailureReason', 'AWS gives no reason')}"
        return told

    def _close_unstayed(self, unread: str) -> None:
        for one in list(self._open.values()):
            if one.book is None:
                self._close(one, "unread", f"its notebook could not be read: {unread}")
            elif one.acted or one.book.status == self.goal.passes:
                self._close(one, "asked")
            else:
                told = one.trouble or f"its notebook is {one.book.status}"
                self._close(one, "waiting", f"{told}; {self.goal.verb} it again later")

    def _close_late(self, unread: str) -> None:
        for one in list(self._open.values()):
            if one.book is None:
                self._close(one, "unread", f"its notebook could not be read: {unread}")
            else:
                told = f"still {one.book.status} after {self.patience.minutes:g} minutes"
                self._close(one, "stuck", one.trouble or told)

    def _close_all(self, result: Result, reason: str) -> None:
        for one in list(self._open.values()):
            self._close(one, result, reason)

    def _close(self, one: _Open, result: Result, reason: str = "") -> None:
        book = one.book
        outcome = NotebookOutcome(
            seat=one.seat.id,
            place=self.place,
            result=result,
            instance_type=book.instance_type if book else "",
            before=one.before,
            after=book.status if book else "",
            reason=reason,
        )
        del self._open[one.seat.id]
        self.outcomes.append(outcome)
        self.told(outcome)


def turns(
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    clients: Clients,
    *,
    goal: Transition,
    patience: NotebookWaits,
    told: Callable[[NotebookOutcome], None],
) -> Iterator[NotebookBatch]:
    """One turn for each place; ``told`` is called from the thread of each."""
    by_place: dict[AccountRegion, list[Seat]] = {}
    for seat in seats:
        by_place.setdefault(seat.account_region, []).append(seat)
    for place, here in by_place.items():
        yield NotebookBatch(loaded, here, clients, place, goal, patience, told)


def _may_pass(error: BotoCoreError | ClientError) -> bool:
    if errors.is_passing(error) or not isinstance(error, ClientError):
        return errors.is_passing(error)
    # "Status (Pending) not in ([InService])": it changed since the look.
    return errors.code(error.response) == "ValidationException" and "Status (" in str(error)
