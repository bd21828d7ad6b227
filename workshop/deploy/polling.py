"""When to poll next, and what a poll says of one stack. Nothing is asked here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from workshop.aws.stacks import SETTLED, StackSummary
from workshop.deploy import plan
from workshop.deploy.cloudformation import PollResult
from workshop.deploy.jobs import Limits, StackJob
from workshop.deploy.plan import StackAction

SOON = 0.05
"""Seconds that grow into those between the polls after the last stack that can be begun for now."""

SLOWER = 1.5
"""By how much the time between two polls grows while nothing moves."""


class PollSchedule:
    """The time of the next poll, in seconds of the caller's clock.

    Often while stacks are begun or end, seldom while nothing moves.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._interval = limits.fastest_poll
        self.next = 0.0

    def begun(self, now: float, *, first: bool, last: bool) -> None:
        """A stack is to be watched; ``last`` if no other is about to be begun.

        ``first`` if no other is watched yet. While more is being begun, one poll sees many; the
        last of a few is looked at at once. A poll that is due is never put off.
        """
        self._interval = SOON if last else self._limits.fastest_poll
        due = now if last else now + self._interval
        self.next = due if first else min(self.next, due)

    def sent(self) -> None:
        """A poll is under way, which may be too early for what is begun from now on."""
        self.next = math.inf

    def polled(self, began: float, *, moved: bool) -> None:
        """A poll that began then has been looked at; ``moved`` if any stack had ended."""
        slower = min(self._limits.slowest_poll, self._interval * SLOWER)
        self._interval = self._limits.fastest_poll if moved else slower
        self.next = min(self.next, began + self._interval)


APPEARS_WITHIN = 60.0
"""Seconds after which an accepted stack that no listing shows has been deleted by somebody."""

SHOWS_WITHIN = 3.0
"""Seconds after which a listing shows what was true when a call was answered: lists may be late."""


class StackState(Enum):
    """What is to be concluded."""

    STILL = auto()
    """Nothing yet."""
    FAILING = auto()
    """CloudFormation takes the stack back; why can be asked already."""
    DONE = auto()
    ENDED_BADLY = auto()
    DECIDE_AGAIN = auto()
    """It is somebody else's work, or gone: what is left to do has to be decided anew."""


@dataclass(frozen=True)
class StackView:
    """The conclusion, and the stack where there is one.

    ``joined`` when it is not the stack that one's own call made or changed.
    """

    state: StackState
    found: StackSummary | None = None
    joined: bool = False


def conclude(job: StackJob, seen: PollResult, *, waited: float, now: datetime) -> StackView:
    """Return what ``seen`` tells about ``job`` after ``waited`` seconds."""
    found = seen.stacks.get(job.name)
    if job.deleting:
        return _cleared(job, found, seen, waited)
    if found is None:
        # Unseen is only gone when everything was looked at, and not just after it was accepted.
        gone = seen.complete and waited > (APPEARS_WITHIN if job.stack_id else SHOWS_WITHIN)
        return StackView(StackState.DECIDE_AGAIN if gone else StackState.STILL)
    if found.id != job.stack_id:
        waits = plan.decide(job.plan.desired, found, now).action == StackAction.WAIT
        return StackView(StackState.STILL if waits else StackState.DECIDE_AGAIN, found, joined=True)
    return StackView(_state(job, found), found)


def _state(job: StackJob, found: StackSummary) -> StackState:
    """What the stack's status tells, which is the one that one's own call made or changed."""
    if job.rolling_back:
        # Until the rollback shows, its status is that of the update that failed.
        waits = found.in_progress or found.status == "UPDATE_FAILED"
        return StackState.STILL if waits else StackState.DECIDE_AGAIN
    if found.in_progress:
        return StackState.FAILING if "ROLLBACK" in found.status else StackState.STILL
    if job.plan.action == StackAction.UPDATE and found.changed == job.before:
        return StackState.STILL  # the state before the update, which does not show yet
    if found.status not in SETTLED:
        return StackState.ENDED_BADLY
    return StackState.DONE if found.tags == job.desired_tags else StackState.DECIDE_AGAIN


def _cleared(
    job: StackJob, found: StackSummary | None, seen: PollResult, waited: float
) -> StackView:
    if found is None:
        return StackView(StackState.DECIDE_AGAIN if seen.complete else StackState.STILL)
    if found.id != job.stack_id:
        return StackView(StackState.DECIDE_AGAIN, found)
    failed = found.status == "DELETE_FAILED"
    if failed and job.plan.current is not None and job.plan.current.status == found.status:
        failed = waited > SHOWS_WITHIN  # before, it may still be the failure of the last time
    return StackView(StackState.ENDED_BADLY if failed else StackState.STILL, found)
