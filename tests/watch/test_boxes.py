"""The watch starts, stops and counts EC2 instances of seats, and touches nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.local_cloud import Cloud, template
from tests.support.machines import described, image, run, state, tag_map
from tests.support.watch_runs import END, PLENTY, SETTINGS, watch_without_stacks
from tests.watch.test_hours import CLOSES, IN_CLASS, OPENS
from workshop.watch import handler
from workshop.watch.budget import hold_to_budget
from workshop.watch.counted import Counted
from workshop.watch.hours import keep_hours
from workshop.watch.spending import SPENDING, spending_of
from workshop.watch.work import Settings, Work

WITH_BOXES = replace(IN_CLASS, boxes=True)


@pytest.fixture(autouse=True)
def _seats(cloud: Cloud) -> None:
    cloud.delays(notebook=0, stopping=0, tick=0)
    cloud.quotas(ec2={"L-DB2E81BA": 64})
    watch_without_stacks(cloud)


def box(cloud: Cloud, seat: str = "ada", reservation: str = "") -> str:
    """A seat's instance, made by a stack of the name that it has; into a reservation, if named."""
    properties: dict[str, Any] = {
        "ImageId": image(cloud.client),
        "InstanceType": "g5.xlarge",
        "Tags": [
            {"Key": "workshop", "Value": "demo"},
            {"Key": "managed-by", "Value": "workshop-provisioner"},
            {"Key": "attendee", "Value": seat},
        ],
    }
    resources: dict[str, Any] = {"Box": {"Type": "AWS::EC2::Instance", "Properties": properties}}
    if reservation:
        target = {"CapacityReservationTarget": {"CapacityReservationId": reservation}}
        data = {"LaunchTemplateData": {"CapacityReservationSpecification": target}}
        resources["Template"] = {"Type": "AWS::EC2::LaunchTemplate", "Properties": data}
        properties["LaunchTemplate"] = {
            "LaunchTemplateId": {"Ref": "Template"},
            "Version": {"Fn::GetAtt": "Template.LatestVersionNumber"},
        }
    name = f"demo-{seat}-box"
    body = template(
        resources,
        Outputs={"Id": {"Value": {"Ref": "Box"}}},
    )
    assert cloud.deploy(name, body) == "CREATE_COMPLETE"
    [stack] = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return str(stack["Outputs"][0]["OutputValue"])


def others(cloud: Cloud) -> str:
    """Somebody's instance with all tags that people can write."""
    tags = [{"Key": "workshop", "Value": "demo"}, {"Key": "attendee", "Value": "ada"}]
    specification = {"ResourceType": "instance", "Tags": tags}
    return run(cloud.client, TagSpecifications=[specification])


def work(cloud: Cloud, now: Any, settings: Settings = WITH_BOXES) -> Work:
    return Work(settings, now, lambda: PLENTY, client=cloud.client)


def test_they_run_when_class_begins_and_are_stopped_after_it(cloud: Cloud) -> None:
    mine, foreign = box(cloud), others(cloud)
    keep_hours(work(cloud, CLOSES + timedelta(minutes=1)))
    assert (state(cloud.client, mine), state(cloud.client, foreign)) == ("stopped", "running")
    early = work(cloud, OPENS - timedelta(minutes=30))
    cloud.faults({"effect": "capacity", "instance_type": "g5.xlarge", "times": 1})
    keep_hours(early)
    assert len(early.pending) == 1
    assert early.pending[0].startswith(
        "EC2 instance demo-ada-box: gets no machine: EC2 has no g5.xlarge in us-east-1"
    )
    again = work(cloud, OPENS - timedelta(minutes=25))
    keep_hours(again)
    assert (again.pending, again.problems) == ([], [])
    assert again.done["EC2 instances started"] == 1
    assert state(cloud.client, mine) == "running"


def test_attendees_are_told_before_class_and_workshop_end_that_they_are_stopped(
    cloud: Cloud,
) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=SETTINGS.datasets)
    keep_hours(work(cloud, CLOSES - timedelta(minutes=10)))
    handler.warn(work(cloud, END - timedelta(minutes=10), replace(SETTINGS, boxes=True)))
    inbox = s3.get_object(Bucket=SETTINGS.datasets, Key="workshop/inbox.json")
    told = [one["text"] for one in json.loads(inbox["Body"].read())["messages"]]
    assert "notebooks and EC2 instances are stopped then, whatever KEEP-RUNNING says" in told[0]
    assert "jobs, notebooks and EC2 instances are stopped. Your files" in told[1]


def test_who_has_no_room_in_its_capacity_reservation_is_named(cloud: Cloud) -> None:
    made = cloud.client("ec2").create_capacity_reservation(
        InstanceType="g5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=1,
    )
    reservation = made["CapacityReservation"]["CapacityReservationId"]
    mine = box(cloud, reservation=reservation)
    keep_hours(work(cloud, CLOSES + timedelta(minutes=1)))
    cloud.client("ec2").cancel_capacity_reservation(CapacityReservationId=reservation)
    early = work(cloud, OPENS - timedelta(minutes=30))
    keep_hours(early)
    assert early.pending == [
        "EC2 instance demo-ada-box: gets no machine: its capacity reservation has no room now"
    ]
    assert state(cloud.client, mine) == "stopped"


def test_the_end_stops_them_and_a_workshop_without_any_does_not_ask_for_them(
    cloud: Cloud,
) -> None:
    mine, foreign = box(cloud), others(cloud)
    handler.end(work(cloud, END, SETTINGS))
    assert state(cloud.client, mine) == "running"
    ended = work(cloud, END, replace(SETTINGS, boxes=True))
    handler.end(ended)
    assert ended.done["EC2 instances stopped"] == 1
    assert tag_map(described(cloud.client, mine))["frozen"] == "true"
    assert "frozen" not in tag_map(described(cloud.client, foreign))
    assert (state(cloud.client, mine), state(cloud.client, foreign)) == ("stopped", "running")


def test_their_hours_count_against_a_seats_cap(cloud: Cloud) -> None:
    box(cloud)
    budget = {"per_seat_usd": 100, "on_cap": "notify", "prices": {"g5.xlarge": 1.006}}
    settings = replace(SETTINGS, boxes=True, budget=budget)
    hold_to_budget(work(cloud, END - timedelta(hours=3), settings))
    stored = cloud.client("s3").get_object(Bucket=settings.bucket, Key=SPENDING)["Body"].read()
    spending = spending_of(json.loads(stored))
    [counted] = [one for one in spending.resources.values() if one.kind == "EC2 instance"]
    assert isinstance(counted, Counted)
    assert (counted.seat, counted.hourly, counted.runs) == ("ada", 1.006, True)
    assert spending.instances("ada") == 0


def test_one_whose_tags_somebody_has_taken_off_is_counted_and_told_and_left_alone(
    cloud: Cloud,
) -> None:
    """IAM lets the watch do nothing with it: its policy knows instances by these tags."""
    mine, other = box(cloud), box(cloud, "ben")
    cloud.client("ec2").delete_tags(Resources=[mine], Tags=[{"Key": "workshop"}])
    budget = {"per_seat_usd": 100, "on_cap": "notify", "prices": {"g5.xlarge": 1.006}}
    counting = work(cloud, END - timedelta(hours=3), replace(SETTINGS, boxes=True, budget=budget))
    hold_to_budget(counting)
    stored = cloud.client("s3").get_object(Bucket=SETTINGS.bucket, Key=SPENDING)["Body"].read()
    counted = spending_of(json.loads(stored)).resources.values()
    assert {one.seat for one in counted if one.runs} == {"ada", "ben"}
    ended = work(cloud, END, replace(SETTINGS, boxes=True))
    handler.end(ended)
    assert ended.pending == [
        f"EC2 instance demo-ada-box: {mine} has lost its tags, without which the watch may do"
        " nothing"
    ]
    assert (state(cloud.client, mine), state(cloud.client, other)) == ("running", "stopped")
    assert tag_map(described(cloud.client, other))["frozen"] == "true"
    assert "frozen" not in tag_map(described(cloud.client, mine))
