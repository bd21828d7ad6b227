"""Reasons that many seats share: told once, with how many."""

from __future__ import annotations

import re
from collections.abc import Collection

from workshop.counting import count_of

FEW = 10
"""Up to so many seats are shown by themselves, whatever they share."""
_NAMED = 3
_REQUEST = re.compile(r"(Request ?(?:ID|Token): )[^\s,)]+", re.IGNORECASE)


def for_any_seat(reason: str, seat: str) -> str:
    """Return a reason as it is of any seat: ``SEAT`` for its id, and no ids of AWS's requests."""
    reason = _REQUEST.sub(r"\1...", reason)
    own = rf"(?<![a-z0-9]){re.escape(seat)}(?![a-z0-9])"
    return re.sub(own, "SEAT", reason) if seat else reason


def named(seats: Collection[str]) -> str:
    """Return the ids of seats; of many their number, the first, and how all are shown."""
    ids = [*seats]
    if len(ids) <= _NAMED:
        return ", ".join(ids)
    return f"{count_of(len(ids), 'seat')} (--all): {', '.join(ids[:_NAMED])}, ..."
