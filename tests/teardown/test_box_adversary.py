"""Whatever an attendee tries of EC2 with the role of their box: both invariants hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.machines import run
from tests.support.small_workshop import REGION, Fleet
from tests.teardown.test_boxes import (
    PROFILES,
    ROWS,
    SEATS_TAGS,
    disk_of,
    plain,
    tag_list,
    tagged,
    torn_down,
    world,
)

Attempt = Callable[[Any], Any]
KEY = f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA{'I' * 40} x@example.org"
BOUND = {"Name": "demo-ben-us-east-1-box"}


def attempts(cloud: Cloud, own: str, disk: str, bens: str, theirs: str) -> list[Attempt]:
    """Calls by which an attendee would make, hide, take or keep something of EC2's."""
    ami = cloud.client("ec2").describe_instances(InstanceIds=[own])
    image = ami["Reservations"][0]["Instances"][0]["ImageId"]
    machine = {"ImageId": image, "InstanceType": "t3.medium", "MinCount": 1, "MaxCount": 1}
    [prod] = cloud.client("ec2").describe_images(Owners=["self"])["Images"]
    copied = prod["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    of_ben = tag_list(**{**SEATS_TAGS, "attendee": "ben"})
    made: list[Attempt] = [
        lambda ec2: ec2.run_instances(**machine),
        lambda ec2: ec2.run_instances(
            **machine, TagSpecifications=tagged("instance", **SEATS_TAGS)
        ),
        lambda ec2: ec2.run_instances(**machine, IamInstanceProfile=BOUND),
        lambda ec2: ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1),
        lambda ec2: ec2.create_snapshot(VolumeId=disk),
        lambda ec2: ec2.create_snapshot(VolumeId=disk, TagSpecifications=tagged("snapshot")),
        lambda ec2: ec2.create_image(InstanceId=own, Name="kept"),
        lambda ec2: ec2.copy_image(Name="kept", SourceImageId=prod["ImageId"], SourceRegion=REGION),
        lambda ec2: ec2.copy_snapshot(SourceSnapshotId=copied, SourceRegion=REGION),
        lambda ec2: ec2.create_volume(
            AvailabilityZone=f"{REGION}a", SnapshotId=copied, TagSpecifications=tagged("volume")
        ),
        lambda ec2: ec2.register_image(
            Name="of-a-copy",
            RootDeviceName="/dev/xvda",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": copied}}],
        ),
        lambda ec2: ec2.modify_snapshot_attribute(
            SnapshotId=copied, OperationType="add", UserIds=["111122223333"]
        ),
        lambda ec2: ec2.modify_image_attribute(
            ImageId=prod["ImageId"], LaunchPermission={"Add": [{"UserId": "111122223333"}]}
        ),
        *(
            lambda ec2, id_=id_: ec2.create_tags(Resources=[id_], Tags=tag_list(**SEATS_TAGS))
            for id_ in (copied, prod["ImageId"], disk)
        ),
        lambda ec2: ec2.modify_instance_attribute(
            InstanceId=own, UserData={"Value": b"#!/bin/sh\n"}
        ),
        lambda ec2: ec2.modify_instance_attribute(
            InstanceId=own, InstanceType={"Value": "p4d.24xlarge"}
        ),
        lambda ec2: ec2.modify_instance_metadata_options(InstanceId=own, HttpTokens="optional"),
        lambda ec2: ec2.create_security_group(GroupName="open", Description="x"),
        lambda ec2: ec2.create_launch_template(
            LaunchTemplateName="mine", LaunchTemplateData={"InstanceType": "t3.medium"}
        ),
        lambda ec2: ec2.delete_tags(Resources=[own], Tags=[{"Key": "workshop"}]),
        lambda ec2: ec2.create_tags(Resources=[own], Tags=of_ben),
        lambda ec2: ec2.terminate_instances(InstanceIds=[own]),
        lambda ec2: ec2.modify_instance_attribute(
            InstanceId=own, DisableApiTermination={"Value": True}
        ),
    ]
    return [*made, *against(bens), *against(theirs)]


def against(machine: str) -> list[Attempt]:
    """What an attendee would do to an instance that is not theirs."""
    mine = tag_list(**SEATS_TAGS)
    return [
        lambda ec2: ec2.create_tags(Resources=[machine], Tags=mine),
        lambda ec2: ec2.stop_instances(InstanceIds=[machine]),
        lambda ec2: ec2.start_instances(InstanceIds=[machine]),
        lambda ec2: ec2.reboot_instances(InstanceIds=[machine]),
        lambda ec2: ec2.terminate_instances(InstanceIds=[machine]),
        lambda ec2: ec2.create_image(InstanceId=machine, Name="taken"),
        lambda ec2: ec2.modify_instance_attribute(
            InstanceId=machine, InstanceInitiatedShutdownBehavior={"Value": "terminate"}
        ),
        lambda ec2: ec2.modify_instance_attribute(
            InstanceId=machine, UserData={"Value": b"#!/bin/sh\n"}
        ),
        lambda ec2: ec2.describe_instance_attribute(InstanceId=machine, Attribute="userData"),
    ]


def intrusions(machine: str) -> list[Attempt]:
    """Ways into an instance, for whoever may be its seat."""
    port = {"portNumber": ["8888"], "localPortNumber": ["18888"]}
    forwarding = {"DocumentName": "AWS-StartPortForwardingSession", "Parameters": port}
    return [
        lambda seat: seat.client("ssm").start_session(Target=machine),
        lambda seat: seat.client("ssm").start_session(Target=machine, **forwarding),
        lambda seat: seat.client("ssm").get_connection_status(Target=machine),
        lambda seat: seat.client("ec2-instance-connect").send_ssh_public_key(
            InstanceId=machine, InstanceOSUser="ubuntu", SSHPublicKey=KEY
        ),
    ]


def refusals(attempts: Sequence[Attempt], caller: Any) -> Iterator[str]:
    """Make attempts, and yield the code of each one's refusal; "" for what was allowed."""
    for one in attempts:
        try:
            one(caller)
        except ClientError as error:
            yield error.response["Error"]["Code"]
        else:
            yield ""


def test_nothing_that_a_seat_tries_of_ec2_outlives_it_or_costs_anybody_else(
    enforcing: Cloud, tmp_path: Path
) -> None:
    fleet = Fleet(enforcing, tmp_path)
    fleet.write(1, PROFILES, roster="roster: {file: people.csv, profile: box}")
    (fleet.config / "people.csv").write_text(ROWS)
    before = world(enforcing)
    plain(enforcing)
    theirs = run(enforcing.client)
    others = {key: one for key, one in world(enforcing).items() if key not in before}
    assert fleet.deploy().good
    (own, disk), (bens, _) = disk_of(enforcing, "ada"), disk_of(enforcing, "ben")
    workshops = {key: one for key, one in world(enforcing).items() if key not in others}
    seat = enforcing.as_box(own)
    ec2 = seat.client("ec2")
    tried = attempts(enforcing, own, disk, bens, theirs)
    assert [*refusals(tried, ec2)] == ["UnauthorizedOperation"] * len(tried)
    assert [*refusals(intrusions(own), seat)] == [""] * 4
    for machine in (bens, theirs):
        assert [*refusals(intrusions(machine), seat)] == ["AccessDeniedException"] * 4
    now = world(enforcing)
    assert now == {**others, **workshops}
    ec2.stop_instances(InstanceIds=[own])  # which is theirs to do
    ended = torn_down(fleet)
    assert ended.code == 0, ended.err + ended.out
    assert world(enforcing) == others
