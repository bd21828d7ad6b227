"""Refusals of ministack in AWS's own words, where these are publicly known and others there.

Codes and statuses stay; what is written differently is a table of texts by service.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter

Answer = tuple[int, dict[str, str], Any]
Service = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

DENIED_BY = {
    "identity": "because no identity-based policy allows the {action} action",
    "organization": "with an explicit deny in a service control policy",
}
"""How a refusal ends, by what kind of policy it is."""

WORDINGS: Mapping[str, tuple[tuple[str, str], ...]] = {
    # service -> (text of ministack, text of AWS)
    "iam": (
        (
            r"Role (?:with name )?([\w+=,.@-]+) (?:not found|does not exist)\.",
            r"The role with name \1 cannot be found.",
        ),
        (r"Policy (arn:[^\s<]+) not found\.", r"Policy \1 was not found."),
        (r"Policy (arn:[^\s<]+) is not attached to [^<]*", r"Policy \1 was not found."),
        (
            r"Role (\S+) is not associated with instance profile [^<]*",
            r"The role with name \1 cannot be found.",
        ),
        (r"must delete all inline policies first", "must delete policies first"),
    ),
    "s3": (
        (
            r"The specified multipart upload does not exist\.",
            (
                "The specified upload does not exist. The upload ID may be invalid, or the upload "
                "may have been aborted or completed."
            ),
        ),
    ),
    "ecr": (
        (
            r"(Lifecycle|Repository) policy does not exist for '([^']+)'",
            (
                r"\1 policy does not exist for the repository with name '\2' "
                "in the registry with id '{account}'"
            ),
        ),
    ),
    "events": ((r"Event bus (\S+?) not found", r"Event bus \1 does not exist."),),
    "scheduler": (
        (r"Schedule (\S+) does not exist in group \S+?\.", r"Schedule \1 does not exist."),
    ),
    "sts": ((r"Invalid RoleArn: ([^<\"]+)", r"\1 is invalid"),),
    "logs": (
        (
            r"The specified log (group|stream) already exists: [^\"]+",
            r"The specified log \1 already exists",
        ),
        (
            r"The specified log (group|stream) does not exist: [^\"]+",
            r"The specified log \1 does not exist.",
        ),
    ),
}


def patch_wordings() -> None:
    """Put the table in front of the services, once per process."""
    handlers = ministack_adapter.module("app").SERVICE_HANDLERS
    for name in WORDINGS:
        handlers[name] = _worded(name, handlers[name])


def as_aws_words(service: str, text: str) -> str:
    """Return a refusal of a service, or an answer that holds it, in AWS's words."""
    for theirs, ours in WORDINGS[service]:
        text = re.sub(theirs, ours.replace("{account}", ministack_adapter.account()), text)
    return text


def _worded(name: str, service: Service) -> Service:
    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        status, answer_headers, given = await service(method, path, headers, body, query)
        if status >= HTTPStatus.BAD_REQUEST and given:
            text = given.decode() if isinstance(given, bytes) else str(given)
            given = as_aws_words(name, text).encode()
        return status, answer_headers, given

    return answer
