"""SageMaker's and EC2's offers, as AWS's price list has them: by usage type, each with its price.

Most products leave the attribute of the instance type empty, so that is read from the usage type:
``USE1-Train:ml.m5.large``, ``EU-BoxUsage:g5.xlarge``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workshop.pricing.prices import RegionPrices, Use

SERVICE_CODE, BOX_SERVICE_CODE = "AmazonSageMaker", "AmazonEC2"

USES: dict[str, Use] = {
    "Notebk": "notebook",
    "Train": "training",
    "Processing": "processing",
    "Tsform": "transform",
    "Host": "endpoint",
}
"""The word of a usage type -> what the machine is used for."""

BOX_USES = ("BoxUsage:", "EBS:VolumeUsage.gp3")
"""Parts of the usage types of EC2 instances and of their disks."""
OF_BOXES = {
    "operatingSystem": ("Operating System", "Linux"),
    "tenancy": ("Tenancy", "Shared"),
    "preInstalledSw": ("Pre Installed S/W", "NA"),
    "capacitystatus": ("CapacityStatus", "Used"),
}
"""What else tells EC2's offers of a usage type apart: attribute, column of an offer file, value."""

_BOX = re.compile(r"(?:[A-Z0-9]+-)?BoxUsage:([a-z0-9-]+\.[a-z0-9-]+)")
_BOX_VOLUME = re.compile(r"(?:[A-Z0-9]+-)?EBS:VolumeUsage\.gp3")
_MACHINE = re.compile(rf"(?:[A-Z0-9]+-)?({'|'.join(USES)}):(ml\.[a-z0-9-]+\.[a-z0-9]+)")
_VOLUME = re.compile(r"(?:[A-Z0-9]+-)?Notebk:VolumeUsage\.gp2")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one unit of a usage type costs on demand, in USD."""

    usage_type: str
    unit: str
    usd: str


def region_prices(offers: Iterable[Offer], date: str) -> RegionPrices:
    """Return a Region's entry of the price list; it has no types where no offer is of a machine."""
    volume, machines = _matched(offers, _MACHINE, _VOLUME)
    types: dict[str, dict[Use, str]] = {}
    for found, usd in machines:
        types.setdefault(found[2], {})[USES[found[1]]] = usd
    listed = {name: _merged(types[name]) for name in sorted(types)}
    return {"date": date, "volume_gb_month": volume, "types": listed}


def box_prices(offers: Iterable[Offer]) -> dict[str, Any]:
    """Return EC2's part of a Region's entry: of Linux, without anybody's software."""
    volume, machines = _matched(offers, _BOX, _BOX_VOLUME)
    types = {found[1]: usd for found, usd in machines}
    return {"volume_gb_month": volume, "types": dict(sorted(types.items()))}


def _matched(
    offers: Iterable[Offer], machine: re.Pattern[str], volume: re.Pattern[str]
) -> tuple[str | None, list[tuple[re.Match[str], str]]]:
    """Return the price of a disk's GB and month, and those of machines, each with its match."""
    of_volume = None
    machines = []
    for offer in offers:
        if not Decimal(offer.usd):
            continue  # of a free tier: no machine and no disk costs nothing
        found = machine.fullmatch(offer.usage_type)
        if found and offer.unit == "Hrs":
            machines.append((found, _plain(offer.usd)))
        elif volume.fullmatch(offer.usage_type):
            of_volume = _plain(offer.usd)
    return of_volume, machines


def of_products(products: Iterable[str]) -> Iterator[Offer]:
    """Yield the offers of products as GetProducts answers them: each is a JSON document."""
    for text in products:
        product: dict[str, Any] = json.loads(text)
        usage_type = product["product"]["attributes"].get("usagetype", "")
        for term in product.get("terms", {}).get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                if usd := _usd(dimension):
                    yield Offer(usage_type, dimension["unit"], usd)


def _usd(dimension: Mapping[str, Any]) -> str:
    """Return the price where a bill begins; empty in another currency."""
    if dimension.get("beginRange", "0") != "0":
        return ""
    return str(dimension.get("pricePerUnit", {}).get("USD", ""))


def _merged(by_use: dict[Use, str]) -> str | dict[Use, str]:
    """Return one price where it is the same for every use."""
    if len(by_use) == len(USES) and len(set(by_use.values())) == 1:
        return next(iter(by_use.values()))
    return by_use


def _plain(price: str) -> str:
    """Return ``0.115`` for ``0.1150000000``."""
    return f"{Decimal(price).normalize():f}"
