"""How fast calls may follow one another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FASTEST = 200.0
"""Calls a second before anybody was throttled; threads and the service's own pace are slower."""

SLOWEST = 0.5
HALVED_AT_MOST_EVERY = 1.0
REGAINED_PER_SECOND = 0.5


class RateLimiter:
    """A token bucket for the mutating calls of one place, shared by its threads.

    Its rate (calls a second) is halved when AWS throttles a call, at most once a second, and grows
    back slowly: additive increase, multiplicative decrease, as TCP does. ``clock`` gives seconds.
    """

    def __init__(
        self,
        rate: float = FASTEST,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.rate = rate
        self.throttles = 0
        self._most = rate
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._free_at = clock()
        self._halved_at = float("-inf")

    def throttled(self) -> None:
        """AWS turned a call away."""
        with self._lock:
            self.throttles += 1
            now = self._clock()
            if now - self._halved_at >= HALVED_AT_MOST_EVERY:
                self.rate = max(SLOWEST, self.rate / 2)
                self._halved_at = now

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._clock()
            begins = max(now, self._free_at)
            self._free_at = begins + 1 / self.rate
            if self.rate < self._most:
                gained = REGAINED_PER_SECOND / self.rate
                self.rate = min(self._most, self.rate + gained)
        if begins > now:
            self._pause(begins - now)


class MinInterval:
    """At least so many seconds between two calls: polling stays below a fixed rate."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._free_at = clock()

    def ready_in(self) -> float:
        """Seconds until a call would not have to wait."""
        return max(0.0, self._free_at - self._clock())

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._clock()
            begins = max(now, self._free_at)
            self._free_at = begins + self._seconds
        if begins > now:
            self._pause(begins - now)
