"""Error answers as each service writes them: code, HTTP status, message and protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localcloud import ministack_adapter
from localcloud.faults import microburst_adapter
from localcloud.iam import reference
from localcloud.identity_center import operations
from localcloud.wordings import DENIED_BY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.faults.calls import Call


@dataclass(frozen=True)
class ErrorAnswer:
    """An error answer, ready to be sent."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class ErrorText:
    """The parts of an error before it is written in a protocol."""

    code: str
    status: int
    message: str


_RATE = "Rate exceeded"
_SLOW_DOWN = "Please reduce your request rate."
_UNKNOWN = "The request processing has failed because of an unknown error, exception or failure."
_TEMPORARY = "The request has failed due to a temporary failure of the server."
_INTERNAL = "We encountered an internal error. Please try again."

_THROTTLED = {
    "s3": ErrorText("SlowDown", 503, _SLOW_DOWN),
    "ec2": ErrorText("RequestLimitExceeded", 503, "Request limit exceeded."),
}
_THROTTLES = (
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestThrottledException",
    "RequestThrottled",
)
"""Throttling errors in service models; most services have none of their own."""

_FAILED = {
    ("s3", 500): ErrorText("InternalError", 500, _INTERNAL),
    ("s3", 503): ErrorText("ServiceUnavailable", 503, "Service is unable to handle request."),
    ("ec2", 500): ErrorText("InternalError", 500, "An internal error has occurred"),
    ("ec2", 503): ErrorText(
        "Unavailable", 503, "The server is overloaded and can't handle request."
    ),
}
_COMMON = {
    500: ErrorText("InternalFailure", 500, _UNKNOWN),
    503: ErrorText("ServiceUnavailable", 503, _TEMPORARY),
}
"""AWS's common errors."""

_OVER = "The security token included in the request is expired"
_EXPIRED = {
    "s3": ErrorText("ExpiredToken", 400, "The provided token has expired."),
    "ec2": ErrorText("RequestExpired", 400, "Request has expired."),
    **{
        service: ErrorText(code, status, message)
        for service, (code, message, status) in operations.OVER.items()
    },
}

_INVALID = "The security token included in the request is invalid."
_OF_CODES = {
    "RequestTimeTooSkewed": "The difference between the request time and the current time is too "
    "large.",
}
"""Messages of codes that speak of something else than a token, as S3 has them."""

_CONFLICTS = {
    "iam": ErrorText(
        "ConcurrentModification",
        409,
        "The request was rejected because multiple requests to change this object were submitted "
        "simultaneously. Wait a few minutes and submit your request again.",
    ),
    "s3": ErrorText(
        "OperationAborted",
        409,
        "A conflicting conditional operation is currently in progress against this resource. "
        "Please try again.",
    ),
    "logs": ErrorText(
        "OperationAbortedException",
        400,
        "A conflicting operation is currently in progress against this resource. Please try again.",
    ),
}
_CONDITIONS = {"if-match", "if-none-match"}
_CONDITIONAL_CONFLICT = ErrorText(
    "ConditionalRequestConflict",
    409,
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
)
"""Of a write to S3 that has a condition
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)."""
_CONFLICT = "The resource is being changed by another request. Please try again."

_DENIED = {
    "ec2": ("UnauthorizedOperation", HTTPStatus.FORBIDDEN),
    "sns": ("AuthorizationError", HTTPStatus.FORBIDDEN),
}


def throttled(call: Call) -> ErrorAnswer:
    """Return the answer to a call that is throttled."""
    text = _THROTTLED.get(call.service)
    if text is None:
        modelled = dict(_modelled(call))
        code = next((name for name in _THROTTLES if name in modelled), None)
        if code is None:
            code = "Throttling" if _is_query(call) or "xml" in call.protocol else _THROTTLES[0]
        usual = HTTPStatus.TOO_MANY_REQUESTS if call.protocol == "rest-json" else 400
        text = ErrorText(code, modelled.get(code) or usual, _RATE)
    return _written(call, text)


def failed(call: Call, status: int, code: str | None = None) -> ErrorAnswer:
    """Return the answer of a service that fails with 500 or 503."""
    own = next((name for name, modelled in _modelled(call) if modelled == status), None)
    text = _FAILED.get((call.service, status)) or _COMMON[status]
    return _written(call, ErrorText(code or own or text.code, status, text.message))


def denied(call: Call, policy: str = "identity") -> ErrorAnswer:
    """Return the answer to a call that no policy allows, or that an organization's denies."""
    if call.service in operations.OVER:
        # A sign-in is no principal, and needs no permission.
        code, message, refused = operations.NO_ACCESS
        return _written(call, ErrorText(code, refused, message))
    if call.service in _DENIED:
        code, status = _DENIED[call.service]
    elif _is_query(call) or call.protocol == "rest-xml":
        code, status = "AccessDenied", HTTPStatus.FORBIDDEN
    else:
        is_json = call.protocol == "json"
        code = "AccessDeniedException"
        status = HTTPStatus.BAD_REQUEST if is_json else HTTPStatus.FORBIDDEN
    return _written(call, ErrorText(code, status, _denial(call, policy)))


def expired(call: Call, code: str | None = None) -> ErrorAnswer:
    """Return the answer to expired credentials.

    S3 and EC2 have messages and statuses of their own
    (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html), JSON services
    ExpiredTokenException, the others ExpiredToken. Where a browser's sign-in is asked for
    credentials, the sign-in itself is over.
    """
    text = _EXPIRED.get(call.service)
    if text is None and (_is_query(call) or call.protocol == "rest-xml"):
        text = ErrorText("ExpiredToken", HTTPStatus.FORBIDDEN, _OVER)
    elif text is None:
        is_json = call.protocol == "json"
        status = HTTPStatus.BAD_REQUEST if is_json else HTTPStatus.FORBIDDEN
        text = ErrorText("ExpiredTokenException", status, _OVER)
    if code is not None:
        known = code in (text.code, "RequestExpired") or code.startswith("ExpiredToken")
        text = replace(
            text, code=code, message=text.message if known else _OF_CODES.get(code, _INVALID)
        )
    return _written(call, text)


def not_offered(call: Call) -> ErrorAnswer:
    """Return the answer of a service that does not have the operation in its Region."""
    if _is_query(call):
        text = f"The action {call.operation} is not valid for this web service."
        return _written(call, ErrorText("InvalidAction", 400, text))
    text = f"The requested operation {call.operation} is not recognized by the service."
    return _written(call, ErrorText("UnknownOperationException", 400, text))


def conflicting(call: Call) -> ErrorAnswer:
    """Return the answer to a call while another changes the same."""
    text = _CONFLICTS.get(call.service)
    if call.service == "s3" and _CONDITIONS & {name.lower() for name in call.headers}:
        text = _CONDITIONAL_CONFLICT
    if text is None:
        modelled = dict(_modelled(call))
        code = next((name for name in modelled if "Conflict" in name or "Concurrent" in name), None)
        text = ErrorText(code or "ConflictException", modelled.get(code or "") or 409, _CONFLICT)
    return _written(call, text)


def _denial(call: Call, policy: str) -> str:
    """Return the message, which names no policy; of an organization's, that it is one."""
    headers = {name.lower(): value for name, value in call.headers.items()}
    who = ministack_adapter.caller(headers) or {"Arn": f"arn:aws:iam::{call.account}:root"}
    action, resource = _permission(call, headers)
    quoted = f'"{resource}"' if call.service == "s3" else resource
    why = DENIED_BY[policy].format(action=action)
    return f"User: {who['Arn']} is not authorized to perform: {action} on resource: {quoted} {why}"


def _permission(call: Call, headers: dict[str, str]) -> tuple[str, str]:
    """Return the IAM action and the resource that a call needs; ``HeadObject`` is a GetObject."""
    if call.service == "sagemaker":
        known = reference.load()
        needed = known.actions.get(call.operation, reference.IamAction())
        for name in (*needed.types, *needed.optional)[:1]:
            part = known.types[name].filled(call.members)
            return call.name, f"arn:aws:sagemaker:{call.region}:{call.account}:{part}"
        return call.name, "*"
    actions = ministack_adapter.module("core.iam_actions")
    parameters = {name: [value] for name, value in {**call.form, **call.query}.items()}
    asked = (call.method, call.path, headers)
    service = ministack_adapter.module("core.router").detect_service(*asked, parameters)
    action = actions.extract_iam_action(service, *asked, call.body, parameters)
    resource = actions.extract_resource_arn(
        service, *asked, call.body, parameters, call.region, call.account
    )
    return action or call.name, resource


def _is_query(call: Call) -> bool:
    """Whether a service has the error codes of the query protocol, whatever it speaks now."""
    return call.protocol == "query" or microburst_adapter.was_query(call.service)


def _modelled(call: Call) -> Iterator[tuple[str, int | None]]:
    """Code and, if the model gives one, HTTP status of the errors that this operation has."""
    for shape in (
        microburst_adapter.model(call.service).operation_model(call.operation).error_shapes
    ):
        error: dict[str, Any] = shape.metadata.get("error", {})
        yield error.get("code", shape.name), error.get("httpStatusCode")


def _written(call: Call, text: ErrorText) -> ErrorAnswer:
    if call.service in operations.OVER:
        headers, body = operations.written(call.service, text.code, text.message)
    else:
        headers, body = microburst_adapter.rendered(
            call.context, text.code, text.message, text.status
        )
    return ErrorAnswer(text.status, headers, b"" if call.method == "HEAD" else body)
