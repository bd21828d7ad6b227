"""Time that passes only where the code waits, so that no test depends on a machine's speed."""

from __future__ import annotations

import threading


class PlayedTime:
    """A clock that stands still but for what is waited: ``clock`` and ``pause`` of a long run."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def clock(self) -> float:
        """Return the seconds that were waited so far."""
        with self._lock:
            return self._now

    def pause(self, seconds: float) -> None:
        """Let these seconds pass at once."""
        with self._lock:
            self._now += seconds
