"""How stacks and seats end, told as events, and when too many have ended badly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, DeployStep, Sink
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.jobs import ENDED, ENDED_BADLY, FailureTolerance, StackJob, Stage
from workshop.events import now


@dataclass
class StackEnds:
    """The stacks of all seats, and what is said of each when it begins and ends.

    ``together`` where all seats are begun at once, so that there are always new stacks of others.
    """

    home: AccountRegion
    by_seat: Mapping[str, Sequence[StackJob]]
    tolerance: FailureTolerance
    sink: Sink
    together: bool = False
    stopped: str = ""
    """Why no new seats are begun, empty while they are."""
    interrupted: threading.Event = field(default_factory=threading.Event)
    begun: set[str] = field(default_factory=set)
    """The seats of which a stack was begun."""
    _closed: set[str] = field(default_factory=set)

    @property
    def goes_on(self) -> bool:
        """Whether anything more is begun."""
        return not self.stopped and not self.interrupted.is_set()

    @property
    def under_way(self) -> int:
        """How many stacks are watched."""
        return sum(job.stage == Stage.WATCHED for jobs in self.by_seat.values() for job in jobs)

    @property
    def waiting(self) -> list[str]:
        """The seats that have a stack which has not ended."""
        return [
            seat
            for seat, jobs in self.by_seat.items()
            if any(job.stage not in ENDED for job in jobs)
        ]

    def is_up(self, seat: str) -> bool:
        """Whether all stacks of a seat are as they should be."""
        return all(job.stage in (Stage.DONE, Stage.UNCHANGED) for job in self.by_seat[seat])

    def canary_is_up(
        self, waiting: Sequence[str], most: int, work_on: Callable[[str], None]
    ) -> bool:
        """Work on one seat after another, until one comes up; return whether all may be begun.

        After so many that did not, nothing more is begun.
        """
        canaries = waiting[:most]
        for canary in canaries:
            work_on(canary)
            if self.interrupted.is_set() or self.is_up(canary):
                self.tolerance.begin()
                return True
        if len(waiting) > len(canaries):
            tried = ", ".join(canaries)
            self.stop_for(f"no seat came up of {tried}; mend the cause and run it again")
        return False

    def end(self, job: StackJob, stage: Stage) -> None:
        """A stack has ended; a seat whose stacks all have is told of."""
        job.stage = stage
        self.say(DeployStep[stage.name], job, str(job.cause) if job.cause else job.message)
        # Counted at once: the seat's other stacks may need many minutes more.
        counts = stage in ENDED_BADLY and job.seat in self.begun
        if counts and self.tolerance.failed(job.seat) and self._others(job.seat):
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
            self.sink(DeployEvent(now(), self.home, DeployStep.STOPPED, message=message))

    def say(self, what: DeployStep, job: StackJob, message: str = "") -> None:
        """Tell of a stack."""
        where = job.plan.desired.account_region
        self.sink(DeployEvent(now(), where, what, job.seat, job.name, message))

    def _others(self, seat: str) -> set[str]:
        """Return the other seats of which anything is still to be begun."""
        return self.by_seat.keys() - self._closed - ({seat} if self.together else self.begun)

    def _close(self, seat: str) -> None:
        jobs = self.by_seat[seat]
        if seat in self._closed or any(job.stage not in ENDED for job in jobs):
            return
        self._closed.add(seat)
        failed = [job for job in jobs if job.stage in ENDED_BADLY]
        where = jobs[0].plan.desired.account_region
        if failed:
            message = f"{failed[0].name}: {failed[0].cause}"
            self.sink(DeployEvent(now(), where, DeployStep.SEAT_FAILED, seat, message=message))
        else:
            self.sink(DeployEvent(now(), where, DeployStep.SEAT_DONE, seat))
