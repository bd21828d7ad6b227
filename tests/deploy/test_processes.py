"""Real ``workshop deploy`` processes: killed, interrupted, and two of them at once."""

from __future__ import annotations

import os
import signal

from tests.support.deploy_processes import organiser
from tests.support.faulty import counts
from tests.support.small_workshop import Fleet
from workshop.deploy.events import What
from workshop.naming import COHORT_STACKS, SEAT_STACKS

PASSED = {"effect": "latency", "seconds": 0.001}
"""Behind the other rules it counts the calls that CloudFormation has to answer."""
STUCK = {
    "effect": "stuck",
    "noun": "NotebookInstance",
    "name": "demo-seat05-*",
    "status": "Pending",
}
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
    return {f"demo-{seat}-{kind}" for seat in seats for kind in SEAT_STACKS}


def test_on_the_worst_day_every_healthy_seat_comes_up_and_nothing_is_made_twice(
    fleet: Fleet,
) -> None:
    fleet.write(6)
    fleet.take("seat03")
    fleet.cloud.faults(
        {"effect": "throttle", "operation": "cloudformation:*", "probability": 0.3},
        {"effect": "error", "operation": "cloudformation:*", "probability": 0.05, "seed": 2},
        PASSED | {"operation": "cloudformation:DeleteStack", "match": "*demo-seat03-registry*"},
        PASSED | {"operation": "cloudformation:DeleteStack"},
        STUCK,
        # Nobody is told that the name is taken before the stack fails.
        {"effect": "denied", "operation": "ecr:DescribeRepositories"},
    )
    unread = ("--accept-unknown", "L-CFEB8E8D", "--accept-unknown", "repository")
    with (
        organiser(fleet, *unread, "--stack-minutes", "0.5") as first,
        organiser(fleet, *unread, "--stack-minutes", "0.5", "--failure-percent", "100") as second,
    ):
        first.until("begun", "demo-seat0[2-6]-*")
        first.kill()
        code, told, talk = second.end()

    assert code == told["exit"] == 1, talk
    assert told["seats"].get("failed") == told["seats"].get("stuck") == 1, told
    assert told["seats"].get("done", 0) + told["seats"].get("unchanged", 0) == 4
    reasons = {one["seat"]: (one["outcome"], one["message"]) for one in told["failed"]}
    assert reasons["seat03"][0] == "failed"
    assert "'demo/seat03/training' already exists" in reasons["seat03"][1]
    assert reasons["seat05"][0] == "stuck"
    assert "demo-seat05-notebook: still in progress after 0.5 minutes" in reasons["seat05"][1]
    assert told["throttles"] > 0
    assert talk.splitlines()[-1] == (
        "not all is done. To go on from here: workshop deploy -e dev --failure-percent 100"
        f" --stack-minutes 0.5 {' '.join(unread)}"
    )

    (_, throttled), (_, failed), (_, of_seat03), (_, deleted), *_ = counts(fleet.cloud)
    assert throttled > 0
    assert failed > 0
    assert deleted == of_seat03
    fleet.cloud.faults(STUCK)
    everything = fleet.statuses()
    assert everything.pop("demo-seat03-registry") == "ROLLBACK_COMPLETE"
    assert everything.pop("demo-seat05-notebook") == "CREATE_IN_PROGRESS"
    assert len(everything) == 29
    assert set(everything.values()) == {"CREATE_COMPLETE"}
    assert all(made_once(fleet, stack) for stack in everything)

    fleet.cloud.faults()
    fleet.free("seat03")
    with organiser(fleet) as third:
        code, told, talk = third.end()
    assert code == told["exit"] == 0, talk
    # The stuck one may have ended before it was looked at.
    assert told["seats"] in ({"done": 2, "unchanged": 4}, {"done": 1, "unchanged": 5})
    assert len(fleet.statuses()) == 31
    assert set(fleet.statuses().values()) == {"CREATE_COMPLETE"}
    lines = [line for line in fleet.ledger if line["run"] == fleet.ledger[-1]["run"]]
    begun = {line["stack"] for line in lines if line.get("what") == "begun"}
    assert begun == {"demo-seat03-registry"}


def test_a_killed_deployment_goes_on_where_it_was(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.cloud.delays(notebook=SLOW)
    with organiser(fleet) as killed:
        killed.until("begun", "demo-seat01-notebook")
        killed.kill()
    before = fleet.statuses()
    assert before["demo-seat01-notebook"] == "CREATE_IN_PROGRESS"
    assert len(before) == len(SEAT_STACKS) + len(COHORT_STACKS)
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
    assert len(fleet.statuses()) == 41
    assert one.touched | two.touched == fleet.statuses().keys()
    assert one.touched.isdisjoint(two.touched)
    assert one.of(What.JOINED) or two.of(What.JOINED)
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
