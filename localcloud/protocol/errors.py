"""Refusals of the service, in the words of the API."""

from __future__ import annotations

import json


class ApiError(Exception):
    """A refusal; ``code`` is one that the service model or AWS's common errors know."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> bytes:
        """Give the JSON 1.1 error document."""
        return json.dumps({"__type": self.code, "message": self.message}).encode()


def invalid(message: str) -> ApiError:
    """SageMaker answers almost every refusal, not-found included, with a ValidationException."""
    return ApiError("ValidationException", message)
