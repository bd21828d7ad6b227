"""Drives StackSets for all accounts that are seats' own.

One thread decides and calls. StackSets is the truth: whatever this process knew is known again
after it was killed, from the sets, their instances and their operations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from workshop.account_region import AccountRegion
from workshop.accounts import desired
from workshop.accounts.ends import StackEnds
from workshop.accounts.operations import OpenOperation
from workshop.accounts.plan import Document, OwnAccountsPlan
from workshop.accounts.set_run import Events, SetRun, Steps
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.deploy.cloudformation import CloudFormation
from workshop.deploy.events import Sink
from workshop.deploy.jobs import ENDED, ENDED_BADLY, FailureTolerance, Limits, StackJob, Stage
from workshop.deploy.plan import StackAction
from workshop.deploy.planner import reader


@dataclass
class StackSetEngine:
    """Brings the stacks of a plan to where they should be, level by level.

    ``percent`` is in how many of its accounts an operation works at once, or ``count`` if it is
    not 0. ``run`` returns when all is done that can be done, or soon after ``stop`` was called.
    """

    calls: StackSetCalls
    loaded: LoadedEnvironment
    plan: OwnAccountsPlan
    limits: Limits
    tolerance: FailureTolerance
    sink: Sink
    document: Document
    events: Events
    percent: int = 100
    count: int = 0
    clock: Callable[[], float] = time.monotonic
    by_seat: dict[str, list[StackJob]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_seat = {}
        for stack in self.plan.stacks:
            self.by_seat.setdefault(stack.desired.seat, []).append(StackJob(stack))
        self._ends = StackEnds(self.calls.home, self.by_seat, self.tolerance, self.sink)
        profiles = {seat.id: seat.profile for plan in self.plan.sets for seat in plan.desired.seats}
        of_set: dict[tuple[str, str], list[StackJob]] = {}
        for seat, jobs in self.by_seat.items():
            for job in jobs:
                of_set.setdefault((profiles[seat], job.plan.desired.kind), []).append(job)
        self._runs = [
            SetRun(
                set_plan=one,
                jobs=of_set[one.desired.profile, one.desired.kind],
                calls=self.calls,
                loaded=self.loaded,
                plan=self.plan,
                limits=self.limits,
                ends=self._ends,
                document=self.document,
                events=self.events,
                clock=self.clock,
                percent=self.percent,
                count=self.count,
            )
            for one in self.plan.sets
        ]
        self._levels = desired.levels(one.desired.kind for one in self.plan.sets)

    # --- what a caller does ------------------------------------------------------------------

    def run(self) -> None:
        """One account after another until one comes up, then all of them."""
        for jobs in self.by_seat.values():
            for job in jobs:
                self._admit(job)
        waiting = [
            seat
            for seat, jobs in self.by_seat.items()
            if any(job.stage not in ENDED for job in jobs)
        ]
        waiting.sort(key=self._is_no_canary)
        canaries = waiting[: self.limits.canaries]
        for canary in canaries:
            self._work_on({canary}, canary=True)
            if self._ends.interrupted.is_set() or self._is_up(canary):
                break
        else:
            if len(waiting) > len(canaries):
                tried = ", ".join(canaries)
                self._ends.stop_for(f"no seat came up of {tried}; mend the cause and run it again")
            return
        self.tolerance.begin()
        self._work_on({*waiting})

    def stop(self) -> None:
        """Begin nothing more and return; operations under way go on in StackSets."""
        self._ends.interrupted.set()

    @property
    def stopped(self) -> str:
        """Why no new seats are begun, empty while they are."""
        return self._ends.stopped

    @property
    def account_region(self) -> AccountRegion:
        """Where the stack sets are."""
        return self.calls.home

    @property
    def in_flight(self) -> list[StackJob]:
        """The stacks that StackSets is working on; for any thread."""
        return [job for jobs in self.by_seat.values() for job in jobs if job.stage == Stage.WATCHED]

    # --- the order of things -----------------------------------------------------------------

    def _admit(self, job: StackJob) -> None:
        if job.plan.action == StackAction.UNCHANGED:
            self._ends.end(job, Stage.UNCHANGED)
        elif job.plan.action == StackAction.REFUSED:
            self._ends.fail(job, job.plan.message)
        else:
            job.stage = Stage.WAITING

    def _is_no_canary(self, seat: str) -> tuple[bool, bool]:
        """Sort a seat that cannot come up last, and before it those without a stack to update.

        A set changes with one of its stacks at least: that of a seat which is asked for.
        """
        jobs = self.by_seat[seat]
        is_lost = any(job.stage in ENDED_BADLY for job in jobs)
        return is_lost, all(job.plan.action != StackAction.UPDATE for job in jobs)

    def _is_up(self, seat: str) -> bool:
        return all(job.stage in (Stage.DONE, Stage.UNCHANGED) for job in self.by_seat[seat])

    def _work_on(self, seats: Collection[str], *, canary: bool = False) -> None:
        for level in self._levels:
            if not self._ends.goes_on:
                return
            steps = []
            for run in self._runs:
                if run.set_plan.desired.kind in level:
                    jobs = [job for job in run.jobs if job.seat in seats and self._may_begin(job)]
                    if jobs:
                        steps.append((run, run.steps(jobs, canary=canary)))
            self._follow(dict(enumerate(steps)))

    def _may_begin(self, job: StackJob) -> bool:
        """Whether all that a stack needs is there; it fails where that will never be."""
        if job.stage in ENDED:
            return False
        there = {one.plan.desired.kind: one for one in self.by_seat[job.seat]}
        needs = [there[kind] for kind in desired.needs_of(job.plan.desired.kind) if kind in there]
        lacking = next((one for one in needs if one.stage in ENDED_BADLY), None)
        if lacking is not None:
            self._ends.fail(job, f"needs {lacking.name}, which is not as it should be")
            return False
        return all(one.stage in ENDED for one in needs)

    def _follow(self, running: dict[int, tuple[SetRun, Steps]]) -> None:
        """Go through what is done with several sets, side by side."""
        under_way: dict[int, list[OpenOperation]] = {}
        ready = list(running)
        while not self._ends.interrupted.is_set():
            for number in ready:
                if self._ends.interrupted.is_set():
                    return
                operations = next(running[number][1], None)
                if operations is None:
                    del running[number]
                    under_way.pop(number, None)
                else:
                    under_way[number] = operations
            if not running:
                return
            open_ones = [
                (running[number][0], operation)
                for number, some in under_way.items()
                for operation in some
                if not operation.has_ended
            ]
            due = min((operation.due for _, operation in open_ones), default=0.0)
            if self._ends.interrupted.wait(max(0.0, due - self.clock())):
                return
            for run, operation in open_ones:
                if self.clock() >= operation.due:
                    run.ask(operation)
            ready = [
                number for number, some in under_way.items() if all(one.has_ended for one in some)
            ]


def engine(
    clients: Clients,
    loaded: LoadedEnvironment,
    plan: OwnAccountsPlan,
    sink: Sink,
    *,
    limits: Limits,
    failure_percent: int,
    at_once: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> StackSetEngine:
    """Return the engine that brings the stacks of a plan to where they should be.

    ``at_once`` are the accounts in which an operation works at a time, 0 for those that the YAML
    names.
    """
    to_do = sum(seat.action != StackAction.UNCHANGED for seat in plan.seats)
    return StackSetEngine(
        StackSetCalls(clients, loaded),
        loaded,
        plan,
        limits,
        FailureTolerance(to_do, failure_percent),
        sink,
        reader(clients),
        lambda where, stack: CloudFormation(clients, where).cause(stack),
        percent=loaded.settings.accounts.parallel_percent,
        count=at_once,
        clock=clock,
    )
