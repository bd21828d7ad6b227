"""How stacks and seats end, told as events, and when too many have ended badly."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, Sink, What
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import ENDED, ENDED_BADLY, FailureTolerance, StackJob, Stage
from workshop.events import now


@dataclass
class StackEnds:
    """The stacks of all seats, and what is said of each when it begins and ends."""

    home: AccountRegion
    by_seat: Mapping[str, Sequence[StackJob]]
    tolerance: FailureTolerance
    sink: Sink
    stopped: str = ""
    """Why no new seats are begun, empty while they are."""
    interrupted: threading.Event = field(default_factory=threading.Event)
    _begun: set[str] = field(default_factory=set)
    _closed: set[str] = field(default_factory=set)

    @property
    def goes_on(self) -> bool:
        """Whether anything more is begun."""
        return not self.stopped and not self.interrupted.is_set()

    @property
    def under_way(self) -> int:
        """How many stacks StackSets is working on."""
        return sum(job.stage == Stage.WATCHED for jobs in self.by_seat.values() for job in jobs)

    def begun(self, job: StackJob) -> None:
        """An operation that is about a stack was accepted."""
        self._begun.add(job.seat)
        job.stage = Stage.WATCHED
        self.say(What.BEGUN, job)

    def end(self, job: StackJob, stage: Stage) -> None:
        """A stack has ended; a seat whose stacks all have is told of."""
        job.stage = stage
        self.say(What[stage.name], job, str(job.cause) if job.cause else job.message)
        counts = stage in ENDED_BADLY and job.seat in self._begun
        others = len(self._closed) < len(self.by_seat) - 1
        if counts and self.tolerance.failed(job.seat) and others:
            self.stop_for(self.tolerance.message)
        self._close(job.seat)

    def fail(self, job: StackJob, message: str, stage: Stage = Stage.FAILED) -> None:
        """A stack has ended with a failure that no repetition mends."""
        job.cause = Cause(FailureClass.PERMANENT, message)
        self.end(job, stage)

    def stop_for(self, message: str) -> None:
        """Begin nothing more."""
        if not self.stopped:
            self.stopped = message
            self.sink(DeployEvent(now(), self.home, What.STOPPED, message=message))

    def say(self, what: What, job: StackJob, message: str = "") -> None:
        where = job.plan.desired.account_region
        self.sink(DeployEvent(now(), where, what, job.seat, job.name, message))

    def _close(self, seat: str) -> None:
        jobs = self.by_seat[seat]
        if seat in self._closed or any(job.stage not in ENDED for job in jobs):
            return
        self._closed.add(seat)
        failed = [job for job in jobs if job.stage in ENDED_BADLY]
        where = jobs[0].plan.desired.account_region
        if failed:
            message = f"{failed[0].name}: {failed[0].cause}"
            self.sink(DeployEvent(now(), where, What.SEAT_FAILED, seat, message=message))
        else:
            self.sink(DeployEvent(now(), where, What.SEAT_DONE, seat))
