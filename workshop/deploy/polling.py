"""When to look at the stacks next."""

from __future__ import annotations

from workshop.deploy.jobs import Limits

FIRST_POLL = 0.1
"""Seconds between the last stack that can be begun for now and the poll that follows it."""

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
        last of a few is looked at soon. A poll that is due is never put off.
        """
        self._interval = self._limits.fastest_poll
        soon = FIRST_POLL if last else self._limits.fastest_poll
        self.next = now + soon if first else min(self.next, now + soon)

    def polled(self, began: float, *, moved: bool) -> None:
        """A poll that began then has been looked at; ``moved`` if any stack had ended."""
        slower = min(self._limits.slowest_poll, self._interval * SLOWER)
        self._interval = self._limits.fastest_poll if moved else slower
        self.next = began + self._interval
