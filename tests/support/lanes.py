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


def is_slow(item: str, known: Mapping[str, int]) -> bool:
    """Return whether a collected test, or its whole file, is among the slow ones."""
    return _test(item) in known or _file(item) in known


def dealt(items: Sequence[str], workers: int, known: Mapping[str, int]) -> list[str]:
    """Return the tests in an order in which no worker begins with a long one when others end.

    xdist gives each worker as many neighbours as the others; here each of these runs begins with a
    share of what takes longest.
    """
    parts: list[tuple[int, list[str]]] = []
    others: list[str] = []
    for file, group in groupby(items, _file):
        some = list(group)
        if known.get(file, 0) >= LONG:
            parts.append((known[file], some))
            continue
        long = [item for item in some if known.get(_test(item), 0) >= LONG]
        others += [item for item in some if item not in long]
        total = sum(known[_test(item)] for item in long)
        if total >= LONGER:
            parts += [(known[_test(item)], [item]) for item in long]
        else:
            parts.append((total, long))
    hands: list[list[str]] = [[] for _ in range(workers)]
    loads = [0] * workers
    for seconds, part in sorted(parts, key=lambda one: -one[0]):
        least = loads.index(min(loads))
        loads[least] += seconds
        hands[least] += part
    left = iter(others)
    order: list[str] = []
    for number, hand in enumerate(hands):
        size = (len(items) - len(order)) // (workers - number)
        order += hand
        order += islice(left, max(0, size - len(hand)))
    return [*order, *left]


def _file(item: str) -> str:
    return item.partition("::")[0]


def _test(item: str) -> str:
    return item.partition("[")[0]
