"""What an error of AWS, or of the way to it, means: decided here, for all who call.

An error may say that what was asked about is gone, that the caller may not, that the Region does
not have the operation, that the caller's credentials are not taken, that the same call may go well
later, or that no repetition can mend it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore calls it so
    EndpointConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)
from botocore.retries import standard

Refusal = (ClientError, BotoCoreError)
"""All that a call can raise: a refusal, or no answer at all."""

_STANDARD: Any = standard  # its lists are attributes that its types do not show

THROTTLED = frozenset(_STANDARD.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)  # noqa: SLF001
"""Error codes of "too many calls", as botocore knows them."""

_TRANSIENT = frozenset(_STANDARD.TransientRetryableChecker._TRANSIENT_ERROR_CODES)  # noqa: SLF001

_OF_THE_SERVICE = re.compile(
    r"Internal(?:Dependency|Server|Service|Stream)?(?:Error|Exception|Failure)?"
    r"|KMSInternal(?:Exception)?|(?:Service)?Unavailable(?:Exception)?"
    r"|Serv(?:er|ice)(?:Exception|Failure)|DependencyTimeout(?:Exception)?|IDPCommunicationError"
)
"""Error codes of a failure on AWS's side; some services send them with a status below 500."""

_OVERLAPPING = re.compile(
    r"Concurrent(?:Access|Modification|Update)(?:Exception)?|OperationAborted(?:Exception)?"
    r"|ConditionalRequestConflict|EntityTemporarilyUnmodifiable|OperationInProgress(?:Exception)?"
)
"""Error codes where another call changes the same resource, as service models name them.

botocore repeats none of them; :mod:`workshop.aws.retries` does
(https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
"""
_CONFLICT = re.compile(r"(?:Resource)?Conflict(?:Exception)?")
_AT_ONCE = re.compile(
    r"in progress|concurrent|try again|at the same time|another (?:operation|request)|retry",
    re.IGNORECASE,
)
"""What tells a conflict with another call from one with a name that is taken, of one code."""

ENDED = frozenset({"ExpiredToken", "ExpiredTokenException"})
"""Error codes of temporary credentials that are over, of query and of JSON services."""

DOUBTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""Error codes of credentials that AWS does not take, or not here, or not for this request.

A Region that is not enabled does not know good keys (:mod:`workshop.aws.regions`), EC2 says
AuthFailure of a resource that is AWS's own, and RequestExpired of a session that is over
(https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html). Six of them may mean
the caller's clock (CLOCK_SKEW_ERROR_CODES of @smithy/service-error-classification).
"""

_CLOCK = re.compile(
    r"RequestTimeTooSkewed|RequestInTheFuture|Signature (?:expired|not yet current)", re.IGNORECASE
)

_DENIED = re.compile(
    r"AccessDenied|Unauthorized|NotAuthorized|Forbidden|AuthorizationError|AllAccessDisabled"
    r"|OptInRequired|SubscriptionRequired|NotSignedUp|AccountProblem|BlockedByOrganizationPolicy"
)
"""In the codes of what the caller, or the account, may not."""
_MAY_NOT = re.compile(r"not authorized to perform|explicit deny in an? ", re.IGNORECASE)
"""What IAM says, which some services pass on with a code of their own."""
BY_ORGANIZATION = re.compile(
    r"explicit deny in a (?:service|resource) control policy"
    r"|no (?:service|resource) control policy allows",
    re.IGNORECASE,
)
"""What AWS says of a call that the organization denies, expressly or by allowing too little
(https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html)."""
_BY_CALLERS = re.compile(
    r"(?:identity-based|session|VPC endpoint) policy|permissions boundary"
    r"|may not be assumed by root accounts",
    re.IGNORECASE,
)
"""What AWS says of the policies that decide what the caller may, whatever the role says."""
_OF_A_STATE = re.compile(r"InvalidObjectState|ActiveTierError|LimitExceeded")
"""In codes that come with the status of what is denied, and speak of what was asked about."""
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_SERVER_ERROR, _NEVER = 500, frozenset({501, 505})
"""The first status of a failure on AWS's side, and those of what the service does not know."""

_GONE = re.compile(
    r"could not find|cannot find|can't find|does(?: not|n't) exist|not found|recordnotfound"
    r"|no such|\bno \w[\w ]*? (?:with (?:the )?name|was found|exists)|^no workforce\b"
    r"|cannot be found|could not be found",
    re.IGNORECASE,
)
_GONE_CODES = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$")
WAY_IN = "AssumeRole"
"""The operation that fails where nobody can be in another account."""
_PART = re.compile(
    r"Configuration|OwnershipControls|PublicAccessBlock|TagSet|PolicyNotFound|NoSuch\w*Policy"
    r"|PolicyPreview|ScanNotFound|Secret|^KMS|^Kms"
)
"""In a code that says of a bucket or repository which is there that it has none of these.

Or that the key is gone with which something was encrypted that is still there.
"""
_NOT_KNOWN_YET = "does not exist in our records"
"""What AWS says of a role's access key until all of its services know the role."""
_NOT_OFFERED = frozenset({"InvalidAction", "UnknownOperationException", "UnknownOperation"})
_NOT_IN_REGION = re.compile(
    r"not (?:available|supported) in (?:this|the called|the current|the requested) region",
    re.IGNORECASE,
)
_NAMES_A_STATUS = re.compile(
    r"\bstatus \(\w+\) not in\b|\bin (?:the )?stat(?:us|e)\b", re.IGNORECASE
)
_OUTRUN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_VALIDATION = frozenset({"ValidationException", "ValidationError"})

_PASSING_CODES = THROTTLED | _TRANSIENT

_ON_THE_WAY = (
    ConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
)
"""No answer, or half of one; all other errors of botocore's own come before anything is sent."""


def code(parsed: Mapping[str, Any]) -> str:
    """Return the error code of an answer as botocore parses it, empty where there is none."""
    return str(parsed.get("Error", {}).get("Code", ""))


def status(parsed: Mapping[str, Any]) -> int:
    """Return the HTTP status of an answer as botocore parses it, 0 where there is none."""
    return int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def message(error: Exception) -> str:
    """Return what AWS said, without botocore's preamble."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return str(error)


def describe(error: Exception) -> str:
    """Return the error in a line: code and message, or that there is no way into an account."""
    if is_no_way_in(error):
        return reason(error)
    if isinstance(error, ClientError):
        return f"{code(error.response)}: {message(error)}"
    return str(error)


def reason(error: Exception) -> str:
    """Return why a call failed, as part of a sentence: operation, code and message.

    Of what is denied, AWS's paragraph on who may not do what is left out.
    """
    if not isinstance(error, ClientError):
        return str(error).rstrip(". ")
    what = code(error.response)
    if not is_denied(error):
        what = f"{what}: {message(error)}"
    return f"{error.operation_name}: {what}".rstrip(". ")


def is_no_way_in(error: Exception) -> bool:
    """Whether nobody can be in the other account that a call was for."""
    return isinstance(error, ClientError) and error.operation_name == WAY_IN


def is_callers(error: Exception) -> bool:
    """Whether AWS says that it is the caller who may take on no such role, whomever it trusts."""
    return is_no_way_in(error) and bool(_BY_CALLERS.search(message(error)))


def is_gone(error: Exception) -> bool:
    """Whether there is no such thing: SageMaker says so with a ValidationException for some."""
    if not isinstance(error, ClientError):
        return False
    error_code = code(error.response)
    if _GONE_CODES.search(error_code):
        return not _PART.search(error_code)
    text = message(error)
    return error_code in _VALIDATION and bool(_GONE.search(text)) and _NOT_KNOWN_YET not in text


def is_outrun(error: Exception) -> bool:
    """Return whether a conditional write came too late: somebody else has written meanwhile."""
    return isinstance(error, ClientError) and code(error.response) in _OUTRUN


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """End the block without an error where AWS says that what was asked about is gone."""
    try:
        yield
    except Refusal as error:
        if not is_gone(error):
            raise


def is_denied(error: Exception) -> bool:
    """Return whether the caller may not: trying again changes nothing."""
    if not isinstance(error, ClientError) or is_passing(error):
        return False
    error_code = code(error.response)
    if (
        error_code in ENDED | DOUBTED
        or _DENIED.search(error_code)
        or _MAY_NOT.search(message(error))
    ):
        return True
    forbidden = {_UNAUTHORIZED, _FORBIDDEN} & {status(error.response), _as_status(error_code)}
    return bool(forbidden) and not _OF_A_STATE.search(error_code)


def is_not_offered(error: Exception) -> bool:
    """Whether the service has no such operation in this Region, so that nothing can be there."""
    if not isinstance(error, ClientError):
        return False
    error_code = code(error.response)
    return error_code in _NOT_OFFERED or (
        error_code in _VALIDATION and bool(_NOT_IN_REGION.search(message(error)))
    )


def is_passing(error: Exception) -> bool:
    """Return whether the same call may go well later, whatever it asked for."""
    if isinstance(error, ClientError):
        http_status = status(error.response)
        failed = http_status >= _SERVER_ERROR and http_status not in _NEVER
        return failed or http_status == _TOO_MANY or passes(error.response.get("Error", {}))
    return isinstance(error, _ON_THE_WAY) and not is_nowhere(error)


def passes(told: Mapping[str, Any]) -> bool:
    """Return whether an error's code and message say that the same may go well later."""
    error_code = str(told.get("Code", ""))
    known = error_code in _PASSING_CODES or _OF_THE_SERVICE.fullmatch(error_code) is not None
    return known or overlaps(told)


def overlaps(told: Mapping[str, Any]) -> bool:
    """Return whether an error's code and message say that another call changes the same."""
    error_code = str(told.get("Code", ""))
    if _OVERLAPPING.fullmatch(error_code):
        return True
    return bool(_CONFLICT.fullmatch(error_code) and _AT_ONCE.search(str(told.get("Message", ""))))


def is_hopeless(error: Exception) -> bool:
    """Return whether no repetition can mend it, whatever else happens meanwhile.

    A refusal may also hang on the state of what was asked about: that is neither passing nor
    hopeless.
    """
    if isinstance(error, ClientError):
        return is_denied(error) or is_not_offered(error)
    return isinstance(error, BotoCoreError) and not is_passing(error)


def hangs_on_status(error: Exception) -> bool:
    """Return whether the call is refused for the status in which what it is about is at present.

    What was read before may have been behind: "Status (Stopping) not in ([InService])".
    """
    if not isinstance(error, ClientError) or is_denied(error) or is_gone(error):
        return False
    return bool(_NAMES_A_STATUS.search(message(error)))


def is_nowhere(error: BaseException | None) -> bool:
    """Return whether nobody can be at the address: its name does not resolve, or nobody is at home.

    The latter is so where a port of this machine refuses to be connected to, such as that of a
    local cloud that was stopped.
    """
    if not isinstance(error, EndpointConnectionError):
        return False
    raised = error.kwargs.get("error")  # urllib3's, whose own cause is the system's
    cause = getattr(raised, "__cause__", None) or raised
    if isinstance(cause, socket.gaierror):
        return True
    refused = isinstance(cause, ConnectionRefusedError)
    return refused and is_local(str(error.kwargs.get("endpoint_url", "")))


def is_local(url: str) -> bool:
    """Return whether an address is of this machine alone."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def refuses_credentials(parsed: Mapping[str, Any]) -> bool:
    """Return whether an answer may say that AWS does not take the caller's credentials.

    It is certain only of those in ENDED. An answer to HEAD has no code: S3 gives it the HTTP
    status, which is 400 for a token that is over.
    """
    known = ENDED | DOUBTED | {str(_UNAUTHORIZED), "400"}
    return code(parsed) in known or status(parsed) == _UNAUTHORIZED


def blames_clock(text: str) -> bool:
    """Return whether AWS says that the caller's clock is wrong."""
    return bool(_CLOCK.search(text))


def _as_status(code: str) -> int:
    """Return the status that is the code of an answer to HEAD, which has no other; else 0."""
    return int(code) if code.isdecimal() else 0
