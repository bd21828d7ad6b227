"""What is done with one stack set, until its stacks are as they should be in all accounts."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.accounts import reasons
from workshop.accounts.found_sets import FoundSets, Instances, LostStack
from workshop.accounts.operations import AccountOutcome, OpenOperation, outcome
from workshop.accounts.plan import Document, OwnAccountsPlan, Templates, decide
from workshop.accounts.set_plan import SetPlan
from workshop.accounts.stack_sets import (
    AT_ONCE,
    INOPERABLE,
    DescribedSet,
    InstanceResult,
    Preferences,
    SetOperation,
    StackInstance,
    StackSetCalls,
)
from workshop.aws.errors import code
from workshop.aws.reads import Unavailable, attempt
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.deploy import plan as planning
from workshop.deploy.diff import Effect, removes_data
from workshop.deploy.ends import StackEnds
from workshop.deploy.events import DeployStep
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import ENDED, Limits, StackJob, Stage
from workshop.deploy.plan import StackAction
from workshop.errors import SignInError
from workshop.naming import ORGANISER

Steps = Generator[list[OpenOperation], None, None]
"""What is done with one set: it goes on when all operations that it yields have ended."""

Events = Callable[[AccountRegion, str], Cause]
"""Returns why a stack failed (account and Region, id), by its events."""

_CHANGED = "somebody else has changed its stack set meanwhile; look at the plan, and run it again"


@dataclass
class SetRun:
    """One stack set under way; ``jobs`` are all of its stacks that the plan is about."""

    set_plan: SetPlan
    jobs: list[StackJob]
    calls: StackSetCalls
    loaded: LoadedEnvironment
    plan: OwnAccountsPlan
    limits: Limits
    ends: StackEnds
    document: Document
    events: Events
    clock: Callable[[], float]
    percent: int
    count: int
    _has_joined: bool = False
    _random: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self._seats = {seat.id: seat for seat in self.set_plan.desired.seats}

    @property
    def name(self) -> str:
        return self.set_plan.desired.name

    def seat(self, job: StackJob) -> Seat:
        return self._seats[job.seat]

    def steps(self, jobs: Sequence[StackJob], *, canary: bool) -> Steps:
        """Bring some of the set's stacks to where they should be.

        A call that StackSets refuses ends the stacks of this set alone.
        """
        try:
            yield from self._steps(jobs, canary=canary)
        except SignInError:
            raise
        except (BotoCoreError, ClientError) as error:
            message = f"{self.name}: {reasons.refused(self.loaded, error)}"
            for job in jobs:
                if job.stage not in ENDED:
                    self.ends.fail(job, message)

    def _steps(self, jobs: Sequence[StackJob], *, canary: bool) -> Steps:
        if not self._has_joined and self.set_plan.current is not None:
            self._has_joined = True
            yield from self._join(self.calls.under_way(self.name), jobs)
        self._review(jobs)
        while left := [job for job in jobs if job.stage not in ENDED]:
            if not self.ends.goes_on:
                return
            if any(job.stage == Stage.LATER for job in left):
                attempt = max(job.attempt for job in left)
                seconds = self.limits.backoff * 2 ** (attempt - 2)
                yield [self._pause(seconds * (1 + self._random.random() / 2))]
            begun = self._begin(left, canary=canary)
            if begun:
                yield begun
            elif any(job.stage not in ENDED for job in left):
                yield from self._join(self.calls.under_way(self.name), left)

    def _begin(self, jobs: Sequence[StackJob], *, canary: bool) -> list[OpenOperation]:
        """Ask for the next operations; none where another one of the set is in their way."""
        preferences = self._preferences(canary=canary)
        current = self.set_plan.current
        if current is None and not self._create():
            return []
        if current is not None and not current.is_managed and self.calls.under_way(self.name):
            return []  # it refuses all others, which botocore would repeat for minutes
        if lost := [job for job in jobs if job.plan.action == StackAction.CLEAR]:
            return self._clear(lost, preferences)
        if self.set_plan.differs:
            return self._update(jobs, preferences)
        room = AT_ONCE - self.ends.under_way
        if room <= 0:
            return [self._pause(self.limits.slowest_poll)]
        by_hand = [job for job in jobs if job.plan.by_hand]
        overrides = self.set_plan.values.overrides

        def call(region: str, targets: Sequence[AccountRegion]) -> str:
            if by_hand:
                return self.calls.deploy_again(self.name, targets, preferences)
            return self.calls.deploy(self.name, targets, preferences, overrides.get(region))

        return self._in_each_region((by_hand or jobs)[:room], call)

    def _clear(self, jobs: Sequence[StackJob], preferences: Preferences) -> list[OpenOperation]:
        """Delete stacks that StackSets takes for what they should be, and that no update mends.

        A plan may be old: whatever somebody has made again since holds work, and none is deleted.
        """
        there = self._instances()
        if not all(_is_same(job, there) for job in jobs):
            self._again()
            return []
        for job in jobs:
            job.deleting = True
        return self._in_each_region(
            jobs, lambda _, targets: self.calls.delete_instances(self.name, targets, preferences)
        )

    def _in_each_region(
        self,
        jobs: Sequence[StackJob],
        call: Callable[[str, Sequence[AccountRegion]], str],
    ) -> list[OpenOperation]:
        begun = []
        for region, some in _by_region(jobs).items():
            targets = [job.plan.desired.account_region for job in some]
            operation = self._asked(partial(call, region, targets))
            if not operation:
                break
            begun.append(self._opened(operation, some))
        return begun

    def _asked(self, call: Callable[[], str]) -> str:
        """Return the operation that a call begins, empty where another one is under way."""
        try:
            return call()
        except ClientError as error:
            if code(error.response) != "OperationInProgressException":
                raise
            return ""

    def _join(self, others: Sequence[SetOperation], jobs: Sequence[StackJob]) -> Steps:
        """Wait for operations that others have begun, and decide again by what they left."""
        for operation in others:
            for job in jobs:
                self.ends.say(DeployStep.JOINED, job, f"operation {operation.id} of {self.name}")
        if others:
            yield [self._watched(operation.id) for operation in others]
            self._again()

    def _again(self) -> None:
        """Decide about all stacks of the set by how it is now."""
        before, current = self.set_plan, self.calls.describe(self.name)
        self.set_plan = again = replace(before, current=current)
        same = current is None or not again.differs or current == before.current
        instances = self._instances() if current else {}
        lost = {
            job.plan.current.id: LostStack(job.plan.current.status, job.plan.message)
            for job in self.jobs
            if job.plan.action == StackAction.CLEAR and job.plan.current
        }
        found = FoundSets({self.name: current} if current else {}, {self.name: instances}, lost)
        for job in self.jobs:
            if job.stage in ENDED:
                continue
            if not same:
                self.ends.fail(job, _CHANGED)
                continue
            plan = decide(self.loaded, again, self.seat(job), found, self.plan.members)
            if job.plan.by_hand and plan.action == StackAction.UNCHANGED:
                continue  # what the set tells says nothing of it
            changes = job.plan.changes if plan.action == StackAction.UPDATE else ()
            job.plan = replace(plan, remove=job.plan.remove, changes=changes)
            if plan.action == StackAction.UNCHANGED:
                job.message = "made by somebody else"
                self.ends.end(job, Stage.DONE)
            elif plan.action == StackAction.REFUSED:
                self.ends.fail(job, plan.message)

    def _instances(self) -> dict[AccountRegion, StackInstance]:
        return {instance.account_region: instance for instance in self.calls.instances(self.name)}

    # --- what an update removes ------------------------------------------------------------------

    def _review(self, jobs: Sequence[StackJob]) -> None:
        """Look at what the update of stacks removes that could not be read before."""
        unread = self.plan.unread.get(self.name, frozenset())
        doubtful = [
            job
            for job in jobs
            if job.plan.desired.account_region in unread and job.stage not in ENDED
        ]
        if not doubtful or self.set_plan.current is None:
            return
        templates = self._templates(instances := self._instances())
        for job in doubtful:
            where = job.plan.desired.account_region
            if where not in instances:
                continue
            changes = templates.changes(self.set_plan.desired, where)
            if isinstance(changes, Unavailable):
                self.ends.fail(job, planning.unread_template(job.plan.desired, changes.reason))
                continue
            job.plan = planning.with_changes(job.plan, changes)
            if job.plan.action == StackAction.REFUSED:
                self.ends.fail(job, job.plan.message)

    def _templates(self, instances: Instances) -> Templates:
        current = self.set_plan.current
        known = {self.name: current} if current else {}
        return Templates(FoundSets(known, {self.name: instances}), self.document)

    # --- operations ------------------------------------------------------------------------------

    def _create(self) -> bool:
        """Make the set; return whether it is the one that was meant."""
        made = self.set_plan.definition
        try:
            self.calls.create(self.name, made)
        except ClientError as error:
            if code(error.response) != "NameAlreadyExistsException":
                raise
            self._again()
            return self.set_plan.current is not None and not self.set_plan.differs
        self._is_as_defined()
        return True

    def _is_as_defined(self) -> None:
        made = self.set_plan.definition
        current = DescribedSet(self.name, made.template, made.parameters, made.tags)
        self.set_plan = replace(self.set_plan, current=current)

    def _update(self, jobs: Sequence[StackJob], preferences: Preferences) -> list[OpenOperation]:
        """Change the set, and one account with it: all others are outdated from then on."""
        current = self.set_plan.current
        assert current is not None  # noqa: S101 - only what is there differs
        there = self._instances()
        open_ones = [job for job in (*jobs, *self.jobs) if job.stage not in ENDED]
        first = [job for job in open_ones if job.plan.desired.account_region in there][:1]
        targets = [job.plan.desired.account_region for job in first]
        if there and not first:
            targets = self._harmless(there)[:1]
            if not targets:
                for job in jobs:
                    self.ends.fail(job, reasons.others_first(self.loaded, self.name))
                return []
        operation = self._asked(
            partial(
                self.calls.update,
                current,
                self.set_plan.definition,
                targets,
                replace(preferences, tolerance=0),
            )
        )
        if not operation:
            return []
        self._is_as_defined()
        return [self._opened(operation, first)]

    def _harmless(self, there: Instances) -> list[AccountRegion]:
        """Return where the update of a stack that nobody has asked for removes nothing.

        An update of a set is one of an account at least.
        """
        templates, desired = self._templates(there), self.set_plan.desired
        harmless = []
        for where, instance in sorted(there.items()):
            if instance.status == INOPERABLE:
                continue
            changes = templates.changes(desired, where)
            if not isinstance(changes, Unavailable) and not any(
                change.effect == Effect.REFUSED or removes_data(change) for change in changes
            ):
                harmless.append(where)
        return harmless

    def _preferences(self, *, canary: bool) -> Preferences:
        tolerance = 0 if canary else self.ends.tolerance.left
        return Preferences(tolerance, self.percent, self.count)

    def _opened(self, operation: str, jobs: Sequence[StackJob]) -> OpenOperation:
        for job in jobs:
            self.ends.begun.add(job.seat)
            job.stage = Stage.WATCHED
            self.ends.say(DeployStep.BEGUN, job, job.repair)
        return self._watched(operation, {job.plan.desired.account_region: job for job in jobs})

    def _watched(
        self, operation: str, jobs: Mapping[AccountRegion, StackJob] | None = None
    ) -> OpenOperation:
        soon = self.limits.fastest_poll
        return OpenOperation(operation, self.clock(), soon, jobs=jobs or {})

    def _pause(self, seconds: float) -> OpenOperation:
        began = self.clock()
        return OpenOperation("", began, 0, until=began + seconds)

    # --- what they come to -----------------------------------------------------------------------

    def ask(self, operation: OpenOperation) -> None:
        """See how an operation stands, and what it has come to; end a pause that is over."""
        if operation.until is not None:
            operation.gave_up = True
            return
        try:
            operation.last = self.calls.operation(self.name, operation.id)
            at = self.clock()
            if operation.last.has_ended or operation.wants_listing(at):
                self._take(operation, at)
        except SignInError:
            raise
        except (BotoCoreError, ClientError) as error:
            why = reasons.refused(self.loaded, error)
            self._give_up(operation, f"{why}; CloudFormation goes on with it, unseen")
            return
        operation.asked(at, self.limits)
        if not operation.has_ended and at - operation.moved > self.limits.deadline:
            minutes = count_of(self.limits.deadline / 60, "minute")
            self._give_up(
                operation,
                f"nothing has ended for {minutes} in operation {operation.id}; CloudFormation goes"
                " on, run the command again later",
            )

    def _give_up(self, operation: OpenOperation, message: str) -> None:
        operation.gave_up = True
        for job in operation.waiting:
            self.ends.fail(job, message, Stage.STUCK)

    def _take(self, operation: OpenOperation, at: float) -> None:
        """Take over what an operation has come to in each account so far."""
        operation.listed = at
        if not operation.jobs:
            return
        for result in self.calls.results(self.name, operation.id):
            job = operation.jobs.get(result.account_region)
            if job is not None and job.stage == Stage.WATCHED:
                self._conclude(job, result)
                operation.moved = at if job.stage != Stage.WATCHED else operation.moved
        last = operation.last
        if last is None or not last.has_ended:
            return
        if last.status == "STOPPED":
            self.ends.stop_for(f"somebody has stopped operation {last.id} of {self.name}")
        for job in operation.waiting:
            if job.stage == Stage.WATCHED and job.deleting:  # somebody else has deleted it
                self._cleared(job)
            elif job.stage == Stage.WATCHED:  # it was about this account, and does not tell of it
                self.ends.fail(job, reasons.elsewhere(self.loaded, self.seat(job)))

    def _conclude(self, job: StackJob, result: InstanceResult) -> None:
        judged = outcome(result)
        if judged == AccountOutcome.DONE and job.deleting:
            self._cleared(job)
        elif judged == AccountOutcome.DONE:
            self.ends.end(job, Stage.DONE)
        elif judged == AccountOutcome.LEFT_OUT:
            self._left_out(job)
        elif judged == AccountOutcome.FAILED:
            self._failed(job, self._cause(job, result))

    def _cause(self, job: StackJob, result: InstanceResult) -> Cause:
        """Return why an operation failed in an account.

        StackSets tells the first resource that failed, mostly; else the stack's own events do,
        which the organiser's role reads.
        """
        cause = reasons.cause_of(result.reason)
        if cause.resource or job.plan.desired.kind == ORGANISER:
            return cause
        where = result.account_region
        stack = attempt(lambda: self.calls.stack_id(self.name, where))
        if isinstance(stack, Unavailable) or not stack:
            return cause
        of_events = attempt(lambda: self.events(where, stack))
        return of_events if isinstance(of_events, Cause) and of_events.known else cause

    def _cleared(self, job: StackJob) -> None:
        """Have a stack made that was deleted for that."""
        job.deleting, job.stage = False, Stage.WAITING
        job.plan = replace(job.plan, current=None, action=StackAction.CREATE)

    def _left_out(self, job: StackJob) -> None:
        """Have a stack wait that an operation did not come to, since others have failed."""
        job.attempt += 1
        job.stage = Stage.WAITING
        if job.attempt > self.limits.attempts:
            self.ends.fail(job, "its operation was ended before its turn, time and again")

    def _failed(self, job: StackJob, cause: Cause) -> None:
        """Try again where that makes sense, else end."""
        retried = cause.kind == FailureClass.TRANSIENT and job.attempt < self.limits.attempts
        if retried and self.ends.goes_on:
            job.attempt += 1
            job.stage = Stage.LATER
            self.ends.say(DeployStep.RETRY, job, f"again soon: {cause}")
            return
        self.ends.fail(job, reasons.of_failure(self.loaded, self.seat(job), cause))


def _is_same(job: StackJob, there: Instances) -> bool:
    """Return whether a set's instance has the very stack that the plan is about."""
    instance, planned = there.get(job.plan.desired.account_region), job.plan.current
    return instance is not None and planned is not None and instance.stack_id == planned.id


def _by_region(jobs: Sequence[StackJob]) -> dict[str, list[StackJob]]:
    """Return stacks by their Region: an account has one, and an operation is of one."""
    found: dict[str, list[StackJob]] = {}
    for job in jobs:
        found.setdefault(job.plan.desired.account_region.region, []).append(job)
    return found
