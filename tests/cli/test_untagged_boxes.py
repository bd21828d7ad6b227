"""A seat's EC2 instance whose tags somebody has taken off is seen, and nobody else's for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cures import follow
from tests.support.local_cloud import template
from tests.support.machines import image, state, tag_map
from tests.support.preflights import calling
from tests.support.small_workshop import HOME, Fleet
from workshop.aws.boxes import boxes
from workshop.notebooks import start_stop

BOXES = "profiles: {attendee: {notebook: {enabled: false}, ec2: {instance_types: [t3.medium]}}}"


@pytest.fixture
def fleet(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A seat that has an EC2 instance alone."""
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(start_stop, "FIRST_POLL_SECONDS", 0.01)
    fleet.write(1, BOXES)
    return fleet


def instance(fleet: Fleet) -> dict[str, Any]:
    """The one instance that there is."""
    ((found,),) = (
        one["Instances"] for one in fleet.cloud.client("ec2").describe_instances()["Reservations"]
    )
    return dict(found)


def take_off(fleet: Fleet, *keys: str) -> str:
    """Take tags off the seat's instance, or all that people can write; return its id."""
    found = instance(fleet)
    all_of_them = [key for key in tag_map(found) if not key.startswith("aws:")]
    fleet.cloud.client("ec2").delete_tags(
        Resources=[found["InstanceId"]], Tags=[{"Key": key} for key in keys or all_of_them]
    )
    return str(found["InstanceId"])


def test_status_stop_and_bill_know_an_instance_that_has_lost_all_its_tags(fleet: Fleet) -> None:
    assert fleet.deploy().good
    id_ = take_off(fleet)
    ran = fleet.run("status")
    assert "running" in ran.out
    told = " ".join(ran.err.split())
    assert "warning: the EC2 instance of seat01 is without its tags, by which policies, the" in told
    (row,) = json.loads(fleet.run("status", "--json").out)["seats"]
    assert (row["box"], row["box_has_its_tags"]) == ("running", False)
    assert "1 stopped" in fleet.run("stop", "--save-minutes", "0").err
    assert state(fleet.cloud.client, id_) == "stopped"
    billed = fleet.run("bill", "--json")
    assert "EC2" in billed.out, billed.out


@pytest.mark.parametrize("keys", [(), ("workshop",), ("managed-by",), ("attendee",)], ids=str)
def test_what_plan_and_status_say_gives_it_its_tags_again(
    fleet: Fleet, keys: tuple[str, ...]
) -> None:
    assert fleet.deploy().good
    before = tag_map(instance(fleet))
    take_off(fleet, *keys)
    (row,) = [one for one in fleet.run("plan").out.splitlines() if "has lost" in one]
    command = row.partition("tag it with: ")[2]
    said = " ".join(fleet.run("status").err.split())
    assert f"give it them again with: {command}" in said
    follow(fleet, command)
    known = ("workshop", "managed-by", "attendee")
    after = tag_map(instance(fleet))
    assert {key: after[key] for key in known} == {key: before[key] for key in known}
    assert "has lost" not in fleet.run("plan").out


def test_a_tag_that_somebody_has_overwritten_is_one_that_is_lost(fleet: Fleet) -> None:
    assert fleet.deploy().good
    others = [{"Key": "workshop", "Value": "another"}]
    id_ = instance(fleet)["InstanceId"]
    fleet.cloud.client("ec2").create_tags(Resources=[id_], Tags=others)
    (row,) = json.loads(fleet.run("status", "--json").out)["seats"]
    assert (row["box"], row["box_has_its_tags"]) == ("running", False)


def test_an_instance_of_a_stack_of_somebody_elses_is_no_seats(fleet: Fleet) -> None:
    body = template(
        {
            "Box": {
                "Type": "AWS::EC2::Instance",
                "Properties": {
                    "ImageId": image(fleet.cloud.client),
                    "InstanceType": "t3.medium",
                },
            }
        }
    )
    assert fleet.stack("demo-seat01-box", body=body) == "CREATE_COMPLETE"
    (row,) = json.loads(fleet.run("status", "--json").out)["seats"]
    assert row["box"] == "missing"
    fleet.run("stop", "--save-minutes", "0")
    assert instance(fleet)["State"]["Name"] == "running"


def test_tags_of_a_stack_that_cannot_be_read_leave_unknown_whose_an_instance_is(
    fleet: Fleet,
) -> None:
    assert fleet.deploy().good
    take_off(fleet)
    fleet.cloud.faults({"effect": "denied", "operation": "cloudformation:DescribeStacks"})
    told = " ".join(fleet.run("status").err.split())
    assert "EC2 instances could not be read: DescribeStacks: AccessDenied" in told


def test_nothing_more_is_asked_of_instances_with_their_tags(fleet: Fleet) -> None:
    assert fleet.deploy().good
    asked: list[str] = []
    with calling(fleet.cloud):
        (box,) = boxes(fleet.clients(asked), HOME, "demo").values()
    assert (box.lost_tags, asked) == ((), [])
