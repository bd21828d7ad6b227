"""What a running teardown tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workshop.events import Event
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
class TeardownEvent(Event):
    """One resource that happened; without a resource, a step began or has something to tell.

    ``cost`` is what the workshop still costs an hour, as far as prices are known.
    """

    step: TeardownStep
    message: str = ""
    resource: Resource | None = None
    outcome: DeletionOutcome | None = None
    cost: Cost | None = None

    def parts(self) -> Mapping[str, Any]:
        resource = self.resource
        return {
            "step": self.step.value,
            "outcome": self.outcome and self.outcome.value,
            "resource_type": resource and resource.resource_type,
            "id": resource and resource.id,
            "seat": resource and resource.seat,
            "message": self.message,
            "usd_per_hour": self.cost and self.cost.known,
        }


Sink = Callable[[TeardownEvent], object]
"""Whoever watches; called from several threads, one call after the other."""


@dataclass(frozen=True)
class DeletionResult:
    """What became of one resource, and why it is not gone."""

    resource: Resource
    outcome: DeletionOutcome
    message: str = ""
