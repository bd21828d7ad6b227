"""EBS volumes: those of instances, and those that somebody makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import offerings, stores
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

_MISSING = ("InvalidVolume.NotFound", "The volume '{name}' does not exist.")
_NO_INSTANCE = ("InvalidInstanceID.NotFound", "The instance ID '{name}' does not exist")


# --- of an instance ------------------------------------------------------------------------------


def of_image(image: Record, wanted: list[Record]) -> dict[str, Record]:
    """Return the disks of an instance by device: the image's, with what the request says."""
    disks = {
        mapping["DeviceName"]: dict(mapping["Ebs"]) for mapping in image["BlockDeviceMappings"]
    }
    for mapping in wanted:
        device = mapping["DeviceName"]
        if "NoDevice" in mapping:
            disks.pop(device, None)
            continue
        given = mapping.get("Ebs") or {}
        least = disks.get(device, {}).get("VolumeSize", 0)
        size = int(given.get("VolumeSize") or least)
        if size < least:
            raise ApiError(
                "InvalidBlockDeviceMapping",
                f"Volume of size {size}GB is smaller than snapshot "
                f"'{disks[device]['SnapshotId']}', expect size>= {least}GB",
            )
        if not size:
            raise ApiError(
                "MissingParameter", "The request must contain the parameter size or snapshotId"
            )
        disks[device] = disks.get(device, {}) | given | {"VolumeSize": size}
    return disks


def made(disks: dict[str, Record], zone: str, moment: float) -> Iterator[tuple[str, Record, bool]]:
    """Make the volumes of an instance; yield device, volume and whether it goes with it."""
    for device, disk in disks.items():
        volume = _new({**disk, "Size": disk["VolumeSize"]}, zone, moment)
        stores.volumes()[volume["VolumeId"]] = volume
        yield device, volume, disk.get("DeleteOnTermination", True)


def attach(
    instance: Record, volume: Record, device: str, moment: float, *, deleted: bool
) -> Record:
    """Attach a volume to an instance; ``deleted`` says whether it goes with it."""
    attachment = {
        "VolumeId": volume["VolumeId"],
        "InstanceId": instance["InstanceId"],
        "Device": device,
        "State": "attached",
        "AttachTime": moment,
        "DeleteOnTermination": deleted,
    }
    volume |= {"State": "in-use", "Attachments": [attachment]}
    of_instance = {
        "VolumeId": volume["VolumeId"],
        "Status": "attached",
        "AttachTime": moment,
        "DeleteOnTermination": deleted,
    }
    instance["BlockDeviceMappings"].append({"DeviceName": device, "Ebs": of_instance})
    return attachment


def _new(given: Record, zone: str, moment: float) -> Record:
    kind = given.get("VolumeType", "gp2")
    volume: Record = {
        "VolumeId": stores.new_id("vol"),
        "Size": given["Size"],
        "AvailabilityZone": zone,
        "State": "available",
        "VolumeType": kind,
        "SnapshotId": given.get("SnapshotId", ""),
        "Encrypted": given.get("Encrypted", False),
        "CreateTime": moment,
        "Attachments": [],
        "MultiAttachEnabled": False,
    }
    iops = given.get("Iops") or (3000 if kind == "gp3" else max(100, 3 * given["Size"]))
    volume |= {"Iops": iops} if kind in ("gp2", "gp3", "io1", "io2") else {}
    volume |= {"Throughput": given.get("Throughput") or 125} if kind == "gp3" else {}
    if volume["Encrypted"]:
        place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
        key = f"arn:aws:kms:{place}:key/00000000-0000-4000-8000-0000000000eb"
        volume["KmsKeyId"] = given.get("KmsKeyId") or key
    return volume


# --- by themselves -------------------------------------------------------------------------------

_FILTERS: stores.Filters = {
    "attachment.delete-on-termination": lambda volume: [
        each["DeleteOnTermination"] for each in volume["Attachments"]
    ],
    "attachment.device": lambda volume: [each["Device"] for each in volume["Attachments"]],
    "attachment.instance-id": lambda volume: [each["InstanceId"] for each in volume["Attachments"]],
    "attachment.status": lambda volume: [each["State"] for each in volume["Attachments"]],
    "availability-zone": lambda volume: [volume["AvailabilityZone"]],
    "encrypted": lambda volume: [volume["Encrypted"]],
    "size": lambda volume: [volume["Size"]],
    "snapshot-id": lambda volume: [volume["SnapshotId"]],
    "status": lambda volume: [volume["State"]],
    "volume-id": lambda volume: [volume["VolumeId"]],
    "volume-type": lambda volume: [volume["VolumeType"]],
}


def required(name: str) -> Record:
    """Return a volume; raise EC2's refusal if there is none."""
    return stores.required(stores.volumes(), name, *_MISSING)


def shown(volume: Record) -> Record:
    return {**volume, "Tags": stores.tags(volume["VolumeId"])}


def create_volume(world: Ec2World, request: Record) -> Record:
    """CreateVolume, empty or from a snapshot."""
    region, zone = ministack_adapter.region(), request.get("AvailabilityZone")
    if zone not in {f"{region}{letter}" for letter in offerings.ZONES}:
        raise ApiError("InvalidZone.NotFound", f"The zone '{zone}' does not exist.")
    given = dict(request)
    if "SnapshotId" in request:
        words = "The snapshot '{name}' does not exist."
        code = "InvalidSnapshot.NotFound"
        snapshot = stores.required(stores.snapshots(), request["SnapshotId"], code, words)
        given = {"Size": snapshot["VolumeSize"], **given}
        given["Encrypted"] = given.get("Encrypted", False) or snapshot["Encrypted"]
    if "Size" not in given:
        raise ApiError(
            "MissingParameter", "The request must contain the parameter size or snapshotId"
        )
    tags = stores.specified_tags(request, "volume")
    volume = _new(given, str(zone), world.clock.now())
    stores.volumes()[volume["VolumeId"]] = volume
    stores.add_tags(volume["VolumeId"], tags)
    return shown(volume)


def delete_volume(_: Ec2World, request: Record) -> Record:
    """DeleteVolume of one that is attached to nothing."""
    volume = required(request["VolumeId"])
    if volume["Attachments"]:
        instance = volume["Attachments"][0]["InstanceId"]
        raise ApiError(
            "VolumeInUse", f"Volume {volume['VolumeId']} is currently attached to {instance}"
        )
    stores.forget(stores.volumes(), volume["VolumeId"])
    return {}


def describe_volumes(_: Ec2World, request: Record) -> Record:
    """DescribeVolumes by ids and filters, in pages."""
    names = request.get("VolumeIds") or ()
    found = [required(name) for name in names] if names else stores.volumes().values()
    chosen = stores.selected(found, request, _FILTERS, "VolumeId")
    return stores.page(request, "Volumes", [shown(volume) for volume in chosen], default=500)


def attach_volume(world: Ec2World, request: Record) -> Record:
    """AttachVolume to a running or stopped instance of its zone."""
    volume = required(request["VolumeId"])
    instance = stores.required(stores.instances(), request["InstanceId"], *_NO_INSTANCE)
    if volume["Attachments"]:
        raise ApiError("VolumeInUse", f"{volume['VolumeId']} is already attached to an instance")
    state = instance["State"]["Name"]
    if state not in ("running", "stopped"):
        raise ApiError("IncorrectState", f"Instance '{instance['InstanceId']}' is not 'running'.")
    if volume["AvailabilityZone"] != instance["Placement"]["AvailabilityZone"]:
        raise ApiError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume['VolumeId']}' is not in the same availability zone as instance "
            f"'{instance['InstanceId']}'",
        )
    moment = world.clock.now()
    return attach(instance, volume, request["Device"], moment, deleted=False)


def detach_volume(_: Ec2World, request: Record) -> Record:
    """DetachVolume, of a root disk only while its instance is stopped."""
    volume = required(request["VolumeId"])
    if not volume["Attachments"]:
        raise ApiError(
            "IncorrectState", f"Volume '{volume['VolumeId']}' is in the 'available' state."
        )
    [attachment] = volume["Attachments"]
    instance = stores.instances()[attachment["InstanceId"]]
    is_root = attachment["Device"] == instance["RootDeviceName"]
    if is_root and instance["State"]["Name"] != "stopped":
        raise ApiError(
            "OperationNotPermitted",
            f"Unable to detach root volume '{volume['VolumeId']}' from instance "
            f"'{instance['InstanceId']}'",
        )
    volume |= {"State": "available", "Attachments": []}
    instance["BlockDeviceMappings"] = [
        mapping
        for mapping in instance["BlockDeviceMappings"]
        if mapping["Ebs"]["VolumeId"] != volume["VolumeId"]
    ]
    return {**attachment, "State": "detached"}
