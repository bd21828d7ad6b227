"""A workshop with EC2 instances is torn down: all of it goes, and nothing of anybody else's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support.local_cloud import Cloud, template
from tests.support.machines import image, run
from tests.support.played_time import played_waits
from tests.support.small_workshop import REGION, Fleet
from tests.support.workshop_command import Ran
from workshop.teardown.run import Teardown

PROFILES = (
    "profiles: {box: {notebook: {enabled: false}, ec2: {instance_types: [t3.medium]}},"
    " both: {ec2: {instance_types: [t3.medium]}}}"
)
ROWS = "id,profile\nada,box\nben,both\n"
SEATS_TAGS = {
    "workshop": "demo",
    "environment": "dev",
    "attendee": "ada",
    "managed-by": "workshop-provisioner",
}


@pytest.fixture
def deployed(cloud: Cloud, tmp_path: Path) -> Fleet:
    """Two seats with instances, one of them a notebook as well."""
    fleet = Fleet(cloud, tmp_path)
    fleet.write(1, PROFILES, roster="roster: {file: people.csv, profile: box}")
    (fleet.config / "people.csv").write_text(ROWS)
    assert fleet.deploy().good
    return fleet


def torn_down(fleet: Fleet, *options: str) -> Ran:
    """``workshop teardown`` twice, to plan and to apply, with waits that take no time."""

    def quick(clients: Any, target: Any, types: Any, sink: Any, **more: Any) -> Teardown:
        waits = played_waits(fleet.cloud, deadline=120)
        return Teardown(clients, target, types, sink, **{**more, **waits})

    with mock.patch("workshop.teardown.session.Teardown", quick):
        planned = fleet.run("teardown", "--early", *options)
        if planned.code != 0:
            return planned
        applied = ("--apply", "--yes", "demo", "--interval", "0")
        return fleet.run("teardown", "--early", *options, *applied)


def world(cloud: Cloud) -> dict[str, str]:
    """All of EC2 in the account that somebody made, and the instance profiles: id to looks."""
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    found: dict[str, Any] = {}
    for reservation in ec2.describe_instances()["Reservations"]:
        for one in reservation["Instances"]:
            if one["State"]["Name"] != "terminated":
                found[one["InstanceId"]] = one
    found |= {one["VolumeId"]: one for one in ec2.describe_volumes()["Volumes"]}
    mine = {"OwnerIds": ["self"]}
    found |= {one["SnapshotId"]: one for one in ec2.describe_snapshots(**mine)["Snapshots"]}
    found |= {one["ImageId"]: one for one in ec2.describe_images(Owners=["self"])["Images"]}
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"] != "default":
            found[group["GroupId"]] = group
    for profile in iam.list_instance_profiles()["InstanceProfiles"]:
        found[profile["InstanceProfileName"]] = profile
    return {key: json.dumps(one, sort_keys=True, default=str) for key, one in found.items()}


def tag_list(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tagged(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tag_list(**tags)}]


def disk_of(cloud: Cloud, seat: str) -> tuple[str, str]:
    """The ids of a seat's instance and of its disk."""
    named = [
        {"Name": "tag:Name", "Values": [f"demo-{seat}-box"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    [found] = cloud.client("ec2").describe_instances(Filters=named)["Reservations"]
    [one] = found["Instances"]
    return one["InstanceId"], one["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


def plain(cloud: Cloud) -> None:
    """Somebody's machine, volume, snapshot and image, without tags."""
    machine = run(cloud.client)
    ec2 = cloud.client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    ec2.create_snapshot(VolumeId=volume)
    ec2.create_image(InstanceId=machine, Name="prod")


def other_workshop(cloud: Cloud) -> None:
    """The instance of a seat of the same id in another workshop of ours."""
    properties = {
        "ImageId": image(cloud.client),
        "InstanceType": "t3.medium",
        "Tags": tag_list(**{**SEATS_TAGS, "workshop": "speech"}),
    }
    body = template({"Box": {"Type": "AWS::EC2::Instance", "Properties": properties}})
    assert cloud.deploy("speech-ada-box", body) == "CREATE_COMPLETE"


def named_alike(cloud: Cloud) -> None:
    """Instances, a group and a profile of a seat's names, which stand for nothing."""
    iam, ec2 = cloud.client("iam"), cloud.client("ec2")
    run(cloud.client, TagSpecifications=tagged("instance", Name="demo-cleo-box"))
    ec2.create_security_group(GroupName="box-demo-cleo", Description="x")
    iam.create_instance_profile(InstanceProfileName="demo-cleo-us-east-1-box")


HARMLESS: dict[str, Callable[[Cloud], None]] = {
    "plain": plain,
    "other workshop": other_workshop,
    "named alike": named_alike,
}


def test_all_of_it_goes_and_whoever_stands_by_keeps_all(deployed: Fleet) -> None:
    cloud = deployed.cloud
    ours = world(cloud)
    for make in HARMLESS.values():
        make(cloud)
    theirs = {key: one for key, one in world(cloud).items() if key not in ours}
    # Whoever may use the seat's role makes what is the seat's, with tags or without.
    profile = {"Name": "demo-ada-us-east-1-box"}
    late = run(cloud.client, IamInstanceProfile=profile)
    ended = torn_down(deployed)
    assert ended.code == 0, ended.err + ended.out
    left = world(cloud)
    assert left == theirs
    assert late not in left


def test_claims_and_copies_of_a_seats_disk_stay_and_nobody_says_gone(deployed: Fleet) -> None:
    cloud = deployed.cloud
    ec2, ours = cloud.client("ec2"), world(cloud)
    box, disk = disk_of(cloud, "ada")
    ec2.create_snapshot(VolumeId=disk)
    ec2.create_image(InstanceId=box, Name="of ada")
    run(cloud.client, TagSpecifications=tagged("instance", **SEATS_TAGS))
    ec2.create_volume(
        AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=tagged("volume", **SEATS_TAGS)
    )
    theirs = {key: one for key, one in world(cloud).items() if key not in ours}
    assert len(theirs) >= 5
    ended = torn_down(deployed)
    assert ended.code == 4
    left = world(cloud)
    assert {key: one for key, one in left.items() if key in theirs} == theirs


def test_with_what_is_claimed_included_copies_go_in_their_order(deployed: Fleet) -> None:
    cloud = deployed.cloud
    ec2 = cloud.client("ec2")
    box, disk = disk_of(cloud, "ada")
    ec2.create_snapshot(VolumeId=disk)
    ec2.create_image(InstanceId=box, Name="of ada")
    ended = torn_down(deployed, "--include-claimed")
    assert ended.code == 0, ended.err + ended.out
    assert world(cloud) == {}


def test_a_copy_is_known_when_an_earlier_teardown_has_ended_its_instance(
    deployed: Fleet,
) -> None:
    cloud = deployed.cloud
    ec2, ours = cloud.client("ec2"), world(cloud)
    box, disk = disk_of(cloud, "ada")
    ec2.create_snapshot(VolumeId=disk)
    ec2.create_image(InstanceId=box, Name="of ada")
    copies = {key: one for key, one in world(cloud).items() if key not in ours}
    for _ in range(2):
        ended = torn_down(deployed)
        assert ended.code == 4, ended.err + ended.out
        assert world(cloud) == copies
    left = deployed.run("leftovers")
    assert f"somebody made it of the disk of {box}" in left.out.replace("\n", " "), left.out
    ended = torn_down(deployed, "--include-claimed")
    assert ended.code == 0, ended.err + ended.out
    assert world(cloud) == {}


def test_what_only_claims_to_be_a_seats_vouches_for_no_copy_later(deployed: Fleet) -> None:
    cloud = deployed.cloud
    ec2 = cloud.client("ec2")
    theirs = run(cloud.client, TagSpecifications=tagged("instance", **SEATS_TAGS))
    ec2.create_image(InstanceId=theirs, Name="of somebody")
    assert torn_down(deployed).code == 4
    ec2.delete_tags(Resources=[theirs])
    left = world(cloud)
    ended = torn_down(deployed)
    assert ended.code == 0, ended.err + ended.out
    assert world(cloud) == left


def test_an_instance_that_nobody_lets_be_terminated_is_never_called_gone(deployed: Fleet) -> None:
    cloud = deployed.cloud
    box, _ = disk_of(cloud, "ada")
    cloud.client("ec2").modify_instance_attribute(
        InstanceId=box, DisableApiTermination={"Value": True}
    )
    ended = torn_down(deployed)
    assert ended.code == 4
    assert box in world(cloud)
    assert ended.out.splitlines()[-1].startswith("NOT PROVEN")
