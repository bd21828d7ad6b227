"""Volumes, snapshots, images and interfaces that somebody makes, and what keeps them."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
from tests.support.machines import described, run, tag_map
from tests.support.refusals import code_of, refusal

ZONE = "us-east-1a"
ADA = [{"Key": "attendee", "Value": "ada"}]


def tagged(kind: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": ADA}]}


def root(aws: Aws, instance: str) -> str:
    [mapping] = described(aws.client, instance)["BlockDeviceMappings"]
    return str(mapping["Ebs"]["VolumeId"])


def test_a_volume_is_attached_in_its_zone_and_deleted_when_it_is_free(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    aws.pass_time()
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=20, Encrypted=True, **tagged("volume"))
    volume = made["VolumeId"]
    assert (made["State"], made["VolumeType"], tag_map(made)) == (
        "available",
        "gp2",
        {"attendee": "ada"},
    )
    far = ec2.create_volume(AvailabilityZone="us-east-1b", Size=1, VolumeType="gp3")["VolumeId"]
    wrong = {"InstanceId": name, "Device": "/dev/sdf"}
    assert code_of(ec2.attach_volume, VolumeId=far, **wrong) == "InvalidVolume.ZoneMismatch"
    ec2.attach_volume(VolumeId=volume, **wrong)
    code, message = refusal(ec2.delete_volume, VolumeId=volume)[1:]
    assert (code, message) == (
        "VolumeInUse",
        f"Volume {volume} is currently attached to {name}",
    )
    assert code_of(ec2.attach_volume, VolumeId=volume, **wrong) == "VolumeInUse"
    ec2.terminate_instances(InstanceIds=[name])
    aws.pass_time()
    [kept] = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert kept["State"] == "available"
    for one in (volume, far):
        ec2.delete_volume(VolumeId=one)
    assert refusal(ec2.delete_volume, VolumeId=volume)[1:] == (
        "InvalidVolume.NotFound",
        f"The volume '{volume}' does not exist.",
    )


def test_a_root_disk_is_detached_while_its_instance_is_stopped(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    disk = root(aws, name)
    aws.pass_time()
    assert code_of(ec2.detach_volume, VolumeId=disk) == "OperationNotPermitted"
    ec2.stop_instances(InstanceIds=[name])
    aws.pass_time()
    ec2.detach_volume(VolumeId=disk)
    assert described(aws.client, name)["BlockDeviceMappings"] == []
    ec2.attach_volume(VolumeId=disk, InstanceId=name, Device="/dev/xvda")
    assert root(aws, name) == disk


def test_volumes_are_listed_in_pages_by_tags(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    for _ in range(7):
        ec2.create_volume(AvailabilityZone=ZONE, Size=1, **tagged("volume"))
    ec2.create_volume(AvailabilityZone=ZONE, Size=1)
    mine = [{"Name": "tag:attendee", "Values": ["ada"]}]
    pages = list(
        ec2.get_paginator("describe_volumes").paginate(
            Filters=mine, PaginationConfig={"PageSize": 5}
        )
    )
    assert [len(page["Volumes"]) for page in pages] == [5, 2]


def test_a_snapshot_outlives_its_volume_and_is_kept_by_an_image(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    aws.pass_time()
    made = ec2.create_snapshot(VolumeId=root(aws, name), **tagged("snapshot"))
    assert (made["State"], made["Progress"], made["VolumeSize"]) == ("completed", "100%", 8)
    image = ec2.create_image(
        InstanceId=name,
        Name="ada",
        TagSpecifications=[{"ResourceType": kind, "Tags": ADA} for kind in ("image", "snapshot")],
    )["ImageId"]
    ec2.terminate_instances(InstanceIds=[name])
    aws.pass_time()
    mine = [{"Name": "tag:attendee", "Values": ["ada"]}]
    snapshots = {
        one["SnapshotId"]: one
        for one in ec2.describe_snapshots(OwnerIds=["self"], Filters=mine)["Snapshots"]
    }
    assert len(snapshots) == 2
    [of_image] = snapshots.keys() - {made["SnapshotId"]}
    assert snapshots[of_image]["Description"] == f"Created by CreateImage({name}) for {image}"
    code, message = refusal(ec2.delete_snapshot, SnapshotId=of_image)[1:]
    assert (code, message) == (
        "InvalidSnapshot.InUse",
        f"The snapshot {of_image} is currently in use by {image}",
    )
    [shown] = ec2.describe_images(Owners=["self"])["Images"]
    assert (shown["ImageId"], shown["SourceInstanceId"]) == (image, name)
    assert tag_map(shown) == {"attendee": "ada"}
    again = run(aws.client, ImageId=image)
    assert described(aws.client, again)["ImageId"] == image
    ec2.deregister_image(ImageId=image)
    assert code_of(ec2.deregister_image, ImageId=image) == "InvalidAMIID.NotFound"
    for one in snapshots:
        ec2.delete_snapshot(SnapshotId=one)
    assert code_of(ec2.delete_snapshot, SnapshotId=of_image) == "InvalidSnapshot.NotFound"
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_a_copy_tells_of_the_image_it_comes_from_and_of_no_volume(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    aws.pass_time()
    image = ec2.create_image(InstanceId=name, Name="ada")["ImageId"]
    [source] = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    there = {"SourceRegion": "us-east-1"}
    taken = code_of(ec2.copy_image, Name="ada", SourceImageId=image, **there)
    assert taken == "InvalidAMIName.Duplicate"
    copied = ec2.copy_image(Name="again", SourceImageId=image, **there)["ImageId"]
    [shown] = ec2.describe_images(ImageIds=[copied])["Images"]
    assert (shown["SourceImageId"], shown["SourceImageRegion"]) == (image, "us-east-1")
    assert "SourceInstanceId" not in shown
    own = shown["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    [of_copy] = ec2.describe_snapshots(SnapshotIds=[own])["Snapshots"]
    assert of_copy["VolumeId"] == "vol-ffffffff"
    assert of_copy["Description"].startswith(
        f"Copied for DestinationAmi {copied} from SourceAmi {image} for SourceSnapshot"
        f" {source['SnapshotId']}. Task created on "
    )
    alone = ec2.copy_snapshot(SourceSnapshotId=source["SnapshotId"], Description="x", **there)
    [made] = ec2.describe_snapshots(SnapshotIds=[alone["SnapshotId"]])["Snapshots"]
    assert (made["Description"], made["VolumeSize"]) == ("x", source["VolumeSize"])
    missing = {"SourceSnapshotId": "snap-0abc1234567890abc", **there}
    assert code_of(ec2.copy_snapshot, **missing) == "InvalidSnapshot.NotFound"


def test_an_image_goes_with_its_snapshots_if_asked_and_amazons_are_nobodys(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    aws.pass_time()
    image = ec2.create_image(InstanceId=name, Name="ada")["ImageId"]
    duplicate = refusal(ec2.create_image, InstanceId=name, Name="ada")
    assert duplicate[1] == "InvalidAMIName.Duplicate"
    ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []
    public = described(aws.client, name)["ImageId"]
    assert code_of(ec2.deregister_image, ImageId=public) == "AuthFailure"


def test_tags_are_put_on_what_is_there_and_awss_own_stay(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    nowhere = {"Resources": [volume, "i-0123456789abcdef0"], "Tags": ADA}
    assert code_of(ec2.create_tags, **nowhere) == "InvalidInstanceID.NotFound"
    own = [{"Key": "aws:cloudformation:stack-id", "Value": "mine"}]
    assert code_of(ec2.create_tags, Resources=[volume], Tags=own) == "InvalidParameterValue"
    ec2.create_tags(Resources=[volume], Tags=[*ADA, {"Key": "seat", "Value": "1"}])
    ec2.delete_tags(Resources=[volume], Tags=[{"Key": "attendee", "Value": "ben"}])
    ec2.delete_tags(Resources=[volume], Tags=[{"Key": "seat"}])
    [shown] = ec2.describe_volumes()["Volumes"]
    assert tag_map(shown) == {"attendee": "ada"}


def test_an_interface_in_use_is_not_deleted(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    aws.pass_time()
    [own] = described(aws.client, name)["NetworkInterfaces"]
    interface = own["NetworkInterfaceId"]
    wrong = refusal(ec2.delete_network_interface, NetworkInterfaceId=interface)
    assert wrong[2] == f"Network interface '{interface}' is currently in use."
    assert code_of(ec2.delete_subnet, SubnetId=own["SubnetId"]) == "DependencyViolation"
