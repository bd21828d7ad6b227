"""Pages of a list of plain documents, with tokens that fit one request only."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from localcloud.protocol.errors import ApiError

LARGEST = 100
"""The largest and default ``MaxResults``."""

Document = dict[str, Any]
Item = TypeVar("Item")


def page(
    operation: str,
    request: Document,
    member: str,
    items: Sequence[Item],
    *,
    key: Callable[[Item], str],
    show: Callable[[Item], Document],
) -> Document:
    """Return the page of ``items`` that a request asks for, as the value of ``member``.

    ``key`` tells one item from all others. The token says after which item the next page begins,
    and for which operation and filters it was given.
    """
    filters = {
        name: value for name, value in request.items() if name not in {"NextToken", "MaxResults"}
    }
    given_for = [operation, filters]
    start = 0
    if request.get("NextToken"):
        last = _last_of(request["NextToken"], given_for)
        found = next((place for place, item in enumerate(items) if key(item) == last), None)
        if found is None:
            raise _invalid()
        start = found + 1
    end = start + request.get("MaxResults", LARGEST)
    answer: Document = {member: list(map(show, items[start:end]))}
    if end < len(items):
        answer["NextToken"] = _token(given_for, key(items[end - 1]))
    return answer


def _token(given_for: list[Any], last: str) -> str:
    return base64.b64encode(json.dumps([*given_for, last]).encode()).decode()


def _last_of(token: str, given_for: list[Any]) -> str:
    try:
        given = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise _invalid() from None
    if not isinstance(given, list) or given[:-1] != given_for:
        raise _invalid()
    return str(given[-1])


def _invalid() -> ApiError:
    return ApiError("InvalidPaginationTokenException", "The pagination token is invalid.")
