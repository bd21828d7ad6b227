"""The reasons CloudFormation writes into events when a service refuses."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter


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
