"""Which instance types there are in a Region, and in the zone of a subnet.

SageMaker has no call that tells. EC2 tells for its own instances, and SageMaker's ``ml.`` types are
named after these. That EC2 offers a type does not prove that SageMaker does, nor that there is one
to be had today; that EC2 does not offer it makes SageMaker most unlikely to. So what EC2 does not
offer is unknown, and can be accepted by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws import ec2_offers
from workshop.aws.clients import Clients
from workshop.aws.ec2_offers import Offers
from workshop.aws.reads import Unavailable
from workshop.counting import count_of
from workshop.preflight.checks import Check, CheckState, unknown

ALL = "instance types"
PREFIX = "ml."


@dataclass(frozen=True)
class Subnet:
    """A subnet as EC2 describes it."""

    id: str
    zone: str
    free_addresses: int
    vpc: str


@dataclass(frozen=True)
class SubnetDemand:
    """What the seats to be made need of one subnet: a zone with these types, and addresses.

    ``security_groups`` have to be of the subnet's VPC.
    """

    types: tuple[str, ...]
    seats: int
    security_groups: tuple[str, ...] = ()


def subnets(
    clients: Clients, account_region: AccountRegion, ids: Collection[str]
) -> dict[str, Subnet]:
    """Return those of the subnets that are there."""
    pages = clients.client("ec2", account_region).get_paginator("describe_subnets")
    # A filter, since asking by id fails for all when one of them is not there.
    found = pages.paginate(Filters=[{"Name": "subnet-id", "Values": sorted(ids)}])
    return {
        subnet["SubnetId"]: Subnet(
            subnet["SubnetId"],
            subnet["AvailabilityZone"],
            subnet["AvailableIpAddressCount"],
            subnet["VpcId"],
        )
        for page in found
        for subnet in page["Subnets"]
    }


def security_groups(
    clients: Clients, account_region: AccountRegion, ids: Collection[str]
) -> dict[str, str]:
    """Return the VPCs of those of the security groups that are there."""
    pages = clients.client("ec2", account_region).get_paginator("describe_security_groups")
    found = pages.paginate(Filters=[{"Name": "group-id", "Values": sorted(ids)}])
    return {
        group["GroupId"]: group.get("VpcId", "")
        for page in found
        for group in page["SecurityGroups"]
    }


def offers(
    clients: Clients, account_region: AccountRegion, location_type: str, types: Collection[str]
) -> Offers:
    """Return which of the ``ml.`` types EC2 offers, less the ``ml.``, by Region or by zone."""
    names = {name.removeprefix(PREFIX) for name in types}
    found = ec2_offers.offers(clients, account_region, location_type, names)
    return {
        location: frozenset(f"{PREFIX}{name}" for name in some) for location, some in found.items()
    }


def check_region(
    account_region: AccountRegion,
    notebooks: Collection[str],
    others: Collection[str],
    offers: Offers | Unavailable,
) -> Iterator[Check]:
    """Yield the notebooks' types, then those of jobs, endpoints and second choice, which warn."""
    if isinstance(offers, Unavailable):
        yield unknown(account_region, ALL, offers.reason)
        return
    here = offers.get(account_region.region, frozenset())
    missing = [name for name in dict.fromkeys([*notebooks, *others]) if name not in here]
    for name in missing:
        where = account_region.region
        message = f"EC2 has no {name.removeprefix(PREFIX)} in {where}, so SageMaker hardly has"
        if name in notebooks:
            yield unknown(account_region, name, message)
        else:
            yield Check(
                account_region,
                name,
                CheckState.WARNING,
                f"{message}; name another type, or another Region",
            )
    if not missing:
        yield Check(
            account_region,
            ALL,
            CheckState.OK,
            f"{account_region.region} has them: EC2 offers the same types there",
        )


def check_subnets(
    account_region: AccountRegion,
    demands: Mapping[str, SubnetDemand],
    found: Mapping[str, Subnet] | Unavailable,
    offers: Offers | Unavailable,
) -> Iterator[Check]:
    """Yield for each subnet that it is there, has addresses enough, and a zone with the types."""
    for name, demand in demands.items():
        if isinstance(found, Unavailable):
            yield unknown(account_region, name, found.reason)
        elif name not in found:
            message = (
                f"there is no such subnet in {account_region}; correct notebook.network.subnet_id"
            )
            yield Check(account_region, name, CheckState.FAILED, message)
        else:
            yield _addresses(account_region, demand, found[name])
            yield from _zone(account_region, demand, found[name], offers)


def check_groups(
    account_region: AccountRegion,
    demands: Mapping[str, SubnetDemand],
    subnets: Mapping[str, Subnet] | Unavailable,
    found: Mapping[str, str] | Unavailable,
    *,
    setting: str,
) -> Iterator[Check]:
    """Yield for each security group that it is there, and in the VPC of each of its subnets.

    ``setting`` is what the YAML has them below, such as ``ec2.network``.
    """
    wanted: dict[str, list[str]] = {}
    for subnet, demand in demands.items():
        for group in demand.security_groups:
            wanted.setdefault(group, []).append(subnet)
    known = {} if isinstance(subnets, Unavailable) else subnets
    for group, some in wanted.items():
        if isinstance(found, Unavailable):
            yield unknown(account_region, group, found.reason)
            continue
        if group not in found:
            message = (
                f"there is no such security group in {account_region}; correct"
                f" {setting}.security_group_ids"
            )
            yield Check(account_region, group, CheckState.FAILED, message)
            continue
        others = [
            known[subnet]
            for subnet in some
            if subnet in known and known[subnet].vpc != found[group]
        ]
        if others:
            message = (
                f"it is of {found[group]}, and {others[0].id} of {others[0].vpc}; name security"
                " groups of the subnet's VPC"
            )
            yield Check(account_region, group, CheckState.FAILED, message)
        else:
            yield Check(account_region, group, CheckState.OK, f"it is there, in {found[group]}")


def _addresses(account_region: AccountRegion, demand: SubnetDemand, subnet: Subnet) -> Check:
    free = count_of(subnet.free_addresses, "free address")
    numbers = f"{free} for {count_of(demand.seats, 'notebook')}"
    enough = demand.seats <= subnet.free_addresses
    message = numbers if enough else f"{numbers}; use a larger subnet, or spread them over several"
    return Check(
        account_region,
        subnet.id,
        CheckState.OK if enough else CheckState.FAILED,
        message,
        need=demand.seats,
        quota=subnet.free_addresses,
    )


def _zone(
    account_region: AccountRegion,
    demand: SubnetDemand,
    subnet: Subnet,
    offers: Offers | Unavailable,
) -> Iterator[Check]:
    for name in demand.types:
        subject = f"{name} in {subnet.zone}"
        if isinstance(offers, Unavailable):
            yield unknown(account_region, subject, offers.reason)
        elif name not in offers.get(subnet.zone, frozenset()):
            where = ", ".join(zone for zone in sorted(offers) if name in offers[zone])
            better = f"; {where} would do" if where else ""
            of_ec2 = name.removeprefix(PREFIX)
            message = f"EC2 has no {of_ec2} in {subnet.zone}, the zone of {subnet.id}{better}"
            yield unknown(account_region, subject, message)
        else:
            yield Check(
                account_region, subject, CheckState.OK, f"EC2 offers its namesake in {subnet.zone}"
            )
