"""The stacks of a run: how each stands, in which order they begin, and how many may fail."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from workshop.aws.stacks import StackSummary
from workshop.counting import count_of
from workshop.deploy import machines
from workshop.deploy.failures import Cause
from workshop.deploy.machines import RefusedMachine
from workshop.deploy.plan import StackAction, StackPlan


@dataclass(frozen=True)
class Limits:
    """How much at once, how fast, how long and how often; times in seconds."""

    concurrency: int = 50
    threads: int = 8
    deadline: float = 1800
    attempts: int = 3
    backoff: float = 5
    """Before the second attempt; it doubles with each further one, and up to half is added."""
    fastest_poll: float = 0.5
    slowest_poll: float = 10
    canaries: int = 3
    """How many seats are tried one by one before all are, until one of them comes up."""


class Stage(Enum):
    """Where a stack is on its way."""

    PLANNED = auto()
    """Nothing was decided about it yet."""
    WAITING = auto()
    """For the stack that it needs."""
    LATER = auto()
    """For the time of its next attempt."""
    READY = auto()
    CALLING = auto()
    WATCHED = auto()
    DONE = auto()
    UNCHANGED = auto()
    FAILED = auto()
    STUCK = auto()


ENDED_BADLY = frozenset({Stage.FAILED, Stage.STUCK})
ENDED = frozenset({Stage.DONE, Stage.UNCHANGED}) | ENDED_BADLY


@dataclass
class StackJob:
    """One stack on its way. ``deleting`` while what is left of a failed one is cleared away.

    ``rolling_back`` while an update that failed is undone, before the one that is desired.
    """

    plan: StackPlan
    stage: Stage = Stage.PLANNED
    template: int = 0
    attempt: int = 1
    deleting: bool = False
    rolling_back: bool = False
    stack_id: str = ""
    before: datetime | None = None
    since: float = 0
    asked_why: bool = False
    review: bool = False
    """Whether an update's changes were never looked at: the stack is another than was planned."""
    overtaken: Cause | None = None
    """What CloudFormation said of a state that was not the planned one, if it said so."""
    cause: Cause | None = None
    ended_badly: StackSummary | None = None
    message: str = ""
    refused: list[RefusedMachine] = field(default_factory=list)
    """The machines that EC2 did not give."""

    @property
    def name(self) -> str:
        return self.plan.desired.name

    @property
    def seat(self) -> str:
        return self.plan.desired.seat

    @property
    def repair(self) -> str:
        """What is done with the stack before it is made or updated, empty for nothing."""
        if self.rolling_back:
            return "rolling back the update that failed"
        return "clearing what is left of it" if self.deleting else ""

    def fallback(self, cause: Cause) -> int | None:
        """Note what was refused; return the template of another machine, None for no other."""
        if not cause.lacks_machine:
            return None
        self.refused.append(RefusedMachine(self.plan.desired.templates[self.template], cause))
        updates = self.plan.action in (StackAction.UPDATE, StackAction.ROLL_BACK)
        return machines.following(self.plan.desired, self.template, cause.kind, updates=updates)

    @property
    def desired_tags(self) -> dict[str, str]:
        """The stack's tags once it is what it should be."""
        return self.plan.desired.tagged(self.plan.desired.templates[self.template])


Allowed = Callable[[StackJob], bool]


class ReadyQueue:
    """Jobs that are ready, and jobs whose next attempt has its time.

    Seat after seat, in the order given: what a begun seat still lacks comes before new seats. Of
    each seat, what others wait for comes first, then what has waited for it. The last seats, as
    many as can be in progress ``at_once`` (so many stacks), count as one seat: threads have other
    stacks to begin while the last to be waited for is made.
    """

    def __init__(self, jobs: Iterable[StackJob], at_once: int) -> None:
        jobs = list(jobs)
        names = {job.name for job in jobs}
        needed = {job.plan.desired.needs for job in jobs}
        sizes = Counter(job.seat for job in jobs)  # in the order of the seats
        seats = {seat: number for number, seat in enumerate(sizes)}
        together = itertools.accumulate(reversed(sizes.values()))
        last = len(seats) - sum(stacks <= at_once for stacks in together)

        def rank(job: StackJob) -> tuple[int, bool, bool, int]:
            seat = seats[job.seat]
            is_needed, waits = job.name in needed, job.plan.desired.needs in names
            return min(seat, last), not is_needed, not waits, seat

        jobs.sort(key=rank)
        self._rank = {job.name: number for number, job in enumerate(jobs)}
        self._ready: list[tuple[int, StackJob]] = []
        self._held: list[StackJob] = []
        self._later: list[tuple[float, int, StackJob]] = []
        self._order = itertools.count()

    def put(self, job: StackJob) -> None:
        """Let a job be begun."""
        heapq.heappush(self._ready, (self._rank[job.name], job))

    def put_later(self, job: StackJob, at: float) -> None:
        """Let a job be begun at that time (seconds of the caller's clock)."""
        heapq.heappush(self._later, (at, next(self._order), job))

    def reopen(self) -> None:
        """Look at all jobs again: others are allowed from now on than before."""
        held, self._held = self._held, []
        for job in held:
            self.put(job)

    def take(self, now: float, allowed: Allowed) -> StackJob | None:
        """Return the next job that is allowed; others are not looked at again until ``reopen``."""
        while self._later and self._later[0][0] <= now:
            self.put(heapq.heappop(self._later)[2])
        while self._ready:
            job = heapq.heappop(self._ready)[1]
            if allowed(job):
                return job
            self._held.append(job)
        return None

    def holds(self, allowed: Allowed) -> bool:
        """Return whether any job that is allowed will have its turn."""
        waiting = itertools.chain((job for _, job in self._ready), (job for *_, job in self._later))
        return any(map(allowed, waiting))

    @property
    def next_time(self) -> float | None:
        """When the next of the jobs with a time may be begun."""
        return self._later[0][0] if self._later else None


class FailureTolerance:
    """Counts the failed seats of one account and Region.

    As with CloudFormation StackSets' failure tolerance, the part is one of all seats to be done
    there, rounded down: 30 of 100, none of 3. Nothing counts before ``begin``, when the first seat
    has come up: until then one fails after the other without others being begun.
    """

    def __init__(self, seats: int, percent: int) -> None:
        self._allowed = seats * percent // 100
        self._percent = percent
        self._counts = False
        self._failed: set[str] = set()

    def begin(self) -> None:
        """Failures count from now on."""
        self._counts = True

    def failed(self, seat: str) -> bool:
        """Count a seat; return whether it is one too many."""
        if self._counts:
            self._failed.add(seat)
        return len(self._failed) > self._allowed

    @property
    def left(self) -> int:
        """How many more seats may fail before no new ones are begun."""
        return max(0, self._allowed - len(self._failed))

    @property
    def message(self) -> str:
        """Why no new seats are begun."""
        count = len(self._failed)
        failed = f"{count_of(count, 'seat')} {'has' if count == 1 else 'have'} failed"
        return (
            f"{failed}, more than {self._percent} % of all; no new ones are begun. Mend the cause"
            " and run the command again"
        )
