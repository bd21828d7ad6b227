"""Makes the shipped price list from AWS's own: ``python -m tools.price_list FILE.csv ...``.

AWS publishes one offer file for each service and Region, without credentials, at
``https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/REGION/index.csv``
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html). Its first five
rows say when it was published; the sixth names the columns. Most rows leave the column of the
instance type empty, so that is read from the usage type: ``USE1-Train:ml.m5.large``.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from workshop.errors import WorkshopError
from workshop.pricing.prices import Use

PREAMBLE = 5
USES: dict[str, Use] = {
    "Notebk": "notebook",
    "Train": "training",
    "Processing": "processing",
    "Tsform": "transform",
    "Host": "endpoint",
}
_MACHINE = re.compile(rf"(?:[A-Z0-9]+-)?({'|'.join(USES)}):(ml\.[a-z0-9-]+\.[a-z0-9]+)")
_VOLUME = re.compile(r"(?:[A-Z0-9]+-)?Notebk:VolumeUsage\.gp2")


def region_prices(lines: Iterable[str]) -> tuple[str, dict[str, Any]]:
    """Region and its entry of the price list, from the lines of one offer file.

    Raises WorkshopError for a file that is none, or holds no price of a machine.
    """
    rows = csv.reader(lines)
    head = {row[0]: row[-1] for row in islice(rows, PREAMBLE) if row}
    columns = next(rows, [])
    if head.get("OfferCode") != "AmazonSageMaker" or "usageType" not in columns:
        raise WorkshopError("this is no offer file of SageMaker; download index.csv again")
    region, volume = "", None
    types: dict[str, dict[Use, str]] = {}
    for cells in rows:
        row = dict(zip(columns, cells, strict=True))
        if row["TermType"] != "OnDemand":
            continue
        machine = _MACHINE.fullmatch(row["usageType"])
        if machine and row["Unit"] == "Hrs":
            region = row["Region Code"]
            types.setdefault(machine[2], {})[USES[machine[1]]] = _plain(row["PricePerUnit"])
        elif _VOLUME.fullmatch(row["usageType"]):
            volume = _plain(row["PricePerUnit"])
    if not types:
        raise WorkshopError("the offer file holds no price of a machine; download it again")
    published = datetime.fromisoformat(head["Publication Date"]).date()
    listed = {name: _merged(types[name]) for name in sorted(types)}
    return region, {"date": published, "volume_gb_month": volume, "types": listed}


def _merged(by_use: dict[Use, str]) -> str | dict[Use, str]:
    """Return one price where it is the same for every use."""
    if len(by_use) == len(USES) and len(set(by_use.values())) == 1:
        return next(iter(by_use.values()))
    return by_use


def _plain(price: str) -> str:
    """Return ``0.115`` for ``0.1150000000``."""
    return f"{Decimal(price).normalize():f}"


def main(files: Sequence[str]) -> None:
    """Print the price list of these offer files."""
    listed = {}
    for file in files:
        with Path(file).open(encoding="utf-8", newline="") as lines:
            region, prices = region_prices(lines)
        listed[region] = prices
    yaml.safe_dump(listed, sys.stdout, sort_keys=False)


if __name__ == "__main__":
    main(sys.argv[1:])
