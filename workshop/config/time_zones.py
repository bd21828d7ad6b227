"""Time zones by their names, and the moments at which their clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workshop.config.rules import shown

_MOST = 8
"""Changes that are named: those of four years."""
_LONGEST = timedelta(days=366 * 5)


def named(name: str) -> str:
    """Return the name of a time zone; raise ValueError for any other."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{shown(name)} is no time zone by its name; write one such as 'Europe/Berlin'"
        ) from None
    return name


def offset_mistake(name: str, moment: datetime) -> str | None:
    """Return why a moment of the YAML is not one of this time zone, or None."""
    right = moment.astimezone(ZoneInfo(name))
    if right.utcoffset() == moment.utcoffset():
        return None
    return (
        f"{moment.isoformat()} has not the offset of {shown(name)} on that day; write"
        f" {moment.replace(tzinfo=right.tzinfo).isoformat()}, or {right.isoformat()} for the same"
        " moment"
    )


def changes(name: str | None, start: datetime, end: datetime) -> dict[str, int]:
    """Return when clocks are changed between two moments, in UTC, and to how many minutes of it.

    Those of the first years alone; none without the name of a time zone.
    """
    found: dict[str, int] = {}
    if name is None:
        return found
    zone, day = ZoneInfo(name), timedelta(days=1)
    at, last = start.astimezone(UTC), min(end.astimezone(UTC), start.astimezone(UTC) + _LONGEST)
    while at < last and len(found) < _MOST:
        if at.astimezone(zone).utcoffset() != (at + day).astimezone(zone).utcoffset():
            change = _between(zone, at, at + day)
            minutes = (change.astimezone(zone).utcoffset() or timedelta()) // timedelta(minutes=1)
            found[f"{change:%Y-%m-%dT%H:%M:%SZ}"] = minutes
        at += day
    return found


def _between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the minute in which the clocks of a zone are changed."""
    old = before.astimezone(zone).utcoffset()
    # Changes are at whole minutes, and a start need not be.
    before = before.replace(second=0, microsecond=0)
    while after - before > timedelta(minutes=1):
        half = before + (after - before) // timedelta(minutes=2) * timedelta(minutes=1)
        before, after = (
            (half, after) if half.astimezone(zone).utcoffset() == old else (before, half)
        )
    return after.replace(second=0, microsecond=0)
