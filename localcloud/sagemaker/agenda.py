"""What is due when: one queue of moments for all transitions.

Nothing sleeps and no thread watches: the next request runs everything that is due, in its order
and at its own moment. So a test that advances the clock by an hour sees an hour's log lines.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Due:
    """One entry: ``what`` is "step" or "tick" of the record with this key."""

    moment: float
    account: str
    region: str
    noun: str
    key: str
    what: str


class Agenda:
    """Entries by moment; those of the same moment in the order in which they were made."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Due]] = []
        self._number = count()

    def add(self, due: Due) -> None:
        heapq.heappush(self._heap, (due.moment, next(self._number), due))

    def pop(self, now: float) -> Due | None:
        """Take the earliest entry whose moment has come, if there is one."""
        if not self._heap or self._heap[0][0] > now:
            return None
        return heapq.heappop(self._heap)[2]

    def clear(self) -> None:
        self._heap.clear()
