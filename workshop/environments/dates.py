"""When a workshop takes place, as people say it, and what may be wrong with that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from workshop.config.diagnostics import Diagnostic
from workshop.config.models import Environment
from workshop.config.yaml_document import Document
from workshop.counting import count_of

LONG = timedelta(days=7)
FOR_EVER = timedelta(days=3650)
"""Whoever writes an end so far away wants none."""

_SOON = timedelta(days=3)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def sentence(settings: Environment, now: datetime) -> str:
    """Return ``Tue 1 Dec 2026 09:00 to Wed 2 Dec 2026 17:00 (UTC+01:00), 2 days, begins in ...``.

    Days are those of the calendar at the place of the start; what never ends has none.
    """
    start, end = settings.start, settings.end
    zone = settings.zone
    span = f"{moment(start)} to {moment(end.astimezone(zone))} ({start.tzname()})"
    if end - start > FOR_EVER:
        return span
    return f"{span}, {count_of(days(settings), 'day')}, {_distance(start, end, now)}"


def moment(at: datetime) -> str:
    """Return ``Tue 1 Dec 2026 09:00``, in the moment's own time zone and in English."""
    return f"{_WEEKDAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M}"


def days(settings: Environment) -> int:
    """Return on how many days of the calendar the workshop takes place."""
    last = settings.end.astimezone(settings.zone)
    return (last.date() - settings.start.date()).days + 1


def warnings(document: Document, settings: Environment, now: datetime) -> Iterator[Diagnostic]:
    """Yield what of the dates may not be meant, before the workshop's end."""
    start, end = settings.start, settings.end
    length = end - start
    if end <= now or length > FOR_EVER:
        return
    if start < now:
        yield Diagnostic(
            document.line(("start",)),
            ("start",),
            f"{moment(start)} is past, {_ago(now - start)}; correct it unless the workshop is on",
        )
    if settings.hours and not settings.timezone and start.utcoffset() != end.utcoffset():
        yield Diagnostic(
            document.line(("hours",)),
            ("hours",),
            f"are by the clock of the start, {start.tzname()}, on every day, and the end has"
            f" {end.tzname()}; if clocks are changed in between, name the time zone, such as"
            " timezone: Europe/Berlin",
        )
    if length > LONG:
        yield Diagnostic(
            document.line(("end",)),
            ("end",),
            f"{moment(end)} is {count_of(days(settings), 'day')} from the start on; everything is"
            " billed as long: correct it unless that is meant",
        )


def _distance(start: datetime, end: datetime, now: datetime) -> str:
    if now < start:
        return f"begins in {_span(start - now)}"
    if now < end:
        return f"ends in {_span(end - now)}"
    return f"ended {_ago(now - end)}"


def _ago(span: timedelta) -> str:
    return f"{_span(span)} ago"


def _span(span: timedelta) -> str:
    """Return a length in days, in hours where it is short, in minutes where it is very short."""
    if span >= _SOON:
        return count_of(span.days, "day")
    if span >= timedelta(hours=2):
        return count_of(span // timedelta(hours=1), "hour")
    return count_of(max(1, span // timedelta(minutes=1)), "minute")
