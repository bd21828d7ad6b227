"""A service that speaks JSON 1.1, as the emulator sees one: a module-like object."""

# The signature of handle_request is ministack's.
# ruff: noqa: ARG002
from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from localcloud.protocol.errors import ApiError

Answer = tuple[int, dict[str, str], bytes]
Document = dict[str, Any]

CONTENT_TYPE = "application/x-amz-json-1.1"


class JsonService:
    """A JSON service; a subclass overrides ``call`` and keeps its own state."""

    def call(self, operation: str, request: Document, headers: dict[str, str]) -> Document:
        """Perform one operation; raises ``ApiError`` for every refusal."""
        raise NotImplementedError

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Serve one request; the operation stands in ``X-Amz-Target: <Prefix>.<Operation>``."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]

        def perform() -> Answer:
            answer = self.call(operation, parsed(body), headers)
            return HTTPStatus.OK, {"Content-Type": CONTENT_TYPE}, json.dumps(answer).encode()

        return answered(operation, perform)


def answered(operation: str, perform: Callable[[], Answer]) -> Answer:
    """Return the answer to an operation: its result, its refusal or its failure.

    A mistake of ours is reported to the caller and in the log, and does not end the server.
    """
    try:
        return perform()
    except ApiError as refusal:
        failure = refusal
    except Exception as error:  # noqa: BLE001 - see above
        traceback.print_exc(file=sys.stderr)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        failure = ApiError("InternalFailure", f"local cloud: {operation}: {error}", status)
    answer_headers = {"Content-Type": CONTENT_TYPE, "x-amzn-errortype": failure.code}
    return failure.status, answer_headers, failure.body()


def parsed(body: bytes) -> Document:
    """Return the JSON object in a request's body; raise ``ApiError`` if there is none."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ApiError("SerializationException", "the request body is not JSON") from None
    if not isinstance(request, dict):
        raise ApiError("SerializationException", "the request body is not a JSON object")
    return request
