"""A service that speaks JSON 1.1, as the emulator sees one: a module-like object."""

# The signature of handle_request is ministack's.
# ruff: noqa: ARG002
from __future__ import annotations

import json
import sys
import traceback
from http import HTTPStatus
from typing import Any

from workshop.localcloud.wire.refusals import ApiError

Answer = tuple[int, dict[str, str], bytes]
Document = dict[str, Any]


class JsonService:
    """Requests in, answers out; a service overrides ``call`` and keeps its own state."""

    def call(self, operation: str, request: Document, headers: dict[str, str]) -> Document:
        """Perform one operation; raises ``ApiError`` for every refusal."""
        raise NotImplementedError

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        """Serve one request; the operation stands in ``X-Amz-Target: <Prefix>.<Operation>``."""
        answer_headers = {"Content-Type": "application/x-amz-json-1.1"}
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            answer = self.call(operation, _parsed(body), headers)
        except ApiError as refusal:
            answer_headers["x-amzn-errortype"] = refusal.code
            return refusal.status, answer_headers, refusal.body()
        except Exception as error:  # noqa: BLE001 - told to the caller and to the log
            # A mistake of ours must be seen as one, and must not end the server.
            traceback.print_exc(file=sys.stderr)
            failure = ApiError("InternalFailure", f"local cloud: {operation}: {error}")
            return HTTPStatus.INTERNAL_SERVER_ERROR, answer_headers, failure.body()
        return HTTPStatus.OK, answer_headers, json.dumps(answer).encode()


def _parsed(body: bytes) -> Document:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise ApiError("SerializationException", "the request body is not JSON") from None
    if not isinstance(request, dict):
        raise ApiError("SerializationException", "the request body is not a JSON object")
    return request
