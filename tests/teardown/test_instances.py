"""EC2 instances, their disks and copies of these, and what a stack makes around them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import context, found, owners, tag_list
from workshop.account_region import AccountRegion
from workshop.teardown.resource import ScanCache
from workshop.teardown.resources import disk_lineage
from workshop.teardown.resources.copies import MachineImages, Snapshots
from workshop.teardown.resources.instance_parts import InstanceProfiles, SecurityGroups
from workshop.teardown.resources.instances import Instances, Volumes

INSTANCES = Instances()
VOLUMES = Volumes()
IMAGES, SNAPSHOTS = MachineImages(), Snapshots()
GROUPS, PROFILES = SecurityGroups(), InstanceProfiles()


def _tagged(resource_type: str, **tags: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tag_list(**tags)}]}


def instance(cloud: Cloud, count: int = 1, **tags: str) -> str:
    made = cloud.client("ec2").run_instances(
        ImageId="ami-0abcdef1234567890",
        InstanceType="g5.xlarge",
        MinCount=count,
        MaxCount=count,
        **_tagged("instance", **tags),
    )
    return str(made["Instances"][0]["InstanceId"])


def volume(cloud: Cloud, **tags: str) -> str:
    made = cloud.client("ec2").create_volume(
        AvailabilityZone="us-east-1a", Size=1, **_tagged("volume", **tags)
    )
    return str(made["VolumeId"])


def test_tags_claim_instances_and_volumes_of_the_seats_asked_about(cloud: Cloud) -> None:
    mine, drive = instance(cloud, attendee="ada"), volume(cloud, attendee="ben")
    for make in (instance, volume):
        make(cloud, attendee="cem")
        make(cloud, attendee="ada", workshop="speech")
    prods = instance(cloud, attendee="ada", environment="prod")
    assert owners(INSTANCES, context(cloud)) == {
        mine: ("claimed", "ada"),
        prods: ("claimed", "ada"),
    }
    assert found(INSTANCES, context(cloud))[prods].of_environment == "prod"
    assert owners(VOLUMES, context(cloud))[drive] == ("claimed", "ben")
    assert {seat for _, seat in owners(VOLUMES, context(cloud)).values()} <= {"ada", "ben"}


def test_stopping_ends_what_an_instance_costs_and_terminating_ends_it(cloud: Cloud) -> None:
    instance(cloud, attendee="ada")
    here = context(cloud)
    [one] = found(INSTANCES, here).values()
    assert one.hourly == Decimal("1.006")
    assert not INSTANCES.deletable_in(one.state)
    assert INSTANCES.stop(here, one)
    [stopped] = found(INSTANCES, context(cloud)).values()
    assert (stopped.state, stopped.hourly) == ("stopped", Decimal(0))
    assert not INSTANCES.stop(here, stopped)
    INSTANCES.delete(here, one)
    assert INSTANCES.state(here, one) is None
    INSTANCES.delete(here, one)
    assert found(INSTANCES, context(cloud)) == {}


def with_role(cloud: Cloud, path: str, role: str, profile: str) -> str:
    """An instance that somebody has run with a role, and with no tag at all."""
    iam, trust = cloud.client("iam"), json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName=role, Path=path, AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName=profile, Path=path)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
    made = cloud.client("ec2").run_instances(
        ImageId="ami-0abcdef1234567890",
        InstanceType="t3.medium",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": profile},
    )
    return str(made["Instances"][0]["InstanceId"])


def test_the_role_of_an_instance_proves_whose_it_is_and_the_name_of_its_profile_does_not(
    cloud: Cloud,
) -> None:
    path, role = "/ws/vision/", "vision-ada-us-east-1-execution"
    mine = with_role(cloud, path, role, "vision-ada-us-east-1-box")
    with_role(cloud, "/", "someone", "vision-ben-us-east-1-box")
    assert owners(INSTANCES, context(cloud)) == {mine: ("owned", "ada")}
    iam = cloud.client("iam")
    iam.remove_role_from_instance_profile(
        InstanceProfileName="vision-ada-us-east-1-box", RoleName=role
    )
    assert owners(INSTANCES, context(cloud)) == {mine: ("claimed", "ada")}
    cloud.faults({"effect": "denied", "operation": "iam:GetInstanceProfile"})
    assert {why for why, _ in owners(INSTANCES, context(cloud)).values()} == {"unknown"}


def test_a_disk_that_goes_with_an_instance_of_the_workshop_is_the_instances(cloud: Cloud) -> None:
    host = instance(cloud, attendee="ada")
    ec2 = cloud.client("ec2")
    [disk] = ec2.describe_volumes()["Volumes"]
    ec2.create_tags(Resources=[disk["VolumeId"]], Tags=tag_list(attendee="ada"))
    assert found(VOLUMES, context(cloud)) == {}
    ec2.modify_instance_attribute(
        InstanceId=host,
        BlockDeviceMappings=[
            {"DeviceName": disk["Attachments"][0]["Device"], "Ebs": {"DeleteOnTermination": False}}
        ],
    )
    [left] = found(VOLUMES, context(cloud)).values()
    assert (left.id, left.state) == (disk["VolumeId"], "in-use")


def test_copies_of_a_seats_disk_are_claimed_whoever_made_them_and_images_go_first(
    cloud: Cloud,
) -> None:
    host = with_role(
        cloud, "/ws/vision/", "vision-ada-us-east-1-execution", "vision-ada-us-east-1-box"
    )
    ec2, here = cloud.client("ec2"), context(cloud)
    [disk] = ec2.describe_volumes()["Volumes"]
    snapshot = ec2.create_snapshot(VolumeId=disk["VolumeId"])["SnapshotId"]
    image = ec2.create_image(InstanceId=host, Name="mine")["ImageId"]
    other = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    ec2.create_snapshot(VolumeId=other)
    tagged = ec2.create_snapshot(VolumeId=other, **_tagged("snapshot", attendee="ben"))
    assert owners(SNAPSHOTS, here)[snapshot] == ("claimed", "ada")
    assert owners(SNAPSHOTS, here)[tagged["SnapshotId"]] == ("claimed", "ben")
    assert len(owners(SNAPSHOTS, here)) == 3
    assert owners(IMAGES, here) == {image: ("claimed", "ada")}
    ec2.terminate_instances(InstanceIds=[host])
    again = context(cloud, lasting=here.lasting)
    assert owners(IMAGES, again) == {image: ("claimed", "ada")}
    assert SNAPSHOTS.after == (IMAGES.name,)
    one = found(IMAGES, again)[image]
    IMAGES.delete(again, one)
    assert IMAGES.state(again, one) is None
    for copy in found(SNAPSHOTS, again).values():
        SNAPSHOTS.delete(again, copy)
        assert SNAPSHOTS.state(again, copy) is None


def test_copies_of_copies_are_claimed_in_whatever_order_they_were_made(cloud: Cloud) -> None:
    host = with_role(
        cloud, "/ws/vision/", "vision-ada-us-east-1-execution", "vision-ada-us-east-1-box"
    )
    ec2 = cloud.client("ec2")
    [disk] = ec2.describe_volumes()["Volumes"]
    first = ec2.create_snapshot(VolumeId=disk["VolumeId"])["SnapshotId"]
    restored = ec2.create_volume(AvailabilityZone="us-east-1a", SnapshotId=first)["VolumeId"]
    again = ec2.create_snapshot(VolumeId=restored)["SnapshotId"]
    there = {"SourceRegion": "us-east-1"}
    told = f"[Copied {again} from us-east-1] backup"
    copied = ec2.copy_snapshot(SourceSnapshotId=again, Description=told, **there)["SnapshotId"]
    image = ec2.create_image(InstanceId=host, Name="mine")["ImageId"]
    second = ec2.copy_image(SourceImageId=image, Name="second", **there)["ImageId"]
    third = ec2.copy_image(SourceImageId=second, Name="third", **there)["ImageId"]
    for one in (image, second):
        ec2.deregister_image(ImageId=one)
    other = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    ec2.create_snapshot(VolumeId=other, Description=f"like {first}")
    ec2.terminate_instances(InstanceIds=[host])

    # As another run knows them by the ledger.
    later = context(cloud)
    disk_lineage.remember_disks(
        later.lasting, {disk["VolumeId"]: ("ada", host), host: ("ada", host)}
    )
    snapshots = owners(SNAPSHOTS, later)
    assert set(snapshots.values()) == {("claimed", "ada")}
    assert {first, again, copied} < {*snapshots}
    assert len(snapshots) == len(("first", "again", "copied", "mine's", "second's", "third's"))
    assert owners(VOLUMES, later) == {restored: ("claimed", "ada")}
    assert found(VOLUMES, later)[restored].why.startswith("somebody made it of a copy of the disk")

    # An image whose source is gone is known by the snapshots that came with it.
    assert owners(IMAGES, later) == {third: ("claimed", "ada")}
    noted = disk_lineage.proven_disks(later.lasting)
    assert {first, again} <= {*noted}
    # What a description alone tells is no proof, for anybody can write one.
    assert not {copied, third, restored} & {*noted}


def test_a_copy_in_another_region_is_known_by_where_it_comes_from(cloud: Cloud) -> None:
    host = with_role(
        cloud, "/ws/vision/", "vision-ada-us-east-1-execution", "vision-ada-us-east-1-box"
    )
    here = context(cloud)
    image = cloud.client("ec2").create_image(InstanceId=host, Name="mine")["ImageId"]
    assert owners(IMAGES, here) == {image: ("claimed", "ada")}
    elsewhere = cloud.client("ec2", region="eu-west-1")
    copied = elsewhere.copy_image(SourceImageId=image, Name="far", SourceRegion="us-east-1")
    scope = replace(here.scope, account_region=AccountRegion("000000000000", "eu-west-1"))
    there = replace(here, scope=scope, memory=ScanCache())
    assert owners(IMAGES, there) == {copied["ImageId"]: ("claimed", "ada")}
    assert set(owners(SNAPSHOTS, there).values()) == {("claimed", "ada")}


def test_instance_profiles_are_proven_by_the_environment_of_their_role(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    name, role = "vision-ada-us-east-1-box", "vision-ada-us-east-1-execution"
    with_role(cloud, "/ws/vision/", role, name)
    assert owners(PROFILES, context(cloud)) == {name: ("claimed", "ada")}
    iam.tag_role(RoleName=role, Tags=[{"Key": "environment", "Value": "dev"}])
    assert owners(PROFILES, context(cloud)) == {name: ("owned", "ada")}
    iam.tag_role(RoleName=role, Tags=[{"Key": "environment", "Value": "prod"}])
    [prods] = found(PROFILES, context(cloud)).values()
    assert (prods.ownership, prods.of_environment) == ("foreign", "prod")
    here = context(cloud)
    PROFILES.delete(here, prods)
    assert PROFILES.state(here, prods) is None


def test_groups_and_templates_that_a_stack_left_are_found_by_their_tags(cloud: Cloud) -> None:
    ec2, here = cloud.client("ec2"), context(cloud)
    group = ec2.create_security_group(
        GroupName="box-vision-ada", Description="x", **_tagged("security-group", attendee="ada")
    )["GroupId"]
    ec2.create_security_group(GroupName="box-vision-ben", Description="x")
    assert owners(GROUPS, here) == {group: ("claimed", "ada")}
    one = found(GROUPS, here)[group]
    GROUPS.delete(here, one)
    assert GROUPS.state(here, one) is None


def test_a_volume_in_use_is_waited_for(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    host, drive = instance(cloud, attendee="ada"), volume(cloud, attendee="ada")
    ec2.attach_volume(VolumeId=drive, InstanceId=host, Device="/dev/sdf")
    here = context(cloud)
    one = found(VOLUMES, here)[drive]
    assert one.state == "in-use"
    assert not VOLUMES.deletable_in(one.state)
    assert VOLUMES.after == (INSTANCES.name,)
    ec2.detach_volume(VolumeId=drive)
    assert VOLUMES.deletable_in(str(VOLUMES.state(here, one)))
    VOLUMES.delete(here, one)
    assert VOLUMES.state(here, one) is None
    VOLUMES.delete(here, one)


def test_many_instances_are_all_found(cloud: Cloud) -> None:
    instance(cloud, count=51, attendee="ada")
    assert len(found(INSTANCES, context(cloud))) == 51


@pytest.mark.parametrize(
    ("resource_type", "operation"), [(INSTANCES, "DescribeInstances"), (VOLUMES, "DescribeVolumes")]
)
def test_a_denied_listing_is_an_error_and_not_none(
    cloud: Cloud, resource_type: Instances | Volumes, operation: str
) -> None:
    cloud.faults({"effect": "denied", "operation": f"ec2:{operation}"})
    with pytest.raises(ClientError, match=r"AccessDenied|UnauthorizedOperation"):
        list(resource_type.find(context(cloud)))
