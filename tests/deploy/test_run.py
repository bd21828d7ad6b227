"""The fleet's engine on a local cloud: order, ends, and what a second run does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

import pytest

from tests.support.local_cloud import IAM
from tests.support.small_workshop import ACCOUNT, QUICK, REGION, Fleet, Run
from tests.support.usual_stacks import USUAL_STACKS
from workshop.deploy import plan as planning
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.plan import StackAction

MARK = "tags: {mark: '1'}"
"""A line of YAML that changes every stack."""


def begun(run: Run) -> list[str]:
    return [event.stack for event in run.of(DeployStep.BEGUN)]


def stacks(*seats: str) -> set[str]:
    return {f"demo-{seat}-{kind}" for seat in seats for kind in USUAL_STACKS}


COHORT = ("demo-cohort-start", "demo-cohort", "demo-cohort-watch")


def test_the_cohort_comes_first_then_a_canary_then_everybody_with_one_call_each(
    fleet: Fleet,
) -> None:
    fleet.write(4)
    run = fleet.deploy(limits=replace(QUICK, concurrency=3))
    assert run.outcomes == dict.fromkeys(["cohort", "seat01", "seat02", "seat03", "seat04"], "done")
    desired = {*COHORT} | stacks("seat01", "seat02", "seat03", "seat04")
    assert run.touched == desired
    assert run.calls["CreateStack"] == len(begun(run)) == len(desired) == 23
    assert run.calls.keys() == {"CreateStack", "DescribeStacks"}
    assert set(fleet.statuses().values()) == {"CREATE_COMPLETE"}
    assert set(begun(run)[:3]) == {*COHORT}
    assert set(begun(run)[3:8]) == stacks("seat01")
    order = [(event.what, event.seat) for event in run.events]
    assert order.index((DeployStep.SEAT_DONE, "cohort")) < order.index((DeployStep.BEGUN, "seat01"))
    assert order.index((DeployStep.SEAT_DONE, "seat01")) < order.index((DeployStep.BEGUN, "seat02"))
    flying = most = 0
    for event in run.events:
        flying += {DeployStep.BEGUN: 1, DeployStep.DONE: -1}.get(event.what, 0)
        most = max(most, flying)
    assert most == 3
    for seat in ("seat02", "seat03"):
        order = [(event.what, event.stack) for event in run.events if event.seat == seat]
        access = order.index((DeployStep.DONE, f"demo-{seat}-access"))
        assert access < order.index((DeployStep.BEGUN, f"demo-{seat}-notebook"))

    again = fleet.deploy()
    assert set(again.outcomes.values()) == {"unchanged"}
    assert again.calls == {}
    seats_told = [event.seat for event in again.of(DeployStep.SEAT_DONE)]
    assert sorted(seats_told) == ["cohort", "seat01", "seat02", "seat03", "seat04"]


def test_a_run_after_a_part_of_it_makes_the_rest_and_nothing_twice(fleet: Fleet) -> None:
    fleet.write(3)
    first = fleet.deploy(only=["seat02"])
    assert first.touched == {*COHORT} | stacks("seat02")
    assert first.outcomes.keys() == {"cohort", "seat02"}
    fleet.cloud.destroy("demo-seat02-notebook")
    rest = fleet.deploy()
    assert rest.touched == stacks("seat01", "seat03") | {"demo-seat02-notebook"}
    assert rest.calls["CreateStack"] == 11
    assert rest.outcomes["cohort"] == "unchanged"
    assert rest.outcomes["seat02"] == "done"
    assert len(rest.of(DeployStep.SEAT_DONE)) == 4
    assert first.calls["CreateStack"] == 8


def test_a_failing_cohort_stops_everything(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.cloud.client("s3").create_bucket(Bucket=f"demo-cohort-datasets-{ACCOUNT}-{REGION}")
    run = fleet.deploy()
    assert run.touched == {*COHORT}
    assert run.stopped == "demo-cohort is not as it should be, and every seat needs it"
    assert set(run.outcomes.values()) == {"failed"}
    # Told by DescribeEvents: CloudFormation refuses it before it begins.
    assert run.message("cohort").startswith("demo-cohort: bucket: ")
    assert "already exists" in run.message("cohort")
    assert (
        run.message("seat01")
        == "demo-seat01-access: needs demo-cohort, which is not as it should be"
    )
    assert len(run.of(DeployStep.SEAT_FAILED)) == 1
    assert not run.good


def test_a_failing_first_seat_lets_the_next_be_tried(fleet: Fleet) -> None:
    fleet.write(4)
    fleet.take("seat01")
    run = fleet.deploy(percent=0)
    assert run.outcomes == {
        "cohort": "done",
        "seat01": "failed",
        "seat02": "done",
        "seat03": "done",
        "seat04": "done",
    }
    assert not run.stopped
    order = [(event.what, event.seat) for event in run.events]
    assert order.index((DeployStep.SEAT_FAILED, "seat01")) < order.index(
        (DeployStep.BEGUN, "seat02")
    )
    assert order.index((DeployStep.SEAT_DONE, "seat02")) < order.index((DeployStep.BEGUN, "seat03"))
    assert run.message("seat01").startswith("demo-seat01-registry: repository: ")
    assert "'demo/seat01/training' already exists" in run.message("seat01")
    assert run.calls["CreateStack"] == 23


def test_three_failing_seats_at_the_beginning_stop_the_rest(fleet: Fleet) -> None:
    fleet.write(5)
    for seat in ("seat01", "seat02", "seat03"):
        fleet.take(seat)
    run = fleet.deploy(percent=100)
    assert [run.outcomes[f"seat0{number}"] for number in range(1, 6)] == [
        *["failed"] * 3,
        *["not begun"] * 2,
    ]
    assert run.stopped == (
        "no seat came up of seat01, seat02, seat03; mend the cause and run it again"
    )
    assert run.touched.isdisjoint(stacks("seat04", "seat05"))
    assert [event.message for event in run.of(DeployStep.STOPPED)] == [run.stopped]


def test_seats_that_cannot_come_up_anyway_are_no_canaries(fleet: Fleet) -> None:
    fleet.write(5)
    for seat in ("seat01", "seat02", "seat03"):
        fleet.stack(f"demo-{seat}-storage")
    run = fleet.deploy(percent=100)
    assert [run.outcomes[f"seat0{number}"] for number in range(1, 6)] == [
        *["failed"] * 3,
        *["done"] * 2,
    ]
    assert begun(run)[3].startswith("demo-seat04-")


def test_beyond_the_failure_rate_no_new_seats_are_begun_and_begun_ones_are_finished(
    fleet: Fleet,
) -> None:
    fleet.write(10)
    for seat in ("seat03", "seat04"):
        fleet.take(seat)
    run = fleet.deploy(limits=replace(QUICK, concurrency=1), percent=10)
    assert run.stopped.startswith("2 seats have failed, more than 10 % of all")
    assert list(run.outcomes.values()) == [*["done"] * 3, *["failed"] * 2, *["not begun"] * 6]
    assert run.touched == {*COHORT} | stacks("seat01", "seat02", "seat03", "seat04")
    # What a begun seat still lacks comes before new seats.
    seats = [seat for seat, _ in groupby(event.seat for event in run.of(DeployStep.BEGUN))]
    assert seats == ["cohort", "seat01", "seat02", "seat03", "seat04"]
    order = [(event.what, event.stack) for event in run.events]
    after = order[order.index((DeployStep.STOPPED, "")) :]
    assert (DeployStep.DONE, "demo-seat04-monitoring") in after


def test_a_canary_does_not_count_for_the_failure_rate(fleet: Fleet) -> None:
    fleet.write(10)
    for seat in ("seat01", "seat05"):
        fleet.take(seat)
    run = fleet.deploy(percent=10)
    assert not run.stopped
    assert list(run.outcomes.values()).count("done") == 9


def test_what_failed_is_cleared_and_made_again_once_its_cause_is_gone(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.take("seat02")
    assert fleet.deploy().outcomes["seat02"] == "failed"
    assert fleet.statuses()["demo-seat02-registry"] == "ROLLBACK_COMPLETE"
    fleet.free("seat02")
    plan = fleet.plan()
    assert [(seat.seat, seat.action) for seat in plan.seats] == [
        ("cohort", StackAction.UNCHANGED),
        ("seat01", StackAction.UNCHANGED),
        ("seat02", StackAction.CLEAR),
    ]
    run = fleet.deploy()
    assert run.calls["DeleteStack"] == run.calls["CreateStack"] == 1
    assert run.touched == {"demo-seat02-registry"}
    assert [event.message for event in run.of(DeployStep.BEGUN)] == [
        "clearing what is left of it",
        "",
    ]
    assert run.good
    assert set(fleet.statuses().values()) == {"CREATE_COMPLETE"}


def test_a_protected_stack_that_never_was_is_cleared_too(fleet: Fleet) -> None:
    fleet.write(1, "cohort: {termination_protection: true}")
    bucket = f"demo-cohort-datasets-{ACCOUNT}-{REGION}"
    fleet.cloud.client("s3").create_bucket(Bucket=bucket)
    assert not fleet.deploy().good
    fleet.cloud.client("s3").delete_bucket(Bucket=bucket)
    run = fleet.deploy()
    assert run.calls["UpdateTerminationProtection"] == run.calls["DeleteStack"] == 1
    assert run.good
    described = fleet.cloud.client("cloudformation").describe_stacks(StackName="demo-cohort")
    assert described["Stacks"][0]["EnableTerminationProtection"] is True


def test_protection_is_changed_by_a_call_of_its_own(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    fleet.write(1, "cohort: {termination_protection: true}")
    run = fleet.deploy()
    assert run.good
    assert run.calls["UpdateTerminationProtection"] == 1
    assert set(fleet.deploy().outcomes.values()) == {"unchanged"}


def test_protection_that_somebody_set_by_hand_stays(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    client = fleet.cloud.client("cloudformation")
    names = ("demo-cohort", "demo-seat01-storage")
    for name in names:
        client.update_termination_protection(StackName=name, EnableTerminationProtection=True)
    assert fleet.deploy().calls == {}
    fleet.write(1, MARK)
    assert fleet.deploy().good
    for name in names:
        (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        assert stack["EnableTerminationProtection"] is True


def test_a_change_is_one_call_for_each_stack_that_it_changes(fleet: Fleet) -> None:
    fleet.write(3)
    assert fleet.deploy().good
    fleet.write(3, "profiles: {attendee: {notebook: {instance_type: ml.t3.large}}}")
    run = fleet.deploy()
    assert run.touched == {f"demo-seat0{number}-notebook" for number in (1, 2, 3)}
    assert run.calls["UpdateStack"] == 3
    assert run.calls.keys() == {"UpdateStack", "DescribeStacks"}
    listed = fleet.cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"]
    assert {one["InstanceType"] for one in listed} == {"ml.t3.large"}


def rolled_back(fleet: Fleet, stack: str) -> None:
    """Have an update of a stack by hand fail; its tags and template stay what they were."""
    client = fleet.cloud.client("cloudformation")
    taken = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken-by-somebody"}}
    fleet.cloud.client("s3").create_bucket(Bucket="taken-by-somebody")
    document = client.get_template(StackName=stack)["TemplateBody"]
    document["Resources"]["Taken"] = taken
    status = fleet.cloud.update(stack, json.dumps(document), **IAM)
    assert status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stack_whose_update_failed_is_updated(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    rolled_back(fleet, "demo-seat01-storage")
    fleet.write(1, MARK)
    run = fleet.deploy()
    assert run.good
    assert run.calls["UpdateStack"] == 8
    assert fleet.statuses()["demo-seat01-storage"] == "UPDATE_COMPLETE"


def test_a_stack_whose_failed_update_nobody_wants_any_more_is_left_as_it_is(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    rolled_back(fleet, "demo-seat01-storage")
    run = fleet.deploy()
    assert set(run.outcomes.values()) == {"unchanged"}
    assert run.calls == {}
    status = fleet.run("status", "--json")
    (seat,) = json.loads(status.out)["seats"]
    assert (status.code, seat["stacks"]["sound"], seat["stacks"]["wrong"]) == (0, 5, {})


def reviewed(fleet: Fleet) -> str:
    """A stack that waits for its first change set, which would make it as it is desired."""
    (desired,) = [one.desired for one in fleet.plan().stacks if one.desired.kind == "registry"]
    fleet.cloud.client("cloudformation").create_change_set(
        StackName=desired.name,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=desired.templates[0].body,
        Tags=[
            {"Key": key, "Value": value}
            for key, value in desired.tagged(desired.templates[0]).items()
        ],
    )
    assert fleet.statuses() == {desired.name: "REVIEW_IN_PROGRESS"}
    return desired.name


def test_a_stack_that_somebody_else_is_about_to_make_is_waited_for(fleet: Fleet) -> None:
    fleet.write(1)
    name = reviewed(fleet)

    def execute(event: DeployEvent) -> None:
        if event.what == DeployStep.JOINED:
            client = fleet.cloud.client("cloudformation")
            client.execute_change_set(StackName=name, ChangeSetName="first")

    run = fleet.deploy(hear=execute)
    assert run.good
    assert [(event.stack, event.message) for event in run.of(DeployStep.JOINED)] == [
        (name, "REVIEW_IN_PROGRESS")
    ]
    assert name not in run.touched
    (done,) = [event for event in run.of(DeployStep.DONE) if event.stack == name]
    assert done.message == "made by somebody else"


def test_a_stack_that_nobody_will_make_any_more_is_cleared(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.write(1)
    name = reviewed(fleet)
    monkeypatch.setattr(planning, "REVIEWED_WITHIN", timedelta(seconds=-60))
    run = fleet.deploy()
    assert run.good
    assert run.calls["DeleteStack"] == 1
    assert name in run.touched


def test_a_stack_of_another_environment_is_refused_and_the_rest_is_made(fleet: Fleet) -> None:
    fleet.write(2)
    theirs = {"workshop": "demo", "environment": "prod", "managed-by": "workshop-provisioner"}
    fleet.stack("demo-seat02-access", theirs)
    run = fleet.deploy()
    assert run.outcomes == {"cohort": "done", "seat01": "done", "seat02": "failed"}
    assert run.message("seat02") == (
        "demo-seat02-access: a stack of this name belongs to environment 'prod'; rename the"
        " workshop, or remove the stack"
    )
    assert stacks("seat02") - run.touched == {"demo-seat02-access", "demo-seat02-notebook"}
    tags = fleet.cloud.client("cloudformation").describe_stacks(StackName="demo-seat02-access")
    assert {one["Key"]: one["Value"] for one in tags["Stacks"][0]["Tags"]} == theirs


def test_a_change_that_would_replace_a_notebook_is_refused_before_any_call(fleet: Fleet) -> None:
    fleet.write(2, "profiles: {attendee: {notebook: {volume_gb: 30}}}")
    assert fleet.deploy().good
    fleet.write(2, "profiles: {attendee: {notebook: {volume_gb: 20}}}")
    run = fleet.deploy()
    assert run.outcomes == {"cohort": "unchanged", "seat01": "failed", "seat02": "failed"}
    assert run.calls == {}
    assert "the notebook's disk size" in run.message("seat01")
    assert "disk size in GB cannot be changed in place" in run.message("seat01")


def test_strays_are_told_when_all_seats_are_looked_at(fleet: Fleet) -> None:
    fleet.write(3)
    assert fleet.deploy().good
    fleet.write(2)
    assert fleet.plan(only=["seat01"]).strays == ()
    (stray,) = fleet.plan().strays
    assert (stray.seat, set(stray.stacks)) == ("seat03", stacks("seat03"))
    assert fleet.deploy().calls == {}
    assert stacks("seat03") <= fleet.statuses().keys()
