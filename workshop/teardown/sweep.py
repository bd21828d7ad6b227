"""Stops what costs, then deletes things in the order of their dependencies, many at once.

One thread decides, a pool makes the calls. A thing waits for the kinds it depends on in its own
seat alone, so that a slow seat holds up no other. Every wait has a deadline and ends as stuck.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial

from workshop.account_region import AccountRegion
from workshop.errors import SignInError, WorkshopError
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.teardown import refusals
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    Sink,
    TeardownEvent,
    TeardownStep,
    now,
)
from workshop.teardown.resource import (
    DeletesAtOnce,
    Emptying,
    Resource,
    ResourceType,
    ScanContext,
    Undeletable,
)

Key = tuple[str, str, AccountRegion]
"""Kind, id and place of a thing."""


@dataclass(frozen=True)
class SweepWaits:
    """How long, how often and how many at once; times in seconds."""

    deadline: float = 1800
    """For one thing, from when nothing holds it up."""
    first_look: float = 1
    slowest_look: float = 15
    attempts: int = 12
    """Refusals of one thing before it is stuck; one that no repetition mends counts six of them,
    since what IAM has just changed is not known everywhere at once."""
    backoff: float = 1
    slowest_backoff: float = 30
    threads: int = 24


@dataclass
class Item:
    """One thing on its way."""

    thing: Resource
    kind: ResourceType
    world: ScanContext
    began: float = 0
    state: str | None = ""
    asked: bool = False
    """Whether its deletion was asked for."""
    stopped: bool = False
    """Whether it was stopped, which for some is being deleted."""
    looks: int = 0
    refused: int = 0
    told: str = ""
    result: DeletionResult | None = None


@dataclass(frozen=True)
class _Next:
    """What a step of an item came to: an outcome, or when to go on."""

    outcome: DeletionOutcome | None = None
    told: str = ""
    after: float = 0


_HOPELESS_COUNTS = 6
_DELETING = "Deleting"


@dataclass
class Sweep:
    """The sweep over ``things``, which are all to be deleted or, in their stacks, emptied.

    ``empty_stacks`` says whether what stacks hold is emptied, as before these are deleted.
    """

    worlds: Mapping[AccountRegion, ScanContext]
    kinds: Mapping[str, ResourceType]
    things: Sequence[Resource]
    sink: Sink
    patience: SweepWaits = field(default_factory=SweepWaits)
    empty_stacks: bool = True
    unread: Mapping[tuple[AccountRegion, str], str] = field(default_factory=dict)
    """Kinds of which not all could be read, and why: what these depend on has to stay. It may be
    the only proof of what was not seen, as an endpoint's configuration is."""
    asked: Collection[Key] = ()
    """Whose deletion was answered before, and which are there all the same."""
    besides: Cost = field(default_factory=Cost)
    """What is paid for beside ``things``; not complete where something could not be listed."""
    only_stop: Collection[Key] = ()
    """What is stopped and not deleted, such as what could not be saved."""
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep

    def __post_init__(self) -> None:
        self.items = [
            Item(
                thing,
                self.kinds[thing.kind],
                self.worlds[thing.place],
                state=thing.state,
                asked=thing.key in self.asked,
            )
            for thing in self.things
        ]
        self._lock = threading.Lock()
        self._bills = {
            item.thing.key: item.thing.hourly for item in self.items if item.thing.hourly != 0
        }
        self._cost = prices.total(map(prices.cost, self._bills.values()))
        self._arrived: queue.SimpleQueue[tuple[Item, Future[_Next]] | None] = queue.SimpleQueue()
        self._later: list[tuple[float, int, Item]] = []
        self._order = itertools.count()
        self._left: Counter[tuple[AccountRegion, str, str]] = Counter()
        self._anybodys: Counter[tuple[AccountRegion, str]] = Counter()
        self._bad: dict[tuple[AccountRegion, str, str], Item] = {}
        self._waiting: dict[tuple[AccountRegion, str], list[Item]] = defaultdict(list)
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing

    @property
    def results(self) -> list[DeletionResult]:
        """What became of everything that has come to an end."""
        return [item.result for item in self.items if item.result is not None]

    # --- the money first ----------------------------------------------------------------------

    def stop_spending(self) -> None:
        """Stop jobs, endpoints and notebooks of all seats at once; refusals wait for deletion."""
        paying = [item for item in self.items if not self._is_free(item)]
        paying.sort(key=lambda item: -(item.thing.hourly or Decimal(0)))
        self._tell(TeardownStep.STOP, f"{len(paying)} things to stop")
        with ThreadPoolExecutor(self.patience.threads, thread_name_prefix="stop") as pool:
            list(pool.map(self._stop, paying))

    def _is_free(self, item: Item) -> bool:
        return item.thing.hourly == 0 and item.kind.deletable_in(item.thing.state)

    def wait_until_stopped(self) -> list[Resource]:
        """Wait for what costs to come to its end; return what still runs at the deadline.

        What has not ended may still write what it is there for.
        """
        paying = [item for item in self.items if item.stopped or not self._is_free(item)]
        with ThreadPoolExecutor(self.patience.threads, thread_name_prefix="stop") as pool:
            ended = list(pool.map(self._has_stopped, paying))
        return [item.thing for item, has in zip(paying, ended, strict=True) if not has]

    def _has_stopped(self, item: Item) -> bool:
        began, look = self.clock(), self.patience.first_look
        while True:
            try:
                state = item.kind.state(item.world, item.thing)
                if state is None or item.kind.deletable_in(state) or state == _DELETING:
                    return True
                if not item.stopped:
                    item.stopped = item.kind.stop(item.world, replace(item.thing, state=state))
            except refusals.Refusal as error:
                if refusals.is_denied(error):
                    return False
            if self.clock() - began > self.patience.deadline:
                return False
            self.pause(look)
            look = min(self.patience.slowest_look, look * 1.5)

    def _stop(self, item: Item) -> None:
        try:
            stopped = item.kind.stop(item.world, item.thing)
        except refusals.Refusal as error:
            self._tell(TeardownStep.STOP, refusals.told(error), item.thing)
            return
        if stopped:
            item.state, item.stopped = None, True
            self._free(item)
            self._tell(TeardownStep.STOP, "", item.thing, DeletionOutcome.STOPPED)

    # --- deletion -----------------------------------------------------------------------------

    def delete(self) -> None:
        """Delete all of it; returns when everything is gone, stuck or held up by what is stuck."""
        mine = [item for item in self.items if self._is_to_do(item)]
        for item in mine:
            self._left[(*self._whose(item), item.kind.name)] += 1
            self._anybodys[item.thing.place, item.kind.name] += 1
        running: set[int] = set()
        with ThreadPoolExecutor(self.patience.threads, thread_name_prefix="delete") as pool:
            for item in mine:
                unread = self._unread_before(item)
                if unread is not None:
                    self._end(pool, item, _Next(DeletionOutcome.STUCK, unread), running)
                else:
                    self._begin_or_wait(pool, item, running)
            try:
                while running or self._later:
                    self._take(pool, running)
            except BaseException:
                # Ctrl-C among them: what is queued is not begun, what was begun is waited for.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        self._give_up_waiting()

    def _is_to_do(self, item: Item) -> bool:
        if item.thing.key in self.only_stop:
            return False
        if not item.thing.stack:
            return True
        if isinstance(item.kind, Emptying):
            return self.empty_stacks
        # Such as a notebook, which writes its log until it has stopped.
        return not item.kind.deletable_in(item.thing.state)

    @staticmethod
    def _whose(item: Item) -> tuple[AccountRegion, str]:
        return item.thing.place, item.thing.seat

    def _unread_before(self, item: Item) -> str | None:
        for kind in item.kind.after:
            why = self.unread.get((item.thing.place, kind))
            if why is not None:
                return f"stays until every {kind} can be read: {why}"
        return None

    def _holds_up(self, item: Item) -> str | None:
        """The kind that has to be gone before, None where nothing holds it up."""
        place, seat = self._whose(item)
        for kind in item.kind.after:
            if not seat and self._anybodys[place, kind]:
                return kind
            if self._left[place, seat, kind] or self._left[place, "", kind]:
                return kind
        return None

    def _begin_or_wait(self, pool: ThreadPoolExecutor, item: Item, running: set[int]) -> None:
        if self._holds_up(item) is not None:
            self._waiting[self._whose(item)].append(item)
            return
        item.began = self.clock()
        self._run(pool, item, running)

    def _run(self, pool: ThreadPoolExecutor, item: Item, running: set[int]) -> None:
        running.add(id(item))

        def arrived(future: Future[_Next]) -> None:
            if not future.cancelled():
                self._arrived.put((item, future))

        pool.submit(partial(self._step, item)).add_done_callback(arrived)

    def _take(self, pool: ThreadPoolExecutor, running: set[int]) -> None:
        due = max(0.0, self._later[0][0] - self.clock()) if self._later else None
        try:
            got = self._arrived.get(timeout=due)
        except queue.Empty:
            got = None
        if got is not None:
            item, future = got
            running.discard(id(item))
            # Here, since an error of ours that was raised in the pool would never be heard of.
            following = future.result()
            if following.outcome is None:
                moment = self.clock() + following.after
                heapq.heappush(self._later, (moment, next(self._order), item))
            else:
                self._end(pool, item, following, running)
        while self._later and self._later[0][0] <= self.clock():
            self._run(pool, heapq.heappop(self._later)[2], running)

    def _end(
        self, pool: ThreadPoolExecutor, item: Item, following: _Next, running: set[int]
    ) -> None:
        outcome = following.outcome or DeletionOutcome.STUCK
        item.result = DeletionResult(item.thing, outcome, following.told)
        if outcome == DeletionOutcome.STUCK:
            self._bad[(*self._whose(item), item.kind.name)] = item
        else:
            self._free(item)
            place, seat = self._whose(item)
            self._left[place, seat, item.kind.name] -= 1
            self._anybodys[place, item.kind.name] -= 1
            freed = [
                key
                for key in self._waiting
                if key[0] == place and (not seat or key[1] in (seat, ""))
            ]
            for key in freed:
                for waiting in self._waiting.pop(key):
                    self._begin_or_wait(pool, waiting, running)
        self._tell(TeardownStep.DELETE, following.told, item.thing, outcome)

    def _give_up_waiting(self) -> None:
        for waiting in self._waiting.values():
            for item in waiting:
                told = f"waits until no {self._holds_up(item)} of its seat is left"
                item.result = DeletionResult(item.thing, DeletionOutcome.STUCK, told)
                self._tell(TeardownStep.DELETE, told, item.thing, DeletionOutcome.STUCK)

    # --- one step of one thing, in the pool ---------------------------------------------------

    def _step(self, item: Item) -> _Next:
        try:
            return self._advance(item)
        except Undeletable as fact:
            return _Next(DeletionOutcome.UNDELETABLE, str(fact))
        except refusals.Refusal as error:
            item.refused += _HOPELESS_COUNTS if refusals.is_hopeless(error) else 1
            item.told = refusals.told(error)
        except SignInError:
            raise
        except WorkshopError as error:
            item.refused += 1
            item.told = str(error)
        # What refused it may have changed its state.
        item.state = None
        late = self.clock() - item.began > self.patience.deadline
        if item.refused >= self.patience.attempts or late:
            return _Next(DeletionOutcome.STUCK, item.told)
        wait = min(self.patience.slowest_backoff, self.patience.backoff * 2 ** (item.refused - 1))
        return _Next(after=wait * self._random.uniform(0.5, 1))

    def _advance(self, item: Item) -> _Next:
        kind, world = item.kind, item.world
        if item.thing.stack and isinstance(kind, Emptying):
            kind.empty(world, item.thing)
            return _Next(DeletionOutcome.EMPTIED)
        state = item.state
        if state is None or item.asked:
            state = kind.state(world, item.thing)
            if state is None:
                ours = item.asked or item.stopped
                return _Next(DeletionOutcome.DELETED if ours else DeletionOutcome.ALREADY_GONE)
            item.thing = replace(item.thing, state=state)
        late = self.clock() - item.began > self.patience.deadline
        if late:
            told = f"still {state or 'there'} after {self.patience.deadline:.0f} seconds"
            return _Next(DeletionOutcome.STUCK, f"{told}; {item.told}" if item.told else told)
        item.state = None
        item.looks += 1
        if not kind.deletable_in(state):
            if not item.asked and kind.stop(world, item.thing):
                self._tell(TeardownStep.STOP, "", item.thing, DeletionOutcome.STOPPED)
        elif item.thing.stack:
            return _Next(DeletionOutcome.STOPPED)
        elif not item.asked or item.looks > _LOOKS_BEFORE_ASKING_AGAIN:
            kind.delete(world, item.thing)
            first, item.asked, item.looks, item.refused = not item.asked, True, 0, 0
            if first and isinstance(kind, DeletesAtOnce) and kind.prompt:
                return _Next(DeletionOutcome.DELETED)
        look = self.patience.first_look * 1.5 ** min(item.looks, 20)
        return _Next(after=min(self.patience.slowest_look, look))

    # --- what is told -------------------------------------------------------------------------

    def _free(self, item: Item) -> None:
        with self._lock:
            if item.thing.key in self._bills:
                del self._bills[item.thing.key]
                self._cost = prices.total(map(prices.cost, self._bills.values()))

    @property
    def cost(self) -> Cost:
        """What is still paid for by the hour, as far as its price is known."""
        with self._lock:
            return self._cost + self.besides

    def _tell(
        self,
        step: TeardownStep,
        told: str,
        thing: Resource | None = None,
        outcome: DeletionOutcome | None = None,
    ) -> None:
        happening = TeardownEvent(now(), step, told, thing, outcome, self.cost)
        with self._lock:
            self.sink(happening)


_LOOKS_BEFORE_ASKING_AGAIN = 5
"""A thing that is still deletable after so many looks has taken no notice of its deletion."""
