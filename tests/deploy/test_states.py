"""What each command does with a stack in each state that CloudFormation can leave it in.

The table is that of docs/deploying.md.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache

import botocore.session
import pytest
from botocore.exceptions import ClientError

from tests.support.assemblies import ROOT
from tests.support.small_workshop import Fleet, desired, found
from tests.support.stack_states import STATES, Hand, put, wreck
from tests.support.workshop_command import Ran
from workshop.deploy import plan as planning
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.plan import StackAction

GOOD_AFTER_DEPLOY = {
    *("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"),
    *("UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"),
    *("IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"),
}


@cache
def table() -> dict[str, tuple[str, str]]:
    """Return status -> (what plan says, what status says), as the page has it."""
    text = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    rows = (
        line.strip("|").split("|") for line in text.splitlines() if re.match(r"\| `[A-Z]+_", line)
    )
    return {
        status: (plan.strip(), said.strip())
        for statuses, plan, _, said in rows
        for status in re.findall(r"`(\w+)`", statuses)
    }


def decided(status: str) -> StackAction:
    """What is done with a stack that carries the desired tags, long after it was made."""
    one = desired()
    return planning.decide(one, found(one, status), datetime(2099, 1, 1, tzinfo=UTC)).action


STATUSES = botocore.session.get_session().get_service_model("cloudformation")
MODEL = {
    status: decided(status)
    for status in STATUSES.shape_for("StackStatus").metadata["enum"]
    if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS"
}


@pytest.fixture
def wrecked(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A seat for each status that its storage's stack has; a first change set is given up."""
    monkeypatch.setattr(planning, "REVIEWED_WITHIN", timedelta(seconds=-60))
    return wreck(fleet)


def test_each_state_is_planned_and_shown_as_the_page_says_and_deployed_or_told_its_cure(
    fleet: Fleet, wrecked: dict[str, str]
) -> None:
    seats = {seat: status for status, seat in wrecked.items()}
    for row in json.loads(fleet.run("status", "--json").out)["seats"]:
        said = row["stacks"]["wrong"].get("storage", "as it should be")
        assert said == table()[seats[row["seat"]]][1], seats[row["seat"]]
    for row in json.loads(fleet.run("plan", "--json").out)["seats"]:
        for stack in row["stacks"]:
            if stack["name"].endswith("-storage"):
                assert stack["action"] == table()[stack["status"]][0], stack["status"]
    ran = fleet.run("deploy", "--failure-percent", "100", "--json")
    end = json.loads(ran.out.splitlines()[-1])
    failed = {seats[row["seat"]]: row["message"] for row in end["failed"]}
    assert ran.code == 1
    assert failed.keys() == STATES.keys() - GOOD_AFTER_DEPLOY
    assert failed["UPDATE_ROLLBACK_FAILED"].endswith(
        "; repair it with: aws cloudformation continue-update-rollback --stack-name"
        f" demo-{wrecked['UPDATE_ROLLBACK_FAILED']}-storage --region us-east-1"
    )
    for status in ("DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"):
        assert failed[status].endswith(
            "; tear it down, then deploy it again: workshop teardown -e dev --early --only"
            f" {wrecked[status]} --save-to FOLDER"
        )
    assert "not empty" in failed["DELETE_FAILED"]


def test_a_teardown_deletes_a_stack_in_each_of_these_states(
    fleet: Fleet, wrecked: dict[str, str]
) -> None:
    assert set(fleet.statuses().values()) == wrecked.keys()
    torn_down = teardown(fleet)
    assert torn_down.code == 0, torn_down.err
    assert fleet.statuses() == {}


def test_nobody_is_told_a_logical_id_of_a_stack_that_cannot_be_deleted(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    fleet.cloud.faults(
        {"effect": "handler", "type": "AWS::CloudWatch::Dashboard", "action": "delete"}
    )
    torn_down = teardown(fleet, "--only", "seat01")
    fleet.cloud.faults()
    assert torn_down.code == 4
    name = "demo-seat01-monitoring"
    stuck = "stuck: seat01 stack demo-seat01-monitoring dashboard demo-seat01-us-east-1: Resource"
    assert stuck in torn_down.out
    ran = fleet.run("plan")
    row = next(line for line in ran.out.splitlines() if line.startswith("seat01"))
    assert row.endswith("DELETE_FAILED")
    client = fleet.cloud.client("cloudformation")
    listed = client.list_stack_resources(StackName=name)["StackResourceSummaries"]
    for resource in listed:
        said = (torn_down.out, torn_down.err, ran.out, ran.err)
        assert not any(resource["LogicalResourceId"] in text for text in said)


def teardown(fleet: Fleet, *more: str) -> Ran:
    """Look at the plan of a teardown and carry it out."""
    common = ("--early", "--interval", "0", *more)
    assert fleet.run("teardown", *common).code == 0
    return fleet.run("teardown", *common, "--apply", "--yes", "demo")


@pytest.mark.parametrize(
    ("status", "said"),
    [("UPDATE_ROLLBACK_FAILED", "update failed"), ("DELETE_FAILED", "failed")],
)
def test_a_stack_that_all_seats_share_is_told_by_status_until_it_is_as_it_should_be(
    fleet: Fleet, status: str, said: str
) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    shared = "demo-cohort-watch"
    put(fleet, shared, status)
    ran = fleet.run("status")
    assert ran.code == 1
    assert f"us-east-1 {shared} {said}; see how to go on with: workshop plan -e dev" in ran.err
    put(fleet, shared, "UPDATE_IN_PROGRESS")
    ran = fleet.run("status")
    assert ran.code == 0
    assert f"{shared} in progress" in ran.err
    put(fleet, shared, "UPDATE_ROLLBACK_COMPLETE")
    ran = fleet.run("status")
    assert ran.code == 0
    assert shared not in ran.err


@pytest.mark.parametrize("status", ["IMPORT_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"])
def test_an_import_that_is_going_on_is_waited_for(fleet: Fleet, status: str) -> None:
    fleet.write(1)
    hand = Hand(fleet, "seat01")
    assert hand.put(status) == status
    (stack,) = [one for one in fleet.plan().stacks if one.desired.name == hand.name]
    assert stack.action == StackAction.WAIT

    def ends(event: DeployEvent) -> None:
        if event.what == DeployStep.JOINED:
            hand.put(status.replace("_IN_PROGRESS", "_COMPLETE"))

    run = fleet.deploy(hear=ends)
    assert run.good
    assert [event.stack for event in run.of(DeployStep.JOINED)] == [hand.name]


def test_an_update_that_failed_and_stayed_is_refused_in_the_words_of_aws(fleet: Fleet) -> None:
    fleet.write(1)
    hand = Hand(fleet, "seat01")
    assert hand.update(DisableRollback=True) == "UPDATE_FAILED"
    with pytest.raises(ClientError) as refused:
        hand.client.update_stack(StackName=hand.name, UsePreviousTemplate=True)
    assert refused.value.response["Error"]["Message"].startswith(
        "This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from"
    )


def test_the_page_has_every_state_that_does_not_pass_by_itself() -> None:
    assert MODEL.keys() == {*table(), "DELETE_COMPLETE"}
    decided = {status: MODEL[status] for status in table()}
    assert decided == {status: StackAction(plan) for status, (plan, _) in table().items()}
