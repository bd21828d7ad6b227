"""Why a stack failed: the first failure of its last operation, and what it calls for."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from workshop.deploy import failures
from workshop.deploy.failures import Cause, FailureClass

STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/demo-seat1-storage/1"


def event(resource: str, status: str, reason: str = "", **more: Any) -> dict[str, Any]:
    """One event; without a resource it is about the stack itself."""
    message = {
        "StackId": STACK,
        "LogicalResourceId": resource or "demo-seat1-storage",
        "PhysicalResourceId": "" if resource else STACK,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }
    return {**message, **more}


def root(*oldest_first: dict[str, Any]) -> Cause | None:
    return failures.root(reversed(oldest_first))


CREATION = (
    event("", "CREATE_IN_PROGRESS", "User Initiated"),
    event("Bucket", "CREATE_IN_PROGRESS"),
    event("Policy", "CREATE_IN_PROGRESS"),
    event("Bucket", "CREATE_FAILED", "bucket-name already exists"),
    event("Policy", "CREATE_FAILED", "Resource creation cancelled"),
    event("", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Bucket]."),
    event("Bucket", "DELETE_COMPLETE"),
)


def test_the_root_is_the_earliest_failure_and_not_what_it_cancelled() -> None:
    found = root(*CREATION)
    assert found == Cause(FailureClass.PERMANENT, "bucket-name already exists", "Bucket")
    assert str(found) == "Bucket: bucket-name already exists"
    before = root(*CREATION[:2], event("Early", "CREATE_FAILED", "first"), *CREATION[2:])
    assert before == Cause(FailureClass.PERMANENT, "first", "Early")


def test_a_creation_that_was_deleted_again_tells_why_it_failed() -> None:
    deleted = (event("", "DELETE_IN_PROGRESS"), event("", "DELETE_COMPLETE"))
    assert root(*CREATION, *deleted) == root(*CREATION)
    kept = (event("", "DELETE_IN_PROGRESS"), event("Bucket", "DELETE_FAILED", "it is not empty"))
    found = root(*CREATION, *kept)
    assert found is not None
    assert found.message == "it is not empty"


@pytest.mark.parametrize(
    "reason",
    ["Resource creation cancelled", "Resource update cancelled", "Resource deletion canceled."],
)
def test_what_was_only_cancelled_is_no_cause(reason: str) -> None:
    assert root(CREATION[0], event("Policy", "CREATE_FAILED", reason)) is None


def test_a_failure_that_speaks_of_something_cancelled_is_a_cause_all_the_same() -> None:
    found = root(CREATION[0], event("Job", "CREATE_FAILED", "the order was cancelled by its owner"))
    assert found is not None
    assert found.resource == "Job"


def test_as_long_as_nothing_has_failed_there_is_no_cause() -> None:
    assert root() is None
    assert root(*CREATION[:3]) is None


def test_an_earlier_operation_does_not_count() -> None:
    again = (
        event("", "UPDATE_IN_PROGRESS", "User Initiated"),
        event("Role", "UPDATE_FAILED", "the new failure"),
        event("", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed: [Role]."),
    )
    found = root(*CREATION, event("", "ROLLBACK_COMPLETE"), *again)
    assert found == Cause(FailureClass.PERMANENT, "the new failure", "Role")
    assert root(*CREATION, again[0]) is None
    deleting = event("", "DELETE_IN_PROGRESS", "User Initiated")
    left = event("Bucket", "DELETE_FAILED", "not empty")
    assert root(*CREATION, deleting, left) == Cause(FailureClass.PERMANENT, "not empty", "Bucket")


def test_a_reason_that_stands_on_the_rollback_alone_is_found_there() -> None:
    # https://github.com/rancher/kontainer-engine/issues/103
    found = root(
        event("", "CREATE_IN_PROGRESS", "User Initiated"),
        event("", "ROLLBACK_IN_PROGRESS", "[no attribute Arm] Rollback requested by user."),
        event("", "ROLLBACK_COMPLETE"),
    )
    assert found == Cause(FailureClass.PERMANENT, "[no attribute Arm] Rollback requested by user.")


def test_the_end_of_a_rollback_is_no_beginning_that_hides_why_it_was_rolled_back() -> None:
    found = root(
        event("", "UPDATE_IN_PROGRESS", "User Initiated"),
        event("Bucket", "UPDATE_FAILED", "no such key"),
        event("", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update:"),
        event("", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
        event("", "UPDATE_ROLLBACK_COMPLETE"),
    )
    assert found == Cause(FailureClass.PERMANENT, "no such key", "Bucket")


def test_no_more_events_are_read_than_those_of_the_last_operation() -> None:
    read: list[str] = []

    def newest_first() -> Any:
        for one in reversed((event("Old", "CREATE_FAILED", "old"), *CREATION)):
            read.append(one["ResourceStatus"])
            yield one

    failures.root(newest_first())
    assert len(read) == len(CREATION)


def test_a_failure_of_the_stack_itself_names_no_resource() -> None:
    found = root(CREATION[0], event("", "CREATE_FAILED", "the hook refused"))
    assert found == Cause(FailureClass.PERMANENT, "the hook refused", "")
    assert str(found) == "the hook refused"
    unnamed = event("Bucket", "CREATE_FAILED", "no id yet")
    del unnamed["PhysicalResourceId"]
    assert root(CREATION[0], unnamed) == Cause(FailureClass.PERMANENT, "no id yet", "Bucket")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            "Rate exceeded (Service: AmazonIdentityManagement; Status Code: 400)",
            FailureClass.TRANSIENT,
        ),
        ("Throttling: too fast", FailureClass.TRANSIENT),
        ("Internal Failure", FailureClass.TRANSIENT),
        ("InternalServerError", FailureClass.TRANSIENT),
        ("Please try again later", FailureClass.TRANSIENT),
        ("Exceeded attempts to wait (HandlerErrorCode: NotStabilized)", FailureClass.TRANSIENT),
        (
            "We are busy (Service: SageMaker, Status Code: 503, Request ID: 1)",
            FailureClass.TRANSIENT,
        ),
        ("The operation timed out", FailureClass.TRANSIENT),
        ("Could not assume role arn:aws:iam::1:role/x. Please ensure ...", FailureClass.TRANSIENT),
        ("Invalid principal in policy", FailureClass.TRANSIENT),
        (
            "CapacityError: Unable to provision requested ML compute capacity due to"
            " InsufficientInstanceCapacity error. Please retry using a different ML instance type",
            FailureClass.CAPACITY,
        ),
        ("CapacityError: nothing there", FailureClass.CAPACITY),
        ("Insufficient capacity", FailureClass.CAPACITY),
        (
            "We currently do not have sufficient g5.xlarge capacity in zones with support for 'gp3'"
            " volumes. Our system will be working on provisioning additional capacity.",
            FailureClass.CAPACITY,
        ),
        (
            "Your requested instance type (g5.xlarge) is not supported in your requested"
            " Availability Zone (us-east-1e). Please retry your request by not specifying an"
            " Availability Zone or choosing us-east-1a.",
            FailureClass.CAPACITY,
        ),
        ("No default subnet for availability zone: 'us-east-1e'.", FailureClass.CAPACITY),
        (
            "You have requested more vCPU capacity than your current vCPU limit of 64 allows for"
            " the instance bucket that the specified instance type belongs to.",
            FailureClass.LIMIT,
        ),
        # https://github.com/aws/amazon-sagemaker-examples/issues/207
        (
            "Insufficient notebook instance capacity. Retry later or with a different instance"
            " type.",
            FailureClass.CAPACITY,
        ),
        (
            "Resource of type 'AWS::S3::Bucket' already exists. (AlreadyExists)",
            FailureClass.PERMANENT,
        ),
        ("User: x is not authorized to perform: iam:CreateRole", FailureClass.PERMANENT),
        ("The account-level service limit 'ml.t3.medium' is 0 Instances", FailureClass.PERMANENT),
        ("(Service: SageMaker, Status Code: 400, Request ID: 5030)", FailureClass.PERMANENT),
        *[
            (f"no (HandlerErrorCode: {code})", FailureClass.TRANSIENT)
            for code in (
                "NetworkFailure",
                "ResourceConflict",
                "ServiceInternalError",
                "ServiceTimeout",
                "Throttling",
            )
        ],
        *[
            (f"no (HandlerErrorCode: {code})", FailureClass.PERMANENT)
            for code in (
                "AccessDenied",
                "AlreadyExists",
                "GeneralServiceException",
                "InvalidCredentials",
                "InvalidRequest",
                "NotFound",
                "NotUpdatable",
                "ServiceLimitExceeded",
                "UnauthorizedTaggingOperation",
            )
        ],
        # A role whose policies have to go first, which the handler calls a conflict.
        (
            "Cannot delete entity, must detach all policies first. (HandlerErrorCode:"
            " ResourceConflict)",
            FailureClass.PERMANENT,
        ),
    ],
)
def test_a_reason_calls_for_another_attempt_another_type_or_neither(
    message: str, kind: FailureClass
) -> None:
    assert failures.of_text(message) == Cause(kind, message)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("Throttling", 400, FailureClass.TRANSIENT),
        ("ThrottlingException", 429, FailureClass.TRANSIENT),
        ("RequestLimitExceeded", 503, FailureClass.TRANSIENT),
        ("InternalFailure", 500, FailureClass.TRANSIENT),
        ("ServiceUnavailable", 503, FailureClass.TRANSIENT),
        ("AccessDenied", 403, FailureClass.PERMANENT),
        ("ValidationError", 400, FailureClass.PERMANENT),
        # The quota of stacks, which botocore takes for too many calls.
        ("LimitExceededException", 400, FailureClass.PERMANENT),
    ],
)
def test_a_refused_call_is_tried_again_only_where_it_may_go_well(
    code: str, status: int, kind: FailureClass
) -> None:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    assert failures.of_error(ClientError(answer, "CreateStack")) == Cause(kind, f"{code}: no")
