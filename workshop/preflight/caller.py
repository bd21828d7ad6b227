"""Who is calling, and whether the account can use the Region."""

from __future__ import annotations

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.preflight.checks import Check, CheckState, unknown
from workshop.preflight.reading import Unread

ACCOUNT, REGION = "account", "Region"


def arn(clients: Clients, place: AccountRegion) -> str:
    """The ARN of whoever calls, from STS in the place's own Region."""
    return str(clients.client("sts", place).get_caller_identity()["Arn"])


def regions(clients: Clients, place: AccountRegion) -> dict[str, str]:
    """Every Region of the partition, the account's disabled ones too, and its opt-in status.

    ``place`` is in a Region that every account has.
    """
    found = clients.client("ec2", place).describe_regions(AllRegions=True)["Regions"]
    return {one["RegionName"]: one.get("OptInStatus", "") for one in found}


def check_account(place: AccountRegion, caller: str | Unread) -> Check:
    """Whether calls for a place act in its account."""
    if isinstance(caller, Unread):
        return unknown(place, ACCOUNT, f"AWS does not say who is calling ({caller.why})")
    account = caller.split(":")[4]
    if account != place.account:
        told = (
            f"your credentials are for account {account}; sign in to {place.account}, or correct"
            " 'account'"
        )
        return Check(place, ACCOUNT, CheckState.FAILED, told)
    return Check(place, ACCOUNT, CheckState.OK, f"called by {caller}")


def check_region(
    place: AccountRegion, known: dict[str, str] | Unread, caller: str | Unread
) -> Check:
    """Whether the Region is there and enabled.

    Where the list of Regions may not be read, an answer of STS in the Region is proof enough: a
    Region that is not enabled knows none of the account's keys.
    """
    if isinstance(known, Unread):
        if isinstance(caller, Unread):
            return unknown(place, REGION, f"{place.region} does not answer ({caller.why})")
        return Check(place, REGION, CheckState.OK, f"{place.region} answers")
    status = known.get(place.region)
    if status is None:
        return unknown(place, REGION, f"EC2 lists no Region {place.region}: check its spelling")
    if status == "not-opted-in":
        told = (
            f"{place.region} is not enabled for the account; enable it with:"
            f" aws account enable-region --region-name {place.region}"
        )
        return Check(place, REGION, CheckState.FAILED, told)
    return Check(place, REGION, CheckState.OK, f"{place.region} is enabled")
