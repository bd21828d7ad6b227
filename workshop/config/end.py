"""The workshop's end, read from the command line and written into the YAML file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from workshop import files
from workshop.config import yaml_document
from workshop.errors import UsageError
from workshop.files import shown

_LINE = re.compile(r"(end:[ \t]+)(\"[^\"]*\"|'[^']*'|[^\s#]+)(?=[ \t]*(#.*)?\r?\n?$)")
_SPAN = re.compile(r"\+(\d{1,3})(h|min)")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)")


def moment(text: str, before: datetime) -> datetime:
    """Return what ``--until`` names: a time with its zone, one of the last day, or ``+2h``.

    Raises UsageError for anything else.
    """
    if span := _SPAN.fullmatch(text):
        number = int(span[1])
        return before + (timedelta(hours=number) if span[2] == "h" else timedelta(minutes=number))
    try:
        if clock := _CLOCK.fullmatch(text):
            return before.replace(hour=int(clock[1]), minute=int(clock[2]))
        end = datetime.fromisoformat(text)
    except ValueError:
        end = datetime.min  # noqa: DTZ901 - without a zone, as what could be read and has none
    if end.tzinfo is None:
        raise UsageError(
            f"--until {text!r} is no time with its zone; write 18:00 for that time of the last day,"
            f" +2h for later than now planned, or {before.isoformat()}"
        )
    return end


def write(path: Path, end: datetime) -> None:
    """Write the end into an environment's file, in its line alone; comments stay.

    Raises UsageError where the line is not of the plain form.
    """
    text = yaml_document.read(path)
    number = yaml_document.parse(text).line(("end",))
    lines = text.splitlines(keepends=True)
    line, count = _LINE.subn(rf"\g<1>{end.isoformat()}", lines[number - 1])
    if count != 1 or not lines[number - 1].startswith("end:"):
        raise UsageError(
            f"line {number} of {shown(path)} is not 'end: TIME' alone; write {end.isoformat()}"
            " there yourself, then run: workshop deploy"
        )
    lines[number - 1] = line
    files.write(path, "".join(lines))
