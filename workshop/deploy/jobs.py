"""One stack on its way to what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from workshop.aws.stacks import StackSummary
from workshop.deploy.failures import Cause
from workshop.deploy.plan import StackPlan
from workshop.deploy.templates import Template


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
    """One stack on its way. ``deleting`` while what is left of a failed one is cleared away."""

    plan: StackPlan
    stage: Stage = Stage.PLANNED
    template: int = 0
    attempt: int = 1
    deleting: bool = False
    stack_id: str = ""
    before: datetime | None = None
    since: float = 0
    asked_why: bool = False
    cause: Cause | None = None
    ended_badly: StackSummary | None = None
    told: str = ""

    @property
    def name(self) -> str:
        return self.plan.wanted.name

    @property
    def seat(self) -> str:
        return self.plan.wanted.seat

    @property
    def wanted_tags(self) -> dict[str, str]:
        """The stack's tags once it is what it should be."""
        template: Template = self.plan.wanted.templates[self.template]
        return self.plan.wanted.tagged(template)
