"""RunInstances: what an instance is made of, and what refuses it."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import (
    images,
    instance_types,
    launch_templates,
    placement,
    reservations,
    stores,
    volumes,
)
from localcloud.ec2.messages import moment as written_moment
from localcloud.ec2.states import States
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError, not_played

Record = dict[str, Any]

USER_DATA = 16_384
"""Bytes of user data before they are encoded."""

METADATA = {
    "State": "applied",
    "HttpTokens": "optional",
    "HttpPutResponseHopLimit": 1,
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}
"""What an image that asks for nothing gives an instance."""


def run_instances(world: Ec2World, states: States, request: Record) -> Record:
    """RunInstances on demand: all of them or none."""
    token = request.get("ClientToken")
    if token and (
        made := [
            instance for instance in stores.instances().values() if instance["_token"] == token
        ]
    ):
        return _reservation(made)
    request = launch_templates.applied(request)
    market = (request.get("InstanceMarketOptions") or {}).get("MarketType")
    if market not in (None, "capacity-block"):
        raise not_played("EC2", f"RunInstances of the market {market}")
    least, most = request.get("MinCount", 1), request.get("MaxCount", 1)
    if not 1 <= least <= most:
        raise ApiError(
            "InvalidParameterValue",
            f"Value ({least}) for parameter minCount is invalid. The value must be between 1 and "
            "maxCount",
        )
    if not request.get("ImageId"):
        raise ApiError("MissingParameter", "The request must contain the parameter ImageId")
    image = images.required(request["ImageId"])
    kind = instance_types.required(request.get("InstanceType", "m1.small"))
    require_architecture(kind.architecture, image["Architecture"])
    first: Record = next(iter(request.get("NetworkInterfaces") or ()), {})
    groups = first.get("Groups") or request.get("SecurityGroupIds") or []
    groups = [*groups, *placement.named_groups(request.get("SecurityGroups") or [])]
    _require_key(request.get("KeyName"))
    zone = (request.get("Placement") or {}).get("AvailabilityZone")
    role = profile(request.get("IamInstanceProfile"))
    script = user_data(request.get("UserData"))
    disks = volumes.of_image(image, request.get("BlockDeviceMappings") or [])
    tags = {
        kind_: stores.specified_tags(request, kind_)
        for kind_ in ("instance", "volume", "network-interface")
    }
    if market is None:
        placement.require_vcpus(world, kind.name, most)
    reserved = reservations.targeted(world, request, kind.name, most)
    where = placement.place(
        world,
        kind.name,
        first.get("SubnetId") or request.get("SubnetId"),
        zone,
        groups,
        reserved=None if reserved is None else str(reserved["AvailabilityZone"]),
    )
    public = first.get("AssociatePublicIpAddress", where.subnet.get("MapPublicIpOnLaunch", False))
    moment = world.clock.now()
    reservation = stores.new_id("r")
    made = []
    for number in range(most):
        name = stores.new_id("i")
        instance: Record = {
            "InstanceId": name,
            "ImageId": image["ImageId"],
            "InstanceType": kind.name,
            "AmiLaunchIndex": number,
            "Architecture": image["Architecture"],
            "BlockDeviceMappings": [],
            "ClientToken": token or "",
            "CpuOptions": cores(kind),
            "CapacityReservationSpecification": _preference(request),
            "CurrentInstanceBootMode": "legacy-bios",
            "EbsOptimized": request.get("EbsOptimized", False),
            "EnaSupport": True,
            "EnclaveOptions": {"Enabled": False},
            "HibernationOptions": {"Configured": False},
            "Hypervisor": "xen",
            "MetadataOptions": METADATA | (request.get("MetadataOptions") or {}),
            "MaintenanceOptions": {"AutoRecovery": "default"},
            "Monitoring": {"State": "disabled"},
            "Placement": {"AvailabilityZone": where.zone, "GroupName": "", "Tenancy": "default"},
            "PlatformDetails": "Linux/UNIX",
            "PublicDnsName": "",
            "RootDeviceName": image["RootDeviceName"],
            "RootDeviceType": "ebs",
            "SecurityGroups": where.groups,
            "SourceDestCheck": True,
            "SubnetId": where.subnet["SubnetId"],
            "UsageOperation": "RunInstances",
            "UsageOperationUpdateTime": moment,
            "VirtualizationType": "hvm",
            "VpcId": where.subnet["VpcId"],
            "_behavior": request.get("InstanceInitiatedShutdownBehavior", "stop"),
            "_protected": request.get("DisableApiTermination", False),
            "_kept_running": request.get("DisableApiStop", False),
            "_public": public,
            "_reservation": reservation,
            "_token": token or None,
            "_user_data": script,
        }
        instance |= {"KeyName": request["KeyName"]} if "KeyName" in request else {}
        instance |= {"IamInstanceProfile": role} if role else {}
        instance |= {"InstanceLifecycle": market} if market else {}
        if reserved is not None:
            instance["CapacityReservationId"] = reserved["CapacityReservationId"]
        _connect(instance, where, request.get("PrivateIpAddress"), moment, tags)
        for device, volume, deleted in volumes.made(disks, where.zone, moment):
            stores.add_tags(volume["VolumeId"], tags["volume"])
            volumes.attach(instance, volume, device, moment, deleted=deleted)
        stores.instances()[name] = instance
        stores.add_tags(name, tags["instance"])
        states.enter(instance, "pending", moment)
        made.append(instance)
    return _reservation(made)


def shown(instance: Record) -> Record:
    """Return an instance as EC2 describes it."""
    described = {name: value for name, value in instance.items() if not name.startswith("_")}
    return {**described, "Tags": stores.tags(instance["InstanceId"])}


def reservation(instance: Record) -> Record:
    """Return what DescribeInstances says around an instance."""
    return {
        "ReservationId": instance["_reservation"],
        "OwnerId": ministack_adapter.account(),
        "Groups": [],
        "Instances": [shown(instance)],
    }


def _reservation(made: list[Record]) -> Record:
    return {**reservation(made[0]), "Instances": [shown(instance) for instance in made]}


def _require_key(name: str | None) -> None:
    if name is not None and name not in stores.ec2()._key_pairs:  # noqa: SLF001
        raise ApiError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")


def require_architecture(of_type: str, of_image: str) -> None:
    """Raise ``ApiError`` unless a type can run an image."""
    if of_type != of_image:
        raise ApiError(
            "InvalidParameterValue",
            f"The architecture '{of_type}' of the specified instance type does not match the "
            f"architecture '{of_image}' of the specified AMI. Specify an instance type and an AMI "
            "that have matching architectures, and try again. You can use 'describe-instance-types'"
            " or 'describe-images' to discover the architecture of the instance type or AMI.",
        )


def profile(given: Record | None) -> Record | None:
    """Return the ARN and id of an instance profile; raise ``ApiError`` if it does not exist."""
    if not given:
        return None
    name, arn = given.get("Name", ""), given.get("Arn", "")
    iam = ministack_adapter.module("services.iam")
    found = iam._lookup_instance_profile(name=name, arn=arn)  # noqa: SLF001
    if found is None:
        member, value = ("name", name) if name else ("arn", arn)
        words = "Invalid IAM Instance Profile name" if name else "Invalid IAM Instance Profile ARN"
        raise ApiError(
            "InvalidParameterValue",
            f"Value ({value}) for parameter iamInstanceProfile.{member} is invalid. {words}",
        )
    return {"Arn": found["Arn"], "Id": found["InstanceProfileId"]}


def user_data(text: str | None) -> str | None:
    """Return user data that EC2 takes; raise its refusal of any other."""
    if text is None:
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(
            "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."
        ) from None
    if len(decoded) > USER_DATA:
        raise ApiError("InvalidParameterValue", f"User data is limited to {USER_DATA} bytes")
    return text


def cores(kind: instance_types.InstanceSize) -> Record:
    """Return the CpuOptions of an instance that asks for none."""
    threads = 1 if kind.architecture == "arm64" or kind.vcpus == 1 else 2
    return {"CoreCount": kind.vcpus // threads, "ThreadsPerCore": threads}


def _preference(request: Record) -> Record:
    found: Record = request.get("CapacityReservationSpecification") or {
        "CapacityReservationPreference": "open"
    }
    return found


def _connect(
    instance: Record,
    where: placement.InstancePlace,
    address: str | None,
    moment: float,
    tags: dict[str, list[dict[str, str]]],
) -> None:
    """Give an instance its network interface."""
    network = ".".join(where.subnet["CidrBlock"].split(".")[:2])
    octets = [secrets.randbelow(254) + 1 for _ in range(2)]
    address = address or f"{network}.{octets[0]}.{octets[1]}"
    region = ministack_adapter.region()
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    instance["PrivateIpAddress"] = address
    instance["PrivateDnsName"] = f"ip-{address.replace('.', '-')}.{domain}"
    name = stores.new_id("eni")
    digits = secrets.token_hex(5)
    attachment = {
        "AttachmentId": stores.new_id("eni-attach"),
        "DeviceIndex": 0,
        "Status": "attached",
        "AttachTime": moment,
        "DeleteOnTermination": True,
    }
    interface = {
        "NetworkInterfaceId": name,
        "SubnetId": where.subnet["SubnetId"],
        "VpcId": where.subnet["VpcId"],
        "Description": "",
        "OwnerId": ministack_adapter.account(),
        "Status": "in-use",
        "PrivateIpAddress": address,
        "MacAddress": ":".join(("0a", *(digits[at : at + 2] for at in range(0, 10, 2)))),
        "Groups": where.groups,
        "SourceDestCheck": True,
        "InterfaceType": "interface",
    }
    instance["NetworkInterfaces"] = [{**interface, "Attachment": attachment}]
    stores.add_tags(name, tags["network-interface"])
    stores.interfaces()[name] = {
        **interface,
        "AvailabilityZone": where.zone,
        "Attachment": {
            **attachment,
            "InstanceId": instance["InstanceId"],
            "AttachTime": written_moment(moment),
        },
    }
