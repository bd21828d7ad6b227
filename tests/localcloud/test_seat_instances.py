"""One attendee's credentials reach their own EC2 instance alone: the shipped policies, enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud import process
from tests.support.boxes import boxed
from tests.support.local_cloud import IAM, Cloud
from tests.support.machines import PARAMETER, SSH_KEY, described, image, run, state, tag_map
from tests.support.refusals import refusal
from workshop.naming import FREEZE, Names
from workshop.policies.documents import Document
from workshop.policies.door import door_policy
from workshop.policies.people import people_policy
from workshop.policies.watch import watch_policy

ADA, BEN = (Names("vision", seat, "000000000000", "us-east-1") for seat in ("ada", "ben"))
FORWARD = "AWS-StartPortForwardingSession"
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


@dataclass(frozen=True)
class Boxes:
    """Both seats' instances, one of the organiser's, and the cloud as each sees it."""

    root: Cloud
    ada: Cloud
    ben: Cloud
    own: str
    bens: str
    organisers: str

    def disk(self, instance: str) -> str:
        """The volume of an instance."""
        (mapping,) = described(self.root.client, instance)["BlockDeviceMappings"]
        return str(mapping["Ebs"]["VolumeId"])


def _template() -> str:
    """The stack of such a seat, with an image that the local cloud has."""
    made = json.loads(boxed().text(ADA.stack("box")))
    for pin in made["Mappings"]["Image"].values():
        pin["ImageId"] = "{image}"
    return json.dumps(made)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boxes]:
    state_dir = tmp_path_factory.mktemp("boxes")
    delays = dict.fromkeys(("instance", "agent", "tick"), 0.0)
    started = process.start(state_dir, enforce_iam=True, delays=delays)
    root = Cloud(started.running, state_dir)
    try:
        text, ids = boxed().text, []
        for shared in ("vision-cohort-start", "vision-cohort"):
            assert root.deploy(shared, text(shared), **IAM) == "CREATE_COMPLETE"
        ami = image(root.client, PARAMETER)
        for names in (ADA, BEN):
            tags = {"attendee": names.seat, "workshop": "vision"}
            seat: dict[str, Any] = {
                "Parameters": [{"ParameterKey": "AttendeeId", "ParameterValue": names.seat}],
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            of_box = _template().replace("{image}", ami)
            for kind, body in (("access", text(ADA.stack("access"))), ("box", of_box)):
                status = root.deploy(names.stack(kind), body, **seat, **IAM)
                assert status == "CREATE_COMPLETE", root.reasons(names.stack(kind), "CREATE_FAILED")
            stack = root.client("cloudformation").describe_stacks(StackName=names.stack("box"))
            (box,) = [one for one in stack["Stacks"][0]["Outputs"] if one["OutputKey"] == "BoxId"]
            ids.append(box["OutputValue"])
        ada, ben = (root.as_role(names.role_arn) for names in (ADA, BEN))
        own, bens = ids
        yield Boxes(root, ada, ben, own, bens, run(root.client))
    finally:
        process.stop(state_dir)


def refused(cloud: Cloud, service: str, operation: str, **request: Any) -> str:
    """Return the message of a denial."""
    _, code, message = refusal(getattr(cloud.client(service), operation), **request)
    assert code in DENIED, message
    return message


def test_a_seat_stops_starts_and_restarts_its_own_from_a_notebook_and_from_the_box_itself(
    boxes: Boxes,
) -> None:
    for cloud in (boxes.ada, boxes.root.as_box(boxes.own)):
        ec2 = cloud.client("ec2")
        ec2.reboot_instances(InstanceIds=[boxes.own])
        assert ec2.describe_instances()["Reservations"]
        ec2.stop_instances(InstanceIds=[boxes.own])
        assert state(boxes.root.client, boxes.own) == "stopped"
        boxes.ada.client("ec2").start_instances(InstanceIds=[boxes.own])
        assert state(boxes.root.client, boxes.own) == "running"


@pytest.mark.parametrize("document", [FORWARD, "AWS-StartSSHSession", None])
def test_a_seat_begins_takes_up_and_ends_sessions_with_its_own(
    boxes: Boxes, document: str | None
) -> None:
    """Which shows that its agent is let in by the same role."""
    named = {"DocumentName": document} if document else {}
    ssm = boxes.ada.client("ssm")
    session = ssm.start_session(Target=boxes.own, **named)["SessionId"]
    assert ssm.resume_session(SessionId=session)["TokenValue"]
    for operation in ("resume_session", "terminate_session"):
        # Both seats' callers are called the same, and so are their sessions but for the end.
        assert session.startswith("SageMaker-")
        refused(boxes.ben, "ssm", operation, SessionId=session)
    assert ssm.terminate_session(SessionId=session)["SessionId"] == session


def test_a_seat_sends_a_key_for_the_images_user_and_for_no_other(boxes: Boxes) -> None:
    key = {"InstanceId": boxes.own, "SSHPublicKey": SSH_KEY}
    connect = boxes.ada.client("ec2-instance-connect")
    assert connect.send_ssh_public_key(InstanceOSUser="ubuntu", **key)["Success"]
    refused(boxes.ada, "ec2-instance-connect", "send_ssh_public_key", InstanceOSUser="root", **key)


@pytest.mark.parametrize("victim", ["bens", "organisers"])
def test_nothing_of_another_instance_is_in_reach(boxes: Boxes, victim: str) -> None:
    other = getattr(boxes, victim)
    before = described(boxes.root.client, other)
    for cloud in (boxes.ada, boxes.root.as_box(boxes.own)):
        for operation in ("start", "stop", "reboot"):
            refused(cloud, "ec2", f"{operation}_instances", InstanceIds=[other])
            refused(cloud, "ec2", f"{operation}_instances", InstanceIds=[boxes.own, other])
        for document in (FORWARD, "AWS-StartSSHSession", "SSM-SessionManagerRunShell"):
            refused(cloud, "ssm", "start_session", Target=other, DocumentName=document)
        refused(cloud, "ssm", "start_session", Target=other)
        key = {"InstanceId": other, "SSHPublicKey": SSH_KEY, "InstanceOSUser": "ubuntu"}
        refused(cloud, "ec2-instance-connect", "send_ssh_public_key", **key)
        asked = {"InstanceId": other, "Attribute": "userData"}
        refused(cloud, "ec2", "describe_instance_attribute", **asked)
        refused(cloud, "ec2", "terminate_instances", InstanceIds=[other])
        tags = [{"Key": "attendee", "Value": "ada"}, {"Key": "workshop", "Value": "vision"}]
        refused(cloud, "ec2", "create_tags", Resources=[other], Tags=tags)
        refused(cloud, "ec2", "create_image", InstanceId=other, Name="theirs")
        refused(cloud, "ec2", "create_snapshot", VolumeId=boxes.disk(other))
        refused(cloud, "ec2", "detach_volume", VolumeId=boxes.disk(other))
    assert described(boxes.root.client, other) == before


def test_a_seat_makes_changes_tags_and_exposes_nothing_of_its_own_either(boxes: Boxes) -> None:
    before, own = described(boxes.root.client, boxes.own), {"InstanceId": boxes.own}
    (group,) = before["SecurityGroups"]
    port = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    tried: dict[str, dict[str, Any]] = {
        "terminate_instances": {"InstanceIds": [boxes.own]},
        "run_instances": {
            "ImageId": image(boxes.root.client),
            "InstanceType": "t3.medium",
            "MinCount": 1,
            "MaxCount": 1,
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "attendee", "Value": "ada"}]}
            ],
        },
        "create_tags": {"Resources": [boxes.own], "Tags": [{"Key": "attendee", "Value": "ben"}]},
        "delete_tags": {"Resources": [boxes.own], "Tags": [{"Key": "attendee"}]},
        "modify_instance_attribute": {**own, "InstanceType": {"Value": "p4d.24xlarge"}},
        "create_volume": {"AvailabilityZone": "us-east-1a", "Size": 1},
        "create_snapshot": {"VolumeId": boxes.disk(boxes.own)},
        "create_image": {**own, "Name": "mine"},
        "attach_volume": {**own, "VolumeId": boxes.disk(boxes.bens), "Device": "/dev/sdf"},
        "authorize_security_group_ingress": {"GroupId": group["GroupId"], "IpPermissions": []}
        | {"IpPermissions": [{key: one for key, one in port.items() if key != "CidrIp"}]},
        "create_security_group": {"GroupName": "open", "Description": "open"},
        "create_key_pair": {"KeyName": "mine"},
    }
    for operation, request in tried.items():
        refused(boxes.ada, "ec2", operation, **request)
    refused(boxes.ada, "ssm", "get_parameter", Name="/production/password")
    refused(boxes.ada, "ssm", "describe_sessions", State="Active")
    remote = "AWS-StartPortForwardingSessionToRemoteHost"
    refused(boxes.ada, "ssm", "start_session", Target=boxes.own, DocumentName=remote)
    assert described(boxes.root.client, boxes.own) == before


def test_what_root_of_an_instance_sees_of_it_holds_no_secret_and_lets_nothing_in(
    boxes: Boxes,
) -> None:
    box = described(boxes.root.client, boxes.own)
    options, ec2 = box["MetadataOptions"], boxes.root.client("ec2")
    assert (options["HttpTokens"], options["InstanceMetadataTags"]) == ("required", "disabled")
    assert "KeyName" not in box
    assert tag_map(box)["attendee"] == "ada"
    groups = [one["GroupId"] for one in box["SecurityGroups"]]
    (group,) = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
    assert group["IpPermissions"] == []
    identity = boxes.root.as_box(boxes.own).client("sts").get_caller_identity()["Arn"]
    assert identity.endswith(f":assumed-role/{ADA.role}/{boxes.own}")


def test_a_frozen_seat_cannot_start_or_enter_its_instance_and_the_organiser_stops_it(
    boxes: Boxes,
) -> None:
    iam, ec2 = boxes.root.client("iam"), boxes.root.client("ec2")
    frozen = {"RoleName": ADA.role, "PolicyArn": ADA.cohort_policy_arn(FREEZE)}
    iam.attach_role_policy(**frozen)
    try:
        for cloud in (boxes.ada, boxes.root.as_box(boxes.own)):
            message = refused(cloud, "ssm", "start_session", Target=boxes.own)
            assert "explicit deny" in message
            key = {"InstanceId": boxes.own, "SSHPublicKey": SSH_KEY, "InstanceOSUser": "ubuntu"}
            refused(cloud, "ec2-instance-connect", "send_ssh_public_key", **key)
            refused(cloud, "ec2", "start_instances", InstanceIds=[boxes.own])
        # Whoever helps still comes in.
        assert boxes.root.client("ssm").start_session(Target=boxes.own)["SessionId"]
        ec2.stop_instances(InstanceIds=[boxes.own])
        assert state(boxes.root.client, boxes.own) == "stopped"
        refused(boxes.ada, "ec2", "start_instances", InstanceIds=[boxes.own])
        assert state(boxes.root.client, boxes.own) == "stopped"
    finally:
        iam.detach_role_policy(**frozen)
    boxes.ada.client("ec2").start_instances(InstanceIds=[boxes.own])
    assert state(boxes.root.client, boxes.own) == "running"


def _with_rights(boxes: Boxes, name: str, policy: Document) -> Cloud:
    """The cloud as a function with this policy sees it."""
    arn = boxes.root.role(name)
    boxes.root.client("iam").put_role_policy(
        RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy)
    )
    return boxes.root.as_role(arn)


def test_people_with_the_policy_that_is_shown_enter_one_seats_instance(boxes: Boxes) -> None:
    friend = _with_rights(boxes, "friend", people_policy(ADA, has_box=True))
    ssm = friend.client("ssm")
    session = ssm.start_session(Target=boxes.own, DocumentName=FORWARD)["SessionId"]
    assert ssm.terminate_session(SessionId=session)
    friend.client("ec2").start_instances(InstanceIds=[boxes.own])
    for target in (boxes.bens, boxes.organisers):
        refused(friend, "ssm", "start_session", Target=target, DocumentName=FORWARD)
        refused(friend, "ec2", "start_instances", InstanceIds=[target])


def test_the_watch_and_the_door_reach_the_workshops_instances_and_no_other(boxes: Boxes) -> None:
    watch = _with_rights(boxes, "watching", watch_policy(ADA, starts=True, boxes=True))
    end = datetime.now(UTC) + timedelta(days=300)
    door = _with_rights(boxes, "opening", door_policy(ADA, end=end, boxes=True))
    tags = [{"Key": "frozen", "Value": "true"}]
    for cloud in (watch, door):
        assert len(cloud.client("ec2").describe_instances()["Reservations"]) == 3
        refused(cloud, "ec2", "terminate_instances", InstanceIds=[boxes.own])
        refused(cloud, "ec2", "start_instances", InstanceIds=[boxes.organisers])
    refused(watch, "ec2", "stop_instances", InstanceIds=[boxes.organisers])
    refused(watch, "ec2", "create_tags", Resources=[boxes.organisers], Tags=tags)
    named = [*tags, {"Key": "attendee", "Value": "ada"}]
    refused(watch, "ec2", "create_tags", Resources=[boxes.bens], Tags=named)
    for instance in (boxes.own, boxes.bens):
        watch.client("ec2").stop_instances(InstanceIds=[instance])
    watch.client("ec2").create_tags(Resources=[boxes.bens], Tags=tags)
    door.client("ec2").start_instances(InstanceIds=[boxes.own])
    assert "explicit deny" in refused(door, "ec2", "start_instances", InstanceIds=[boxes.bens])
    boxes.root.client("ec2").delete_tags(Resources=[boxes.bens], Tags=tags)
    watch.client("ec2").start_instances(InstanceIds=[boxes.bens])
    for instance in (boxes.own, boxes.bens):
        assert state(boxes.root.client, instance) == "running"
