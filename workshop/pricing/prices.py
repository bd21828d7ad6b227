"""What SageMaker's and EC2's machines and disks cost an hour, as far as the price lists know.

List prices of AWS on demand, in USD: an estimate, not a bill. What is not on a list has no price,
never a price of 0. A Region's list is the one that was read from AWS, see :func:`use`, else the
shipped one; a Region that is not on that has the prices of :data:`FALLBACK`, and :func:`basis` says
which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

Use = Literal["notebook", "training", "processing", "transform", "endpoint", "box"]
"""What a machine is for: one of SageMaker's uses, or ``box`` for an EC2 instance."""

FALLBACK = "us-east-1"
HOURS_PER_MONTH = 730
"""As AWS's price list counts a month of 365 days' twelfth."""

_LEAST_SHOWN = Decimal("0.0005")
"""Less than this is shown as 0.000."""

_LIST = Path(__file__).with_name("prices.yaml")

RegionPrices = dict[str, Any]
"""``date``, ``volume_gb_month``, ``types`` and ``boxes``, as in ``prices.yaml``.

``boxes`` are not on every list that was read.
"""

_read: dict[str, RegionPrices] = {}
"""By Region, the lists that were read from AWS."""


@dataclass(frozen=True, slots=True)
class Cost:
    """USD per hour. ``complete`` is False where the price of some part is not known.

    Then ``usd`` is the least that it costs.
    """

    usd: Decimal = Decimal(0)
    complete: bool = True

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.usd + other.usd, self.complete and other.complete)

    def __mul__(self, count: int) -> Cost:
        return Cost(self.usd * count, self.complete or count == 0)

    def __str__(self) -> str:
        """Return ``0.115``, ``at least 0.115``, or ``?`` where nothing is known."""
        if self.complete:
            return f"{self._shown:.3f}"
        return f"at least {self._shown:.3f}" if self._shown else "?"

    @property
    def per_hour(self) -> str:
        """Return ``0.115 USD per hour``, with ``at least`` in front, or that it is unknown."""
        figure = str(self)
        return "an unknown sum per hour" if figure == "?" else f"{figure} USD per hour"

    @property
    def document(self) -> dict[str, Any]:
        """Return the cost for programs: ``least`` is all of it where ``complete``."""
        return {"least": float(self._shown and self.usd), "complete": self.complete}

    @property
    def exact(self) -> Decimal | None:
        """Return all of it, None where a part is not known."""
        return self.usd if self.complete else None

    @property
    def _shown(self) -> Decimal:
        # What is left of a sum of things that came and went may be a negative zero, or next to it.
        return Decimal(0) if abs(self.usd) < _LEAST_SHOWN else self.usd

    @property
    def known(self) -> str | None:
        """Return the least that it costs, for programs; None where nothing of it is known."""
        return str(self.usd) if self.complete or self._shown else None


NOT_KNOWN = Cost(complete=False)


def total(costs: Iterable[Cost]) -> Cost:
    """Return the sum; complete only if every part is."""
    return sum(costs, start=Cost())


def hourly(use: Use, instance_type: str, region: str) -> Decimal | None:
    """Return USD per hour of one machine (``ml.m5.large``); None for an unknown price."""
    return of_list(_boxes(region) if use == "box" else _of(region), use, instance_type)


def shipped(use: Use, instance_type: str, region: str) -> Decimal | None:
    """Return the same by the shipped list alone, which is alike on every machine."""
    listed = shipped_list(region)
    return of_list(listed["boxes"] if use == "box" else listed, use, instance_type)


def shipped_list(region: str) -> RegionPrices:
    """Return the shipped list of a Region, that of :data:`FALLBACK` where it has none."""
    prices = _prices()
    return prices[region if region in prices else FALLBACK]


def read_list(region: str) -> RegionPrices | None:
    """Return the list of a Region that was read from AWS, None where none was."""
    return _read.get(region)


def shipped_types(region: str) -> tuple[str, ...]:
    """Return the instance types that the shipped list has prices of."""
    return tuple(shipped_list(region)["types"])


def volume_hourly(gb: int, region: str) -> Decimal | None:
    """Return USD per hour of a notebook's disk of so many GB, which a stopped notebook keeps."""
    month = _of(region)["volume_gb_month"]
    return None if month is None else Decimal(month) * gb / HOURS_PER_MONTH


def box_volume_hourly(gb: int, region: str) -> Decimal | None:
    """Return USD per hour of an EC2 instance's gp3 disk, which a stopped instance keeps."""
    month = _price(_boxes(region).get("volume_gb_month"))
    return None if month is None else month * gb / HOURS_PER_MONTH


def cost(usd: Decimal | None) -> Cost:
    """Return what a price that may not be known adds to a sum."""
    return NOT_KNOWN if usd is None else Cost(usd)


def basis(region: str) -> str:
    """Return where the figures for a Region come from, in words."""
    if region in _read:
        return f"AWS's price list for {region}, read on {_read[region]['date']}"
    return shipped_basis(region)


def shipped_basis(region: str) -> str:
    """Return the same of the shipped list."""
    known = region if region in _prices() else FALLBACK
    estimate = "" if known == region else f", an estimate for {region}"
    return f"{known} list prices of {_prices()[known]['date']}{estimate}"


def use(read: Mapping[str, RegionPrices]) -> None:
    """Take these lists, by Region, in place of all that were taken before."""
    _read.clear()
    _read.update(read)


def _of(region: str) -> RegionPrices:
    return _read[region] if region in _read else shipped_list(region)


def of_list(listed: RegionPrices, use: Use, instance_type: str) -> Decimal | None:
    """Return USD per hour of one machine by a list; None for an unknown price."""
    found = listed["types"].get(instance_type)
    return _price(found.get(use) if isinstance(found, dict) else found)


def _boxes(region: str) -> dict[str, Any]:
    """Return the prices of EC2 instances: the shipped ones where only SageMaker's were read."""
    boxes: dict[str, Any] = _of(region).get("boxes") or shipped_list(region)["boxes"]
    return boxes


def _price(quoted: str | None) -> Decimal | None:
    return None if quoted is None else Decimal(quoted)


@cache
def _prices() -> dict[str, RegionPrices]:
    # Prices are quoted in the file: a number would lose its digits on the way to a Decimal.
    read: dict[str, RegionPrices] = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return read
