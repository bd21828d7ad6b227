"""Operations of stack sets under way: when to ask next, and what each account came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from workshop.account_region import AccountRegion
from workshop.accounts.stack_sets import InstanceResult, SetOperation
from workshop.deploy.jobs import ENDED, Limits, StackJob
from workshop.deploy.polling import SLOWER

LISTED_EVERY = 10.0
"""Seconds between two listings of what an operation under way has come to, at least."""
LISTED_PART = 0.1
"""The same as a part of the time that it has taken: a listing has a page for 100 accounts."""


@dataclass
class OpenOperation:
    """An operation that StackSets works on, or a pause in which there is none.

    ``jobs`` are the stacks that it is about, as far as they are asked for; times are in seconds of
    the engine's clock. ``until`` ends a pause.
    """

    id: str
    began: float
    interval: float
    jobs: Mapping[AccountRegion, StackJob] = field(default_factory=dict)
    until: float | None = None
    last: SetOperation | None = None
    gave_up: bool = False
    due: float = 0
    listed: float = 0
    moved: float = 0
    """When an account was last seen to have ended."""

    def __post_init__(self) -> None:
        self.listed = self.moved = self.began
        self.due = self.until if self.until is not None else self.began + self.interval

    @property
    def has_ended(self) -> bool:
        return self.gave_up or (self.last is not None and self.last.has_ended)

    @property
    def waiting(self) -> list[StackJob]:
        """The stacks that have not ended."""
        return [job for job in self.jobs.values() if job.stage not in ENDED]

    def asked(self, now: float, limits: Limits) -> None:
        """Ask seldomer while nothing is new."""
        self.interval = min(limits.slowest_poll, self.interval * SLOWER)
        self.due = now + self.interval

    def wants_listing(self, now: float) -> bool:
        """Return whether it is time to see which accounts have ended."""
        return now - self.listed >= max(LISTED_EVERY, LISTED_PART * (now - self.began))


class AccountOutcome(Enum):
    """What an account's result means for its stack."""

    OPEN = auto()
    DONE = auto()
    FAILED = auto()
    LEFT_OUT = auto()
    """The operation ended before it came to this account."""


def outcome(result: InstanceResult) -> AccountOutcome:
    """Return what a result means; a suspended account is told as cancelled, with a reason."""
    if result.status == "CANCELLED":
        return AccountOutcome.FAILED if "suspended" in result.reason else AccountOutcome.LEFT_OUT
    known = {"SUCCEEDED": AccountOutcome.DONE, "FAILED": AccountOutcome.FAILED}
    return known.get(result.status, AccountOutcome.OPEN)
