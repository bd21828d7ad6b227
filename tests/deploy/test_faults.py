"""A deployment on a bad day: throttling, failing calls, lost answers, no capacity, stuck stacks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tests.support.faulty import counts
from tests.support.local_cloud import template
from tests.support.notebook_workshop import retries_at_once
from tests.support.small_workshop import QUICK, Fleet
from workshop.aws import clients
from workshop.aws.rate_limit import MinInterval
from workshop.deploy import cloudformation
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.plan import DeployPlan, StackAction, StackPlan
from workshop.deploy.templates import Template

CLOUDFORMATION = "cloudformation:*"
CREATE = "cloudformation:CreateStack"
DESCRIBE = "cloudformation:DescribeStacks"

PASSED = {"effect": "latency", "operation": CREATE, "seconds": 0.001}
"""Behind the other rules it counts the calls that CloudFormation has to answer."""


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    retries_at_once(monkeypatch)


def test_under_throttling_and_server_errors_everything_is_made_once(fleet: Fleet) -> None:
    fleet.write(8)
    fleet.cloud.faults(
        {"effect": "throttle", "operation": CLOUDFORMATION, "probability": 0.3},
        {"effect": "error", "operation": CLOUDFORMATION, "probability": 0.05, "seed": 1},
        PASSED,
    )
    run = fleet.deploy()
    assert set(run.outcomes.values()) == {"done"}
    (_, throttled), (_, failed), (created, _) = counts(fleet.cloud)
    assert throttled > 5
    assert failed > 0
    assert created == 43
    assert run.deployment.throttles > 5


def test_a_call_that_keeps_failing_is_made_again_later(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "MOST_ATTEMPTS", 1)
    fleet.write(1)
    fleet.cloud.faults(
        {"effect": "error", "operation": CREATE, "match": "demo-seat01-storage", "times": 2}, PASSED
    )
    run = fleet.deploy()
    assert run.good
    retried = run.of(DeployStep.RETRY)
    assert [event.stack for event in retried] == ["demo-seat01-storage"] * 2
    assert retried[0].message.startswith("again in 0 s: InternalFailure")
    assert counts(fleet.cloud)[1] == (8, 8)


def test_a_call_that_fails_for_good_is_made_no_more_than_three_times(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "MOST_ATTEMPTS", 1)
    fleet.write(2)
    fleet.cloud.faults({"effect": "error", "operation": CREATE, "match": "demo-seat02-storage"})
    run = fleet.deploy()
    assert run.outcomes == {"cohort": "done", "seat01": "done", "seat02": "failed"}
    assert counts(fleet.cloud)[0] == (3, 3)
    assert run.message("seat02").startswith("demo-seat02-storage: InternalFailure")


def test_a_refused_call_is_not_made_again(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.cloud.faults({"effect": "denied", "operation": CREATE, "match": "demo-seat02-storage"})
    run = fleet.deploy()
    assert run.outcomes["seat02"] == "failed"
    assert run.message("seat02").startswith("demo-seat02-storage: AccessDenied")
    assert counts(fleet.cloud)[0] == (1, 1)


def test_a_stack_whose_answer_was_lost_is_found_and_not_made_again(
    fleet: Fleet,
) -> None:
    def let_go_of_whoever_waits() -> None:
        while "demo-seat01-storage" not in fleet.statuses():
            pass
        fleet.cloud.faults()

    fleet.write(1)
    lost = {"effect": "lost-answer", "operation": CREATE, "match": "demo-seat01-storage"}
    fleet.cloud.faults({**lost, "times": 1})
    with ThreadPoolExecutor(1) as pool:
        letting_go = pool.submit(let_go_of_whoever_waits)
        run = fleet.deploy()
        letting_go.result()
    assert run.good
    (joined,) = run.of(DeployStep.JOINED)
    assert joined.stack == "demo-seat01-storage"
    client = fleet.cloud.client("cloudformation")
    events = client.describe_stack_events(StackName="demo-seat01-storage")["StackEvents"]
    begun = [one for one in events if one.get("ResourceStatusReason") == "User Initiated"]
    assert len(begun) == 1


def test_a_listing_that_fails_in_the_middle_is_asked_for_again(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloudformation, "POLL_ATTEMPTS", 2)
    fleet.write(2)
    plan = fleet.plan()
    fleet.cloud.faults(
        {"effect": "error", "operation": DESCRIBE, "status": 503, "after": 2, "times": 6}
    )
    run = fleet.deploy(plan=plan)
    assert run.good
    retries = [event.message for event in run.of(DeployStep.RETRY)]
    assert len(retries) == 3
    assert all(one.startswith("the stacks could not be listed, asking again: ") for one in retries)
    assert run.calls["CreateStack"] == 13


def test_a_listing_that_may_not_be_read_is_no_empty_one(fleet: Fleet) -> None:
    fleet.write(1)
    plan = fleet.plan()
    fleet.cloud.faults({"effect": "denied", "operation": DESCRIBE})
    run = fleet.deploy(plan=plan)
    assert run.outcomes["cohort"] == "stuck"
    assert run.calls["CreateStack"] == 3
    assert run.stopped == "demo-cohort-start is not as it should be, and every seat needs it"
    assert counts(fleet.cloud) == [(1, 1)]


def test_every_poll_waits_for_its_turn_and_so_does_every_retry_of_one(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []

    class CountedFault(MinInterval):
        def wait(self) -> None:
            turns.append(1)
            super().wait()

    monkeypatch.setattr(cloudformation, "MinInterval", CountedFault)
    fleet.write(3)
    plan = fleet.plan()
    fleet.cloud.faults({"effect": "throttle", "operation": DESCRIBE, "probability": 0.5})
    run = fleet.deploy(plan=plan)
    assert run.good
    ((_, throttled),) = counts(fleet.cloud)
    assert throttled > 1
    assert len(turns) == run.calls["DescribeStacks"]


def test_the_polls_of_an_account_and_region_are_half_a_second_apart_but_for_a_few() -> None:
    assert cloudformation.POLL_SPACING == 0.5
    assert cloudformation.POLL_BURST == 4


FALLBACK = (
    "profiles: {attendee: {notebook: {instance_type: ml.t3.medium,"
    " fallback_instance_types: [ml.t3.large, ml.t3.xlarge]}}}"
)


def types(fleet: Fleet) -> dict[str, str]:
    listed = fleet.cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"]
    return {one["NotebookInstanceName"]: one["InstanceType"] for one in listed}


def test_a_notebook_without_capacity_gets_the_next_type_and_keeps_it(fleet: Fleet) -> None:
    fleet.write(2, FALLBACK)
    fleet.cloud.faults(
        *({"effect": "capacity", "instance_type": f"ml.t3.{size}"} for size in ("medium", "large"))
    )
    run = fleet.deploy()
    assert run.good
    assert set(types(fleet).values()) == {"ml.t3.xlarge"}
    fallbacks = [event for event in run.of(DeployStep.FALLBACK) if event.seat == "seat01"]
    assert [event.message for event in fallbacks] == [
        "AWS has no ml.t3.medium to give now; asking for ml.t3.large",
        "AWS has no ml.t3.large to give now; asking for ml.t3.xlarge",
    ]
    refused = [event for event in run.of(DeployStep.FAILING) if event.seat == "seat01"]
    assert "Insufficient notebook instance capacity" in refused[0].message
    assert run.calls["CreateStack"] == 13 + 4
    assert run.calls["DeleteStack"] == 4

    fleet.cloud.faults()
    assert {seat.action for seat in fleet.plan().seats} == {StackAction.UNCHANGED}
    assert fleet.deploy().calls == {}
    fleet.write(2, FALLBACK, "tags: {mark: '1'}")
    again = fleet.deploy()
    assert again.good
    assert set(types(fleet).values()) == {"ml.t3.xlarge"}


def test_without_any_capacity_the_seat_fails_and_says_so(fleet: Fleet) -> None:
    fleet.write(2, roster="roster: {file: people.csv}")
    rows = "id,instance_type\nada,\nalan,ml.t3.large\n"
    (fleet.config / "people.csv").write_text(rows)
    fleet.cloud.faults({"effect": "capacity", "instance_type": "ml.t3.large"})
    run = fleet.deploy()
    assert run.outcomes == {"cohort": "done", "ada": "done", "alan": "failed"}
    assert run.message("alan").startswith("demo-alan-notebook: notebook: ")
    assert "Insufficient notebook instance capacity" in run.message("alan")
    assert len(run.of(DeployStep.RETRY)) == QUICK.attempts - 1
    assert types(fleet).keys() == {"demo-ada-notebook"}


def test_a_stack_that_does_not_end_is_given_up_and_the_others_are_not(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.cloud.faults(
        {"effect": "stuck", "noun": "NotebookInstance", "name": "demo-seat02-*"}
        | {"status": "Pending"}
    )
    plan = fleet.plan()
    made: list[str] = []

    def clock() -> float:
        """An hour later once every other stack is there."""
        return time.monotonic() + (3600 if len(made) == len(list(plan.stacks)) - 1 else 0)

    def hear(event: DeployEvent) -> None:
        if event.what == DeployStep.DONE:
            made.append(event.stack)

    run = fleet.deploy(plan=plan, hear=hear, clock=clock)
    assert run.outcomes == {
        "cohort": "done",
        "seat01": "done",
        "seat02": "stuck",
        "seat03": "done",
    }
    assert run.message("seat02") == (
        "demo-seat02-notebook: still in progress after 10 minutes; CloudFormation goes on, run"
        " the command again later"
    )
    plan = fleet.plan()
    assert {seat.seat: seat.action for seat in plan.seats}["seat02"] == StackAction.WAIT

    def unstick(event: DeployEvent) -> None:
        if event.what == DeployStep.JOINED:
            fleet.cloud.faults()

    again = fleet.deploy(hear=unstick)
    assert again.good
    assert set(again.calls) == {"DescribeStacks"}
    assert [event.stack for event in again.of(DeployStep.JOINED)] == ["demo-seat02-notebook"]


def test_the_root_cause_is_told_while_the_rest_is_still_being_taken_back(fleet: Fleet) -> None:
    fleet.write(1)
    fleet.take("seat01")
    document = template(
        {
            "Notebook": {
                "Type": "AWS::SageMaker::NotebookInstance",
                "Properties": {
                    "NotebookInstanceName": "slow",
                    "InstanceType": "ml.t3.medium",
                    "PlatformIdentifier": "notebook-al2023-v1",
                    "RoleArn": fleet.cloud.role(),
                },
            },
            "Taken": {
                "Type": "AWS::ECR::Repository",
                "DependsOn": "Notebook",
                "Properties": {"RepositoryName": "demo/seat01/training"},
            },
        }
    )
    fleet.cloud.faults({"effect": "stuck", "noun": "NotebookInstance", "status": "Deleting"})
    seen: list[tuple[str, str]] = []

    def watch(event: DeployEvent) -> None:
        if event.what == DeployStep.FAILING:
            seen.append((event.message, fleet.statuses()["demo-seat01-registry"]))
            fleet.cloud.faults()

    run = fleet.deploy(plan=with_template(fleet.plan(), "registry", document), hear=watch)
    ((message, status),) = seen
    assert message.startswith("repository: Resource of type 'AWS::ECR::Repository'")
    assert status == "ROLLBACK_IN_PROGRESS"
    assert run.outcomes == {"cohort": "done", "seat01": "failed"}
    told_of = [event.what for event in run.events if event.stack == "demo-seat01-registry"]
    assert told_of == [DeployStep.BEGUN, DeployStep.FAILING, DeployStep.FAILED]


def with_template(plan: DeployPlan, kind: str, body: str) -> DeployPlan:
    """The plan with another template for one kind of stack."""

    def other(stack: StackPlan) -> StackPlan:
        if stack.desired.kind != kind:
            return stack
        return replace(stack, desired=replace(stack.desired, templates=(Template(body, "other"),)))

    seats = tuple(
        replace(seat, stacks=tuple(other(stack) for stack in seat.stacks)) for seat in plan.seats
    )
    return replace(plan, seats=seats)
