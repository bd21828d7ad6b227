"""AWS's other partitions: ARNs of Regions outside the usual one begin with their own.

ministack knows ``arn:aws`` alone. Requests for a Region of another partition are led there with
that prefix, and their answers lead back. The contents of objects stay as they are.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from botocore.loaders import Loader

from localcloud.asgi import Handler, read_body, replayed

_SCOPE = re.compile(
    r"(?:Credential=|%2F|/)\d{8}(?:/|%2F)([a-z0-9-]+)(?:/|%2F)([a-z0-9-]+)(?:/|%2F)aws4_request"
)
_USUAL = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-(north|south|east|west|central)[a-z]*-\d")
_SIGNED_BODY = re.compile(rb"content-md5|x-amz-checksum-.*|x-amz-sdk-checksum-algorithm")

Message = dict[str, Any]


class Partitions:
    """An ASGI application around another, which knows one partition alone."""

    def __init__(self, emulated: Handler) -> None:
        self._emulated = emulated

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        region, service = _asked(scope) if scope["type"] == "http" else ("", "")
        partition = of_region(region)
        if partition == "aws" or _is_object(service, scope):
            await self._emulated(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        theirs = re.compile(rb"arn(:|%3A)" + re.escape(partition.encode()) + rb"(?=:|%3A)")

        def led(text: bytes) -> bytes:
            return theirs.sub(rb"arn\1aws", text)

        def back(text: bytes) -> bytes:
            return re.sub(rb"arn(:|%3A)aws(?=:|%3A)", rb"arn\1" + partition.encode(), text)

        given = led(body)
        headers = [
            (name, b"%d" % len(given) if name == b"content-length" else led(value))
            for name, value in scope["headers"]
            if given == body or not _SIGNED_BODY.fullmatch(name)
        ]
        if given != body:
            headers = [
                (name, b"UNSIGNED-PAYLOAD" if name == b"x-amz-content-sha256" else value)
                for name, value in headers
            ]
        led_scope = {
            **scope,
            "path": led(scope["path"].encode()).decode(),
            "raw_path": led(scope.get("raw_path") or b""),
            "query_string": led(scope["query_string"]),
            "headers": headers,
        }
        messages: list[Message] = []

        async def kept(message: Message) -> None:
            messages.append(message)

        await self._emulated(led_scope, replayed(given, receive), kept)
        if not messages:
            return
        start, parts = messages[0], [message.get("body", b"") for message in messages[1:]]
        answer = back(b"".join(parts))
        has_body = scope["method"] != "HEAD"
        answered = [
            (
                name,
                b"%d" % len(answer)
                if has_body and name.lower() == b"content-length"
                else back(value),
            )
            for name, value in start["headers"]
        ]
        await send({**start, "headers": answered})
        await send({"type": "http.response.body", "body": answer})


def _asked(scope: Any) -> tuple[str, str]:
    """Return Region and service that a request is signed for, empty if it is not."""
    signed = [value for name, value in scope["headers"] if name == b"authorization"]
    text = (signed[0] if signed else scope["query_string"]).decode("latin-1")
    found = _SCOPE.search(text)
    return (found[1], found[2]) if found else ("", "")


def _is_object(service: str, scope: Any) -> bool:
    return service == "s3" and "/" in scope["path"].strip("/")


def of_region(region: str) -> str:
    """Return the partition of a Region: ``aws``, ``aws-us-gov``, ``aws-cn``, ..."""
    if not region or _USUAL.fullmatch(region):
        return "aws"
    return next((name for name, _, regions in _partitions() if regions.fullmatch(region)), "aws")


def home(region: str) -> str:
    """Return the Region of a Region's partition that holds the quotas that are global."""
    return next(where for name, where, _ in _partitions() if name == of_region(region))


@cache
def _partitions() -> list[tuple[str, str, re.Pattern[str]]]:
    # botocore names another home for China; its quotas are in cn-north-1.
    listed = Loader().load_data("partitions")["partitions"]
    return [
        (
            entry["id"],
            "cn-north-1" if entry["id"] == "aws-cn" else entry["outputs"]["implicitGlobalRegion"],
            re.compile(entry["regionRegex"]),
        )
        for entry in listed
    ]
