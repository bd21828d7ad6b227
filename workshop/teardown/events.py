"""What a running teardown tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from workshop.pricing.prices import Cost
from workshop.teardown.resource import Resource


class TeardownStep(StrEnum):
    """The steps of a teardown, in their order."""

    FREEZE = "freeze"
    DISCOVER = "discover"
    STOP = "stop"
    SAVE = "save"
    DELETE = "delete"
    STACKS = "stacks"
    VERIFY = "verify"


class DeletionOutcome(StrEnum):
    """What became of a resource."""

    STOPPED = "stopped"
    EMPTIED = "emptied"
    DELETED = "deleted"
    ALREADY_GONE = "already gone"
    UNDELETABLE = "cannot be deleted by AWS's API"
    KEPT = "kept on request"
    STUCK = "stuck"
    ABANDONED = "abandoned"


@dataclass(frozen=True)
class TeardownEvent:
    """One resource that happened; without a resource, a step began or has something to tell.

    ``cost`` is what the workshop still costs an hour, as far as prices are known.
    """

    at: datetime
    step: TeardownStep
    message: str = ""
    resource: Resource | None = None
    outcome: DeletionOutcome | None = None
    cost: Cost | None = None


Sink = Callable[[TeardownEvent], object]
"""Whoever watches; called from several threads, one call after the other."""


@dataclass(frozen=True)
class DeletionResult:
    """What became of one resource, and why it is not gone."""

    resource: Resource
    outcome: DeletionOutcome
    message: str = ""


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
