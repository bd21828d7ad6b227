"""The door of seats with an EC2 instance: its state, its start, and lines without a secret."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stacks.door import _profile
from tests.support.box_class import box_stack
from tests.support.door_visits import ADA, END, Door, door_without_stacks
from tests.support.local_cloud import Cloud
from workshop.config.profiles import Profile
from workshop.connect.lines import JUPYTER, BoxAddress
from workshop.door.texts import TEXTS

GPU = Profile.model_validate(
    {
        "notebook": {"enabled": False},
        "ec2": {"instance_types": ["t3.medium"], "image": "amazon-linux"},
        "access": {"console_principals": ["arn:aws:iam::000000000000:role/entrance"]},
    }
)


def profile(**more: Any) -> dict[str, Any]:
    return {**_profile("demo", GPU), **more}


@pytest.fixture
def door(cloud: Cloud) -> Door:
    """A door of two seats with instances, and one with a notebook."""
    made = door_without_stacks(cloud, "ada", "ben", notebooks=False)
    made.settings = made.settings.__class__(
        **{
            **vars(made.settings),
            "box": "demo-{seat}-box",
            "console_role": ADA.console_role_arn.replace("-ada-", "-{seat}-"),
            "seats": {"gpu": "ada ben"},
            "profiles": {"gpu": profile()},
        }
    )
    return made


def test_a_seats_page_has_state_and_lines_of_its_own_instance_and_no_notebook(
    door: Door, cloud: Cloud
) -> None:
    mine, other = (box_stack(cloud, seat, "demo") for seat in ("ada", "ben"))
    page = door.visitor("seat:ada").get()
    shown = html.unescape(page.body)
    ada = BoxAddress("demo-ada-box", mine, "us-east-1", "demo-ada")
    assert ada.forwarding(JUPYTER) in shown
    assert ada.ssh_config("linux") in shown
    assert ada.ssh_config("windows") in shown
    assert f"role_arn = {ADA.console_role_arn}\n" in shown
    assert "Your EC2 instance It is running." in page.words
    assert "Open JupyterLab" not in page.words
    assert other not in page.body
    assert "{" not in shown.split("</style>")[1].replace("{ aws ssm", "").replace("{ ", "")
    assert not re.search("ASIA|signin|federation|X-Amz", page.body)
    assert door.calls["ec2:describe_instances"] == 1


def test_a_listing_serves_everybody_for_some_seconds(door: Door, cloud: Cloud) -> None:
    box_stack(cloud, "ada", "demo")
    for _ in range(3):
        assert "It is running." in door.visitor("seat:ada").get().words
        door.visitor("seat:ben").get()
    assert door.calls["ec2:describe_instances"] == 1


def test_a_stopped_instance_is_started_by_its_seat_and_no_other_is(
    door: Door, cloud: Cloud
) -> None:
    mine, other = (box_stack(cloud, seat, "demo") for seat in ("ada", "ben"))
    ec2 = cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[mine, other])
    ec2.describe_instances()  # by now they are stopped
    cloud.delays(instance=30)
    visitor = door.visitor("seat:ada")
    assert "Start the EC2 instance" in visitor.get().words
    assert visitor.post("/start", what="box").to == "/"
    starting = visitor.get()
    assert "It is starting. That takes some minutes" in starting.words
    assert starting.headers["Refresh"].startswith("15;")
    states = {
        one["InstanceId"]: one["State"]["Name"]
        for reservation in ec2.describe_instances()["Reservations"]
        for one in reservation["Instances"]
    }
    assert states == {mine: "pending", other: "stopped"}
    visitor.post("/start", what="box")
    assert door.calls["ec2:start_instances"] == 1


def test_a_seat_without_an_instance_has_none_asked_for_and_none_started(
    door: Door, cloud: Cloud
) -> None:
    """Whatever a form says, and though an instance of its name is left of an earlier profile."""
    mine = box_stack(cloud, "ada", "demo")
    cloud.client("ec2").stop_instances(InstanceIds=[mine])
    door.settings.profiles["gpu"] = {**door.settings.profiles["gpu"], "box": None}
    answer = door.visitor("seat:ada").post("/start", what="box")
    assert (answer.status, answer.to) == (303, "/")
    assert not [call for call in door.calls if call.startswith("ec2:")]


def test_after_the_end_nothing_leads_in_and_nothing_is_started(door: Door, cloud: Cloud) -> None:
    mine = box_stack(cloud, "ada", "demo")
    cloud.client("ec2").stop_instances(InstanceIds=[mine])
    door.now = END - timedelta(minutes=1)
    ada = door.visitor("seat:ada")
    token = ada.get().token
    door.pass_by(minutes=1)
    door.calls.clear()
    assert ada.post("/start", token, what="box").to == "/"
    page = ada.get()
    assert "The workshop is over." in page.words
    assert "aws ssm" not in page.body
    assert door.calls["ec2:start_instances"] == door.calls["ec2:describe_instances"] == 0


def test_the_lines_are_words_whatever_they_are_made_of(door: Door, cloud: Cloud) -> None:
    box_stack(cloud, "ada", "demo")
    role = "arn:aws:iam::1:role/{seat}<img src=x onerror=alert(1)>"
    door.settings = replace(door.settings, console_role=role)
    page = door.visitor("seat:ada").get()
    assert "<img" not in page.body
    assert "role_arn = arn:aws:iam::1:role/ada<img src=x onerror=alert(1)>" in page.words


def test_who_finds_no_machine_is_told(door: Door, cloud: Cloud) -> None:
    mine = box_stack(cloud, "ada", "demo")
    cloud.client("ec2").stop_instances(InstanceIds=[mine])
    cloud.faults({"effect": "capacity", "instance_type": "t3.medium"})
    visitor = door.visitor("seat:ada")
    answer = visitor.post("/start", what="box")
    assert answer.to == "/?say=no_machine"
    assert "AWS has no machine of this kind free" in visitor.get(answer.to).words


def test_the_door_says_so_where_it_may_not_start_an_instance(door: Door, cloud: Cloud) -> None:
    mine = box_stack(cloud, "ada", "demo")
    cloud.client("ec2").stop_instances(InstanceIds=[mine])
    cloud.faults({"effect": "denied", "operation": "ec2:StartInstances"})
    assert door.visitor("seat:ada").post("/start", what="box").to == "/?say=closed"


def test_an_instance_that_is_not_there_has_no_lines(door: Door) -> None:
    page = door.visitor("seat:ada").get()
    assert "Its state is not known at this moment." in page.words
    assert "aws ssm" not in page.body


def test_helpers_see_the_state_of_instances(door: Door, cloud: Cloud) -> None:
    box_stack(cloud, "ada", "demo")
    words = door.visitor("helper:1").get().words
    assert "ada running" in words
    assert "ben ?" in words


def test_where_people_have_no_role_there_are_no_lines(door: Door, cloud: Cloud) -> None:
    box_stack(cloud, "ada", "demo")
    closed = GPU.model_copy(
        update={"access": GPU.access.model_copy(update={"console_principals": ()})}
    )
    door.settings.profiles["gpu"] = dict(_profile("demo", closed))
    page = door.visitor("seat:ada").get()
    assert "It is running." in page.words
    assert "aws ssm" not in page.body


def test_a_seat_with_a_notebook_as_well_gets_in_through_it_though_its_people_have_no_role(
    door: Door, cloud: Cloud
) -> None:
    box_stack(cloud, "ada", "demo")
    both = GPU.model_copy(
        update={
            "notebook": Profile().notebook,
            "access": GPU.access.model_copy(update={"console_principals": ()}),
        }
    )
    door.settings.profiles["gpu"] = dict(_profile("demo", both))
    page = door.visitor("seat:ada").get()
    assert "<pre><code>workshop-box</code></pre>" in page.body
    assert "How to connect" not in page.words


def test_every_text_is_there_in_each_language() -> None:
    assert {*TEXTS["en"]} == {*TEXTS["de"]}
