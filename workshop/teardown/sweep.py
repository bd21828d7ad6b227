"""Stops what costs, then deletes resources in the order of their dependencies, many at once.

One thread decides, a pool makes the calls. A resource waits for the types it depends on in its own
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
from workshop.aws import errors
from workshop.counting import count_of
from workshop.errors import SignInError, WorkshopError
from workshop.events import now
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    Sink,
    TeardownEvent,
    TeardownStep,
)
from workshop.teardown.resource import Key, Resource, ScanContext
from workshop.teardown.resources.base import ProtectedError, ResourceType, Undeletable
from workshop.teardown.waits import RESOURCES, WaitPolicy


@dataclass
class SweepItem:
    """One resource on its way."""

    resource: Resource
    resource_type: ResourceType
    context: ScanContext
    began: float = 0
    state: str | None = ""
    asked: bool = False
    """Whether its deletion was asked for."""
    stopped: bool = False
    """Whether it was stopped, which for some is being deleted."""
    checks: int = 0
    refused: int = 0
    """How often it was refused, whatever its status."""
    early: int = 0
    """How often it was refused for its status, which a read is some seconds behind."""
    message: str = ""
    result: DeletionResult | None = None


@dataclass(frozen=True)
class _Next:
    """What a step of an item came to: an outcome, or when to go on."""

    outcome: DeletionOutcome | None = None
    message: str = ""
    after: float = 0


_HOPELESS_COUNTS = 6
"""Of one refusal that no repetition mends; it is repeated once, since what IAM has just changed is
not known everywhere at once."""
_DELETING = "Deleting"


@dataclass
class Sweep:
    """The sweep over ``resources``, which are all to be deleted or, in their stacks, emptied.

    ``empty_stacks`` says whether what stacks hold is emptied, as before these are deleted.
    """

    contexts: Mapping[AccountRegion, ScanContext]
    resource_types: Mapping[str, ResourceType]
    resources: Sequence[Resource]
    sink: Sink
    waits: WaitPolicy = RESOURCES
    empty_stacks: bool = True
    unread: Mapping[tuple[AccountRegion, str], str] = field(default_factory=dict)
    """Types of which not all could be read, and why: what these depend on stays. It may be the only
    proof of what was not seen, as an endpoint's configuration is."""
    staying: Collection[Resource] = ()
    """What is in doubt and stays: so does what may be the only proof of whose it is."""
    asked: Collection[Key] = ()
    """Whose deletion was answered before, and which are there all the same."""
    besides: Cost = field(default_factory=Cost)
    """What is paid for beside ``resources``; not complete where something could not be listed."""
    only_stop: Collection[Key] = ()
    """What is stopped and not deleted, such as what could not be saved."""
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep

    def __post_init__(self) -> None:
        self.items = [
            SweepItem(
                resource,
                self.resource_types[resource.resource_type],
                self.contexts[resource.account_region],
                state=resource.state,
                asked=resource.key in self.asked,
            )
            for resource in self.resources
        ]
        self._lock = threading.Lock()
        self._bills = {
            item.resource.key: item.resource.hourly
            for item in self.items
            if item.resource.hourly != 0
        }
        self._cost = prices.total(map(prices.cost, self._bills.values()))
        self._arrived: queue.SimpleQueue[tuple[SweepItem, Future[_Next]] | None] = (
            queue.SimpleQueue()
        )
        self._later: list[tuple[float, int, SweepItem]] = []
        self._order = itertools.count()
        self._left: Counter[tuple[AccountRegion, str, str]] = Counter()
        self._anybodys: Counter[tuple[AccountRegion, str]] = Counter()
        self._waiting: dict[tuple[AccountRegion, str], list[SweepItem]] = defaultdict(list)
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing

    @property
    def results(self) -> list[DeletionResult]:
        """What became of everything that has come to an end."""
        return [item.result for item in self.items if item.result is not None]

    # --- the money first ----------------------------------------------------------------------

    def stop_spending(self) -> None:
        """Stop jobs, endpoints and notebooks of all seats at once; refusals wait for deletion."""
        paying = [item for item in self.items if not self._is_free(item)]
        paying.sort(key=lambda item: -(item.resource.hourly or Decimal(0)))
        self._emit(TeardownStep.STOP, f"{count_of(len(paying), 'resource')} to stop")
        with ThreadPoolExecutor(self.waits.at_once, thread_name_prefix="stop") as pool:
            list(pool.map(self._stop, paying))

    def _is_free(self, item: SweepItem) -> bool:
        return item.resource.hourly == 0 and item.resource_type.deletable_in(item.resource.state)

    def wait_until_stopped(self) -> list[Resource]:
        """Wait for what costs to come to its end; return what still runs at the deadline.

        What has not ended may still write what it is there for.
        """
        paying = [item for item in self.items if item.stopped or not self._is_free(item)]
        with ThreadPoolExecutor(self.waits.at_once, thread_name_prefix="stop") as pool:
            ended = list(pool.map(self._has_stopped, paying))
        return [item.resource for item, has in zip(paying, ended, strict=True) if not has]

    def _has_stopped(self, item: SweepItem) -> bool:
        try:
            return self.waits.until(partial(self._stops, item), self.pause)
        except (*errors.Refusal, ProtectedError):  # no later answer would be another one
            return False

    def _stops(self, item: SweepItem) -> bool:
        """Return whether it has come to its end; ask it to stop where it has not heard of that."""
        try:
            state = item.resource_type.state(item.context, item.resource)
            if state is None or item.resource_type.deletable_in(state) or state == _DELETING:
                return True
            resource = replace(item.resource, state=state)
            item.stopped = item.stopped or item.resource_type.stop(item.context, resource)
        except errors.Refusal as error:
            if errors.is_denied(error):
                raise
        return False

    def _stop(self, item: SweepItem) -> None:
        try:
            stopped = item.resource_type.stop(item.context, item.resource)
        except ProtectedError as error:
            self._emit(TeardownStep.STOP, str(error), item.resource)
            return
        except errors.Refusal as error:
            self._emit(TeardownStep.STOP, errors.describe(error), item.resource)
            return
        if stopped:
            item.state, item.stopped = None, True
            self._free(item)
            self._emit(TeardownStep.STOP, "", item.resource, DeletionOutcome.STOPPED)

    # --- deletion -----------------------------------------------------------------------------

    def delete(self) -> None:
        """Delete all of it; returns when everything is gone, stuck or held up by what is stuck."""
        mine = [item for item in self.items if self._is_to_do(item)]
        for item in mine:
            self._left[(*self._whose(item), item.resource_type.name)] += 1
            self._anybodys[item.resource.account_region, item.resource_type.name] += 1
        running: set[int] = set()
        with ThreadPoolExecutor(self.waits.at_once, thread_name_prefix="delete") as pool:
            for item in mine:
                why = self._stays_for(item)
                if why is not None:
                    self._end(pool, item, _Next(DeletionOutcome.STUCK, why), running)
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

    def _is_to_do(self, item: SweepItem) -> bool:
        if item.resource.key in self.only_stop:
            return False
        if not item.resource.stack:
            return True
        if item.resource_type.has_contents:
            return self.empty_stacks
        # Such as a notebook, which writes its log until it has stopped.
        return not item.resource_type.deletable_in(item.resource.state)

    @staticmethod
    def _whose(item: SweepItem) -> tuple[AccountRegion, str]:
        return item.resource.account_region, item.resource.seat

    def _stays_for(self, item: SweepItem) -> str | None:
        """Return why an item stays whatever becomes of the others, None where it need not."""
        account_region, seat = self._whose(item)
        for resource_type in item.resource_type.after:
            why = self.unread.get((account_region, resource_type))
            if why is not None:
                return f"stays until every {resource_type} can be read: {why}"
        users = [
            user
            for user in self.staying
            if item.resource_type.is_proof
            and user.resource_type in item.resource_type.after
            and user.account_region == account_region
            and user.seat == seat
        ]
        if users:
            user = users[0]
            return f"stays as the proof of whose the {user.resource_type} {user.id} is"
        return None

    def _holds_up(self, item: SweepItem) -> str | None:
        """Return the resource type that has to be gone before, None where nothing holds it up."""
        account_region, seat = self._whose(item)
        for resource_type in item.resource_type.after:
            if not seat and self._anybodys[account_region, resource_type]:
                return resource_type
            if (
                self._left[account_region, seat, resource_type]
                or self._left[account_region, "", resource_type]
            ):
                return resource_type
        return None

    def _begin_or_wait(self, pool: ThreadPoolExecutor, item: SweepItem, running: set[int]) -> None:
        if self._holds_up(item) is not None:
            self._waiting[self._whose(item)].append(item)
            return
        item.began = self.clock()
        self._run(pool, item, running)

    def _run(self, pool: ThreadPoolExecutor, item: SweepItem, running: set[int]) -> None:
        running.add(id(item))

        def arrived(future: Future[_Next]) -> None:
            if not future.cancelled():
                self._arrived.put((item, future))

        pool.submit(partial(self._step, item)).add_done_callback(arrived)

    def _take(self, pool: ThreadPoolExecutor, running: set[int]) -> None:
        got = self._next_arrival(running)
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

    def _next_arrival(self, running: set[int]) -> tuple[SweepItem, Future[_Next]] | None:
        """Return the next step that has ended; None once a resource that waits is due before."""
        due = max(0.0, self._later[0][0] - self.clock()) if self._later else None
        if not running and due is not None:
            self.pause(due)
            return None
        try:
            return self._arrived.get(timeout=due)
        except queue.Empty:
            return None

    def _end(
        self, pool: ThreadPoolExecutor, item: SweepItem, following: _Next, running: set[int]
    ) -> None:
        outcome = following.outcome or DeletionOutcome.STUCK
        item.result = DeletionResult(item.resource, outcome, following.message)
        if outcome != DeletionOutcome.STUCK:
            self._free(item)
            account_region, seat = self._whose(item)
            self._left[account_region, seat, item.resource_type.name] -= 1
            self._anybodys[account_region, item.resource_type.name] -= 1
            freed = [
                key
                for key in self._waiting
                if key[0] == account_region and (not seat or key[1] in (seat, ""))
            ]
            for key in freed:
                for waiting in self._waiting.pop(key):
                    self._begin_or_wait(pool, waiting, running)
        self._emit(TeardownStep.DELETE, following.message, item.resource, outcome)

    def _give_up_waiting(self) -> None:
        for waiting in self._waiting.values():
            for item in waiting:
                message = f"waits until no {self._holds_up(item)} of its seat is left"
                item.result = DeletionResult(item.resource, DeletionOutcome.STUCK, message)
                self._emit(TeardownStep.DELETE, message, item.resource, DeletionOutcome.STUCK)

    # --- one step of one resource, in the pool ---------------------------------------------------

    def _step(self, item: SweepItem) -> _Next:
        try:
            return self._advance(item)
        except Undeletable as fact:
            return _Next(DeletionOutcome.UNDELETABLE, str(fact))
        except ProtectedError as error:
            return _Next(DeletionOutcome.STUCK, str(error))
        except errors.Refusal as error:
            if errors.hangs_on_status(error):
                item.early += 1
            else:
                item.refused += _HOPELESS_COUNTS if errors.is_hopeless(error) else 1
            item.message = errors.describe(error)
        except SignInError:
            raise
        except WorkshopError as error:
            item.refused += 1
            item.message = str(error)
        # What refused it may have changed its state.
        item.state = None
        late = self.clock() - item.began > self.waits.deadline
        if item.refused >= self.waits.attempts or late:
            return _Next(DeletionOutcome.STUCK, item.message)
        before = min(item.refused + item.early, 20) - 1
        wait = min(self.waits.slowest_backoff, self.waits.backoff * 2**before)
        return _Next(after=wait * self._random.uniform(0.5, 1))

    def _advance(self, item: SweepItem) -> _Next:
        resource_type, context = item.resource_type, item.context
        if item.resource.stack and resource_type.has_contents:
            resource_type.empty(context, item.resource)
            return _Next(DeletionOutcome.EMPTIED)
        state = item.state
        if state is None or item.asked:
            state = resource_type.state(context, item.resource)
            if state is None:
                ours = item.asked or item.stopped
                return _Next(DeletionOutcome.DELETED if ours else DeletionOutcome.ALREADY_GONE)
            item.resource = replace(item.resource, state=state)
        late = self.clock() - item.began > self.waits.deadline
        if late:
            message = (
                f"still {state or 'there'} after {count_of(round(self.waits.deadline), 'second')}"
            )
            return _Next(
                DeletionOutcome.STUCK, f"{message}; {item.message}" if item.message else message
            )
        item.state = None
        item.checks += 1
        if not resource_type.deletable_in(state):
            if not item.asked and resource_type.stop(context, item.resource):
                self._emit(TeardownStep.STOP, "", item.resource, DeletionOutcome.STOPPED)
        elif item.resource.stack:
            return _Next(DeletionOutcome.STOPPED)
        elif not item.asked or item.checks > _CHECKS_BEFORE_ASKING_AGAIN:
            resource_type.delete(context, item.resource)
            first, item.asked, item.checks, item.refused, item.early = not item.asked, True, 0, 0, 0
            if first and not resource_type.wait_after_delete:
                return _Next(DeletionOutcome.DELETED)
        wait = self.waits.first_wait * 1.5 ** min(item.checks, 20)
        return _Next(after=min(self.waits.slowest_wait, wait))

    # --- events and cost ----------------------------------------------------------------------

    def _free(self, item: SweepItem) -> None:
        with self._lock:
            if item.resource.key in self._bills:
                del self._bills[item.resource.key]
                self._cost = prices.total(map(prices.cost, self._bills.values()))

    @property
    def cost(self) -> Cost:
        """What is still paid for by the hour, as far as its price is known."""
        with self._lock:
            return self._cost + self.besides

    def _emit(
        self,
        step: TeardownStep,
        message: str,
        resource: Resource | None = None,
        outcome: DeletionOutcome | None = None,
    ) -> None:
        event = TeardownEvent(now(), step, message, resource, outcome, self.cost)
        with self._lock:
            self.sink(event)


_CHECKS_BEFORE_ASKING_AGAIN = 5
"""A resource that is still deletable after so many checks has taken no notice of its deletion."""
