"""Permissions for EC2 instances and their sessions, by tags and conditions, on every resource."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import process
from localcloud.errors import LocalCloudError
from tests.support.local_cloud import Cloud
from tests.support.machines import SSH_KEY, image, run, state
from tests.support.refusals import code_of, message_of, refusal

BOTH = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["sagemaker.amazonaws.com", "ec2.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}
AGENT = {"Action": ["ssm:UpdateInstanceInformation", "ssmmessages:*"], "Resource": "*"}
OWN = {"StringEquals": {"ec2:ResourceTag/attendee": "${aws:PrincipalTag/attendee}"}}
OWN_SESSION = {"StringEquals": {"ssm:resourceTag/attendee": "${aws:PrincipalTag/attendee}"}}
DOCUMENTS = "arn:aws:ssm:*:*:document/AWS-StartSSHSession"
INSTANCES = "arn:aws:ec2:*:*:instance/*"
ROLE = "arn:aws:iam::000000000000:role/{}"


@pytest.fixture
def owner(enforcing: Cloud) -> Cloud:
    enforcing.reset()
    return enforcing


def seat(owner: Cloud, name: str, *statements: dict[str, Any]) -> Cloud:
    """Make a seat's role with these permissions; return the cloud as whoever has it sees it."""
    iam = owner.client("iam")
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps(BOTH),
        Tags=[{"Key": "attendee", "Value": name}],
    )
    given = [{"Effect": "Allow", **one} for one in (AGENT, *statements)]
    document = json.dumps({"Version": "2012-10-17", "Statement": given})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return owner.as_role(ROLE.format(name))


def box(owner: Cloud, attendee: str, **more: Any) -> str:
    tags = [{"Key": "attendee", "Value": attendee}]
    kinds = ("instance", "volume")
    given = [{"ResourceType": kind, "Tags": tags} for kind in kinds]
    return run(owner.client, TagSpecifications=given, **more)


def test_own_boxes_are_stopped_and_started_and_no_others(owner: Cloud) -> None:
    ada = seat(
        owner,
        "ada",
        {"Action": ["ec2:StartInstances", "ec2:StopInstances"], "Resource": "*", "Condition": OWN},
    )
    own, others = box(owner, "ada"), box(owner, "ben")
    ec2 = ada.client("ec2")
    ec2.stop_instances(InstanceIds=[own])
    ec2.start_instances(InstanceIds=[own])
    for asked in ([others], [own, others]):
        status, code, message = refusal(ec2.stop_instances, InstanceIds=asked)
        assert (status, code) == (403, "UnauthorizedOperation")
        assert "ec2:StopInstances" in message
    assert state(owner.client, own) == "running"
    assert code_of(ec2.terminate_instances, InstanceIds=[own]) == "UnauthorizedOperation"
    assert code_of(ec2.describe_instances) == "UnauthorizedOperation"
    asked_of = process.refusals(owner.running)[-4]
    assert asked_of["resource"].endswith(f":instance/{others}")
    assert asked_of["context"]["ec2:resourcetag/attendee"] == "ben"
    assert asked_of["context"]["ec2:instancetype"] == "t3.medium"


def test_tags_of_ones_own_are_not_put_on_anothers_box(owner: Cloud) -> None:
    ada = seat(owner, "ada", {"Action": "ec2:CreateTags", "Resource": "*", "Condition": OWN})
    own, others = box(owner, "ada"), box(owner, "ben")
    tags = [{"Key": "attendee", "Value": "ada"}]
    ec2 = ada.client("ec2")
    ec2.create_tags(Resources=[own], Tags=tags)
    assert refusal(ec2.create_tags, Resources=[others], Tags=tags)[0] == 403
    assert refusal(ec2.create_tags, Resources=[own, others], Tags=tags)[0] == 403
    assert refusal(ec2.delete_tags, Resources=[own], Tags=tags)[0] == 403


def test_disks_and_images_of_others_stay_out_of_reach(owner: Cloud) -> None:
    names = ("CreateSnapshot", "CreateImage", "AttachVolume", "DetachVolume", "DeleteVolume")
    ada = seat(
        owner,
        "ada",
        {
            "Action": [f"ec2:{name}" for name in names],
            "Resource": ["arn:aws:ec2:*:*:volume/*", INSTANCES],
            "Condition": OWN,
        },
        {
            "Action": ["ec2:CreateSnapshot", "ec2:CreateImage"],
            "Resource": ["arn:aws:ec2:*::snapshot/*", "arn:aws:ec2:*::image/*"],
        },
    )
    own, others = box(owner, "ada"), box(owner, "ben")
    disks = {
        one["Attachments"][0]["InstanceId"]: one["VolumeId"]
        for one in owner.client("ec2").describe_volumes()["Volumes"]
    }
    ec2 = ada.client("ec2")
    assert ec2.create_snapshot(VolumeId=disks[own])["SnapshotId"]
    assert ec2.create_image(InstanceId=own, Name="mine")["ImageId"]
    assert refusal(ec2.create_snapshot, VolumeId=disks[others])[0] == 403
    assert refusal(ec2.create_image, InstanceId=others, Name="theirs")[0] == 403
    loose = owner.client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    attaching = {"VolumeId": loose, "InstanceId": own, "Device": "/dev/sdf"}
    assert refusal(ec2.attach_volume, **attaching)[0] == 403
    assert refusal(ec2.detach_volume, VolumeId=disks[others])[0] == 403


def test_a_session_needs_the_instance_and_the_document(owner: Cloud) -> None:
    ada = seat(
        owner,
        "ada",
        {"Action": "ssm:StartSession", "Resource": INSTANCES, "Condition": OWN_SESSION},
        {"Action": "ssm:StartSession", "Resource": DOCUMENTS},
        {
            "Action": ["ssm:TerminateSession", "ssm:ResumeSession"],
            "Resource": "arn:aws:ssm:*:*:session/SageMaker-*",
        },
    )
    profile = {"IamInstanceProfile": {"Name": "ada"}}
    own, others = box(owner, "ada", **profile), box(owner, "ben", **profile)
    ssm = ada.client("ssm")
    begun = ssm.start_session(Target=own, DocumentName="AWS-StartSSHSession")["SessionId"]
    assert begun.startswith("SageMaker-")
    assert ssm.terminate_session(SessionId=begun)
    status, code, message = refusal(
        ssm.start_session, Target=others, DocumentName="AWS-StartSSHSession"
    )
    assert (status, code) == (400, "AccessDeniedException")
    assert (
        f"ssm:StartSession on resource: arn:aws:ec2:us-east-1:000000000000:instance/{others}"
        in (message)
    )
    forward = {"Target": own, "DocumentName": "AWS-StartPortForwardingSession"}
    message = message_of(ssm.start_session, **forward)
    assert "arn:aws:ssm:us-east-1::document/AWS-StartPortForwardingSession" in message
    # Without a condition nobody asks about the document of a session that names none.
    assert ssm.start_session(Target=own)["SessionId"]
    of_owner = owner.client("ssm").start_session(Target=own)["SessionId"]
    assert code_of(ssm.terminate_session, SessionId=of_owner) == "AccessDeniedException"
    assert code_of(ssm.resume_session, SessionId=of_owner) == "AccessDeniedException"


def test_with_the_document_check_a_session_needs_its_document_too(owner: Cloud) -> None:
    checked = {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
    allowed: list[dict[str, Any]] = [
        {"Action": "ssm:StartSession", "Resource": INSTANCES, "Condition": checked},
        {"Action": "ssm:StartSession", "Resource": DOCUMENTS},
    ]
    shell = "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"
    ada = seat(owner, "ada", *allowed)
    ben = seat(owner, "ben", *allowed, {"Action": "ssm:StartSession", "Resource": shell})
    name = box(owner, "ada", IamInstanceProfile={"Name": "ada"})
    assert code_of(ada.client("ssm").start_session, Target=name) == "AccessDeniedException"
    assert ada.client("ssm").start_session(Target=name, DocumentName="AWS-StartSSHSession")
    assert ben.client("ssm").start_session(Target=name)["SessionId"]


def test_own_sessions_are_told_by_their_tags(owner: Cloud) -> None:
    mine = {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": ["${aws:userid}"]}}
    statements: list[dict[str, Any]] = [
        {"Action": "ssm:StartSession", "Resource": "*"},
        {"Action": "ssm:TerminateSession", "Resource": "*", "Condition": mine},
    ]
    ada, ben = seat(owner, "ada", *statements), seat(owner, "ben", *statements)
    name = box(owner, "ada", IamInstanceProfile={"Name": "ada"})
    session = ada.client("ssm").start_session(Target=name)["SessionId"]
    assert refusal(ben.client("ssm").terminate_session, SessionId=session)[0] == 400
    assert ada.client("ssm").terminate_session(SessionId=session)


def test_a_key_is_sent_for_one_user_of_ones_own_box(owner: Cloud) -> None:
    condition = {"StringEquals": {"ec2:osuser": "ubuntu", **OWN["StringEquals"]}}
    ada = seat(
        owner,
        "ada",
        {
            "Action": "ec2-instance-connect:SendSSHPublicKey",
            "Resource": INSTANCES,
            "Condition": condition,
        },
    )
    own, others = box(owner, "ada"), box(owner, "ben")
    connect = ada.client("ec2-instance-connect")
    key = {"SSHPublicKey": SSH_KEY}
    assert connect.send_ssh_public_key(InstanceId=own, InstanceOSUser="ubuntu", **key)["Success"]
    for name, user in ((own, "root"), (others, "ubuntu")):
        with pytest.raises(ClientError, match="AccessDenied"):
            connect.send_ssh_public_key(InstanceId=name, InstanceOSUser=user, **key)


def test_running_an_instance_is_asked_about_all_that_it_takes(owner: Cloud) -> None:
    anything = {"Action": ["ec2:RunInstances", "ssm:GetParameter"], "Resource": "*"}
    small = {"StringEquals": {"ec2:InstanceType": "t3.medium"}}
    others = "arn:aws:ec2:*:*:{}/*"
    kinds = ("volume", "network-interface", "subnet", "security-group")
    around = {
        "Action": ["ec2:RunInstances", "ssm:GetParameter"],
        "Resource": [*(others.format(kind) for kind in kinds), "arn:aws:ec2:*::image/*", "*:ssm:*"],
    }
    typed = {"Action": "ec2:RunInstances", "Resource": INSTANCES, "Condition": small}
    lax, strict = seat(owner, "lax", anything), seat(owner, "strict", around, typed)
    ami = image(owner.client)
    assert run(lax.client, "m5.large", ImageId=ami)
    assert run(strict.client, "t3.medium", ImageId=ami)
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        run(strict.client, "m5.large", ImageId=ami)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "attendee", "Value": "ada"}]}]
    with pytest.raises(ClientError, match="ec2:CreateTags"):
        run(lax.client, ImageId=ami, TagSpecifications=tags)
    with pytest.raises(ClientError, match="iam:PassRole"):
        run(lax.client, ImageId=ami, IamInstanceProfile={"Name": "lax"})


def test_an_instance_has_the_credentials_of_its_role_under_its_id(owner: Cloud) -> None:
    itself = {
        "ArnEquals": {"ec2:SourceInstanceARN": "arn:aws:ec2:us-east-1:000000000000:instance/x"}
    }
    variable = "${ec2:SourceInstanceARN}"
    seat(
        owner,
        "ada",
        {"Action": "ec2:StopInstances", "Resource": variable},
        {"Action": "ec2:TerminateInstances", "Resource": "*", "Condition": itself},
    )
    profile = {"IamInstanceProfile": {"Name": "ada"}}
    own, others = box(owner, "ada", **profile), box(owner, "ada", **profile)
    mine = owner.as_box(own)
    arn = mine.client("sts").get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::000000000000:assumed-role/ada/{own}"
    ec2 = mine.client("ec2")
    assert refusal(ec2.stop_instances, InstanceIds=[others])[0] == 403
    assert refusal(ec2.terminate_instances, InstanceIds=[own])[0] == 403
    ec2.stop_instances(InstanceIds=[own])
    with pytest.raises(LocalCloudError, match=f"no instance {own} runs"):
        owner.as_box(own)
    plain = run(owner.client)
    with pytest.raises(LocalCloudError, match=f"{plain} has no role that EC2 can assume"):
        owner.as_box(plain)
