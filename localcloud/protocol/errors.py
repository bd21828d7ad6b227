"""Refusals in the form of the API."""

from __future__ import annotations

import json

NOT_PLAYED = "NotPlayedHere"
"""The code of a call that the local cloud does not play; AWS has no such code.

Nobody may conclude from it that a service does not have the operation, so that nothing is there.
"""


class ApiError(Exception):
    """A refusal; ``code`` is one that the service model or AWS's common errors know."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> bytes:
        """Return the JSON 1.1 error document."""
        return json.dumps({"__type": self.code, "message": self.message}).encode()


def not_played(service: str, operation: str) -> ApiError:
    """Return the refusal of an operation that the local cloud does not play."""
    return ApiError(NOT_PLAYED, f"The local cloud does not play {operation} of {service}.")


def invalid(message: str) -> ApiError:
    """Return a ValidationException: SageMaker answers it almost always, not-found included."""
    return ApiError("ValidationException", message)
