"""How fast calls may follow one another, where botocore's adaptive mode is not enough."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class MinInterval:
    """At least so many seconds between two calls: polling stays below a fixed rate.

    After a rest, ``burst`` more calls may follow at once, as from a token bucket.
    """

    def __init__(
        self,
        seconds: float,
        *,
        burst: int = 0,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._early = burst * seconds
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._free_at = clock()

    def ready_in(self) -> float:
        """Return the seconds until a call would not have to wait."""
        return max(0.0, self._free_at - self._early - self._clock())

    def wait(self) -> None:
        """Return when the next call may be made."""
        with self._lock:
            now = self._clock()
            begins = max(now, self._free_at - self._early)
            self._free_at = max(begins, self._free_at) + self._seconds
        if begins > now:
            self._pause(begins - now)
