"""A clock for the modules of the SageMaker Python SDK that wait."""

from __future__ import annotations

import time
from typing import Any

PACE = 100
"""The SDK's seconds in one of ours: it asks every 5 to 30 seconds whether something is done."""


class HurriedClock:
    """``time`` for those modules: their clock and their naps run ``PACE`` times as fast."""

    def __init__(self) -> None:
        self._start = time.time()

    def time(self) -> float:
        return self._start + (time.time() - self._start) * PACE

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / PACE)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
