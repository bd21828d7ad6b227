"""Which values a tuning job tries: the same in every run, whatever the strategy is called."""

from __future__ import annotations

import hashlib
from itertools import islice, product
from math import prod
from typing import Any

Ranges = dict[str, list[dict[str, Any]]]
"""``ParameterRanges`` of the API."""


def chosen(ranges: Ranges, strategy: str, job: str, number: int) -> dict[str, str]:
    """Give the values of the ``number``-th training job (from 0) of a tuning job."""
    if strategy == "Grid":
        return _combination(ranges, number)
    return {
        one["Name"]: _value(kind, one, f"{job}/{number}/{one['Name']}")
        for kind, several in ranges.items()
        for one in several
        if kind != "AutoParameters"
    }


def combinations(ranges: Ranges) -> int:
    """Give how many combinations of categorical values there are."""
    return prod(len(one["Values"]) for one in ranges.get("CategoricalParameterRanges", []))


def _combination(ranges: Ranges, number: int) -> dict[str, str]:
    several = ranges.get("CategoricalParameterRanges", [])
    names = [one["Name"] for one in several]
    values = next(islice(product(*(one["Values"] for one in several)), number, None))
    return dict(zip(names, values, strict=True))


def _value(kind: str, one: dict[str, Any], seed: str) -> str:
    fraction = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32
    if kind == "CategoricalParameterRanges":
        return str(one["Values"][int(fraction * len(one["Values"]))])
    low, high = float(one["MinValue"]), float(one["MaxValue"])
    if kind == "IntegerParameterRanges":
        return str(int(low + fraction * (high - low + 1)))
    return str(low + fraction * (high - low))
