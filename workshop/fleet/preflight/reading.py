"""An answer of AWS, or why there is none: what could not be read is never taken for nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

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
    except ClientError as error:
        code, message = (error.response["Error"].get(key, "") for key in ("Code", "Message"))
        return Unread(f"{error.operation_name}: {code}: {message}".rstrip(". "))
    except (BotoCoreError, WorkshopError) as error:
        return Unread(str(error).rstrip(". "))
