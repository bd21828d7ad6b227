"""Documents of JSON in S3 that are written only if they are still what was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from workshop.agent.files import document
from workshop.aws import errors

TRIES = 8
"""Of a write that another organiser's came before."""


def read(get: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the document that ``get`` gets, and the condition under which it is still the same.

    One that is not there yet is empty; botocore's errors pass through.
    """
    try:
        answer = get()
    except ClientError as error:
        if errors.code(error.response) == "NoSuchKey":
            return {}, {"IfNoneMatch": "*"}
        raise
    return document(answer["Body"].read()), {"IfMatch": answer["ETag"]}
