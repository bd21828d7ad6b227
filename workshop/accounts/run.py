"""Drives StackSets for all accounts that are seats' own.

One thread decides and calls. StackSets is the truth: whatever this process knew is known again
after it was killed, from the sets, their instances and their operations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial

from workshop.account_region import AccountRegion
from workshop.accounts import by_hand, desired, reasons, seen_accounts
from workshop.accounts.operations import OpenOperation
from workshop.accounts.plan import Document, OwnAccountsPlan, made_anew
from workshop.accounts.seen_accounts import SeenAccounts
from workshop.accounts.set_plan import Stacks
from workshop.accounts.set_run import Events, SetRun, Steps
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.deploy import plan as planning
from workshop.deploy.cloudformation import CloudFormation
from workshop.deploy.ends import StackEnds
from workshop.deploy.events import Sink
from workshop.deploy.jobs import ENDED, ENDED_BADLY, FailureTolerance, Limits, StackJob, Stage
from workshop.deploy.plan import StackAction
from workshop.deploy.planner import reader
from workshop.naming import ORGANISER


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
    look: Callable[[Collection[AccountRegion]], SeenAccounts]
    percent: int = 100
    count: int = 0
    clock: Callable[[], float] = time.monotonic
    by_seat: dict[str, list[StackJob]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_seat = {}
        for stack in self.plan.stacks:
            self.by_seat.setdefault(stack.desired.seat, []).append(StackJob(stack))
        self._ends = StackEnds(
            self.calls.home, self.by_seat, self.tolerance, self.sink, together=True
        )
        profiles = {seat.id: seat.profile for plan in self.plan.sets for seat in plan.desired.seats}
        of_set: dict[tuple[str, str], list[StackJob]] = {}
        for seat, jobs in self.by_seat.items():
            for job in jobs:
                of_set.setdefault((profiles[seat], job.plan.desired.kind), []).append(job)
        self._runs = [
            SetRun(
                set_plan=set_plan,
                jobs=of_set[set_plan.desired.profile, set_plan.desired.kind],
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
            for set_plan in self.plan.sets
        ]
        self._set_of = {
            (job.seat, job.plan.desired.kind): run for run in self._runs for job in run.jobs
        }
        self._unseen = self._never_seen()
        self._levels = desired.levels(set_plan.desired.kind for set_plan in self.plan.sets)

    # --- what a caller does ------------------------------------------------------------------

    def run(self) -> None:
        """One account after another until one comes up, then all of them."""
        for jobs in self.by_seat.values():
            for job in jobs:
                self._admit(job)
        waiting = sorted(self._ends.waiting, key=self._is_no_canary)
        if self._ends.canary_is_up(
            waiting, self.limits.canaries, lambda seat: self._work_on({seat}, canary=True)
        ):
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

    def _never_seen(self) -> set[str]:
        """Return the seats in whose accounts nobody could look, and that let somebody in now."""
        return {
            stack.desired.seat
            for stack in self.plan.stacks
            if stack.desired.kind == ORGANISER
            and stack.action not in (StackAction.UNCHANGED, StackAction.REFUSED)
            and stack.desired.account_region not in self.plan.listed
        }

    def _admit(self, job: StackJob) -> None:
        if job.plan.action == StackAction.UNCHANGED and job.seat not in self._unseen:
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
            if ORGANISER in level:
                self._look_into([seat for seat in seats if seat in self._unseen])

    def _look_into(self, seats: Collection[str]) -> None:
        """See which stacks are there, where the organiser has been let in just now.

        Who is let in may have to wait for some seconds, until all of IAM knows.
        """
        left = {
            jobs[0].plan.desired.account_region: jobs
            for jobs in map(self.by_seat.__getitem__, seats)
            if any(
                job.plan.action == StackAction.UNCHANGED and job.stage not in ENDED for job in jobs
            )
        }
        for attempt in range(1, self.limits.attempts + 1):
            seen = self.look(left)
            for place in seen.stacks:
                for job in left.pop(place):
                    self._compare(job, seen.stacks[place])
            if not left or self._ends.interrupted.is_set():
                return
            if attempt < self.limits.attempts:
                self._ends.interrupted.wait(self.limits.slowest_poll)
        for place, jobs in left.items():
            why = seen.refused.get(place) or seen.unknown[place]
            for job in jobs:
                if job.stage not in ENDED:
                    self._ends.fail(job, reasons.still_closed(self.loaded, job.seat, why))

    def _compare(self, job: StackJob, there: Stacks) -> None:
        """Decide about a stack that is as its set says, as far as its account shows it."""
        current = job.plan.current
        if job.stage in ENDED or job.plan.action != StackAction.UNCHANGED or current is None:
            return
        if lost := seen_accounts.became(current.id, there):
            again = made_anew(self.loaded, job.plan.desired, current, lost)
            if untold := planning.untold(job.plan, again):
                self._ends.fail(job, untold)
                return
        else:
            of_set = self._set_of[job.seat, job.plan.desired.kind].set_plan
            again = by_hand.changed(of_set, job.plan, there)
            if again.by_hand:
                again = by_hand.with_changes(again, by_hand.taken_back(of_set, again))
        if again.action == StackAction.UNCHANGED:
            self._ends.end(job, Stage.UNCHANGED)
        elif again.action == StackAction.REFUSED:
            self._ends.fail(job, again.message)
        else:
            job.plan = replace(again, remove=job.plan.remove)

    def _may_begin(self, job: StackJob) -> bool:
        """Whether all that a stack needs is there; it fails where that will never be."""
        if job.stage in ENDED:
            return False
        there = {other.plan.desired.kind: other for other in self.by_seat[job.seat]}
        needs = [there[kind] for kind in desired.needs_of(job.plan.desired.kind) if kind in there]
        lacking = next((needed for needed in needs if needed.stage in ENDED_BADLY), None)
        if lacking is not None:
            self._ends.fail(job, f"needs {lacking.name}, which is not as it should be")
            return False
        return all(needed.stage in ENDED for needed in needs)

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
                number
                for number, some in under_way.items()
                if all(operation.has_ended for operation in some)
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
        partial(seen_accounts.look, clients),
        percent=loaded.settings.accounts.parallel_percent,
        count=at_once,
        clock=clock,
    )
