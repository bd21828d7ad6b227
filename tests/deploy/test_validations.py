"""What CloudFormation's early validation refused is told, though the rollback came after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.deploy.cloudformation import CloudFormation

STACK = "arn:aws:cloudformation:eu-west-1:111122223333:stack/demo-cohort/1"
TOLD = "Validation failed with 1 error(s). Call DescribeEvents to retrieve the full list."
TAKEN = "Resource of type 'AWS::S3::Bucket' with identifier 'demo' already exists."
FAILED = {
    "EventType": "VALIDATION_ERROR",
    "OperationId": "made",
    "ResourceType": "AWS::S3::Bucket",
    "Timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    "ValidationStatusReason": TAKEN,
}


class Answers:
    """CloudFormation, which tells of the rollback alone where it is asked by the stack's name."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self.events = events

    def client(self, *_: object, **__: object) -> Answers:
        return self

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - as boto3 has it
        last = [("ROLLBACK", "back"), ("CREATE_STACK", "made"), ("CREATE_CHANGESET", "older")]
        named = [{"OperationType": kind, "OperationId": one} for kind, one in last]
        return {"Stacks": [{"StackId": StackName, "LastOperations": named}]}

    def get_paginator(self, operation: str) -> Any:
        answers = self

        class Pages:
            def paginate(self, **request: Any) -> Any:
                if operation == "describe_stack_events":
                    return [{"StackEvents": answers.events}]
                return [
                    {"OperationEvents": [FAILED] if request.get("OperationId") == "made" else []}
                ]

        return Pages()


def event(status: str, reason: str, **more: str) -> dict[str, Any]:
    own = {
        "StackId": STACK,
        "PhysicalResourceId": STACK,
        "ResourceType": "AWS::CloudFormation::Stack",
    }
    return {**own, "ResourceStatus": status, "ResourceStatusReason": reason, **more}


@pytest.mark.parametrize(
    "events",
    [
        [event("ROLLBACK_IN_PROGRESS", ""), event("CREATE_FAILED", TOLD, OperationId="made")],
        [event("ROLLBACK_IN_PROGRESS", ""), event("CREATE_FAILED", TOLD)],
        [event("ROLLBACK_IN_PROGRESS", f"{TOLD} Rollback requested by user.")],
    ],
)
def test_the_failed_operation_is_asked_for_wherever_its_id_stands(
    events: list[dict[str, Any]],
) -> None:
    clients = cast("Clients", Answers(events))
    aws = CloudFormation(clients, AccountRegion("111122223333", "eu-west-1"))
    assert aws.cause(STACK).message == TAKEN
