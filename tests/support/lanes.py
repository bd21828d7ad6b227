"""Which tests the quick lane leaves out, and in which order the workers of a run take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path

SLOW = Path(__file__).parents[1] / "slow.txt"

LONG = 10
"""Seconds from which a test is begun first."""

LONGER = 60
"""Seconds from which the tests of one file are shared out; else they share what they set up."""


def slow() -> dict[str, int]:
    """Return the tests and files that ``tests/slow.txt`` names, and about how long they take."""
    lines = SLOW.read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if not line.startswith("#")]
    return {test: int(seconds[0]) if seconds else 1 for test, *seconds in words}


def seconds_of(item: str, known: Mapping[str, int]) -> int:
    """Return the seconds of a collected test, 0 for one that is not slow."""
    test = item.partition("[")[0]
    return known.get(test, known.get(_file(item), 0))


def dealt(items: Sequence[str], workers: int, known: Mapping[str, int]) -> list[str]:
    """Return the tests in an order in which no worker begins with a long one when others end.

    xdist gives each worker as many neighbours as the others; here each of these runs begins with a
    share of what takes longest.
    """
    long = [item for item in items if seconds_of(item, known) >= LONG]
    parts: list[list[str]] = []
    for _, group in groupby(long, _file):
        some = list(group)
        if _sum(some, known) < LONGER:
            parts.append(some)
        else:
            parts += [[item] for item in some]
    hands: list[list[str]] = [[] for _ in range(workers)]
    for part in sorted(parts, key=lambda one: -_sum(one, known)):
        min(hands, key=lambda hand: _sum(hand, known)).extend(part)
    others = iter([item for item in items if seconds_of(item, known) < LONG])
    order: list[str] = []
    for number, hand in enumerate(hands):
        size = (len(items) - len(order)) // (workers - number)
        order += hand
        order += islice(others, max(0, size - len(hand)))
    return [*order, *others]


def _file(item: str) -> str:
    return item.partition("::")[0]


def _sum(items: Sequence[str], known: Mapping[str, int]) -> int:
    return sum(seconds_of(item, known) for item in items)
