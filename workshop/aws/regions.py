"""Regions: which partition one is in, where its global services are, and whether it is enabled.

Regions that AWS opened since 2019 have to be enabled first. In one that is not, AWS does not know
the account's keys, and answers as if they were wrong
(https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.config import instance_types
from workshop.naming import Names

_NO_SUCH_KEY = frozenset({"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"})
"""Error codes of keys that are not known: of EC2, of query services, and of JSON services."""

_HOMES = {"aws-cn": "cn-north-1"}
"""Where IAM is, where botocore's data on partitions names another Region."""

_BILLING = {"aws-cn": "cn-northwest-1"}
"""Where prices and costs are asked for, where IAM is elsewhere (botocore's rules of ``ce``)."""


@dataclass(frozen=True)
class Partition:
    """A part of AWS with accounts and names of its own; ``domain`` ends its services' hosts.

    ``home`` is the Region of IAM, and of the quotas that hold everywhere. No account can disable
    it.
    """

    name: str
    domain: str
    home: str


@cache
def partition(region: str) -> Partition:
    """Return the partition of a Region, by botocore's data on them, else by the Region's name."""
    found = instance_types.partition(region)
    name = found["name"]
    return Partition(name, found["dnsSuffix"], _HOMES.get(name, found["implicitGlobalRegion"]))


def placed(names: Names) -> Names:
    """Return the same names with the partition and domain of their Region."""
    found = partition(names.region)
    return replace(names, partition=found.name, domain=found.domain)


def home(region: str) -> str:
    """Return the Region of the same partition in which IAM is, and which every account can use."""
    return partition(region).home


def billing_home(region: str) -> str:
    """Return the Region of the same partition in which prices and costs are asked for."""
    found = partition(region)
    return _BILLING.get(found.name, found.home)


def knows_no_key(error: BaseException) -> bool:
    """Return whether AWS answered that it does not know the caller's key."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _NO_SUCH_KEY


def not_enabled(account_region: AccountRegion) -> str:
    """That the Region is not enabled, with the cure: for keys that are good elsewhere."""
    return (
        f"{account_region.region} is not enabled for account {account_region.account}: it does"
        " not know your keys, which are good elsewhere; enable it with: aws account enable-region"
        f" --region-name {account_region.region} (it takes some minutes), or name another Region"
    )
