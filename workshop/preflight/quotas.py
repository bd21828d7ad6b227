"""The quotas that apply to an account, as Service Quotas tells them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.preflight.limits import WorkshopQuota
from workshop.preflight.reading import Unread, read


@dataclass(frozen=True)
class AppliedQuota:
    """One quota; ``default``: AWS tells no applied value, so its default is what holds."""

    limit: WorkshopQuota
    code: str
    value: int
    adjustable: bool = True
    default: bool = False


Quotas = Mapping[WorkshopQuota, AppliedQuota | Unread]


@cache
def home_of_global(region: str) -> str:
    """The Region of the same partition that knows the quotas of IAM and of buckets.

    They are told in one Region only, ``us-east-1`` for most, and unknown elsewhere
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html). It is where
    IAM itself is called; a partition of one Region has no other.
    """
    for partition in Loader().load_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            iam: Mapping[str, Any] = partition["services"].get("iam", {})
            found = iam.get("endpoints", {}).get(iam.get("partitionEndpoint"), {})
            return str(found.get("credentialScope", {}).get("region", region))
    return "us-east-1"


def of(quotas: Quotas | Unread, limit: WorkshopQuota) -> AppliedQuota | Unread:
    """One of the quotas that were read; all are unread where the reading failed."""
    return quotas if isinstance(quotas, Unread) else quotas[limit]


def applied(clients: Clients, place: AccountRegion, limits: Collection[WorkshopQuota]) -> Quotas:
    """The value of each of ``limits``, all of one service.

    ``place`` is where that service's quotas are told. The listing leaves out quotas without a value
    of their own; for these AWS's defaults are read. A value that AWS marks with an error is
    unknown, as is a quota that neither listing has.
    """
    (service,) = {limit.service for limit in limits}
    rows = read(lambda: list(_rows(clients, place, "list_service_quotas", service)))
    if isinstance(rows, Unread):
        return dict.fromkeys(limits, rows)
    found = {limit: _find(limit, rows, default=False) for limit in limits}
    missing = [limit for limit, quota in found.items() if quota is None]
    if missing:
        rows = read(lambda: list(_rows(clients, place, "list_aws_default_service_quotas", service)))
        for limit in missing:
            found[limit] = (
                rows if isinstance(rows, Unread) else _find(limit, rows, default=True)
            ) or Unread(f"Service Quotas has no such quota in {place.region}")
    return {limit: quota for limit, quota in found.items() if quota is not None}


def _rows(
    clients: Clients, place: AccountRegion, operation: str, service: str
) -> Iterator[Mapping[str, Any]]:
    client = clients.client("service-quotas", place)
    for page in client.get_paginator(operation).paginate(ServiceCode=service):
        yield from page["Quotas"]


def _find(
    limit: WorkshopQuota, rows: Collection[Mapping[str, Any]], *, default: bool
) -> AppliedQuota | Unread | None:
    for row in rows:
        is_it = row["QuotaCode"] == limit.code if limit.code else row["QuotaName"] == limit.name
        if not is_it:
            continue
        if "Value" not in row or row.get("ErrorReason"):
            why = row.get("ErrorReason", {}).get("ErrorCode", "no value")
            return Unread(f"Service Quotas cannot tell it ({why})")
        return AppliedQuota(
            limit, row["QuotaCode"], int(row["Value"]), row.get("Adjustable", True), default
        )
    return None
