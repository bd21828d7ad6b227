"""Seats with EC2 instances by the shipped templates: the door starts one, its people enter it.

The local cloud enforces IAM, so that the door and the console role have their own rights alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localcloud import process
from tests.support import box_assembly, config_folder
from tests.support.accessibility import picture, violations
from tests.support.assemblies import Synthesized, synthesize
from tests.support.box_class import ORGANISERS, organisers
from tests.support.door_stacks import address
from tests.support.door_visits import ADA, DoorAtUrl, door_settings
from tests.support.local_cloud import IAM, Cloud
from tests.support.machines import SSH_KEY, state
from workshop.naming import Names

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BEN = Names(ADA.workshop, "ben", ADA.account, ADA.region)
TEXT = box_assembly.TEXT.replace("file: people.csv, profile: box", "file: people.csv, profile: gpu")
PROFILES = """\
door: {languages: [en, de]}
profiles:
  gpu:
    notebook: {enabled: false}
    ec2: {instance_types: [g4dn.xlarge]}
    access: {console_organisers: ["arn:aws:iam::000000000000:role/organisers"]}
"""
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


@dataclass(frozen=True)
class Deployed:
    """Two seats' instances, the door, and the cloud as ada's people see it."""

    root: Cloud
    door: DoorAtUrl
    people: Cloud
    own: str
    bens: str


def synthesized(folder: Any) -> Synthesized:
    config_folder.write(folder, f"{TEXT}{PROFILES}")
    (folder / "people.csv").write_text("id,profile\nada,gpu\nben,gpu\n", encoding="utf-8")
    box_assembly.write_pins(folder)
    return synthesize(config_folder.load(folder), ["ada", "ben"])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    made = synthesized(tmp_path_factory.mktemp("config"))
    state_dir = tmp_path_factory.mktemp("cloud")
    delays = dict.fromkeys(("instance", "agent", "tick"), 0.0)
    root = Cloud(process.start(state_dir, enforce_iam=True, delays=delays).running, state_dir)
    try:
        organisers(root)
        shared = [ADA.cohort.stack(kind) for kind in ("start", "cohort", "watch", "door")]
        for name in shared:
            status = root.deploy(name, made.text(name), **IAM)
            assert status == "CREATE_COMPLETE", root.reasons(name, "CREATE_FAILED")
        own, bens = (_seat(root, made, names) for names in (ADA, BEN))
        given = (
            root.as_role(ORGANISERS)
            .client("sts")
            .assume_role(RoleArn=ADA.console_role_arn, RoleSessionName="demo-ada")["Credentials"]
        )
        door = DoorAtUrl(root, door_settings("ada", "ben"), url=address(root))
        yield Deployed(root, door, root.with_credentials(given), own, bens)
    finally:
        process.stop(state_dir)


def _seat(root: Cloud, made: Synthesized, names: Names) -> str:
    """Deploy what a seat needs to have an instance, and return its id."""
    tags = {"attendee": names.seat, "workshop": names.workshop}
    for kind in ("access", "box"):
        name = names.stack(kind)
        status = root.deploy(
            name,
            made.text(name),
            Parameters=[{"ParameterKey": "AttendeeId", "ParameterValue": names.seat}],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            **IAM,
        )
        assert status == "CREATE_COMPLETE", root.reasons(name, "CREATE_FAILED")
    [stack] = root.client("cloudformation").describe_stacks(StackName=names.stack("box"))["Stacks"]
    return str(stack["Outputs"][0]["OutputValue"])


def test_the_door_starts_the_instance_of_whose_code_it_was_given(deployed: Deployed) -> None:
    ec2 = deployed.root.client("ec2")
    ec2.stop_instances(InstanceIds=[deployed.own, deployed.bens])
    ec2.describe_instances()
    ada = deployed.door.visitor("seat:ada")
    page = ada.get()
    assert "Start the EC2 instance" in page.words
    assert deployed.own in page.body
    assert deployed.bens not in page.body
    assert ada.post("/start", what="box").to == "/"
    assert state(deployed.root.client, deployed.own) == "running"
    assert state(deployed.root.client, deployed.bens) == "stopped"


def test_people_enter_their_own_instance_with_the_console_role(deployed: Deployed) -> None:
    deployed.root.client("ec2").start_instances(InstanceIds=[deployed.own])
    deployed.root.client("ec2").describe_instances()
    ssm = deployed.people.client("ssm")
    for document in ("AWS-StartPortForwardingSession", "AWS-StartSSHSession"):
        session = ssm.start_session(Target=deployed.own, DocumentName=document)["SessionId"]
        assert session.startswith("demo-ada-")
        ssm.terminate_session(SessionId=session)
    key = {"InstanceOSUser": "ec2-user", "SSHPublicKey": SSH_KEY}
    connect = deployed.people.client("ec2-instance-connect")
    assert connect.send_ssh_public_key(InstanceId=deployed.own, **key)["Success"]
    with pytest.raises(ClientError) as caught:
        ssm.start_session(Target=deployed.bens)
    assert caught.value.response["Error"]["Code"] in DENIED
    with pytest.raises(ClientError) as caught:
        connect.send_ssh_public_key(InstanceId=deployed.bens, **key)
    assert caught.value.response["Error"]["Code"] in DENIED


def test_the_door_itself_has_no_way_into_an_instance(deployed: Deployed) -> None:
    """It gives commands: no credentials, no session, no key and no sign-in come from its role."""
    root = deployed.root
    trust: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust["Principal"] = {"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]}
    root.client("iam").update_assume_role_policy(
        RoleName=ADA.cohort.door_role,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    door = root.as_role(ADA.cohort.door_role_arn)
    ec2, ssm, sts = (door.client(name) for name in ("ec2", "ssm", "sts"))
    assert ec2.describe_instances()["Reservations"]
    connect = door.client("ec2-instance-connect")
    key = {"InstanceOSUser": "ec2-user", "SSHPublicKey": SSH_KEY}
    calls: tuple[Callable[[], object], ...] = (
        lambda: ssm.start_session(Target=deployed.own),
        lambda: connect.send_ssh_public_key(InstanceId=deployed.own, **key),
        lambda: sts.assume_role(RoleArn=ADA.console_role_arn, RoleSessionName="ada"),
        lambda: sts.assume_role(RoleArn=ADA.role_arn, RoleSessionName="ada"),
        lambda: sts.get_federation_token(Name="ada"),
        lambda: ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1),
    )
    for call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] in DENIED


def test_a_browser_shows_state_start_and_lines_at_any_width(
    deployed: Deployed, browser: Browser
) -> None:
    root, door = deployed.root, deployed.door
    root.client("ec2").stop_instances(InstanceIds=[deployed.own])
    root.client("ec2").describe_instances()
    root.advance(60)  # what the door remembers of everybody's instances is older by then
    page = browser.new_page(locale="en-GB")
    page.goto(f"{door.url}c/{door.code('seat:ada')}")
    page.get_by_text("It is stopped.").wait_for()
    picture(page, "door-box-stopped")
    assert violations(page) == []
    page.get_by_role("button", name="Start the EC2 instance").click()
    root.client("ec2").describe_instances()
    root.advance(60)
    page.goto(door.url)
    page.get_by_text("It is running.").wait_for()
    page.get_by_text("How to connect").click()
    picture(page, "door-box")
    lines = page.get_by_text(re.compile(f"^aws ssm start-session --target {deployed.own}"))
    lines.first.click()
    # Without a script, one click selects a line as a whole.
    assert page.evaluate("getSelection().toString()") == lines.first.inner_text()
    page.set_viewport_size({"width": 320, "height": 640})
    picture(page, "door-box-320")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert violations(page) == []
    assert deployed.bens not in page.content()
    assert not re.search("ASIA|AKIA|secret", page.content(), re.IGNORECASE)
    page.close()
