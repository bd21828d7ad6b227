"""Where an instance goes: subnet and zone, security groups, and whether there is a machine.

The refusals are EC2's own sentences, as users report them.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import instance_types, offerings, stores
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

_BUCKETS: tuple[tuple[str, str], ...] = (
    (r"(g|gr|vt)\d", "Running On-Demand G and VT instances"),
    (r"p\d", "Running On-Demand P instances"),
    (r"inf\d", "Running On-Demand Inf instances"),
    (r"trn\d", "Running On-Demand Trn instances"),
    (r"dl\d", "Running On-Demand DL instances"),
    (
        r"(a|c|d|h|i|im|is|m|r|t|z)\d",
        "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    ),
)
"""Family -> the quota that counts its vCPUs
(https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html)."""


@dataclass(frozen=True)
class InstancePlace:
    """Where an instance is to be."""

    subnet: Record
    groups: list[dict[str, str]]

    @property
    def zone(self) -> str:
        return str(self.subnet["AvailabilityZone"])


def default_vpc() -> str:
    """Return the id of the default VPC; raise EC2's refusal if there is none.

    Each Region of a new account has one, though CloudFormation is the first to ask for it.
    """
    stores.ec2()._ensure_defaults_initialized()
    for name, vpc in stores.ec2()._vpcs.items():
        if vpc.get("IsDefault"):
            return str(name)
    raise ApiError("VPCIdNotSpecified", "No default VPC for this user")


def place(
    world: Ec2World,
    instance_type: str,
    subnet_id: str | None,
    zone: str | None,
    groups: list[str],
    *,
    reserved: str | None = None,
) -> InstancePlace:
    """Return where an instance goes, if there is a machine for it.

    ``reserved`` is the zone of the reservation that it is run into, which has one.
    """
    zone = zone or reserved
    if subnet_id is not None:
        known = stores.ec2()._subnets
        words = "The subnet ID '{name}' does not exist"
        subnet = stores.required(known, subnet_id, "InvalidSubnetID.NotFound", words)
        if zone not in (None, subnet["AvailabilityZone"]):
            raise ApiError(
                "InvalidParameterValue",
                f"Value ({zone}) for parameter availabilityZone is invalid. Subnet "
                f"'{subnet_id}' is in the availability zone {subnet['AvailabilityZone']}",
            )
        zone = subnet["AvailabilityZone"]
        by_zone = {zone: subnet}
    else:
        by_zone = _default_subnets(default_vpc())
        if zone is not None and zone not in by_zone:
            raise _no_default_subnet(zone)
    chosen = reserved or _zone(world, instance_type, zone, list(by_zone))
    subnet = by_zone[chosen]
    return InstancePlace(subnet, security_groups(groups, subnet["VpcId"], subnet["SubnetId"]))


def _default_subnets(vpc: str) -> dict[str, Record]:
    subnets = stores.ec2()._subnets.values()
    found = {
        subnet["AvailabilityZone"]: subnet
        for subnet in subnets
        if subnet["VpcId"] == vpc and subnet.get("DefaultForAz")
    }
    if not found:
        raise ApiError(
            "MissingInput",
            f"No subnets found for the default VPC '{vpc}'. Please specify a subnet.",
        )
    return dict(sorted(found.items()))


def _no_default_subnet(zone: str) -> ApiError:
    region = ministack_adapter.region()
    if zone not in {f"{region}{letter}" for letter in offerings.ZONES}:
        return ApiError("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
    return ApiError("MissingInput", f"No default subnet for availability zone: '{zone}'.")


def _zone(world: Ec2World, instance_type: str, zone: str | None, usable: list[str]) -> str:
    """Return the zone of a new instance: the one asked for, or the first that has a machine."""
    region = ministack_adapter.region()
    offered = offerings.locations(instance_type, "availability-zone", region)
    if not offered:
        raise ApiError(
            "Unsupported",
            "The requested configuration is currently not supported. Please check the "
            "documentation for supported configurations.",
        )
    if zone is not None:
        if zone not in offered:
            raise _not_offered(instance_type, zone, offered)
        if world.faults.lacks_capacity(instance_type, zone):
            raise _no_capacity_in(world, instance_type, zone, offered)
        return zone
    candidates = [candidate for candidate in usable if candidate in offered]
    if not candidates:
        raise _not_offered(instance_type, usable[0], offered)
    for candidate in candidates:
        if not world.faults.would_lack_capacity(instance_type, candidate):
            if not world.faults.lacks_capacity(instance_type, candidate):
                return candidate
            break
    else:
        world.faults.lacks_capacity(instance_type, candidates[0])
    raise ApiError(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {instance_type} capacity in zones with support for "
        "'gp3' volumes. Our system will be working on provisioning additional capacity.",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def _not_offered(instance_type: str, zone: str, offered: list[str]) -> ApiError:
    return ApiError(
        "Unsupported",
        f"Your requested instance type ({instance_type}) is not supported in your requested "
        f"Availability Zone ({zone}). Please retry your request by not specifying an Availability "
        f"Zone or choosing {', '.join(offered)}.",
    )


def _no_capacity_in(world: Ec2World, instance_type: str, zone: str, offered: list[str]) -> ApiError:
    others = [
        other
        for other in offered
        if other != zone and not world.faults.would_lack_capacity(instance_type, other)
    ]
    where = (
        f" You can currently get {instance_type} capacity by not specifying an Availability Zone "
        f"in your request or choosing {', '.join(others)}."
        if others
        else ""
    )
    return ApiError(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone "
        f"you requested ({zone}). Our system will be working on provisioning additional "
        f"capacity.{where}",
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def require_machine(world: Ec2World, instance: Record) -> None:
    """Raise ``ApiError`` unless a stopped instance can get a machine where its disk is."""
    zone = instance["Placement"]["AvailabilityZone"]
    if world.faults.lacks_capacity(instance["InstanceType"], zone):
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        raise ApiError("InsufficientInstanceCapacity", "Insufficient capacity.", status)


def security_groups(names: list[str], vpc: str, subnet: str) -> list[dict[str, str]]:
    """Return the groups of an instance; the default of its VPC if none is named."""
    known: Mapping[str, Record] = stores.ec2()._security_groups
    if not names:
        defaults = [
            group
            for group in known.values()
            if group["VpcId"] == vpc and group["GroupName"] == "default"
        ]
        return [_group(group) for group in defaults[:1]]
    words = "The security group '{name}' does not exist"
    found = [
        stores.required(stores.ec2()._security_groups, name, "InvalidGroup.NotFound", words)
        for name in names
    ]
    for group in found:
        if group["VpcId"] != vpc:
            raise ApiError(
                "InvalidParameter",
                f"Security group {group['GroupId']} and subnet {subnet} belong to different "
                "networks.",
            )
    return [_group(group) for group in found]


def named_groups(names: list[str]) -> list[str]:
    """Return the ids of groups of the default VPC."""
    if not names:
        return []
    vpc = default_vpc()
    known = {
        record["GroupName"]: group
        for group, record in stores.ec2()._security_groups.items()
        if record["VpcId"] == vpc
    }
    for name in names:
        if name not in known:
            raise ApiError(
                "InvalidGroup.NotFound",
                f"The security group '{name}' does not exist in default VPC '{vpc}'",
            )
    return [known[name] for name in names]


def _group(record: Record) -> dict[str, str]:
    return {"GroupId": record["GroupId"], "GroupName": record["GroupName"]}


# --- vCPUs ---------------------------------------------------------------------------------------


def bucket(instance_type: str) -> str | None:
    """Return the name of the quota that counts the vCPUs of a type; None if none does."""
    return next((name for family, name in _BUCKETS if re.match(family, instance_type)), None)


def require_vcpus(world: Ec2World, instance_type: str, count: int, *, besides: int = 0) -> None:
    """Raise ``ApiError`` if so many more instances would exceed the quota of their family.

    ``besides`` are vCPUs that the same request has already asked for.
    """
    counted = bucket(instance_type)
    if counted is None:
        return
    limit = world.quotas.limit("ec2", counted)
    used = sum(
        instance_types.required(instance["InstanceType"]).vcpus
        for instance in stores.instances().values()
        if instance["State"]["Name"] in ("pending", "running")
        and bucket(instance["InstanceType"]) == counted
        and not instance.get("InstanceLifecycle")
    )
    asked = count * instance_types.required(instance_type).vcpus
    if used + besides + asked > limit:
        raise ApiError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {limit:.0f} "
            "allows for the instance bucket that the specified instance type belongs to. Please "
            "visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this "
            "limit.",
        )
