"""One attendee's credentials cannot touch another's things: the shipped policies, enforced."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.support import cloud_contents
from tests.support.local_cloud import Cloud
from tests.support.refusals import refusal
from tests.support.seat_cases import MAY, MAY_NOT
from tests.support.seats import (
    ADA,
    BEN,
    LOGS,
    Case,
    Seats,
    attempt,
    image,
    reading,
    training,
    two_seats,
)

DENIED = {"AccessDenied", "AccessDeniedException"}


def refused(cloud: Cloud, case: Case, region: str = "") -> str:
    """Return the message of a denial."""
    _, code, message = refusal(attempt, cloud, case, region)
    assert code in DENIED, message
    return message


BUCKET = {"Bucket": BEN.bucket("data")}
OPEN = {"Effect": "Allow", "Action": "*", "Resource": "*"}
MODEL = BEN.sagemaker_arn("model", "demo-ben-own")
TOUCHES: dict[str, Case] = {
    f"buckets {BEN.bucket('data')}: bodies": (
        "s3",
        "put_object",
        {**BUCKET, "Key": "own", "Body": b"2"},
    ),
    f"buckets {BEN.bucket('data')}: object tags": (
        "s3",
        "put_object_tagging",
        {**BUCKET, "Key": "own", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    ),
    f"buckets {BEN.bucket('data')}: bucket_policy": ("s3", "delete_bucket_policy", BUCKET),
    f"sagemaker {MODEL}: tags": (
        "sagemaker",
        "add_tags",
        {"ResourceArn": MODEL, "Tags": [{"Key": "a", "Value": "b"}]},
    ),
    f"sagemaker {BEN.sagemaker_arn('transform-job', 'demo-ben-own')}: described": (
        "sagemaker",
        "stop_transform_job",
        {"TransformJobName": "demo-ben-own"},
    ),
    f"images {BEN.repository('training')}/: manifests": image(BEN, "another"),
    f"logs {LOGS}:demo-ben-own/log": (
        "logs",
        "put_log_events",
        {
            "logGroupName": LOGS,
            "logStreamName": "demo-ben-own/log",
            "logEvents": [{"timestamp": int(time.time() * 1000), "message": "another"}],
        },
    ),
    f"readings {LOGS} train:loss Host=demo-ben-own/algo-1": reading(BEN),
    f"identity {BEN.role_arn}: role": (
        "iam",
        "delete_role_permissions_boundary",
        {"RoleName": BEN.role},
    ),
    f"identity {BEN.role_arn}: inline": (
        "iam",
        "put_role_policy",
        {
            "RoleName": BEN.role,
            "PolicyName": "all",
            "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [OPEN]}),
        },
    ),
    f"dashboards {BEN.dashboard}": (
        "cloudwatch",
        "put_dashboard",
        {"DashboardName": BEN.dashboard, "DashboardBody": '{"widgets": []}'},
    ),
    f"stacks {BEN.stack('registry')}: described": (
        "cloudformation",
        "update_termination_protection",
        {"StackName": BEN.stack("registry"), "EnableTerminationProtection": True},
    ),
}
"""What changes, and what the organiser does to ben's things for it: one of each sort."""


@pytest.fixture(scope="module")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(tmp_path_factory.mktemp("seats")) as made:
        yield made


@pytest.mark.parametrize("what", MAY)
def test_ada_may(seats: Seats, what: str) -> None:
    attempt(seats.ada, MAY[what])


@pytest.mark.parametrize("what", MAY_NOT)
def test_ada_may_not(seats: Seats, what: str) -> None:
    refused(seats.ada, MAY_NOT[what])


@pytest.mark.parametrize(
    "case", [MAY["list notebooks"], MAY["list metrics"], MAY["list log groups"], training(ADA)]
)
def test_ada_may_not_in_another_region(seats: Seats, case: Case) -> None:
    assert "with an explicit deny" in refused(seats.ada, case, region="eu-west-1")


def test_what_was_refused_has_changed_nothing_of_anybody(seats: Seats) -> None:
    before = cloud_contents.of_others(seats.root, ADA)
    for case in MAY_NOT.values():
        refused(seats.ada, case)
    assert cloud_contents.changed(before, cloud_contents.of_others(seats.root, ADA)) == set()
    assert len([what for what in before if "ben" in what]) >= 30


def test_a_change_to_what_is_bens_would_be_seen(seats: Seats) -> None:
    before = cloud_contents.of_others(seats.root, ADA)
    for case in TOUCHES.values():
        attempt(seats.root, case)
    changed = cloud_contents.changed(before, cloud_contents.of_others(seats.root, ADA))
    assert changed >= TOUCHES.keys()
