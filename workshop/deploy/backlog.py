"""The stacks whose turn has not come: in which order they are begun."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable

from workshop.deploy.jobs import StackJob

Allowed = Callable[[StackJob], bool]


class ReadyQueue:
    """Jobs that are ready, and jobs whose next attempt has its time.

    Seat after seat, in the order given: what a begun seat still lacks comes before new seats. Of
    each seat, what others wait for comes first.
    """

    def __init__(self, jobs: Iterable[StackJob]) -> None:
        jobs = list(jobs)
        needed = {job.plan.wanted.needs for job in jobs}
        seats = {
            seat: number for number, seat in enumerate(dict.fromkeys(job.seat for job in jobs))
        }
        jobs.sort(key=lambda job: (seats[job.seat], job.name not in needed))
        self._rank = {job.name: number for number, job in enumerate(jobs)}
        self._ready: list[tuple[int, StackJob]] = []
        self._held: list[StackJob] = []
        self._later: list[tuple[float, int, StackJob]] = []
        self._order = itertools.count()

    def put(self, job: StackJob) -> None:
        """It may be begun."""
        heapq.heappush(self._ready, (self._rank[job.name], job))

    def put_later(self, job: StackJob, at: float) -> None:
        """It may be begun at that time (seconds of the caller's clock)."""
        heapq.heappush(self._later, (at, next(self._order), job))

    def reopen(self) -> None:
        """Others are allowed from now on than before."""
        held, self._held = self._held, []
        for job in held:
            self.put(job)

    def take(self, now: float, allowed: Allowed) -> StackJob | None:
        """The next one that is allowed; the others are not looked at again until ``reopen``."""
        while self._later and self._later[0][0] <= now:
            self.put(heapq.heappop(self._later)[2])
        while self._ready:
            job = heapq.heappop(self._ready)[1]
            if allowed(job):
                return job
            self._held.append(job)
        return None

    def holds(self, allowed: Allowed) -> bool:
        """Whether any that is allowed will have its turn."""
        waiting = itertools.chain((job for _, job in self._ready), (job for *_, job in self._later))
        return any(map(allowed, waiting))

    @property
    def next_time(self) -> float | None:
        """When the next of those with a time may be begun."""
        return self._later[0][0] if self._later else None
