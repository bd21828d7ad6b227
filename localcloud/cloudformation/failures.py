"""The reasons CloudFormation writes into events when a service refuses."""

from __future__ import annotations

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol.errors import ApiError


class ResourceError(Exception):
    """A resource cannot be created, updated or deleted; the text is the event's reason."""


def handler_message(service: str, message: str, status: int, category: str) -> str:
    """Return the sentence of a registry type's handler, ids included as AWS includes them."""
    new_id = ministack_adapter.module("core.responses").new_uuid
    return (
        f'Resource handler returned message: "{message} (Service: {service}, Status Code: '
        f'{status}, Request ID: {new_id()})" (RequestToken: {new_id()}, '
        f"HandlerErrorCode: {category})"
    )


def bucket_not_empty(message: str) -> str:
    """Return what a stack deletion says about a bucket that still holds objects or versions."""
    request_id = (
        str(ministack_adapter.module("core.responses").new_uuid()).replace("-", "")[:16].upper()
    )
    return (
        f"{message} (Service: Amazon S3; Status Code: 409; "
        f"Error Code: BucketNotEmpty; Request ID: {request_id}; S3 Extended Request ID: "
        "0000000000000000; Proxy: null)"
    )


def error_of(answer: tuple[int, Any, bytes | str]) -> tuple[int, str, str] | None:
    """Read status, code and message from an XML answer of the emulator; None if it succeeded."""
    status, _, body = answer
    if status < HTTPStatus.BAD_REQUEST:
        return None
    text = body.decode() if isinstance(body, bytes) else body
    code = re.search(r"<Code>(.*?)</Code>", text, re.DOTALL)
    message = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    return status, code[1] if code else "Unknown", message[1] if message else text


def already_exists(resource_type: str, identifier: str) -> str:
    """Return what CloudFormation says when the name of a new resource is taken."""
    return (
        f"Resource of type '{resource_type}' with identifier '{identifier}' already exists. "
        "(HandlerErrorCode: AlreadyExists)"
    )


def check_properties(
    logical_id: str,
    props: dict[str, Any],
    known: Collection[str],
    required: Collection[str] = (),
) -> None:
    """Raise ``ResourceError`` for properties that the type's schema does not have, or asks for."""
    problems = [
        *(f"#: extraneous key [{key}] is not permitted" for key in sorted({*props} - {*known})),
        *(f"#: required key [{key}] not found" for key in sorted({*required} - {*props})),
    ]
    if problems:
        raise ResourceError(
            f"Properties validation failed for resource {logical_id} with message:\n"
            + "\n".join(problems)
        )


def api_failure(service: str, refusal: ApiError) -> ResourceError:
    """Return the failure of a handler whose service has refused a call."""
    category = "GeneralServiceException"
    if refusal.code.startswith("InvalidParameter") or refusal.code == "Unsupported":
        category = "InvalidRequest"
    elif refusal.code.endswith(".NotFound"):
        category = "NotFound"
    return ResourceError(handler_message(service, refusal.message, refusal.status, category))
