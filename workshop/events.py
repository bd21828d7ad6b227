"""What happens during a deployment, for whoever watches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workshop.account_region import AccountRegion


class What(StrEnum):
    """What happened to a stack or, without a stack, to a whole seat or the whole deployment."""

    BEGUN = "begun"
    """A call that makes, changes or clears a stack was accepted."""
    JOINED = "joined"
    """Somebody else is at work on the stack; it is watched like one's own."""
    FAILING = "failing"
    """The first failure inside the stack, while CloudFormation still takes the rest back."""
    RETRY = "retry"
    FALLBACK = "fallback"
    """The next of the notebook's instance types is tried."""
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    STUCK = "stuck"
    SEAT_DONE = "seat done"
    SEAT_FAILED = "seat failed"
    STOPPED = "stopped"
    """No new seats are begun, and why."""


@dataclass(frozen=True)
class Event:
    """One event; ``message`` is a sentence or empty."""

    at: datetime
    place: AccountRegion
    what: What
    seat: str = ""
    stack: str = ""
    message: str = ""


Sink = Callable[[Event], object]
"""Whoever watches; called from several threads, one call after the other."""
