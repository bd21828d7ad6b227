"""Real ``workshop deploy`` processes: killed, interrupted, and two of them at once."""

from __future__ import annotations

import os
import signal

from tests.support.assemblies import WITHOUT_DOOR
from tests.support.deploy_processes import organiser
from tests.support.small_workshop import Fleet
from tests.support.usual_stacks import USUAL_STACKS
from workshop.deploy.events import DeployStep

SLOW = 3600.0


def made_once(fleet: Fleet, stack: str) -> bool:
    """Whether one creation is all that CloudFormation knows of a stack's life."""
    client = fleet.cloud.client("cloudformation")
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack)
    begun = [
        event
        for page in pages
        for event in page["StackEvents"]
        if event.get("ResourceStatusReason") == "User Initiated"
    ]
    return [event["ResourceStatus"] for event in begun] == ["CREATE_IN_PROGRESS"]


def stacks(*seats: str) -> set[str]:
    return {f"demo-{seat}-{kind}" for seat in seats for kind in USUAL_STACKS}


def test_a_killed_deployment_goes_on_where_it_was(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.cloud.delays(notebook=SLOW)
    with organiser(fleet) as killed:
        killed.until("begun", "demo-seat01-notebook")
        killed.kill()
    before = fleet.statuses()
    assert before["demo-seat01-notebook"] == "CREATE_IN_PROGRESS"
    assert len(before) == len(USUAL_STACKS) + len(WITHOUT_DOOR)
    fleet.cloud.delays(notebook=0)
    fleet.cloud.advance(SLOW)
    run = fleet.deploy()
    assert run.good
    assert run.touched == stacks("seat02", "seat03")
    assert all(made_once(fleet, stack) for stack in fleet.statuses())


def test_ctrl_c_ends_soon_says_how_to_go_on_and_leaves_cloudformation_at_work(
    fleet: Fleet,
) -> None:
    fleet.write(3)
    fleet.cloud.delays(notebook=SLOW)
    with organiser(fleet, "--only", "seat02,seat03") as stopped:
        stopped.until("begun", "demo-seat02-notebook")
        os.kill(stopped.process.pid, signal.SIGINT)
        code, told, talk = stopped.end()
    assert code == told["exit"] == 1
    assert told["interrupted"] is True
    assert told["seats"] == {"in progress": 1, "not begun": 1}
    assert talk.splitlines()[-1] == (
        "interrupted; CloudFormation goes on with what it has begun. To go on from here:"
        " workshop deploy -e dev --only seat02,seat03"
    )
    assert "Traceback" not in talk
    assert fleet.ledger[-1]["ended"]["interrupted"] is True
    fleet.cloud.delays(notebook=0)
    fleet.cloud.advance(SLOW)
    run = fleet.deploy(only=["seat02", "seat03"])
    assert run.good
    assert run.touched == stacks("seat03")


def test_a_second_ctrl_c_waits_for_no_call_and_still_tells_what_is_known(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.cloud.faults(
        {"effect": "timeout", "operation": "cloudformation:CreateStack"}
        | {"match": "*demo-seat01-registry*"}
    )
    with organiser(fleet) as stopped:
        stopped.until("begun", "demo-seat01-storage")
        os.kill(stopped.process.pid, signal.SIGINT)
        stopped.until("stopped", "")
        os.kill(stopped.process.pid, signal.SIGINT)
        code, told, talk = stopped.end()
    assert code == told["exit"] == 1
    assert told["interrupted"] is True
    assert told["seats"] == {"in progress": 1, "not begun": 2}
    assert talk.splitlines()[-1] == (
        "interrupted; CloudFormation goes on with what it has begun. To go on from here:"
        " workshop deploy -e dev"
    )
    assert "Traceback" not in talk
    assert fleet.ledger[-1]["ended"]["interrupted"] is True


def test_two_organisers_at_once_end_well_and_make_each_stack_once(fleet: Fleet) -> None:
    fleet.write(8)
    one, two = fleet.deploy_at_once(2)
    assert one.good
    assert two.good
    assert len(fleet.statuses()) == 43
    assert one.touched | two.touched == fleet.statuses().keys()
    assert one.touched.isdisjoint(two.touched)
    assert one.of(DeployStep.JOINED) or two.of(DeployStep.JOINED)
    assert all(made_once(fleet, stack) for stack in fleet.statuses())


def test_two_organisers_clear_what_failed_without_harm(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.take("seat02")
    assert not fleet.deploy().good
    fleet.free("seat02")
    runs = fleet.deploy_at_once(2)
    assert [run.good for run in runs] == [True, True]
    assert set(fleet.statuses().values()) == {"CREATE_COMPLETE"}
    touched = [stack for run in runs for stack in run.touched]
    assert set(touched) == {"demo-seat02-registry"}


def test_two_organisers_change_the_same_stacks_without_harm(fleet: Fleet) -> None:
    fleet.write(3)
    assert fleet.deploy().good
    fleet.write(3, "tags: {mark: '1'}")
    runs = fleet.deploy_at_once(2)
    assert [run.good for run in runs] == [True, True]
    assert {seat.action.value for seat in fleet.plan().seats} == {"unchanged"}
