"""EC2 instances of seats with accounts of their own: commands, door, watch and teardown know them.

The stack of such an instance is made by a stack set, and CloudFormation's tag has a name of its
making. Of two seats, ada has an instance alone, and ben a notebook as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.door_visits import DoorAtUrl, door_settings
from tests.support.local_cloud import Cloud, started
from tests.support.machines import tag_map
from tests.support.own_accounts import (
    BOXES,
    DOOR,
    REGION,
    WORKSHOP,
    OwnAccounts,
    founded,
    organiser_key,
)
from tests.support.own_teardowns import handed_back, taken_down
from tests.support.teardown_workshop import QUIET
from workshop import tags
from workshop.naming import ALONE, Names

SEATS = ("ada", "ben")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAccounts]:
    """Both seats, deployed by the command."""
    with started(tmp_path_factory.mktemp("cloud"), enforce_iam=True) as cloud:
        cloud.delays(**QUIET)
        made = boxes(cloud, tmp_path_factory.mktemp("two"))
        ran = made.run("deploy")
        assert ran.code == 0, ran.out + ran.err
        yield made


def boxes(cloud: Cloud, folder: Path) -> OwnAccounts:
    made = founded(cloud, folder, *SEATS, key=organiser_key(cloud), settings=BOXES)
    made.profiles = {"ben": "author"}
    made.write(DOOR)
    return made


def instance(own: OwnAccounts, seat: str) -> dict[str, Any]:
    """Return the one instance of a seat's account that there is."""
    [reservation] = own.within("ec2", seat).describe_instances()["Reservations"]
    [found] = reservation["Instances"]
    assert tag_map(found)["aws:cloudformation:stack-name"].startswith("StackSet-vision-seat-box-")
    return dict(found)


def states(own: OwnAccounts) -> list[str]:
    return [instance(own, seat)["State"]["Name"] for seat in SEATS]


def test_status_and_bill_know_each_seats_instance(two: OwnAccounts) -> None:
    told = json.loads(two.run("status", "--json").out)["seats"]
    assert [(row["seat"], row["box"]) for row in told] == [("ada", "running"), ("ben", "running")]
    used = json.loads(two.run("bill", "--json").out)["seats"]
    assert [one["seat"] for one in used if "EC2 instance" in one["by_kind"]] == [*SEATS]


def test_stop_and_start_find_each_seats_instance(two: OwnAccounts) -> None:
    for verb, after in (("stop", "stopped"), ("start", "running")):
        ran = two.run(verb)
        assert ran.code == 0, ran.out + ran.err
        assert states(two) == [after, after]


def test_the_lines_of_connect_lead_to_the_seats_own(two: OwnAccounts) -> None:
    for seat in SEATS:
        ran = two.run(f"connect {seat}")
        assert ran.code == 0, ran.out + ran.err
        assert f"--target {instance(two, seat)['InstanceId']}" in ran.out


def person(own: OwnAccounts, name: str, seat: str) -> Any:
    """STS for a user of the home account who carries the account of a seat."""
    iam = own.cloud.client("iam")
    iam.tag_user(UserName=name, Tags=[{"Key": tags.ATTENDEE, "Value": own.account(seat)}])
    policy = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    given = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    return Cloud(own.cloud.running, own.cloud.state_dir, credentials=given).client("sts")


def test_people_are_their_own_seat_alone_though_all_seats_have_one_name(two: OwnAccounts) -> None:
    who = {seat: person(two, seat, seat) for seat in SEATS}
    taken: dict[Any, str] = {}
    for name, sts in who.items():
        for seat in SEATS:
            names = Names(WORKSHOP, ALONE, two.account(seat), REGION)
            asked = {"RoleArn": names.console_role_arn, "RoleSessionName": name}
            try:
                taken[name, seat] = sts.assume_role(**asked)["AssumedRoleUser"]["Arn"]
            except ClientError as error:
                taken.setdefault(error.response["Error"]["Code"], "")
    assert {*taken} == {"AccessDenied", *((seat, seat) for seat in SEATS)}
    # Whoever runs the workshop is each of them.
    for seat in SEATS:
        given = json.loads(two.run(f"credentials {seat} --format json").out)
        assert two.account(seat) in given["role"]


def test_the_door_of_an_account_starts_its_instance(two: OwnAccounts) -> None:
    [given] = json.loads(two.run("door codes", "--only", "ada", "--json").out)
    two.within("ec2", "ada").stop_instances(InstanceIds=[instance(two, "ada")["InstanceId"]])
    visitor = DoorAtUrl(two.cloud, door_settings(ALONE), url=given["address"]).visitor()
    assert visitor.post("/code", code=given["code"]).status == 303
    assert instance(two, "ada")["InstanceId"] in visitor.get().body
    assert visitor.post("/start", what="box").to == "/"
    assert states(two) == ["running", "running"]


def test_a_freeze_marks_the_instance_and_reopening_takes_the_mark_off(two: OwnAccounts) -> None:
    for command, marked in (("freeze", True), ("reopen", False)):
        ran = two.run(command, "--only", "ben")
        assert ran.code == 0, ran.out + ran.err
        assert [tags.FROZEN in tag_map(instance(two, seat)) for seat in SEATS] == [False, marked]


def test_the_watch_of_each_account_stops_its_instance_at_the_end(two: OwnAccounts) -> None:
    assert two.run("start").code == 0
    for seat in SEATS:
        answer = two.within("lambda", seat).invoke(
            FunctionName="vision-cohort-watch", Payload=json.dumps({"time": "2099-12-31T17:00:00Z"})
        )
        assert json.loads(answer["Payload"].read())["done"]["EC2 instances stopped"] == 1
    assert states(two) == ["stopped", "stopped"]


def test_a_teardown_hands_their_accounts_back_empty(two: OwnAccounts) -> None:
    """It is the last, since it takes away what the others look at."""
    done = taken_down(two)
    assert done.code == 0, done.out + done.err
    assert handed_back(two) == dict.fromkeys(SEATS, "handed back empty")
    for seat in SEATS:
        ec2 = two.within("ec2", seat)
        [left] = ec2.describe_instances()["Reservations"]
        assert left["Instances"][0]["State"]["Name"] == "terminated"
        assert ec2.describe_volumes()["Volumes"] == []
