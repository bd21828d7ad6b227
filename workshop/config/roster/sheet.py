"""What a roster file holds before any rule is applied: rows of named cells, with their lines.

Nothing here or in the modules that fill it repeats a cell in a message: cells are personal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from workshop.config.diagnostics import Diagnostic, listing, suggestion
from workshop.escaping import first_escaped

COLUMNS = ("id", "name", "email", "profile", "instance_type", "volume_gb", "account", "region")

MAX_NAME = 200
MAX_ROWS = 2000
"""More than CloudFormation's stack quota lets live in one account and five Regions."""

_NOTE = re.compile(
    r"notes?\b|note[ _-]|x[-_]|remarks?\b|comments?\b|bemerkung|anmerkung|notiz|kommentar|remarque"
    r"|commentaire|observaci|comentario|osservazion|opmerking|observac"
)
"""What the headings of notes begin with, in the languages of registrations."""

_MEANT = {
    **dict.fromkeys(("disk", "diskgb", "disksize", "disksizegb", "storage", "size"), "volume_gb"),
    **dict.fromkeys(("role", "group", "track"), "profile"),
    **dict.fromkeys(("machine", "instance", "machinetype"), "instance_type"),
    **dict.fromkeys(("emailaddress", "mail", "mailaddress"), "email"),
    **dict.fromkeys(("person", "attendee", "participant", "fullname", "who"), "name"),
    **dict.fromkeys(("seat", "seatid", "username", "userid"), "id"),
}
"""What people write -> the column that it is called here, where spelling alone does not tell."""

_SQUASHED = {column.replace("_", ""): column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person or seat; ``cells`` maps a column to its text and leaves empty cells out."""

    line: int
    cells: Mapping[str, str] = field(repr=False)

    def get(self, column: str) -> str:
        """Return the cell's text, empty when there is none."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a roster file in its own order, and what could not be read as rows.

    ``notes`` say which columns are the organiser's own, and not read.
    """

    rows: tuple[RosterRow, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    notes: tuple[Diagnostic, ...] = ()


def is_note(heading: str) -> bool:
    """Return whether a heading is of the organiser's own notes, such as ``x-diet`` or ``Remarks``.

    They may say anything of people, and are not read.
    """
    return _NOTE.match(heading.strip().casefold()) is not None


def notes(line: int, columns: str) -> Diagnostic:
    """Return that columns hold notes, by their numbers or as many: headings may be personal too."""
    return Diagnostic(line, (), f"{columns}: notes, which stay in the file and are not read")


def column_of(heading: str) -> str | None:
    """Return the column that a heading names, whatever its case, spaces, hyphens and underscores.

    Marks that nobody sees, which some programs write, do not count.
    """
    squashed = "".join(
        c for c in heading.casefold() if c not in " \t\xa0-_" and not first_escaped(c)
    )
    return _SQUASHED.get(squashed)


def unknown_column(heading: str) -> str:
    """Return why a heading is refused; it is not repeated, because it may be a person's data."""
    squashed = re.sub(r"[^a-z]", "", heading.casefold())
    meant = _MEANT.get(squashed)
    near = f"did you mean {meant!r}? " if meant else suggestion(heading, COLUMNS)
    return (
        f"unknown column; {near}{listing(COLUMNS)}; a heading that begins with 'note' or 'x-' is"
        " yours alone"
    )
