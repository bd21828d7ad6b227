"""A deployment makes the door where the YAML has one, and updates it when the end moves."""

from __future__ import annotations

from tests.support.small_workshop import Fleet
from workshop.naming import DOOR, Names

STACK = Names("demo", "cohort", "", "").stack(DOOR)


def test_the_door_is_made_and_nothing_else_changes(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    assert STACK not in fleet.statuses()
    fleet.write(1, "door: {}")
    run = fleet.deploy()
    assert run.good
    assert run.touched == {STACK}
    assert fleet.statuses()[STACK] == "CREATE_COMPLETE"
    assert {*fleet.deploy().outcomes.values()} == {"unchanged"}


def test_extending_moves_the_end_of_the_doors_role_and_a_lost_key_of_the_yaml_is_told(
    fleet: Fleet,
) -> None:
    fleet.write(1, "door: {}")
    assert fleet.deploy().good
    ran = fleet.run("extend", "--until", "2099-12-31T20:00:00+00:00", "--json")
    assert ran.code == 0, ran.err
    role = fleet.cloud.client("iam").get_role_policy(
        RoleName="demo-cohort-us-east-1-door", PolicyName=DOOR
    )
    opens = next(
        one for one in role["PolicyDocument"]["Statement"] if one["Sid"] == "OpenNotebooks"
    )
    end = {"aws:CurrentTime": "2099-12-31T20:00:00Z"}
    assert opens["Condition"]["DateLessThan"] == end
    plan = fleet.run("plan")
    assert "still opens notebooks" not in plan.err
    fleet.write(1)
    ran = fleet.run("plan")
    assert (
        "the door of 000000000000 us-east-1 still opens machines, though the YAML has no 'door';"
        " write it back, or take it away with: aws cloudformation delete-stack --stack-name"
        " demo-cohort-door --region us-east-1"
    ) in " ".join(ran.err.split())
