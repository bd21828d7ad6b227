"""Moments in AWS's answers, read quickly and always in UTC.

botocore guesses each one's format and gives it in the machine's time zone; that is more than half
of what reading a listing of a bucket's versions costs.
"""

from __future__ import annotations

from datetime import UTC, datetime

from botocore.utils import parse_timestamp


def parsed(value: float | str) -> datetime:
    """The moment that an answer tells, in seconds since 1970 or as text.

    Raises ValueError where the text is no moment.
    """
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if "T" in value:  # Others, such as "20260101", would be read as a day and not as seconds.
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    found: datetime = parse_timestamp(value)
    return found
