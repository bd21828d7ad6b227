"""Exports of registration tools, read: who has a seat, and who is left out."""

from __future__ import annotations

from workshop.config.roster import registrations


def people(text: str, encoding: str = "utf-8") -> list[tuple[int, str, str]]:
    """Return the line, name and address of all who get a seat."""
    export = registrations.read(text.encode(encoding))
    assert export.diagnostics == ()
    return [
        (each.line, each.name, each.email) for each in export.registrations if not each.left_out
    ]


def left(text: str) -> dict[int, str]:
    """Return why the others get none, by line."""
    rows = registrations.read(text.encode()).registrations
    return {each.line: each.left_out for each in rows if each.left_out}
