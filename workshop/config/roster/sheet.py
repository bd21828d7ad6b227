"""What a roster file holds before any rule is applied: rows of named cells, with their lines.

Nothing here or in the modules that fill it repeats a cell in a message: cells are personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workshop.config.diagnostics import Diagnostic, listing, suggestion
from workshop.escaping import first_escaped

COLUMNS = ("id", "name", "email", "profile", "instance_type", "volume_gb", "account", "region")

MAX_NAME = 200
MAX_ROWS = 2000
"""More than CloudFormation's stack quota lets live in one account and five Regions."""

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
    """The rows of a roster file in its own order, and what could not be read as rows."""

    rows: tuple[RosterRow, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


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
    return f"unknown column; {suggestion(heading, COLUMNS)}{listing(COLUMNS)}"
