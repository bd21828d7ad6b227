"""What a running teardown tells whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workshop.events import Event
from workshop.pricing.prices import Cost
from workshop.teardown.resource import Key, Resource


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
    """What happened to a resource; without a resource, a step began or has something to tell.

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


class DeletionResults(dict[Key, DeletionResult]):
    """The last word on each resource."""

    def note(self, results: Iterable[DeletionResult]) -> None:
        """Keep these instead of what was kept of the same resources."""
        self.update({result.resource.key: result for result in results})

    def is_gone(self, resource: Resource) -> bool:
        """Return whether this very resource was called gone."""
        result = self.get(resource.key)
        gone = (DeletionOutcome.DELETED, DeletionOutcome.ALREADY_GONE)
        return (
            result is not None
            and result.resource.identity == resource.identity
            and result.outcome in gone
        )

    def is_stuck(self, resource: Resource) -> bool:
        """Return whether it is stuck."""
        result = self.get(resource.key)
        return result is not None and result.outcome == DeletionOutcome.STUCK

    def stuck(self, *more: DeletionOutcome) -> set[Key]:
        """Return the keys of what is stuck, or came to one of these outcomes."""
        outcomes = (DeletionOutcome.STUCK, *more)
        return {key for key, result in self.items() if result.outcome in outcomes}
