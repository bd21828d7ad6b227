"""Time that passes only where the code waits, so that no outcome depends on a machine's speed."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

from localcloud import process
from tests.support.local_cloud import Cloud
from workshop.teardown.waits import STACKS, WaitPolicy

LOOKS = 2
"""Played seconds after which it is seen to that CloudFormation has done what it was asked for."""


class PlayedTime:
    """A clock that stands still but for what is waited: ``clock`` and ``pause`` of a long run.

    A wait ends when nothing is in progress in ``cloud``, however long a busy machine takes for it.
    """

    def __init__(self, cloud: Cloud | None = None) -> None:
        self._cloud = cloud
        self._now = self._looked = 0.0
        self._lock = threading.Lock()

    def clock(self) -> float:
        """Return the seconds that were waited so far."""
        with self._lock:
            return self._now

    def pause(self, seconds: float) -> None:
        """Let these seconds pass."""
        with self._lock:
            self._now += seconds
            looks = self._cloud is not None and self._now - self._looked >= LOOKS
            if looks:
                self._looked = self._now
        if looks:
            while self._is_at_work():
                time.sleep(0.001)

    def _is_at_work(self) -> bool:
        assert self._cloud is not None
        return bool(process.post(self._cloud.running, "/_localcloud/at-work", {})["stacks"])


def played_waits(cloud: Cloud, *, deadline: float = 1800) -> dict[str, Any]:
    """Return what lets a teardown play its waits.

    ``deadline`` is in played seconds: few for what never comes to an end.
    """
    played = PlayedTime(cloud)
    return {
        "waits": WaitPolicy(deadline=deadline),
        "stack_waits": replace(STACKS, deadline=deadline, first_wait=LOOKS),
        "clock": played.clock,
        "pause": played.pause,
    }
