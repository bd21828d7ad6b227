"""Which values a tuning job tries: the same in every run, whatever the strategy is called."""

from __future__ import annotations

import hashlib
from itertools import islice, product
from math import prod
from typing import Any

Ranges = dict[str, list[dict[str, Any]]]
"""``ParameterRanges`` of the API."""


def chosen(ranges: Ranges, strategy: str, job: str, number: int) -> dict[str, str]:
    """Return the values of the ``number``-th training job (from 0) of a tuning job."""
    if strategy == "Grid":
        return _combination(ranges, number)
    return {
        parameter["Name"]: _value(kind, parameter, f"{job}/{number}/{parameter['Name']}")
        for kind, several in ranges.items()
        for parameter in several
        if kind != "AutoParameters"
    }


def combinations(ranges: Ranges) -> int:
    """Return how many combinations of categorical values there are."""
    return prod(
        len(parameter["Values"]) for parameter in ranges.get("CategoricalParameterRanges", [])
    )


def _combination(ranges: Ranges, number: int) -> dict[str, str]:
    several = ranges.get("CategoricalParameterRanges", [])
    names = [parameter["Name"] for parameter in several]
    values = next(islice(product(*(parameter["Values"] for parameter in several)), number, None))
    return dict(zip(names, values, strict=True))


def _value(kind: str, parameter: dict[str, Any], seed: str) -> str:
    fraction = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32
    if kind == "CategoricalParameterRanges":
        return str(parameter["Values"][int(fraction * len(parameter["Values"]))])
    low, high = float(parameter["MinValue"]), float(parameter["MaxValue"])
    if kind == "IntegerParameterRanges":
        return str(int(low + fraction * (high - low + 1)))
    return str(low + fraction * (high - low))
