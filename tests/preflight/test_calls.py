"""The permissions that a preflight asks for are those of what the commands then call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.small_workshop import Fleet
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.cli import context
from workshop.notebooks import start_stop
from workshop.preflight import called_actions, permissions

PREFIXES = {"resourcegroupstaggingapi": "tag"}
"""What IAM calls a service, where that is not what botocore calls it."""

IAM_NAMES = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
}
"""What IAM calls an operation, where that is not its name."""

OF_PREFLIGHT = {
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeRegions",
    "iam:GetAccountSummary",
    "s3:ListBucket",
    "service-quotas:ListServiceQuotas",
    "sts:GetCallerIdentity",
}
"""What it asks for itself, and has a check of its own for."""


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The actions, as IAM names them, of all that commands call from now on."""
    noted: set[str] = set()

    def note(model: Any, **_: object) -> None:
        service = model.service_model.service_name
        noted.add(f"{PREFIXES.get(service, service)}:{model.name}")

    class Noting(Clients):
        def client(
            self, service: str, account_region: AccountRegion, *, attempts: int | None = None
        ) -> Any:
            made = super().client(service, account_region, attempts=attempts)
            made.meta.events.register("before-call", note, unique_id="noted")
            return made

    monkeypatch.setattr(context, "Clients", Noting)
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    return noted


def test_whatever_the_fleets_commands_call_is_asked_for(fleet: Fleet, called: set[str]) -> None:
    fleet.write(2)
    fleet.take("seat02")
    others = fleet.cloud.client("s3", account="111122223333")
    others.create_bucket(Bucket="demo-seat01-data-000000000000-us-east-1")
    fleet.cloud.faults({"effect": "denied", "operation": "s3:HeadBucket", "times": 5})
    assert fleet.run("deploy", "--accept-unknown", "bucket names").code == 1
    fleet.free("seat02")
    others.delete_bucket(Bucket="demo-seat01-data-000000000000-us-east-1")
    larger = "profiles: {attendee: {notebook: {instance_type: ml.t3.large}}}"
    fleet.write(2, larger, "cohort: {termination_protection: true}")
    assert fleet.run("deploy").code == 0
    for command in ("stop", "start", "status", "handout"):
        assert fleet.run(command).code == 0, command
    assert {
        "cloudformation:DeleteStack",
        "cloudformation:DescribeEvents",
        "cloudformation:DescribeStackEvents",
        "cloudformation:GetTemplate",
        "cloudformation:UpdateStack",
        "cloudformation:UpdateTerminationProtection",
        "logs:DescribeLogStreams",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        "sagemaker:StartNotebookInstance",
    } <= called
    asked = {action for actions in called_actions.ACTIONS.values() for action in actions}
    asked |= {*permissions.reads()[1], *called_actions.OF_WORK}
    called = {IAM_NAMES.get(one, one) for one in called}
    assert called - asked == OF_PREFLIGHT & called
