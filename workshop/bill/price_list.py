"""AWS's price list of a workshop's Regions: asked for once a week, kept, and used everywhere.

A command that does not ask AWS uses what another has kept, and the shipped list without that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from workshop import events, files
from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import PAGE, Clients
from workshop.aws.reads import Unavailable, attempt
from workshop.pricing import kept, offers, prices
from workshop.pricing.prices import RegionPrices

FRESH = timedelta(days=7)
"""So long what was read is taken for AWS's present prices."""

ATTEMPTS = 3
"""Of one call: the shipped list is there at once."""

_NEAREST = {"eu": "eu-central-1", "ap": "ap-south-1"}
"""First word of a Region -> where the price list is asked for it, else at the partition's home."""


def refresh(
    clients: Clients,
    environment: str,
    account_regions: Collection[AccountRegion],
    folder: Path = files.STATE,
    *,
    boxes: bool = False,
) -> dict[str, str]:
    """Use AWS's prices of these Regions; return why not, by Region, where it did not answer.

    What is not older than :data:`FRESH` is not asked for again, and what is older is used where AWS
    does not answer. ``boxes``: EC2's prices are asked for as well.
    """
    known = kept.read(environment, folder)
    today = events.now().date()
    failed: dict[str, str] = {}
    new: dict[str, RegionPrices] = {}
    for region in dict.fromkeys(where.region for where in account_regions):
        before = known.get(region)
        if before and _age(before, today) <= FRESH and (not boxes or "boxes" in before):
            continue
        answer = attempt(partial(read, clients, region, today, boxes=boxes))
        if isinstance(answer, Unavailable):
            failed[region] = answer.reason
        elif not answer["types"]:
            failed[region] = "it has no machine of SageMaker there"
        else:
            new[region] = answer
    if new:
        kept.write({**known, **new}, environment, folder)
    prices.use({**known, **new})
    return failed


def read(clients: Clients, region: str, today: date, *, boxes: bool = False) -> RegionPrices:
    """Return AWS's price list of a Region; botocore's errors pass through.

    One paged question for each use of machines: the whole of SageMaker's list is ten times as long.
    """
    at = AccountRegion(clients.home.account, _asked_at(region))
    paginator = clients.client("pricing", at, attempts=ATTEMPTS).get_paginator("get_products")

    def products(service: str, usage_type: str, **more: str) -> Iterator[str]:
        matching = {"regionCode": region, **more}
        pages = paginator.paginate(
            ServiceCode=service,
            Filters=[
                *(
                    {"Type": "TERM_MATCH", "Field": field, "Value": value}
                    for field, value in matching.items()
                ),
                {"Type": "CONTAINS", "Field": "usagetype", "Value": usage_type},
            ],
            PaginationConfig={"PageSize": PAGE},
        )
        for page in pages:
            yield from page["PriceList"]

    found = [
        product for word in offers.USES for product in products(offers.SERVICE_CODE, f"{word}:")
    ]
    listed = offers.region_prices(offers.of_products(found), today.isoformat())
    if boxes:
        machines, disks = offers.BOX_USES
        of_machines = {field: value for field, (_, value) in offers.OF_BOXES.items()}
        every = [
            *products(offers.BOX_SERVICE_CODE, machines, **of_machines),
            *products(offers.BOX_SERVICE_CODE, disks),
        ]
        listed["boxes"] = offers.box_prices(offers.of_products(every))
    return listed


def _asked_at(region: str) -> str:
    return _NEAREST.get(region.partition("-")[0], regions.billing_home(region))


def _age(listed: RegionPrices, today: date) -> timedelta:
    return abs(today - date.fromisoformat(listed["date"]))
