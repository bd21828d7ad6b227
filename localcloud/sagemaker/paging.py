"""Pages and their tokens.

A token holds the place after which to go on, not a number: items that come or go between two pages
shift nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from localcloud.protocol.errors import invalid

Position = tuple[Any, str]
"""The place of an item in an order: the value it is sorted by, and a text that is unique."""

Item = TypeVar("Item")


def token(place: Position) -> str:
    """Return the NextToken for a page whose last item is at ``place``."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def place_of(next_token: str) -> Position:
    """Return the place that ``token`` wrote down."""
    try:
        value, key = json.loads(base64.urlsafe_b64decode(next_token.encode()))
    except ValueError:
        raise invalid("Invalid NextToken: it was not given by this service") from None
    return (value, key)


def another_listing() -> Exception:
    """Return the refusal of a token whose place cannot be compared with those of this listing."""
    return invalid("Invalid NextToken: it belongs to another listing")


def ordered(
    items: Iterable[Item],
    place: Callable[[Item], Position],
    next_token: str | None,
    *,
    descending: bool,
) -> list[Item]:
    """Return the items that follow the token's place, in order."""
    after = place_of(next_token) if next_token else None
    try:
        return [
            item
            for item in sorted(items, key=place, reverse=descending)
            if after is None or (place(item) < after if descending else place(item) > after)
        ]
    except TypeError:
        raise another_listing() from None


def cut(
    items: Iterable[Item],
    place: Callable[[Item], Position],
    next_token: str | None,
    size: int,
    *,
    descending: bool,
) -> tuple[list[Item], str | None]:
    """Return one page and the token of the next, None after the last."""
    rest = ordered(items, place, next_token, descending=descending)
    page = rest[:size]
    return page, token(place(page[-1])) if len(rest) > size else None
