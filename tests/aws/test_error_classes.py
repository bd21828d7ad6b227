"""What AWS answers beside what was recorded: each class of errors holds, whichever service says it.

Codes are those of service models, texts those that AWS gives or documents.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from workshop.aws import errors, retries
from workshop.deploy import cloudformation
from workshop.deploy.cloudformation import Answer
from workshop.deploy.failures import FailureClass, of_text

ARN = "arn:aws:sagemaker:eu-west-1:111122223333"
STACK = "Stack:arn:aws:cloudformation:eu-west-1:111122223333:stack/demo-ada-storage/1"
USER = "User: arn:aws:iam::111122223333:user/olga is not authorized to perform: "

ANSWERS = [
    # There is none, or no more.
    ("gone", "ValidationException", 400, "No workforce found for this account"),
    ("gone", "ValidationException", 400, "No device with name camera was found"),
    ("gone", "ValidationException", 400, "No devicefleet with name yard exists"),
    ("gone", "ValidationException", 400, f"Hub content {ARN}:hub-content/x cannot be found"),
    ("gone", "InvalidInstanceID.NotFound", 400, "The instance ID 'i-1' does not exist"),
    ("gone", "InvalidNetworkInterfaceID.NotFound", 400, "The networkInterface ID does not exist"),
    ("gone", "ObjectNotFoundException", 400, "No scalable target registered for service"),
    ("gone", "EntityNotFoundException", 400, "Table houses not found."),
    ("gone", "ParameterNotFound", 400, ""),
    ("gone", "StackNotFoundException", 404, ""),
    # It is there: without a part, or with a key that is gone.
    ("refused", "KMS.NotFoundException", 400, "Key 'arn:aws:kms:…:key/1' does not exist"),
    ("refused", "KmsKeyNotFoundException", 400, ""),
    ("refused", "NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"),
    ("refused", "NoSuchObjectLockConfiguration", 404, ""),
    ("refused", "NoSuchAccessPointPolicy", 404, ""),
    ("refused", "RegistryPolicyNotFoundException", 400, ""),
    ("refused", "LifecyclePolicyPreviewNotFoundException", 400, ""),
    ("refused", "ScanNotFoundException", 400, ""),
    # The caller may not.
    ("denied", "UnauthorizedException", 401, "Session token not found or invalid"),
    ("denied", "ForbiddenException", 403, "No access"),
    ("denied", "UnauthorizedAccess", 400, ""),
    ("denied", "NotAuthorizedException", 400, ""),
    ("denied", "DependencyAccessDeniedException", 400, ""),
    ("denied", "KMSAccessDeniedException", 400, ""),
    ("denied", "BlockedByOrganizationPolicyException", 400, ""),
    ("denied", "AccountProblem", 403, ""),
    ("denied", "ValidationException", 400, USER + "iam:PassRole on resource: …"),
    ("denied", "ValidationError", 400, USER + "sts:AssumeRole with an explicit deny"),
    ("denied", "401", 401, "Unauthorized"),
    # The same call may go well later.
    ("passing", "ServiceUnavailable", 400, ""),
    ("passing", "ServiceUnavailableException", 400, ""),
    ("passing", "InternalServiceErrorException", 500, ""),
    ("passing", "InternalServerException", 400, ""),
    ("passing", "InternalFailure", 400, ""),
    ("passing", "ServerException", 400, ""),
    ("passing", "ServiceFailure", 500, ""),
    ("passing", "KMSInternalException", 400, ""),
    ("passing", "SlowDown", 503, "Please reduce your request rate."),
    ("passing", "RequestTimeout", 400, "Your socket connection to the server was not read"),
    ("passing", "RequestLimitExceeded", 503, "Request limit exceeded."),
    ("passing", "ThrottledException", 400, ""),
    ("passing", "Unknown", 429, ""),
    ("passing", "502", 502, "Bad Gateway"),
    ("overlapping", "ConcurrentUpdateException", 400, ""),
    ("overlapping", "ConcurrentModificationException", 400, ""),
    ("overlapping", "ConditionalRequestConflict", 409, ""),
    ("overlapping", "EntityTemporarilyUnmodifiable", 409, ""),
    ("overlapping", "OperationInProgressException", 409, ""),
    ("overlapping", "ResourceConflictException", 409, "An update is in progress for resource: …"),
    ("overlapping", "ConflictException", 400, "Concurrent operation on the experiment. Try again"),
    # The service, or the Region, does not have the operation.
    ("not offered", "InvalidAction", 400, "The action X is not valid for this web service."),
    (
        *("not offered", "ValidationException", 400),
        "This operation is not supported in the called region.",
    ),
    # It hangs on the state of what was asked about, or on what was asked.
    ("refused", "ConflictException", 409, "Schedule nightly already exists."),
    ("refused", "ResourceInUse", 400, "Unable to delete the domain: it has user profiles"),
    ("refused", "InvalidObjectState", 403, "The operation is not valid for the storage class"),
    ("refused", "NotImplemented", 501, "A header you provided implies functionality"),
    ("refused", "DeleteConflict", 409, "Cannot delete entity, must detach all policies first."),
    ("refused", "ExpiredNextTokenException", 400, ""),
]


def answer(code: str, status: int, message: str) -> ClientError:
    parsed: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(parsed, "UpdateStack")


def judgement(error: ClientError) -> str:
    judges = {
        "gone": errors.is_gone,
        "denied": errors.is_denied,
        "not offered": errors.is_not_offered,
        "passing": errors.is_passing,
    }
    [said] = [name for name, judge in judges.items() if judge(error)] or ["refused"]
    again = retries.wait(3, 1, (None, error.response)) is not None
    return "overlapping" if said == "passing" and again else said


@pytest.mark.parametrize(("expected", "code", "status", "message"), ANSWERS)
def test_an_answer_is_of_one_class_alone(
    expected: str, code: str, status: int, message: str
) -> None:
    assert judgement(answer(code, status, message)) == expected


NOTEBOOK = f"Unable to transition to (Stopping) for Notebook Instance ({ARN}:notebook-instance/nb)"


@pytest.mark.parametrize(
    ("code", "message", "hangs"),
    [
        (
            "ValidationException",
            f"Status (Stopping) not in ([InService]). {NOTEBOOK}",
            True,
        ),
        ("ValidationException", "The job is in status Stopping, not in a terminal state", True),
        ("ConflictException", "Tracking Server is currently in status CREATING, can't be", True),
        ("ValidationException", "Could not find a job that is in status Completed", False),
        ("ConflictException", "Schedule nightly already exists.", False),
        ("ResourceInUse", "Unable to delete the domain: it has user profiles", False),
        ("AccessDeniedException", f"{USER}sagemaker:Stop in the state it is in", False),
    ],
)
def test_a_refusal_for_the_status_is_told_from_all_others(
    code: str, message: str, *, hangs: bool
) -> None:
    assert errors.hangs_on_status(answer(code, 400, message)) is hangs


STATES = [
    f"{STACK} is in UPDATE_ROLLBACK_FAILED state and can not be updated.",
    f"{STACK} is in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS state and can not be updated.",
    f"{STACK} is in REVIEW_IN_PROGRESS state and can not be updated.",
    f"{STACK} is in IMPORT_ROLLBACK_FAILED state and can not be updated.",
    "Stack [demo-ada] cannot be deleted while in status ROLLBACK_IN_PROGRESS",
    "Stack cannot be updated when status is: DELETE_FAILED",
    "RollbackStack cannot be called from current stack status",
    "Stack [demo-ada-storage] does not exist",
]


@pytest.mark.parametrize("message", STATES)
@pytest.mark.parametrize("code", ["ValidationError", "ValidationException"])
def test_a_refusal_that_names_a_state_is_of_a_stack_that_was_overtaken(
    code: str, message: str
) -> None:
    assert cloudformation._refusal(answer(code, 400, message)).answer == Answer.OVERTAKEN


@pytest.mark.parametrize(
    "message",
    [
        "Template format error: Unresolved resource dependencies [Bucket] in the Resources block",
        "Stack [demo] cannot be deleted while TerminationProtection is enabled",
        "Role arn:aws:iam::111122223333:role/x is invalid or cannot be assumed",
        "1 validation error detected: Value 'x' at 'stackName' failed to satisfy constraint",
    ],
)
def test_a_refusal_of_the_request_is_told_as_it_is(message: str) -> None:
    assert cloudformation._refusal(answer("ValidationError", 400, message)).answer == Answer.REFUSED


def handler(message: str, code: str) -> str:
    token = f"(RequestToken: 1, HandlerErrorCode: {code})"
    return f'Resource handler returned message: "{message}" {token}'


def older(message: str, code: str, status: int = 400) -> str:
    where = f"Service: AmazonSageMaker; Status Code: {status}"
    return f"{message} ({where}; Error Code: {code}; Request ID: 1)"


REASONS = [
    # Another try may mend it.
    ("transient", handler("Exceeded attempts to wait", "NotStabilized")),
    ("transient", handler("Rate exceeded (Service: Iam, Status Code: 400)", "Throttling")),
    ("transient", handler("Something is wrong", "InternalFailure")),
    ("transient", handler("Something is wrong", "HandlerInternalFailure")),
    ("transient", handler("Something is wrong", "NetworkFailure")),
    ("transient", handler("Request limit exceeded.", "GeneralServiceException")),
    ("transient", handler("Policy has one or more invalid principals", "InvalidRequest")),
    ("transient", older("Request limit exceeded.", "RequestLimitExceeded", 503)),
    ("transient", older("Too many", "TooManyRequestsException", 429)),
    ("transient", older("Fault", "InternalServerException", 500)),
    ("transient", older("Cannot now", "ConcurrentModification", 409)),
    ("transient", "An error occurred (OperationAborted) when calling the CreateBucket operation"),
    ("transient", "Template validation error: Internal Failure"),
    # AWS has none of the instance type.
    ("capacity", "Unable to provision requested ML compute capacity. Please retry"),
    ("capacity", "CapacityError: no"),
    ("capacity", older("We currently do not have sufficient g4dn.xlarge capacity", "X", 500)),
    ("capacity", "Please retry using a different ML instance type or after some time."),
    ("capacity", handler("Insufficient notebook instance capacity. Retry", "NotStabilized")),
    # No other try mends it, whatever words its names hold.
    ("permanent", handler("demo-throttle-data already exists", "AlreadyExists")),
    ("permanent", handler("Access denied for timeout-operator", "AccessDenied")),
    ("permanent", handler("The maximum is reached. Please try fewer", "ServiceLimitExceeded")),
    ("permanent", handler("No tags. Please retry", "UnauthorizedTaggingOperation")),
    ("permanent", handler("Too many buckets", "GeneralServiceException")),
    ("permanent", handler("cannot delete, must detach all policies", "ResourceConflict")),
    ("permanent", "demo/throttler/training already exists in stack arn:aws:cloudformation:…"),
    ("permanent", USER + "sagemaker:CreateNotebookInstance on resource: demo-timeout"),
    ("permanent", older("Stack limit", "LimitExceededException")),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "reason"), REASONS)
def test_a_reason_is_judged_by_its_codes_before_its_words(expected: str, reason: str) -> None:
    assert of_text(reason).kind == FailureClass(expected)
