"""Makes the shipped price list from AWS's own: ``python -m tools.price_list FILE.csv ...``.

AWS publishes one offer file for each service and Region, without credentials, at
``https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/REGION/index.csv``
(https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html), EC2's at the same
place below ``AmazonEC2``. Its first five rows say when it was published; the sixth names the
columns. Both files of each Region are needed.
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
    """Region and its entry of the price list, or EC2's part of it, from one offer file's lines.

    Raises WorkshopError for a file that is none, or holds no price of a machine.
    """
    rows = csv.reader(lines)
    head = {row[0]: row[-1] for row in islice(rows, PREAMBLE) if row}
    columns, code = next(rows, []), head.get("OfferCode")
    if code not in (offers.SERVICE_CODE, offers.BOX_SERVICE_CODE) or "usageType" not in columns:
        raise WorkshopError(
            "this is no offer file of SageMaker or of EC2; download index.csv again"
        )
    published = datetime.fromisoformat(head["Publication Date"]).date().isoformat()
    regions: set[str] = set()
    # EC2's file has millions of rows.
    every = (dict(zip(columns, cells, strict=True)) for cells in rows)
    if code == offers.BOX_SERVICE_CODE:
        boxes = offers.box_prices(_offers(_of_boxes(every), regions))
        made, types = {"date": published, "boxes": boxes}, boxes["types"]
    else:
        made = offers.region_prices(_offers(every, regions), published)
        types = made["types"]
    if not types:
        raise WorkshopError("the offer file holds no price of a machine; download it again")
    (region,) = regions
    return region, made


def _of_boxes(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yield what is of EC2's disks, or of its machines with Linux alone."""
    machine, disk = offers.BOX_USES
    for row in rows:
        if disk in row["usageType"] or (
            machine in row["usageType"]
            and all(row[column] == value for column, value in offers.OF_BOXES.values())
        ):
            yield row


def _offers(rows: Iterable[dict[str, str]], regions: set[str]) -> Iterator[Offer]:
    """Yield offers on demand, and note where what is paid by the hour is."""
    for row in rows:
        if row["TermType"] == "OnDemand":
            if row["Unit"] == "Hrs":
                regions.add(row["Region Code"])
            yield Offer(row["usageType"], row["Unit"], row["PricePerUnit"])


def main(files: Sequence[str]) -> None:
    """Print the price list of these offer files.

    Raises WorkshopError for a Region of which a file is missing.
    """
    listed: dict[str, RegionPrices] = {}
    for file in files:
        with Path(file).open(encoding="utf-8", newline="") as lines:
            region, found = region_prices(lines)
        made = {**listed.get(region, {}), **found}
        made["date"] = min(found["date"], listed.get(region, found)["date"])
        listed[region] = made
    for region, made in listed.items():
        for part, code in (("types", offers.SERVICE_CODE), ("boxes", offers.BOX_SERVICE_CODE)):
            if part not in made:
                raise WorkshopError(
                    f"the offer file of {code} for {region} is missing; name it too"
                )
    yaml.safe_dump(listed, sys.stdout, sort_keys=False)


if __name__ == "__main__":
    main(sys.argv[1:])
