"""What of a roster is possible and may not be meant: notes, placeholders, no name, types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workshop.config import instance_types
from workshop.config.diagnostics import Diagnostic, not_known
from workshop.config.roster.registration_words import is_placeholder
from workshop.config.roster.sheet import RosterRow, Sheet
from workshop.counting import count_of


def warnings(sheet: Sheet, file: str) -> list[Diagnostic]:
    """Return what may not be meant, each kind once, at its first row; no cell is repeated."""
    people = [row for row in sheet.rows if is_placeholder(row.get("name"))]
    nameless = [
        row for row in sheet.rows if not row.get("name") and (row.get("email") or not row.get("id"))
    ]
    found = [
        *sheet.notes,
        *_of_names(
            people,
            "holds a placeholder, and a seat keeps its id for good: name the person, or leave the"
            " row out and have a spare instead ('roster.spares')",
        ),
        *_of_names(nameless, "is missing, so the id is a number behind 'guest'; add the name"),
        *_unknown_types(sheet),
    ]
    return [each.of(file) for each in found]


def _of_names(rows: Sequence[RosterRow], message: str) -> Iterator[Diagnostic]:
    if rows:
        others = len(rows) - 1
        more = f", here and in {count_of(others, 'more row')}" if others else ""
        yield Diagnostic(rows[0].line, ("name",), message + more)


def _unknown_types(sheet: Sheet) -> Iterator[Diagnostic]:
    for row in sheet.rows:
        if not (written := row.get("instance_type")):
            continue
        # botocore's data take long to read, and only what is named is looked up.
        of_notebook = written.startswith("ml.")
        known = sorted(instance_types.known("notebook" if of_notebook else "box"))
        if written not in known:
            use = "notebook" if of_notebook else "EC2"
            message = not_known(written, f"{use} instance type", known)
            yield Diagnostic(row.line, ("instance_type",), message)
