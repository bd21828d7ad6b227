"""Which instance types EC2 offers in a Region, or in each of its zones."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients

Offers = Mapping[str, frozenset[str]]
"""Location (a Region, a zone) -> the instance types that EC2 offers there."""


def offers(
    clients: Clients, account_region: AccountRegion, location_type: str, types: Collection[str]
) -> Offers:
    """Return which of ``types`` the Region offers (``region``), or each ``availability-zone``.

    botocore's errors pass through.
    """
    found: dict[str, set[str]] = {}
    pages = clients.client("ec2", account_region).get_paginator("describe_instance_type_offerings")
    for page in pages.paginate(
        LocationType=location_type, Filters=[{"Name": "instance-type", "Values": sorted(types)}]
    ):
        for offer in page["InstanceTypeOfferings"]:
            found.setdefault(offer["Location"], set()).add(offer["InstanceType"])
    return {location: frozenset(types) for location, types in found.items()}


def zones(
    clients: Clients, account_region: AccountRegion, types: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Return the zones that offer each of ``types``, in their order; botocore's errors pass."""
    by_zone = offers(clients, account_region, "availability-zone", types)
    return {
        name: tuple(zone for zone in sorted(by_zone) if name in by_zone[zone]) for name in types
    }
