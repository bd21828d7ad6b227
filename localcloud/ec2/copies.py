"""Snapshots of volumes and images of instances, which somebody makes and is billed for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import changes, images, stores, volumes
from localcloud.ec2.messages import moment
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

_MISSING = ("InvalidSnapshot.NotFound", "The snapshot '{name}' does not exist.")
_NO_VOLUME = "vol-ffffffff"
_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")

_FILTERS: stores.Filters = {
    "description": lambda snapshot: [snapshot["Description"]],
    "encrypted": lambda snapshot: [snapshot["Encrypted"]],
    "owner-id": lambda snapshot: [snapshot["OwnerId"]],
    "progress": lambda snapshot: [snapshot["Progress"]],
    "snapshot-id": lambda snapshot: [snapshot["SnapshotId"]],
    "start-time": lambda snapshot: [moment(snapshot["StartTime"])],
    "status": lambda snapshot: [snapshot["State"]],
    "volume-id": lambda snapshot: [snapshot["VolumeId"]],
    "volume-size": lambda snapshot: [snapshot["VolumeSize"]],
}


def create_snapshot(world: Ec2World, request: Record) -> Record:
    """CreateSnapshot, complete at once."""
    tags = stores.specified_tags(request, "snapshot")
    volume = volumes.required(request["VolumeId"])
    return _shown(_snapshot(world, volume, request.get("Description", ""), tags))


def copy_snapshot(world: Ec2World, request: Record) -> Record:
    """CopySnapshot from any Region: its copy tells of no volume, and has no tags of it."""
    tags = stores.specified_tags(request, "snapshot")
    source = _in(request["SourceRegion"], stores.snapshots).get(request["SourceSnapshotId"])
    if source is None:
        code, words = _MISSING
        raise ApiError(code, words.format(name=request["SourceSnapshotId"]))
    made = _copied(world, source, request.get("Description", ""), tags)
    return {"SnapshotId": made["SnapshotId"], "Tags": tags}


def _in(region: str, store: Callable[[], stores.Store]) -> dict[str, Record]:
    """Return what a store holds in a Region of the account being served."""
    with ministack_adapter.request_scope(ministack_adapter.account(), region):
        return dict(store())


def _copied(world: Ec2World, source: Record, about: str, tags: list[dict[str, str]]) -> Record:
    copied = {**source, "VolumeId": _NO_VOLUME, "Size": source["VolumeSize"]}
    return _snapshot(world, copied, about, tags)


def _snapshot(world: Ec2World, volume: Record, about: str, tags: list[dict[str, str]]) -> Record:
    name = stores.new_id("snap")
    made = stores.snapshots()[name] = {
        "SnapshotId": name,
        "VolumeId": volume["VolumeId"],
        "VolumeSize": volume["Size"],
        "Description": about,
        "State": "completed",
        "Progress": "100%",
        "StartTime": world.clock.now(),
        "OwnerId": ministack_adapter.account(),
        "Encrypted": volume["Encrypted"],
        "StorageTier": "standard",
        **({"KmsKeyId": volume["KmsKeyId"]} if "KmsKeyId" in volume else {}),
    }
    stores.add_tags(name, tags)
    return made


def _shown(snapshot: Record) -> Record:
    return {**snapshot, "Tags": stores.tags(snapshot["SnapshotId"])}


def delete_snapshot(_: Ec2World, request: Record) -> Record:
    """DeleteSnapshot of one that no image uses."""
    name = stores.required(stores.snapshots(), request["SnapshotId"], *_MISSING)["SnapshotId"]
    for image in stores.images().values():
        if name in {mapping["Ebs"]["SnapshotId"] for mapping in image["BlockDeviceMappings"]}:
            raise ApiError(
                "InvalidSnapshot.InUse",
                f"The snapshot {name} is currently in use by {image['ImageId']}",
            )
    stores.forget(stores.snapshots(), name)
    return {}


def describe_snapshots(_: Ec2World, request: Record) -> Record:
    """DescribeSnapshots of the account; public ones are not listed."""
    names, owners = request.get("SnapshotIds") or (), request.get("OwnerIds") or ()
    found = (
        [stores.required(stores.snapshots(), name, *_MISSING) for name in names]
        if names
        else stores.snapshots().values()
    )
    own = {"self", ministack_adapter.account()}
    if owners and not own & set(owners):
        found = []
    chosen = stores.selected(found, request, _FILTERS, "SnapshotId")
    return stores.page(request, "Snapshots", [_shown(snapshot) for snapshot in chosen])


def create_image(world: Ec2World, request: Record) -> Record:
    """CreateImage of an instance: a snapshot of each of its volumes, and the image."""
    instance = changes.required(request["InstanceId"])
    name = _free_name(request["Name"])
    if instance["State"]["Name"] not in ("running", "stopped", "stopping"):
        raise ApiError(
            "IncorrectInstanceState",
            f"The instance '{instance['InstanceId']}' is not in a state from which an image can "
            "be made.",
        )
    of_image = stores.specified_tags(request, "image")
    of_snapshots = stores.specified_tags(request, "snapshot")
    image_id = stores.new_id("ami")
    about = f"Created by CreateImage({instance['InstanceId']}) for {image_id}"
    mappings = []
    for mapping in instance["BlockDeviceMappings"]:
        volume = volumes.required(mapping["Ebs"]["VolumeId"])
        snapshot = _snapshot(world, volume, about, of_snapshots)
        disk = {
            "SnapshotId": snapshot["SnapshotId"],
            "VolumeSize": volume["Size"],
            "VolumeType": volume["VolumeType"],
            "Encrypted": volume["Encrypted"],
            "DeleteOnTermination": mapping["Ebs"]["DeleteOnTermination"],
        }
        mappings.append({"DeviceName": mapping["DeviceName"], "Ebs": disk})
    owner = ministack_adapter.account()
    stores.images()[image_id] = {
        "ImageId": image_id,
        "ImageLocation": f"{owner}/{name}",
        "State": "available",
        "OwnerId": owner,
        "Public": False,
        "Architecture": instance["Architecture"],
        "ImageType": "machine",
        "Name": name,
        "Description": request.get("Description", ""),
        "CreationDate": moment(world.clock.now()),
        "RootDeviceType": "ebs",
        "RootDeviceName": instance["RootDeviceName"],
        "BlockDeviceMappings": mappings,
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EnaSupport": True,
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "SourceInstanceId": instance["InstanceId"],
        "SourceImageId": instance["ImageId"],
        "SourceImageRegion": ministack_adapter.region(),
    }
    stores.add_tags(image_id, of_image)
    return {"ImageId": image_id}


def _free_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ApiError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, "
            "numbers, '(', ')', '.', '-', '/' and '_'",
        )
    for other in stores.images().values():
        if other["Name"] == name:
            raise ApiError(
                "InvalidAMIName.Duplicate",
                f"AMI name {name} is already in use by AMI {other['ImageId']}",
            )
    return name


def copy_image(world: Ec2World, request: Record) -> Record:
    """CopyImage of one of the account's own from any Region, with a copy of each snapshot."""
    name, region = _free_name(request["Name"]), request["SourceRegion"]
    of_image = stores.specified_tags(request, "image")
    of_snapshots = stores.specified_tags(request, "snapshot")
    source = _in(region, stores.images).get(request["SourceImageId"])
    if source is None:
        raise images.missing(request["SourceImageId"])
    there, image_id, mappings = _in(region, stores.snapshots), stores.new_id("ami"), []
    for mapping in source["BlockDeviceMappings"]:
        snapshot = mapping["Ebs"]["SnapshotId"]
        about = (
            f"Copied for DestinationAmi {image_id} from SourceAmi {source['ImageId']} for"
            f" SourceSnapshot {snapshot}. Task created on {round(world.clock.now() * 1000)}."
        )
        made = _copied(world, there[snapshot], about, of_snapshots)
        disk = {**mapping["Ebs"], "SnapshotId": made["SnapshotId"]}
        mappings.append({**mapping, "Ebs": disk})
    kept = {key: value for key, value in source.items() if key != "SourceInstanceId"}
    stores.images()[image_id] = {
        **kept,
        "ImageId": image_id,
        "ImageLocation": f"{source['OwnerId']}/{name}",
        "Name": name,
        "Description": request.get("Description", ""),
        "CreationDate": moment(world.clock.now()),
        "BlockDeviceMappings": mappings,
        "SourceImageId": source["ImageId"],
        "SourceImageRegion": region,
    }
    stores.add_tags(image_id, of_image)
    return {"ImageId": image_id}


def deregister_image(_: Ec2World, request: Record) -> Record:
    """DeregisterImage, whose snapshots stay unless they are to go too."""
    name = request["ImageId"]
    if images.is_public(name):
        raise ApiError("AuthFailure", f"Not authorized for image:{name}")
    image = stores.images().get(name)
    if image is None:
        raise images.missing(name)
    stores.forget(stores.images(), name)
    if request.get("DeleteAssociatedSnapshots"):
        for mapping in image["BlockDeviceMappings"]:
            stores.forget(stores.snapshots(), mapping["Ebs"]["SnapshotId"])
    return {}


def describe_images(_: Ec2World, request: Record) -> Record:
    """DescribeImages of the account's own images and Amazon's."""
    return images.describe(request)
