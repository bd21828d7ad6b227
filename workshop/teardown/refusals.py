"""What an error of AWS means to whoever deletes: gone, forbidden, not offered, or try again."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from workshop.aws import clients

Refusal = (ClientError, BotoCoreError)
"""All that a call can raise: a refusal, or no answer at all."""

_GONE = re.compile(
    r"could not find|cannot find|can't find|does(?: not|n't) exist|not found|recordnotfound"
    r"|no such",
    re.IGNORECASE,
)
_GONE_CODES = re.compile(r"NotFound|NoSuch|NonExistent|DoesNotExist")
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "ExpiredToken",
        "ExpiredTokenException",
        "403",
    }
)
_NOT_OFFERED = frozenset({"UnknownOperationException", "UnknownOperation"})
_VALIDATION = frozenset({"ValidationException", "ValidationError"})


def is_gone(error: Exception) -> bool:
    """Whether there is no such thing: SageMaker says so with a ValidationException for some."""
    if not isinstance(error, ClientError):
        return False
    code = clients.code(error.response)
    if _GONE_CODES.search(code):
        return True
    return code in _VALIDATION and bool(_GONE.search(message(error)))


def is_denied(error: Exception) -> bool:
    """Whether the caller may not: trying again changes nothing."""
    return isinstance(error, ClientError) and clients.code(error.response) in _DENIED


def is_not_offered(error: Exception) -> bool:
    """Whether the service has no such operation in this Region, so that nothing can be there."""
    return isinstance(error, ClientError) and clients.code(error.response) in _NOT_OFFERED


def message(error: Exception) -> str:
    """What AWS said, without botocore's preamble."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Message", ""))
    return str(error)


def told(error: Exception) -> str:
    """The error in a line: code and message."""
    if isinstance(error, ClientError):
        return f"{clients.code(error.response)}: {message(error)}"
    return str(error)
