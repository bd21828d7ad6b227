"""What happens during a deployment, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workshop.account_region import AccountRegion
from workshop.events import Event


class DeployStep(StrEnum):
    """What happened to a stack or, without a stack, to a whole seat or the whole deployment."""

    BEGUN = "begun"
    """A call that makes, changes or clears a stack was accepted."""
    JOINED = "joined"
    """Somebody else is at work on the stack; it is watched like one's own."""
    FAILING = "failing"
    """The first failure inside the stack, while CloudFormation still takes the rest back."""
    RETRY = "retry"
    FALLBACK = "fallback"
    """The next instance type or zone is tried; why is told by what was failing before."""
    LEFT = "left outside"
    """An update took something out of the stack that is still there."""
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    STUCK = "stuck"
    SEAT_DONE = "seat done"
    SEAT_FAILED = "seat failed"
    STOPPED = "stopped"
    """No new seats are begun, and why."""


@dataclass(frozen=True)
class DeployEvent(Event):
    """One event of a deployment; ``message`` is a sentence or empty."""

    account_region: AccountRegion
    what: DeployStep
    seat: str = ""
    stack: str = ""
    message: str = ""

    def parts(self) -> Mapping[str, Any]:
        return {
            "what": self.what.value,
            "account": self.account_region.account,
            "region": self.account_region.region,
            "seat": self.seat,
            "stack": self.stack,
            "message": self.message,
        }


Sink = Callable[[DeployEvent], object]
"""Whoever watches; called from several threads, one call after the other."""
