"""Sessions with EC2 instances: online while they run and their role lets them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.conformance import Aws
from tests.support.machines import PARAMETER, PLAIN, SSH_KEY, image, run
from tests.support.refusals import code_of, refusal

CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def trust(service: str = "ec2.amazonaws.com") -> str:
    principal = {"Service": service}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def box(aws: Aws, *, policy: str | None = CORE, service: str = "ec2.amazonaws.com") -> str:
    """Run an instance with a role and return its id once it runs."""
    iam = aws.client("iam")
    iam.create_role(RoleName="box", AssumeRolePolicyDocument=trust(service))
    if policy:
        iam.attach_role_policy(RoleName="box", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName="box")
    iam.add_role_to_instance_profile(InstanceProfileName="box", RoleName="box")
    name = run(aws.client, IamInstanceProfile={"Name": "box"})
    aws.pass_time()
    return name


def online(aws: Aws) -> dict[str, str]:
    found = aws.client("ssm").describe_instance_information()["InstanceInformationList"]
    return {one["InstanceId"]: one["PingStatus"] for one in found}


def test_an_instance_is_online_some_time_after_its_start_and_not_while_stopped(aws: Aws) -> None:
    name = box(aws)
    ssm, ec2 = aws.client("ssm"), aws.client("ec2")
    assert online(aws) == {}
    assert refusal(ssm.start_session, Target=name) == (
        400,
        "TargetNotConnected",
        f"{name} is not connected.",
    )
    aws.pass_time()
    assert online(aws) == {name: "Online"}
    assert ssm.get_connection_status(Target=name)["Status"] == "connected"
    ec2.stop_instances(InstanceIds=[name])
    assert online(aws) == {name: "ConnectionLost"}
    assert ssm.get_connection_status(Target=name)["Status"] == "notconnected"
    assert code_of(ssm.start_session, Target=name) == "TargetNotConnected"
    ec2.terminate_instances(InstanceIds=[name])
    aws.pass_time()
    assert online(aws) == {}


@pytest.mark.parametrize(
    "without", [{"policy": None}, {"service": "sagemaker.amazonaws.com"}], ids=["rights", "trust"]
)
def test_an_instance_whose_role_does_not_let_it_is_never_online(
    aws: Aws, without: dict[str, Any]
) -> None:
    name = box(aws, **without)
    aws.pass_time(2)
    assert online(aws) == {}
    assert code_of(aws.client("ssm").start_session, Target=name) == "TargetNotConnected"


def test_a_session_is_begun_resumed_ended_and_listed(aws: Aws) -> None:
    name, ssm = box(aws), aws.client("ssm")
    aws.pass_time()
    begun = ssm.start_session(
        Target=name, DocumentName="AWS-StartSSHSession", Parameters={"portNumber": ["22"]}
    )
    session = begun["SessionId"]
    assert session.startswith("root-")
    assert begun["StreamUrl"].startswith("wss://ssmmessages.us-east-1.amazonaws.com/v1/data-chan")
    assert ssm.resume_session(SessionId=session)["TokenValue"] != begun["TokenValue"]
    [shown] = ssm.describe_sessions(State="Active")["Sessions"]
    assert (shown["Target"], shown["Status"]) == (name, "Connected")
    assert shown["DocumentName"] == "AWS-StartSSHSession"
    by_target = [{"key": "Target", "value": "i-0123456789abcdef0"}]
    assert ssm.describe_sessions(State="Active", Filters=by_target)["Sessions"] == []
    assert ssm.terminate_session(SessionId=session)["SessionId"] == session
    assert ssm.describe_sessions(State="Active")["Sessions"] == []
    [ended] = ssm.describe_sessions(State="History")["Sessions"]
    assert ended["Status"] == "Terminated"
    assert code_of(ssm.resume_session, SessionId=session) == "DoesNotExistException"
    assert code_of(ssm.terminate_session, SessionId="nobody-0") == "DoesNotExistException"


def test_a_session_ends_with_the_machine(aws: Aws) -> None:
    name, ssm, ec2 = box(aws), aws.client("ssm"), aws.client("ec2")
    aws.pass_time()
    ssm.start_session(Target=name)
    ec2.stop_instances(InstanceIds=[name])
    aws.pass_time()
    ec2.start_instances(InstanceIds=[name])
    aws.pass_time(2)
    assert ssm.describe_sessions(State="Active")["Sessions"] == []
    assert len(ssm.describe_sessions(State="History")["Sessions"]) == 1


def test_a_document_or_operation_that_is_not_there_is_refused(aws: Aws) -> None:
    name, ssm = box(aws), aws.client("ssm")
    aws.pass_time()
    wrong = refusal(ssm.start_session, Target=name, DocumentName="AWS-Nothing")
    assert wrong[1:] == ("InvalidDocument", "Document with name AWS-Nothing does not exist.")
    sent = refusal(ssm.send_command, InstanceIds=[name], DocumentName="AWS-RunShellScript")
    assert sent[1] == "NotPlayedHere"


def test_a_key_is_sent_to_a_running_instance_alone(aws: Aws) -> None:
    name, connect = box(aws), aws.client("ec2-instance-connect")
    asked = {"InstanceId": name, "InstanceOSUser": "ubuntu", "SSHPublicKey": SSH_KEY}
    assert connect.send_ssh_public_key(**asked)["Success"] is True
    wrong = {**asked, "SSHPublicKey": "-----BEGIN PRIVATE KEY----- " + "x" * 60}
    assert code_of(connect.send_ssh_public_key, **wrong) == "InvalidArgsException"
    aws.client("ec2").stop_instances(InstanceIds=[name])
    assert code_of(connect.send_ssh_public_key, **asked) == "EC2InstanceStateInvalidException"
    nobody = {**asked, "InstanceId": "i-0123456789abcdef0"}
    assert code_of(connect.send_ssh_public_key, **nobody) == "EC2InstanceNotFoundException"


def test_public_parameters_name_images_that_there_are(aws: Aws) -> None:
    ssm, ec2 = aws.client("ssm"), aws.client("ec2")
    found = ssm.get_parameters(Names=[PARAMETER, PLAIN, "/aws/service/nothing"])
    values = {one["Name"]: one["Value"] for one in found["Parameters"]}
    assert found["InvalidParameters"] == ["/aws/service/nothing"]
    [plain] = ec2.describe_images(ImageIds=[values[PLAIN]])["Images"]
    assert (plain["RootDeviceName"], plain["Architecture"]) == ("/dev/xvda", "x86_64")
    [deep] = ec2.describe_images(ImageIds=[values[PARAMETER]], Owners=["amazon"])["Images"]
    assert deep["RootDeviceName"] == "/dev/sda1"
    assert deep["Name"].startswith("Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.9 (Ubuntu")
    [disk] = deep["BlockDeviceMappings"]
    assert disk["Ebs"]["VolumeSize"] == 75
    assert deep["CreationDate"].startswith("2026-")
    arm = image(aws.client, PARAMETER.replace("x86_64", "arm64"))
    [of_arm] = ec2.describe_images(ImageIds=[arm])["Images"]
    assert of_arm["Architecture"] == "arm64"
    assert refusal(ec2.describe_images, ImageIds=["ami-00000000000000000"])[1:] == (
        "InvalidAMIID.NotFound",
        "The image id '[ami-00000000000000000]' does not exist",
    )
