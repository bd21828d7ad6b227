"""Drives CloudFormation for all stacks of one account and Region.

One thread decides; a few others make the calls; one bulk poll serves all stacks. CloudFormation is
the truth: whatever this process knew is known again after it was killed, from the stacks alone.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.stacks import StackSummary
from workshop.counting import count_of
from workshop.deploy import diff, failures, machines, next_call, polling
from workshop.deploy import plan as planning
from workshop.deploy.call_threads import CallThreads
from workshop.deploy.cloudformation import Answer, CallResult, CloudFormation, PollResult
from workshop.deploy.ends import StackEnds
from workshop.deploy.events import DeployEvent, DeployStep, Sink
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import (
    ENDED,
    ENDED_BADLY,
    FailureTolerance,
    Limits,
    ReadyQueue,
    StackJob,
    Stage,
)
from workshop.deploy.plan import StackAction, StackPlan
from workshop.deploy.polling import PollSchedule, StackState
from workshop.events import now
from workshop.naming import COHORT

AT_HAND = 2
"""Calls for each thread: the one under way, and one that follows it at once.

No more: a call that waits for a thread is overtaken by none, however much sooner another is due.
"""


@dataclass
class DeployEngine:
    """Brings the stacks of ``plans`` to where they should be.

    ``run`` returns when all is done that can be done, or soon after ``stop`` was called.
    """

    aws: CloudFormation
    plans: Sequence[StackPlan]
    limits: Limits
    tolerance: FailureTolerance
    sink: Sink
    clock: Callable[[], float] = time.monotonic
    jobs: dict[str, StackJob] = field(init=False)
    by_seat: dict[str, list[StackJob]] = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = {plan.desired.name: StackJob(plan) for plan in self.plans}
        self._dependents: dict[str, list[StackJob]] = {}
        for job in self.jobs.values():
            self._dependents.setdefault(job.plan.desired.needs, []).append(job)
        self.by_seat = {}
        for job in self.jobs.values():
            self.by_seat.setdefault(job.seat, []).append(job)
        self._queue = ReadyQueue(self.jobs.values(), self.limits.concurrency)
        self._calling: set[str] = set()
        self._watched: dict[str, StackJob] = {}
        self._open: Collection[str] = ()
        self._threads = CallThreads(self.limits.threads)
        self._ends = StackEnds(self.account_region, self.by_seat, self.tolerance, self.sink)
        self._schedule = PollSchedule(self.limits)
        self._polling = False
        self._unseen = ""  # why no listing would tell how stacks are
        self._random = random.Random()  # noqa: S311 - spreads retries, guards nothing

    # --- what a caller does ------------------------------------------------------------------

    def run(self) -> None:
        """Cohort first, then one seat after another until one comes up, then everybody."""
        with self._threads:
            self._go()
        self._threads.take(0)  # what was still answered while the others were called off
        for name in self._calling:
            if self.jobs[name].stage == Stage.CALLING:
                self.jobs[name].stage = Stage.READY

    def stop(self) -> None:
        """Begin nothing more and return; stacks in progress go on in CloudFormation."""
        self._ends.interrupted.set()
        self._threads.wake()

    @property
    def stopped(self) -> str:
        """Why no new seats are begun, empty while they are."""
        return self._ends.stopped

    @property
    def account_region(self) -> AccountRegion:
        """Where the stacks are."""
        return self.aws.account_region

    @property
    def in_flight(self) -> list[StackJob]:
        """The jobs that CloudFormation is working on, or is being asked to; for any thread."""
        busy = (Stage.CALLING, Stage.WATCHED)
        return [job for job in self.jobs.values() if job.stage in busy]

    # --- the order of things -----------------------------------------------------------------

    def _go(self) -> None:
        for job in self.jobs.values():
            self._admit(job)
        if COHORT in self.by_seat:
            self._work_on([COHORT])
            if not self._ends.is_up(COHORT):
                jobs = self.by_seat[COHORT]
                lost = next(
                    job.name for job in jobs if job.stage not in (Stage.DONE, Stage.UNCHANGED)
                )
                self._ends.stop_for(f"{lost} is not as it should be, and every seat needs it")
                return
        # A seat that cannot come up, failed before or is somebody's work tells little of others.
        waiting = sorted(
            (seat for seat in self._ends.waiting if seat != COHORT), key=self._is_no_canary
        )
        if self._ends.canary_is_up(
            waiting, self.limits.canaries, lambda seat: self._work_on([seat])
        ):
            self._work_on(set(self.by_seat))

    def _is_no_canary(self, seat: str) -> bool:
        return any(
            job.stage in ENDED_BADLY or job.plan.action in (StackAction.CLEAR, StackAction.WAIT)
            for job in self.by_seat[seat]
        )

    def _admit(self, job: StackJob) -> None:
        """Put a job into its first stage, by what its plan says."""
        plan = job.plan
        if plan.action == StackAction.UNCHANGED:
            self._end(job, Stage.UNCHANGED)
        elif plan.action == StackAction.REFUSED:
            self._fail(job, plan.message)
        else:
            job.template = planning.current_template(plan)
            job.stage = Stage.WAITING
            needed = self.jobs.get(plan.desired.needs)
            if needed is None or needed.stage in (Stage.DONE, Stage.UNCHANGED):
                self._make_ready(job)
            elif needed.stage in ENDED:
                self._fail(job, _lacking(job))

    def _work_on(self, seats: Collection[str]) -> None:
        self._open = seats
        self._queue.reopen()
        while not self._ends.interrupted.is_set():
            self._launch()
            if not self._calling and not self._watched and not self._queue.holds(self._may_begin):
                return
            self._threads.take(self._pause())
            if self._watched and not self._polling and self._next_poll() <= self.clock():
                self._poll()
            self._give_up_late_ones()

    def _may_begin(self, job: StackJob) -> bool:
        return job.seat in self._open and (not self.stopped or job.seat in self._ends.begun)

    def _pause(self) -> float:
        """Return the seconds until something is due by itself."""
        now = self.clock()
        due = [now + self.limits.slowest_poll]
        if self._watched and not self._polling:
            due.append(self._next_poll())
        if self._queue.next_time is not None:
            due.append(self._queue.next_time)
        return max(0.0, min(due) - now)

    def _next_poll(self) -> float:
        """Return when a poll is due and may be made: it looks at what is watched by then."""
        return max(self._schedule.next, self.clock() + self.aws.polls.ready_in())

    # --- calls -------------------------------------------------------------------------------

    def _make_ready(self, job: StackJob) -> None:
        job.stage = Stage.READY
        self._queue.put(job)

    def _launch(self) -> None:
        while (
            len(self._calling) < AT_HAND * self.limits.threads
            and len(self._calling) + len(self._watched) < self.limits.concurrency
        ):
            job = self._queue.take(self.clock(), self._may_begin)
            if job is None:
                return
            self._begin(job)

    def _begin(self, job: StackJob) -> None:
        self._ends.begun.add(job.seat)
        plan, found = job.plan, job.plan.current
        job.asked_why, job.cause, job.ended_badly = False, None, None
        job.deleting = plan.action == StackAction.CLEAR
        job.rolling_back = plan.action == StackAction.ROLL_BACK
        if plan.action == StackAction.WAIT:
            job.stack_id = ""
            self._ends.say(DeployStep.JOINED, job, plan.message)
            self._watch(job)
            return
        job.before = found.changed if found else None
        job.stage = Stage.CALLING
        self._calling.add(job.name)

        self._threads.call(
            lambda: next_call.send(self.aws, job), lambda sent: self._sent(job, sent)
        )

    def _sent(self, job: StackJob, sent: CallResult) -> None:
        self._calling.discard(job.name)
        if sent.answer == Answer.ACCEPTED:
            found = job.plan.current
            job.stack_id = sent.stack_id or (found.id if found else "")
            self._ends.say(DeployStep.BEGUN, job, job.repair)
            self._watch(job)
        elif sent.answer == Answer.NOTHING_TO_DO:
            self._end(job, Stage.UNCHANGED)
        elif sent.answer == Answer.OVERTAKEN:
            # Seen by its name, whatever it is by then, and then decided about again.
            job.stack_id, job.deleting, job.rolling_back = "", False, False
            job.overtaken = sent.cause
            self._ends.say(DeployStep.JOINED, job, "somebody else is at work on it")
            self._watch(job)
        else:
            job.cause = sent.cause
            self._failed(job)

    def _watch(self, job: StackJob) -> None:
        if self._unseen:
            self._give_up(job, self._unseen)
            return
        job.stage = Stage.WATCHED
        job.since = self.clock()
        last = not self._calling and not self._queue.holds(self._may_begin)
        self._schedule.begun(job.since, first=not self._watched, last=last)
        self._watched[job.name] = job

    # --- watching ----------------------------------------------------------------------------

    def _poll(self) -> None:
        """Have all watched stacks looked at, while others are being begun."""
        self._polling = True
        self._schedule.sent()
        began = self.clock()
        watched = list(self._watched.values())
        whole = any(job.deleting or not job.stack_id for job in watched)

        def ask() -> PollResult | Exception:
            try:
                return self.aws.seen({job.name for job in watched}, whole=whole)
            except (BotoCoreError, ClientError) as error:
                return error

        self._threads.call(ask, lambda seen: self._polled(watched, seen, began), polls=True)

    def _polled(
        self, watched: Sequence[StackJob], seen: PollResult | Exception, began: float
    ) -> None:
        self._polling = False
        if self._ends.interrupted.is_set():
            return  # nothing could be done about what was seen
        before = len(self._watched)
        if isinstance(seen, Exception):
            # Unread is not gone: nothing is concluded, and the deadlines go on.
            if errors.is_passing(seen):
                message = f"the stacks could not be listed, asking again: {seen}"
                self.sink(
                    DeployEvent(now(), self.account_region, DeployStep.RETRY, message=message)
                )
            else:
                self._unseen = f"{seen}; CloudFormation goes on with it, unseen"
                for job in list(self._watched.values()):
                    self._give_up(job, self._unseen)
        else:
            for job in watched:
                if job.name in self._watched:
                    self._look(job, seen)
        self._schedule.polled(began, moved=len(self._watched) < before)

    def _look(self, job: StackJob, seen: PollResult) -> None:
        """Act on what a poll saw of one stack."""
        view = polling.conclude(job, seen, waited=self.clock() - job.since, now=now())
        if view.joined:
            job.stack_id = ""
        if view.state == StackState.FAILING and view.found is not None:
            self._ask_why(job, view.found)
        elif view.state == StackState.DONE and view.found is not None:
            self._watched.pop(job.name, None)
            self._done(job, view.found)
        elif view.state == StackState.ENDED_BADLY and view.found is not None:
            self._ended_badly(job, view.found)
        elif view.state == StackState.DECIDE_AGAIN:
            self._watched.pop(job.name, None)
            self._again(job, planning.decide(job.plan.desired, view.found, now()))

    def _ended_badly(self, job: StackJob, found: StackSummary) -> None:
        job.ended_badly = found
        self._watched.pop(job.name, None)
        if job.cause is not None:
            self._failed(job)
        else:
            self._calling.add(job.name)
            self._ask_why(job, found)

    def _again(self, job: StackJob, plan: StackPlan) -> None:
        """Go on by a new plan, after somebody else's work or one's own clearing."""
        if plan.action == StackAction.UNCHANGED:
            job.message = "rolled back" if job.rolling_back else "made by somebody else"
            self._end(job, Stage.DONE)
            return
        if not (job.deleting or job.rolling_back):
            job.attempt += 1
        if job.attempt > self.limits.attempts:
            same = job.overtaken is not None and plan.current == job.plan.current
            self._fail(job, str(job.overtaken) if same else "somebody else keeps changing it")
            return
        untold = "" if job.deleting else planning.untold(job.plan, plan)
        job.plan, job.review = replace(plan, remove=job.plan.remove), True
        if plan.action == StackAction.REFUSED or untold:
            self._fail(job, untold or plan.message)
            return
        if plan.action == StackAction.UPDATE:
            job.template = planning.current_template(plan)
        self._make_ready(job)

    def _ask_why(self, job: StackJob, found: StackSummary) -> None:
        if job.asked_why:
            return
        job.asked_why = True
        since = job.since

        def explained(cause: Cause) -> None:
            if job.since != since or job.stage in ENDED:
                return  # it has gone on meanwhile, or was given up
            if not cause.known and job.ended_badly is None:
                job.asked_why = False  # asked once more when the stack has ended
                return
            job.cause = cause
            self._ends.say(DeployStep.FAILING, job, str(cause))
            if job.ended_badly is not None:
                self._calling.discard(job.name)
                self._failed(job)

        self._threads.call(lambda: self.aws.cause(found.id), explained)

    def _give_up_late_ones(self) -> None:
        now = self.clock()
        for job in list(self._watched.values()):
            if now - job.since > self.limits.deadline:
                message = f"still in progress after {count_of(self.limits.deadline / 60, 'minute')}"
                self._give_up(
                    job, f"{message}; CloudFormation goes on, run the command again later"
                )

    def _give_up(self, job: StackJob, message: str) -> None:
        self._watched.pop(job.name, None)
        self._fail(job, message, Stage.STUCK)

    # --- ends --------------------------------------------------------------------------------

    def _failed(self, job: StackJob) -> None:
        """Try again where that makes sense, else end."""
        cause = job.cause or Cause(FailureClass.PERMANENT, "failed")
        left, untold = job.ended_badly, ""
        if left is not None:
            again = planning.decide(job.plan.desired, left, now())
            untold = "" if job.deleting else planning.untold(job.plan, again)
            job.plan = replace(again, remove=job.plan.remove)
        if job.plan.action == StackAction.REFUSED or untold:
            self._fail(job, f"{cause}; {untold or job.plan.message}")
        elif job.deleting and cause.kind == FailureClass.PERMANENT:
            self._fail(job, f"{cause}; {planning.cure_of_clearing(job.plan.desired)}")
        elif (other := job.fallback(cause)) is not None:
            job.template = other
            instead = job.plan.desired.templates[other]
            self._ends.say(
                DeployStep.FALLBACK, job, machines.next_to_be_had(job.refused[-1], instead)
            )
            self._make_ready(job)
        elif cause.lacks_machine and job.plan.desired.kind == machines.BOX:
            self._fail(job, machines.none_to_be_had(job.plan.desired, job.refused))
        elif cause.is_passing and job.attempt < self.limits.attempts:
            seconds = self.limits.backoff * 2 ** (job.attempt - 1)
            seconds *= 1 + self._random.random() / 2
            job.attempt += 1
            self._queue.put_later(job, self.clock() + seconds)
            job.stage = Stage.LATER
            self._ends.say(DeployStep.RETRY, job, f"again in {seconds:.0f} s: {cause}")
        elif failures.holds_name(cause):
            self._fail(job, f"{cause}; {planning.cure_of_taken(job.plan.desired)}")
        else:
            self._end(job, Stage.FAILED)

    def _done(self, job: StackJob, found: StackSummary) -> None:
        """End a job whose stack is as it should be, and tell what its update left outside of it."""
        removed = any(map(diff.removes_data, job.plan.changes))
        if not found.reason and not removed:
            self._end(job, Stage.DONE)
            return

        def told(left: tuple[str, ...]) -> None:
            self._calling.discard(job.name)
            message = planning.left_outside(job.plan.desired, left)
            if found.reason:
                status = f"{found.status}: {found.reason}"
                self._fail(job, f"{status}; {message}" if message else status)
                return
            if message:
                self._ends.say(DeployStep.LEFT, job, message)
            self._end(job, Stage.DONE)

        self._calling.add(job.name)
        self._threads.call(lambda: self.aws.outside(found.id), told)

    def _end(self, job: StackJob, stage: Stage) -> None:
        """End a job, and go on with what waits for its stack, or end that as well."""
        self._ends.end(job, stage)
        for dependent in self._dependents.get(job.name, ()):
            if dependent.stage == Stage.WAITING:
                if stage in ENDED_BADLY:
                    self._fail(dependent, _lacking(dependent))
                else:
                    self._make_ready(dependent)

    def _fail(self, job: StackJob, message: str, stage: Stage = Stage.FAILED) -> None:
        """End a job whose failure no repetition mends."""
        job.cause = Cause(FailureClass.PERMANENT, message)
        self._end(job, stage)


def _lacking(job: StackJob) -> str:
    return f"needs {job.plan.desired.needs}, which is not as it should be"
