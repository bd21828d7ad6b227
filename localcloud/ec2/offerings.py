"""Which instance types EC2 offers where, which ministack does not know.

The data is made up, in AWS's manner: every type is offered, but accelerators are not in every zone,
and the largest of them not in every Region.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import instance_types

Answer = tuple[int, dict[str, str], bytes]

PAGE = 100
"""What a page holds if ``MaxResults`` is not given; not measured on AWS."""

ZONES = "abc"
"""Those of ministack's DescribeAvailabilityZones."""

_ACCELERATED = re.compile(r"(g|p|inf|trn|dl)[0-9]")
_RARE = re.compile(r"(p|trn|dl)[0-9]")
_WITH_RARE = ("us-east-1", "us-west-2")


def patch_offerings() -> None:
    """Add DescribeInstanceTypeOfferings to the emulator's EC2."""
    ministack_adapter.module("services.ec2")._ACTION_MAP["DescribeInstanceTypeOfferings"] = describe


def describe(params: dict[str, Any]) -> Answer:
    """DescribeInstanceTypeOfferings by Region or zone, with its two filters, in pages."""
    ec2 = ministack_adapter.module("services.ec2")
    location_type = ec2._p(params, "LocationType") or "region"
    filters = ec2._parse_filters(params)
    found = [
        (instance_type, location)
        for instance_type in instance_types.known()
        for location in locations(instance_type, location_type, ministack_adapter.region())
        if instance_type in filters.get("instance-type", [instance_type])
        and location in filters.get("location", [location])
    ]
    start = int(ec2._p(params, "NextToken") or 0)
    end = start + int(ec2._p(params, "MaxResults") or PAGE)
    items = "".join(
        f"<item><instanceType>{instance_type}</instanceType>"
        f"<locationType>{location_type}</locationType><location>{location}</location></item>"
        for instance_type, location in found[start:end]
    )
    token = f"<nextToken>{end}</nextToken>" if end < len(found) else ""
    answer: Answer = ec2._xml(
        200,
        "DescribeInstanceTypeOfferingsResponse",
        f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>{token}",
    )
    return answer


def locations(instance_type: str, location_type: str, region: str) -> list[str]:
    """Where a Region offers a type: the Region itself, or the names of zones."""
    if _RARE.match(instance_type) and region not in _WITH_RARE:
        return []
    if location_type == "region":
        return [region]
    zones = ZONES[:-1] if _ACCELERATED.match(instance_type) else ZONES
    return [f"{region}{zone}" for zone in zones] if location_type == "availability-zone" else []


def offered(region: str) -> frozenset[str]:
    """Return the instance types that a Region offers."""
    known = instance_types.known()
    return frozenset(name for name in known if locations(name, "region", region))
