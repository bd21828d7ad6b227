"""How long a teardown waits, how often it asks, and how many resources are on their way at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class WaitPolicy:
    """The waits of one engine; times in seconds."""

    deadline: float = 1800
    """For one resource, from when nothing holds it up."""
    first_wait: float = 1
    slowest_wait: float = 15
    attempts: int = 12
    """Refusals of one resource before it is stuck."""
    backoff: float = 1
    slowest_backoff: float = 30
    at_once: int = 24

    def next(self, wait: float) -> float:
        """Return the wait that follows a wait after which nothing had changed."""
        return min(self.slowest_wait, wait * 1.5)

    def until(self, done: Callable[[], bool], pause: Callable[[float], object]) -> bool:
        """Ask ``done`` until it is so, or the deadline has been waited for; return its answer."""
        waited, wait = 0.0, self.first_wait
        while not (so := done()) and waited < self.deadline:
            pause(wait)
            waited, wait = waited + wait, self.next(wait)
        return so


RESOURCES = WaitPolicy()
STACKS = WaitPolicy(first_wait=0.5, slowest_wait=10, attempts=4, at_once=50)
"""``attempts`` are deletions of one stack, the first included."""
