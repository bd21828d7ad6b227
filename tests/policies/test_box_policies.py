"""What a seat with an EC2 instance may do with it, and what a seat without one may not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest

from tools import iam_reference
from workshop.config.ec2 import Ec2
from workshop.config.profiles import Access, Notebook, Profile, Serverless, Vpc
from workshop.naming import Names
from workshop.policies import layout
from workshop.policies.actions import (
    AGENT,
    AGENT_ITSELF,
    BOX_CONNECTION,
    BOX_ENTER,
    BOX_KEY,
    BOX_NEVER,
    BOX_OF_A_SEAT,
    BOX_SESSION,
    BOX_USE,
    BOX_VIEW,
    CARRY,
    SESSION_USE,
)
from workshop.policies.boundary import boundary_policy
from workshop.policies.box import box_statements
from workshop.policies.documents import MANAGED_LIMIT, Document
from workshop.policies.door import door_policy
from workshop.policies.people import people_policy
from workshop.policies.reasons import WHY_WILDCARD
from workshop.policies.watch import watch_policy

ADA = Names("vision", "ada", "111122223333", "eu-west-1")
END = datetime(2027, 3, 9, 17, tzinfo=UTC)
WITH = Profile(ec2=Ec2())
USED = {
    *(*AGENT, *AGENT_ITSELF, *BOX_CONNECTION, *BOX_KEY, *BOX_SESSION, *BOX_USE, *BOX_VIEW),
    *(*CARRY, *SESSION_USE),
}
SERVICES = ("ec2", "ec2-instance-connect", "ssm", "ssmmessages")


def of_boxes(profile: Profile) -> set[str]:
    """The actions of these services that some statement of a seat's policies allows."""
    return {
        action
        for document in layout.seat_policies(ADA, "attendee", profile).values()
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if action.partition(":")[0] in SERVICES
    }


@pytest.mark.parametrize("mode", ["scoped", "managed"])
def test_a_profile_with_an_instance_has_its_actions_and_no_other_has_one(mode: str) -> None:
    with_box, without = (
        Profile(access=Access.model_validate({"mode": mode}), ec2=box) for box in (Ec2(), None)
    )
    assert of_boxes(with_box) == USED | {"ssm:GetParametersByPath"}
    assert of_boxes(without) == {"ssm:GetParametersByPath"}


def test_what_runs_changes_or_tags_instances_is_allowed_by_no_statement() -> None:
    """Nor commands, parameters, volumes, images, addresses and security groups."""
    assert not [one for one in USED if any(fnmatchcase(one, each) for each in BOX_NEVER)]
    assert {one for one in USED if one.startswith("ec2:")} == {
        *("ec2:DescribeInstances", "ec2:DescribeInstanceStatus"),
        *("ec2:RebootInstances", "ec2:StartInstances", "ec2:StopInstances"),
    }


def test_the_boundarys_wildcards_cover_what_a_seat_does_and_nothing_besides() -> None:
    known = {one.action for service in SERVICES for one in iam_reference.actions(service)}
    covered = {one for one in known if any(fnmatchcase(one, pattern) for pattern in BOX_OF_A_SEAT)}
    assert covered == USED


def test_every_wildcard_has_its_reason_and_the_document_check_stands_by_every_session() -> None:
    """AWS asks about the document only if every statement that allows a session says so."""
    statements = box_statements(ADA)
    assert {one["Sid"] for one in statements} <= WHY_WILDCARD.keys()
    begins = [one for one in statements if "ssm:StartSession" in one["Action"]]
    assert [one["Condition"]["BoolIfExists"] for one in begins] == [
        {"ssm:SessionDocumentAccessCheck": "true"}
    ] * 2


def test_a_frozen_seat_neither_starts_nor_enters_its_instance_and_can_stop_it() -> None:
    made = layout.cohort_policies(ADA, {"attendee": WITH}, end=END)
    for part in ("freeze", "end"):
        (denied,) = made[part]["Statement"]

        def is_denied(action: str, patterns: list[str] = denied["Action"]) -> bool:
            return any(fnmatchcase(action, pattern) for pattern in patterns)

        assert all(map(is_denied, (*BOX_ENTER, "ec2:StartInstances"))), part
        # Work under way is saved by the instance, which Session Manager goes on reaching.
        spared = ("ec2:StopInstances", "ssm:TerminateSession", *AGENT, *AGENT_ITSELF, *CARRY)
        assert not any(map(is_denied, spared)), part


def test_without_instances_a_cohort_has_the_policies_that_it_had() -> None:
    made = layout.cohort_policies(ADA, {"attendee": Profile()}, end=END)
    text = json.dumps(made)
    assert "StartSession" not in text
    assert "ssmmessages" not in text


def test_the_boundary_has_room_for_instances_beside_everything_else_that_opens() -> None:
    everything = Profile(
        ec2=Ec2(),
        mlflow="app",
        notebook=Notebook(
            network=Vpc(subnet_id="subnet-0abc12345", security_group_ids=("sg-0abc12345",))
        ),
        access=Access(
            autoscaling=True,
            console_principals=("arn:aws:iam::111122223333:role/door",),
            feature_store=True,
            model_packages=True,
            serverless=Serverless(),
        ),
    )
    longest = Names.placeholders("abcdefghijkl")
    for profile in (everything, Profile(ec2=Ec2(), access=Access(mode="managed"))):
        sizes = layout.sizes(longest, {"attendee": profile}, end=END)
        assert [one.name for one in sizes if one.characters > MANAGED_LIMIT] == []
        assert layout.attachments("attendee", profile) <= layout.ATTACHMENTS


def test_the_watch_and_the_door_do_the_least_to_the_instances_of_the_workshops_stacks() -> None:
    """By tags that no seat can set, and only where some profile has instances."""
    watch = {one["Sid"]: one for one in watch_policy(ADA, starts=True, boxes=True)["Statement"]}
    door = {one["Sid"]: one for one in door_policy(ADA, end=END, boxes=True)["Statement"]}
    made = {
        "aws:ResourceTag/workshop": "vision",
        "aws:ResourceTag/managed-by": "workshop-provisioner",
    }
    for one in (watch["StopBoxes"], watch["StartBoxes"], watch["MarkBoxes"], door["StartBoxes"]):
        assert one["Condition"]["StringEquals"] == made
        assert one["Resource"] == ["arn:aws:ec2:eu-west-1:111122223333:instance/*"]
    assert watch["MarkBoxes"]["Condition"]["ForAllValues:StringEquals"] == {
        "aws:TagKeys": ["frozen"]
    }
    # Nothing is started after the end, and nothing that is frozen.
    assert door["StartBoxes"]["Condition"]["DateLessThan"] == {
        "aws:CurrentTime": "2027-03-09T17:00:00Z"
    }
    assert "ec2:StartInstances" in door["Frozen"]["Action"]
    assert of_ec2(watch_policy(ADA, boxes=True)) == {
        *("ec2:CreateTags", "ec2:DescribeInstances", "ec2:StopInstances")
    }
    assert of_ec2(door_policy(ADA, end=END, boxes=True)) == {
        *("ec2:DescribeInstances", "ec2:StartInstances")
    }
    assert of_ec2(watch_policy(ADA, starts=True)) | of_ec2(door_policy(ADA, end=END)) == set()


def of_ec2(policy: Document) -> set[str]:
    return {
        action
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if action.startswith("ec2:")
    }


def test_people_without_a_boundary_enter_one_seats_instance_and_answer_for_none() -> None:
    """They may be users of the account, as whoever opens notebooks by links."""
    opened = people_policy(ADA, has_notebook=False, has_box=True)
    allowed = {action for one in opened["Statement"] for action in one["Action"]}
    assert allowed == USED - {*AGENT, *AGENT_ITSELF}
    for one in opened["Statement"]:
        if one["Action"][0] in {*BOX_USE, *BOX_KEY, *BOX_CONNECTION}:
            held = list(one["Condition"]["StringEquals"].values())
            assert "ada" in held
            assert "vision" in held
    both = people_policy(ADA, has_box=True)["Statement"]
    assert [one["Sid"] for one in both if one not in opened["Statement"]] == ["OpenNotebook"]


def test_the_boundary_knows_instances_only_where_some_profile_has_them() -> None:
    with_box, without = (
        json.dumps(boundary_policy(ADA, layout.openings([one]))) for one in (WITH, Profile())
    )
    assert "ec2:*Instance*" in with_box
    assert "ec2:" not in without
