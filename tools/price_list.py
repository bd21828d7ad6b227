"""Makes the shipped price list from AWS's own: ``python -m tools.price_list FILE.csv ...``.

AWS publishes one offer file for each service and Region, without credentials, at
``https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/REGION/index.csv``
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html). Its first five
rows say when it was published; the sixth names the columns.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import yaml

from workshop.errors import WorkshopError
from workshop.pricing import offers
from workshop.pricing.offers import Offer
from workshop.pricing.prices import RegionPrices

PREAMBLE = 5


def region_prices(lines: Iterable[str]) -> tuple[str, RegionPrices]:
    """Region and its entry of the price list, from the lines of one offer file.

    Raises WorkshopError for a file that is none, or holds no price of a machine.
    """
    rows = csv.reader(lines)
    head = {row[0]: row[-1] for row in islice(rows, PREAMBLE) if row}
    columns = next(rows, [])
    if head.get("OfferCode") != offers.SERVICE_CODE or "usageType" not in columns:
        raise WorkshopError("this is no offer file of SageMaker; download index.csv again")
    every = [dict(zip(columns, cells, strict=True)) for cells in rows]
    published = datetime.fromisoformat(head["Publication Date"]).date()
    made = offers.region_prices(_offers(every), published.isoformat())
    if not made["types"]:
        raise WorkshopError("the offer file holds no price of a machine; download it again")
    return next(row["Region Code"] for row in every if row["Unit"] == "Hrs"), made


def _offers(rows: Iterable[dict[str, str]]) -> Iterator[Offer]:
    for row in rows:
        if row["TermType"] == "OnDemand":
            yield Offer(row["usageType"], row["Unit"], row["PricePerUnit"])


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
