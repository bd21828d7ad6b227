"""Puts registrations into a roster: who is new, who has a seat already, and who is left out.

People are told apart by their e-mail addresses. Whoever is on the roster keeps the row and the id;
nobody is taken off.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from workshop.config import roster
from workshop.config.roster.derived_ids import derive
from workshop.config.roster.registration_words import folded
from workshop.config.roster.registrations import Registration
from workshop.config.roster.sheet import MAX_ROWS, RosterRow, Sheet


@dataclass(frozen=True, slots=True)
class SeatedRegistration:
    """A registration and the id of its seat."""

    registration: Registration
    id: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """What becomes of each registration; ``sheet`` is the roster with the new rows behind."""

    new: tuple[SeatedRegistration, ...]
    present: tuple[SeatedRegistration, ...]
    left_out: tuple[Registration, ...]
    off: tuple[SeatedRegistration, ...]
    """People on the roster whose registration is cancelled, refunded or waiting."""
    absent: int
    """Rows of the roster with an e-mail address that the export does not have."""
    rows: tuple[dict[str, str], ...] = field(repr=False)
    """The cells of the new rows, without ids."""
    sheet: Sheet = field(repr=False)

    @property
    def is_too_long(self) -> bool:
        """Whether the roster would have more rows than one may."""
        return len(self.sheet.rows) > MAX_ROWS


def merged(
    sheet: Sheet, registrations: Sequence[Registration], reserved: Collection[str] = ()
) -> Merge:
    """Return what the registrations make of a roster; no new row gets an id in ``reserved``."""
    ids = roster.ids(sheet, reserved)
    by_email = {
        row.get("email").casefold(): (seat, row)
        for seat, row in zip(ids, sheet.rows, strict=True)
        if row.get("email")
    }
    unaddressed = {
        folded(row.get("name")): row.line
        for row in sheet.rows
        if row.get("name") and not row.get("email")
    }
    active = {each.email.casefold() for each in registrations if not each.left_out}
    new, present, left_out, off = [], [], [], []
    for each in registrations:
        email = each.email.casefold()
        seat, row = by_email.get(email, ("", None))
        if each.left_out:
            if each.is_off and row is not None and email not in active:
                off.append(SeatedRegistration(each, seat))
            left_out.append(each)
        elif row is not None:
            notes = [
                f"has another {column} on the roster, which stays"
                for column, differs in (
                    ("name", each.name and folded(row.get("name")) != folded(each.name)),
                    ("account", each.account and row.get("account") != each.account),
                )
                if differs
            ]
            present.append(SeatedRegistration(each, seat, (*each.notes, *notes)))
        elif (line := unaddressed.get(folded(each.name))) is not None:
            why = (
                f"has the name of line {line} of the roster, which has no e-mail address; write"
                " into that row the address of whoever sits there"
            )
            left_out.append(replace(each, left_out=why))
        else:
            new.append(each)
    cells = tuple(
        {
            column: text
            for column, text in (
                ("name", each.name),
                ("email", each.email),
                ("account", each.account),
            )
            if text
        }
        for each in new
    )
    last = max((row.line for row in sheet.rows), default=1)
    added = tuple(RosterRow(last + number, row) for number, row in enumerate(cells, 1))
    whole = replace(sheet, rows=(*sheet.rows, *added), diagnostics=())
    given = roster.ids(whole, reserved)[len(sheet.rows) :]
    return Merge(
        new=tuple(_seated(each, seat) for each, seat in zip(new, given, strict=True)),
        present=tuple(present),
        left_out=tuple(left_out),
        off=tuple(off),
        absent=len(by_email.keys() - {each.email.casefold() for each in registrations}),
        rows=cells,
        sheet=whole,
    )


def _seated(registration: Registration, seat: str) -> SeatedRegistration:
    """Return a new person's seat; where it is not the plainest id, that one is somebody else's."""
    (plain,) = derive([registration.name], set())
    note = f"is {seat}, because {plain} is or was somebody else's"
    return SeatedRegistration(
        registration, seat, (*registration.notes, *([note] if plain != seat else []))
    )
