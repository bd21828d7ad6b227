"""Why a stack failed, and whether it makes sense to try again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.aws import errors
from workshop.deploy import diff


class FailureClass(StrEnum):
    """What a failure calls for."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    """Throttling, failures of AWS itself, time-outs: the same may go well later."""
    CAPACITY = "capacity"
    """AWS has none of the instance type to give; another type or zone may do."""
    LIMIT = "limit"
    """The account's quota of vCPUs has none left for the instance type; another type may do."""


@dataclass(frozen=True)
class Cause:
    """Why something failed, in AWS's words; ``resource`` is of which kind, empty for a call."""

    kind: FailureClass
    message: str
    resource: str = ""
    known: bool = True
    """False as long as AWS's reason could not be read; it may be there later."""

    @property
    def is_passing(self) -> bool:
        """Whether the same may go well later, without anybody doing anything."""
        return self.kind in (FailureClass.TRANSIENT, FailureClass.CAPACITY)

    @property
    def lacks_machine(self) -> bool:
        """Whether AWS has refused one machine, and may have another."""
        return self.kind in (FailureClass.CAPACITY, FailureClass.LIMIT)

    def __str__(self) -> str:
        return f"{self.resource}: {self.message}" if self.resource else self.message


_CAPACITY = re.compile(
    r"insufficient[\w ]*capacity|capacity ?error|(?:not|no)(?: currently)? (?:have )?"
    r"(?:sufficient|enough|available)(?: [\w.-]+)* capacity|unable to provision[\w ]* capacity"
    r"|instance type '[\w.-]+' is temporarily unavailable|using a different ML instance type"
    # EC2, of a type or a zone where the next one may do.
    r"|is not supported in your requested availability zone|no default subnet for availability zone"
    r"|the requested configuration is currently not supported",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"VcpuLimitExceeded|more vCPU capacity than your current vCPU limit", re.IGNORECASE
)
_HANDLER = re.compile(r"HandlerErrorCode: (\w+)")
_PASSING_IN_HANDLERS = frozenset(
    {
        "HandlerInternalFailure",
        "InternalFailure",
        "NetworkFailure",
        "NotStabilized",
        "ResourceConflict",
        "ServiceInternalError",
        "ServiceTimeout",
        "Throttling",
    }
)
"""A handler's error codes that another try may mend, by the contract
(https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html).
"""
_FINAL_IN_HANDLERS = frozenset(
    {
        "AccessDenied",
        "AlreadyExists",
        "InvalidCredentials",
        "InvalidTypeConfiguration",
        "NonCompliant",
        "NotUpdatable",
        "ServiceLimitExceeded",
        "UnauthorizedTaggingOperation",
        "UnsupportedTarget",
    }
)
"""Those that no other try mends, whatever else the reason says, names among it.

Of InvalidRequest, NotFound and GeneralServiceException the words decide.
"""
_CODE = re.compile(r"Error Code: ([\w.]+)|\((\w+)\) when calling the ")
"""Where a reason holds the service's own error code."""
_STATUS = re.compile(r"status code: (?:429|50[0234])", re.IGNORECASE)
_FINAL = re.compile(r"already exists|not authorized to perform", re.IGNORECASE)
_TRANSIENT = re.compile(
    r"throttl|rate exceeded|too ?many ?requests|request ?limit ?exceeded|slow ?down"
    r"|service ?unavailable|temporarily unavailable|try (?:the request )?again later"
    r"|internal ?(?:server|service)? ?(?:error|exception|failure)|timed? ?out|not ?stabilize"
    r"|exceeded attempts to wait|please (?:re)?try|connection (?:was )?reset"
    r"|concurrent ?modification|conflicting conditional operation"
    # A role that was just made is not known everywhere yet.
    r"|(?:could not|cannot|unable to) assume|not be assumed|invalid principals?\b"
    r"|does not exist in our records",
    re.IGNORECASE,
)
_IN_THE_WAY = re.compile(
    r"DeleteConflict|must (?:delete|detach)|still contains|not empty", re.IGNORECASE
)
"""What no other try mends, though a handler calls it a conflict: something has to go before."""

_CANCELLED = re.compile(r"resource (?:creation|update|deletion) cancell?ed", re.IGNORECASE)
"""What CloudFormation says of resources that another one's failure stopped."""

_OF_OTHERS = re.compile(r"(?:The following resource\(s\) failed|User Initiated)")
"""What a rollback says where the resources' own events say why."""

_QUOTA = "LimitExceededException"
"""botocore counts it among "too many calls"; CloudFormation means its quota of stacks."""


def of_text(message: str, resource: str = "") -> Cause:
    """Return the cause behind a reason that CloudFormation gives."""
    if _CAPACITY.search(message):
        return Cause(FailureClass.CAPACITY, message, resource)
    if _LIMIT.search(message):
        return Cause(FailureClass.LIMIT, message, resource)
    kind = FailureClass.TRANSIENT if _passes(message) else FailureClass.PERMANENT
    return Cause(kind, message, resource)


def _passes(message: str) -> bool:
    """Return whether another try may mend what a reason tells: codes count before words."""
    by_handler = set(_HANDLER.findall(message))
    if by_handler & _FINAL_IN_HANDLERS or _IN_THE_WAY.search(message):
        return False
    codes = {one or other for one, other in _CODE.findall(message)}
    if any(errors.passes({"Code": code, "Message": message}) for code in codes - {_QUOTA}):
        return True
    if by_handler & _PASSING_IN_HANDLERS or _STATUS.search(message):
        return True
    return not _FINAL.search(message) and _TRANSIENT.search(message) is not None


def of_error(error: BotoCoreError | ClientError) -> Cause:
    """Return the cause behind a call that AWS refused, or that did not reach it."""
    quota = isinstance(error, ClientError) and errors.code(error.response) == _QUOTA
    passing = errors.is_passing(error) and not quota
    return Cause(
        FailureClass.TRANSIENT if passing else FailureClass.PERMANENT, errors.describe(error)
    )


_TAKEN = re.compile(
    r"'(?:AWS::S3::Bucket|AWS::ECR::Repository)' with identifier '.+' already exists"
)


def holds_name(cause: Cause) -> bool:
    """Return whether a bucket or a repository of that name is there, and in no stack of ours.

    CloudFormation takes none into a stack by itself.
    """
    return bool(_TAKEN.search(cause.message))


def tells_elsewhere(cause: Cause) -> bool:
    """Whether CloudFormation refused the template before it began, and tells why in DescribeEvents.

    Its early validation does so since 2025, for a bucket's name that is taken among others
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events-by-operation.html).
    """
    return "Call DescribeEvents" in cause.message


def failed_operation(events: Iterable[Mapping[str, Any]]) -> str:
    """Return the id of the operation that failed on the stack itself, empty where none is told."""
    return next(
        (
            str(event.get("OperationId", ""))
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
            and event.get("PhysicalResourceId") == event["StackId"]
        ),
        "",
    )


def of_validation(events: Iterable[Mapping[str, Any]]) -> Cause | None:
    """Return the first failed validation of the last operation, None where there is none."""
    failed = [
        event
        for event in events
        if event.get("EventType") == "VALIDATION_ERROR"
        and event.get("ValidationFailureMode") != "WARN"
    ]
    if not failed:
        return None
    last = max(failed, key=lambda event: event["Timestamp"])["OperationId"]
    first = min(
        (event for event in failed if event["OperationId"] == last),
        key=lambda event: event["Timestamp"],
    )
    return of_text(first.get("ValidationStatusReason", ""), _resource(first))


def root(events: Iterable[Mapping[str, Any]]) -> Cause | None:
    """Return the first failure of the stack's last operation, from its events, the newest first.

    Where no event says that something failed, the stack's own rollback may say why: AWS tells of an
    attribute that could not be read there alone. None as long as no event tells one.
    """
    found, of_rollback = None, None
    for event in events:
        status, reason = event["ResourceStatus"], event.get("ResourceStatusReason", "")
        own = event.get("PhysicalResourceId") == event["StackId"]
        if own and status.endswith("ROLLBACK_IN_PROGRESS"):
            if reason and not _OF_OTHERS.match(reason):
                of_rollback = of_text(reason)
        elif own and status.endswith("_COMPLETE_CLEANUP_IN_PROGRESS"):
            continue  # the end of an update or of its rollback, not the beginning of an operation
        elif own and status == "DELETE_IN_PROGRESS" and found is None:
            continue  # nothing failed in it: it takes away what was not made
        elif own and status.endswith("_IN_PROGRESS"):
            # The operation's own beginning; what comes before belongs to another one.
            break
        elif status.endswith("_FAILED") and not _CANCELLED.fullmatch(reason.strip(" .")):
            found = of_text(reason, "" if own else _resource(event))
    return found or of_rollback


def left_outside(events: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what an update that went well has taken out of its stack without deleting it.

    ``events`` are the stack's, the newest first.
    """
    left: dict[str, str] = {}
    for event in events:
        status = event["ResourceStatus"]
        if event.get("PhysicalResourceId") == event["StackId"]:
            if status == "UPDATE_IN_PROGRESS":
                break
        elif status in {"DELETE_FAILED", "DELETE_SKIPPED"}:
            name = f"{_resource(event)} {event.get('PhysicalResourceId', '')}"
            reason = event.get("ResourceStatusReason", "")
            left.setdefault(name, f"{name} ({reason})" if reason else name)
    return tuple(left.values())


def _resource(event: Mapping[str, Any]) -> str:
    known = event.get("ResourceType", "")
    return diff.noun(known) if known else str(event.get("LogicalResourceId", ""))
