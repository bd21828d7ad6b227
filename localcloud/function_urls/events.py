"""The event that a function URL gives its function, and what its answer becomes (format 2.0).

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from localcloud.authentication.received import Received

LARGEST = 6 * 1024 * 1024
"""Bytes of an event, and of an answer."""

_TEXTS = ("application/json", "application/javascript", "application/xml")
"""What is given as text besides ``text/*``; a form is not among them."""
_OF_THE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}
"""Headers that a function cannot set."""


@dataclass(frozen=True)
class FunctionAnswer:
    """What a visitor gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def refusal(status: HTTPStatus, message: str) -> FunctionAnswer:
    """Return what Lambda itself answers in place of the function."""
    headers = (("content-type", "application/json"),)
    return FunctionAnswer(status, headers, json.dumps({"Message": message}).encode())


FAILED = FunctionAnswer(
    HTTPStatus.BAD_GATEWAY, (("content-type", "application/json"),), b"Internal Server Error"
)
"""A function that failed, took too long, or answered with something else than an answer."""


def event(
    received: Received, url_id: str, body: bytes, client: str, moment: float
) -> dict[str, Any]:
    """Return the event for a request of anybody; ``moment`` is in seconds since the epoch."""
    host = received.headers.get("host", "")
    name, _, port = host.partition(":")
    headers = {key: value for key, value in received.headers.items() if key != "cookie"}
    headers |= {
        "x-amzn-trace-id": f"Root=1-{int(moment):08x}-{secrets.token_hex(12)}",
        "x-forwarded-for": client,
        "x-forwarded-port": port,
        "x-forwarded-proto": "http",
    }
    path = received.raw_path or "/"
    found: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": received.raw_query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": url_id,
            "domainName": name,
            "domainPrefix": url_id,
            "http": {
                "method": received.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": client,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": secrets.token_hex(16),
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{datetime.fromtimestamp(moment, UTC):%d/%b/%Y:%H:%M:%S %z}",
            "timeEpoch": int(moment * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies := received.headers.get("cookie"):
        found["cookies"] = [part.strip() for part in cookies.split(";") if part.strip()]
    if received.query:
        found["queryStringParameters"] = {
            key: ",".join(values) for key, values in received.query.items()
        }
    if body:
        found |= _body(body, headers.get("content-type", ""))
    return found


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in _TEXTS:
        return {"body": body.decode(errors="replace"), "isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def answer(result: dict[str, Any]) -> FunctionAnswer:
    """Return what a visitor gets for the emulator's result of an invocation."""
    given = result.get("body")
    if result.get("throttle"):
        # The text is that of Invoke's own refusal.
        body = json.dumps(given).encode()
        headers = (("content-type", "application/json"),)
        return FunctionAnswer(HTTPStatus.TOO_MANY_REQUESTS, headers, body)
    if result.get("error") or len(json.dumps(given)) > LARGEST:
        return FAILED
    if not isinstance(given, dict) or "statusCode" not in given:
        # Anything else is the body of an answer.
        text = given if isinstance(given, str) else json.dumps(given)
        return FunctionAnswer(HTTPStatus.OK, (("content-type", "application/json"),), text.encode())
    return _told(given)


def _told(given: dict[str, Any]) -> FunctionAnswer:
    status, body, cookies = given["statusCode"], given.get("body") or "", given.get("cookies") or []
    headers = given.get("headers") or {}
    lasts = range(HTTPStatus.OK, 600)
    if (
        isinstance(status, bool)
        or not (isinstance(status, int) or (isinstance(status, str) and status.isdecimal()))
        or int(status) not in lasts
        or not isinstance(body, str)
        or not isinstance(cookies, list)
        or not isinstance(headers, dict)
    ):
        return FAILED
    try:
        content = (
            base64.b64decode(body, validate=True) if given.get("isBase64Encoded") else body.encode()
        )
    except binascii.Error:
        return FAILED
    told = {str(name).lower(): str(value) for name, value in headers.items()}
    if any("\n" in f"{name}{value}" or "\r" in f"{name}{value}" for name, value in told.items()):
        return FAILED
    if any("\n" in str(cookie) or "\r" in str(cookie) for cookie in cookies):
        return FAILED
    told.setdefault("content-type", "application/json")
    kept = [(name, value) for name, value in told.items() if name not in _OF_THE_CONNECTION]
    kept += [("set-cookie", str(cookie)) for cookie in cookies]
    return FunctionAnswer(int(status), tuple(kept), content)
