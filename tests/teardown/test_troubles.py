"""What goes wrong at the end of a day: each time both invariants hold."""

from __future__ import annotations

import json

import pytest

from tests.support import attendee_resources as pieces
from tests.support.local_cloud import TRUST, Cloud
from tests.support.teardown_runs import clients_at, proving, teardown
from tests.support.teardown_workshop import Site, busy, small
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.plan import Choices


def test_throttling_of_everything_only_takes_longer(cloud: Cloud) -> None:
    room = busy(cloud)
    rules = [
        {"effect": "throttle", "operation": "*", "probability": 0.25, "seed": 3},
        {"effect": "error", "operation": "*", "probability": 0.05, "seed": 4, "status": 503},
    ]
    proving(
        teardown(room, clients=clients_at(cloud.endpoint), planned=lambda: cloud.faults(*rules))
    )


@pytest.mark.parametrize(
    ("operation", "resource_type", "needs_role"),
    [
        ("sagemaker:ListEndpoints", "endpoint", True),
        ("s3:ListBuckets", "bucket", False),
        pytest.param("logs:DescribeLogGroups", "log stream", False, marks=pytest.mark.long),
        pytest.param("glue:GetTables", "feature table", False, marks=pytest.mark.long),
        ("cloudformation:DescribeStacks", "stack", True),
        ("iam:ListRoles", "role", True),
        pytest.param("tagging:GetResources", "tag", False, marks=pytest.mark.long),
    ],
)
def test_a_kind_whose_listing_is_denied_is_unknown_and_keeps_the_role_only_if_that_is_needed(
    cloud: Cloud, operation: str, resource_type: str, *, needs_role: bool
) -> None:
    room = small(cloud)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.training, pieces.endpoint, pieces.experiments, pieces.packages):
        make(ada)
    operation = operation.replace("tagging:", "resourcegroupstaggingapi:")
    denied = {"effect": "denied", "operation": operation}
    run = teardown(room, planned=lambda: cloud.faults(denied))
    run.check()
    assert run.code == 4
    assert resource_type in run.unknown
    assert run.report is not None
    assert not any(
        one.resource.resource_type == resource_type
        for one in run.report.of(DeletionOutcome.DELETED)
    )
    assert ("Role demo-ada-us-east-1-execution" in run.after) == needs_role
    proving(teardown(room))


@pytest.mark.parametrize(
    ("effect", "operation"),
    [
        ("denied", "sagemaker:Describe*"),
        pytest.param("error", "sagemaker:Delete*", marks=pytest.mark.long),
        pytest.param("denied", "s3:DeleteObjects", marks=pytest.mark.long),
        ("denied", "iam:AttachRolePolicy"),
        ("error", "cloudformation:DeleteStack"),
    ],
)
def test_what_is_refused_for_good_is_told_and_done_when_it_can_be(
    cloud: Cloud, operation: str, effect: str
) -> None:
    room = small(cloud)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.data, pieces.training, pieces.endpoint):
        make(ada)
    rule = {"effect": effect, "operation": operation}
    run = teardown(room, planned=lambda: cloud.faults(rule), deadline=60)
    run.check()
    harmless = operation.startswith("iam:")
    assert (run.code == 0) == (harmless and run.left == set())
    proving(teardown(room))


def test_stacks_that_nobody_may_look_into_are_unknown(cloud: Cloud) -> None:
    room = busy(cloud)
    # From before the plan: what a stack holds is read once, for as long as it is not changed.
    cloud.faults({"effect": "denied", "operation": "cloudformation:ListStackResources"})
    run = teardown(room, deadline=60)
    run.check()
    assert (run.code, run.unknown) == (4, {"stack resource"})
    assert "Role demo-ada-us-east-1-execution" in run.after
    proving(teardown(room))


def test_a_job_that_never_stops_is_stuck_and_keeps_its_role(cloud: Cloud) -> None:
    room = busy(cloud)
    stuck = {"effect": "stuck", "noun": "TrainingJob", "name": "mine-fit", "status": "Stopping"}
    run = teardown(room, planned=lambda: cloud.faults(stuck), deadline=60)
    run.check()
    assert run.code == 4
    assert "mine-fit" in run.ended(DeletionOutcome.STUCK)
    assert {"Role demo-ada-us-east-1-execution", "Stack demo-cohort"} <= run.after.keys()
    assert run.report is not None
    assert run.report.cost.usd > 0
    cloud.advance(60)
    proving(teardown(room))


def test_keys_that_may_not_be_deleted_are_told_and_keep_their_bucket(cloud: Cloud) -> None:
    room = busy(cloud)
    kept = {"effect": "keys", "match": "train/*", "code": "AccessDenied"}
    run = teardown(room, planned=lambda: cloud.faults(kept))
    run.check()
    assert run.code == 4
    bucket = room.names("ada").bucket("data")
    assert bucket in run.ended(DeletionOutcome.STUCK)
    assert run.report is not None
    told = {one.resource.id: one.message for one in run.report.of(DeletionOutcome.STUCK)}
    assert "train/labels.csv (AccessDenied" in told[bucket]
    proving(teardown(room))


def test_what_was_left_behind_goes_once_it_can(cloud: Cloud) -> None:
    room = small(cloud)
    pieces.data(room.attendee("ada"))
    kept = {"effect": "keys", "match": "train/*", "code": "AccessDenied"}
    run = teardown(room, planned=lambda: cloud.faults(kept), choices=Choices(abandon=True))
    run.check()
    assert run.code == 4
    assert run.ended(DeletionOutcome.ABANDONED) == {room.names("ada").bucket("data")}
    assert "Stack demo-cohort" not in run.after
    # No stack holds it any more; the tag that CloudFormation wrote is proof all the same.
    proving(teardown(room))


def test_an_endpoint_whose_role_was_deleted_by_hand_is_not_called_gone(cloud: Cloud) -> None:
    room = small(cloud)
    ada = room.attendee("ada")
    pieces.training(ada)
    pieces.experiments(ada)
    pieces.endpoint(ada)
    _delete_role(room)
    run = teardown(room, deadline=60)
    run.check()
    assert run.code == 4
    assert any(what == "Endpoint demo-ada-serve" for what in run.left)
    assert run.report is not None
    assert [one.resource.resource_type for one in run.report.of(DeletionOutcome.STUCK)].count(
        "endpoint"
    ) == 1
    # Once a role of that name is there again, all of it can go.
    cloud.client("iam").create_role(
        RoleName=ada.names.role,
        Path=ada.names.iam_path,
        AssumeRolePolicyDocument=json.dumps(TRUST),
    )
    cloud.advance(60)
    proving(teardown(room))


def test_things_of_a_role_that_was_deleted_by_hand_are_proven_all_the_same(cloud: Cloud) -> None:
    room = small(cloud)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.training, pieces.experiments, pieces.packages, pieces.notebook):
        make(ada)
    _delete_role(room)
    proving(teardown(room))


def _delete_role(room: Site) -> None:
    client, name = room.cloud.client("iam"), room.names("ada").role
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    for one in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    client.delete_role(RoleName=name)
