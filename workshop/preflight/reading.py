"""An answer of AWS, or why there is none: what could not be read is never taken for nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from workshop.aws import errors
from workshop.errors import SignInError, WorkshopError

T = TypeVar("T")


@dataclass(frozen=True)
class Unread:
    """``why`` is part of a sentence, such as ``ListBuckets: AccessDenied: ...``."""

    why: str


def read(call: Callable[[], T]) -> T | Unread:
    """What ``call`` answers; an error of AWS, of the way to it or of a role there is Unread.

    SignInError passes through: no other call would be answered either.
    """
    try:
        return call()
    except SignInError:
        raise
    except (BotoCoreError, ClientError, WorkshopError) as error:
        return Unread(refusal(error))


def refusal(error: Exception) -> str:
    """Return why a call was refused, as part of a sentence.

    Of what is denied, AWS's paragraph on who may not do what is left out.
    """
    if not isinstance(error, ClientError):
        return str(error).rstrip(". ")
    told = errors.code(error.response) if errors.is_denied(error) else errors.told(error)
    return f"{error.operation_name}: {told}".rstrip(". ")
