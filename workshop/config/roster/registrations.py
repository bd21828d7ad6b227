"""Reads the exports of registration tools: who is registered, and who is left out and why.

Such a file is taken as it is: lines above its headings, columns that say nothing to a roster, and
rows of people who cancelled are part of it. One person has one e-mail address, and every row is
told by its line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from workshop.config import rules
from workshop.config.diagnostics import Diagnostic
from workshop.config.roster import csv_file, workbook
from workshop.config.roster.account_cells import account_of, is_account_heading
from workshop.config.roster.registration_words import (
    ColumnMeaning,
    RegistrationStatus,
    flag_of,
    folded,
    heading_of,
    is_placeholder,
    may_be_of_a_country,
    standing_of,
)
from workshop.config.roster.sheet import MAX_NAME
from workshop.config.roster.text_encoding import AS_CSV, UnknownEncodingError, decoded, other_file
from workshop.escaping import first_escaped

MAX_BYTES = 20_000_000
"""Exports hold every answer to every question, and a roster holds none of them."""

DELIMITERS = (*csv_file.DELIMITERS, "|")
_PREAMBLE = 40
"""Records above the headings, at most."""
_FORMULA = "=+-@"
"""What spreadsheets take for the beginning of a formula; no name begins so."""

_FAMILY_FIRST = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
"""Letters of Japanese, Chinese and Korean, in which the family's name comes first."""

_NO_EMAILS = (
    "has no column of e-mail addresses in any of its first lines, and people are told apart by"
    " them; export the registrations with their e-mail addresses, as CSV"
)
_NO_ACCOUNTS = (
    "has no column of accounts beside the people, with accounts.mode 'roster'; call the column of"
    " their 12-digit ids 'account'"
)
_NO_HEADINGS = (
    "begins with a person and not with headings; write one line above, such as 'name,email', which"
    " names the columns in their order"
)
_STRANGE_STATUS = "its status is not known here: look whether it is to have a seat"


@dataclass(frozen=True, slots=True)
class Registration:
    """One row of an export; ``left_out`` says why nobody gets a seat for it, or nothing."""

    line: int
    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    left_out: str = ""
    notes: tuple[str, ...] = ()
    is_off: bool = False
    """Whether it is left out because of its status: cancelled, refunded, waiting."""
    account: str = ""
    """Where the seat is to be, if the export says so and was asked."""


@dataclass(frozen=True, slots=True)
class Export:
    """The rows of an export, how it was read, and why it could not be."""

    registrations: tuple[Registration, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    encoding: str = ""
    is_guess: bool = False
    columns: Mapping[ColumnMeaning, tuple[str, ...]] = field(default_factory=dict)
    unused: int = 0
    """Columns that say nothing to a roster."""


def read(raw: bytes, *, accounts: bool = False) -> Export:
    """Return the registrations of an export: of a text, or of a workbook's fullest sheet.

    With ``accounts``, each has to have one, in a column whose heading says so.
    """
    if message := unreadable(raw):
        return _unread(1, message)
    if workbook.is_workbook(raw):
        return _of_workbook(raw, accounts=accounts)
    encoded = decoded(raw, _known_headings)
    text = encoded.text.replace("\0", "")
    table = _table(text)
    if table is None:
        return _unread(1, _NO_HEADINGS if _has_addresses(text) else _NO_EMAILS)
    try:
        found = csv_file.records(text, table.delimiter)
        records = [(line, cells) for line, _, cells in found]
    except csv_file.BrokenRecordError as broken:
        return _unread(broken.line, broken.text)
    return _with_accounts(
        _export(table, records, encoded.encoding, is_guess=encoded.is_guess),
        table,
        dict(records) if accounts else None,
    )


def _with_accounts(
    export: Export, table: _ExportTable, records: Mapping[int, Sequence[str]] | None
) -> Export:
    """Return an export with the account of each registration; without ``records``, as it is."""
    if records is None or export.diagnostics:
        return export
    named = [at for at, heading in enumerate(table.headings) if is_account_heading(heading)]
    if not named:
        return _unread(table.line, _NO_ACCOUNTS)
    return replace(
        export, registrations=tuple(_placed(row, records, named[0]) for row in export.registrations)
    )


def _placed(row: Registration, records: Mapping[int, Sequence[str]], column: int) -> Registration:
    cells = records[row.line]
    read = account_of(cells[column] if column < len(cells) else "")
    left_out = row.left_out or read.flaw
    notes = (*row.notes, read.note) if read.note else row.notes
    return replace(row, account=read.account, left_out=left_out, notes=notes)


def _of_workbook(raw: bytes, *, accounts: bool) -> Export:
    try:
        sheets = workbook.sheets(raw)
    except workbook.BrokenWorkbookError:
        return _unread(1, f"is a workbook that cannot be read; {AS_CSV}")
    tables = [(table, rows) for rows in sheets if (table := _headings("", iter(rows)))]
    if not tables:
        return _unread(1, _NO_EMAILS)
    table, rows = max(tables, key=lambda found: (len(found[0].columns), len(found[1])))
    return _with_accounts(
        _export(table, rows, "Excel workbook"), table, dict(rows) if accounts else None
    )


def _export(
    table: _ExportTable,
    records: Sequence[tuple[int, list[str]]],
    encoding: str,
    *,
    is_guess: bool = False,
) -> Export:
    """Return the registrations below the headings of a table."""
    names = (ColumnMeaning.FULL, ColumnMeaning.NAME, ColumnMeaning.FIRST)
    if not any(each in table.columns for each in names):
        return _unread(
            table.line,
            "names no column of people's names; export the registrations with names, or call the"
            " column 'name'",
        )
    below = [
        (line, cells) for line, cells in records if line > table.line and cells != table.headings
    ]
    rows_of_cells = [cells for _, cells in below]
    columns = _columns(table.headings, rows_of_cells)
    columns = _without_strange_statuses(columns, table.headings, rows_of_cells)
    rows = (_registration(line, cells, columns, table.headings) for line, cells in below)
    used = {index for indexes in columns.values() for index in indexes}
    return Export(
        registrations=tuple(_once(rows)),
        encoding=encoding,
        is_guess=is_guess,
        columns={
            heading: tuple(table.headings[index] for index in indexes)
            for heading, indexes in columns.items()
        },
        unused=sum(bool(title) and index not in used for index, title in enumerate(table.headings)),
    )


def unreadable(raw: bytes) -> str:
    """Return why bytes are no export, or ""."""
    if len(raw) > MAX_BYTES:
        return f"is larger than {MAX_BYTES // 1_000_000} MB; check that it is the right file"
    if workbook.is_workbook(raw):
        return ""
    try:
        decoded(raw)
    except UnknownEncodingError:
        return f"is text in no encoding that is known here; {AS_CSV}"
    return other_file(raw)


def _unread(line: int, message: str) -> Export:
    return Export(diagnostics=(Diagnostic(line, (), message),))


@dataclass(frozen=True, slots=True)
class _ExportTable:
    delimiter: str
    line: int
    headings: list[str]
    columns: Mapping[ColumnMeaning, tuple[int, ...]]


def _table(text: str) -> _ExportTable | None:
    """Return where the headings are: of all delimiters and lines, what names the most."""
    declared = csv_file.declared_delimiter(text)
    found = []
    for delimiter in (declared,) if declared else DELIMITERS:
        with suppress(csv_file.BrokenRecordError):
            records = csv_file.records(text, delimiter)
            table = _headings(delimiter, ((line, cells) for line, _, cells in records))
            if table:
                found.append(table)
    return max(found, key=lambda table: (len(table.columns), len(table.headings)), default=None)


def _headings(delimiter: str, records: Iterator[tuple[int, list[str]]]) -> _ExportTable | None:
    """Return the first line of headings among the first lines, or None."""
    for line, cells in islice(records, _PREAMBLE + 1):
        columns = _columns(cells)
        if ColumnMeaning.EMAIL in columns:
            return _ExportTable(delimiter, line, cells, columns)
    return None


def _has_addresses(text: str) -> bool:
    """Return whether the first line holds an address: the table then has no headings."""
    first = next(filter(None, text.splitlines()), "")
    cells = re.split(r"[,;\t|]", first.replace('"', ""))
    return any(rules.EMAIL.holds(_address(cell.strip())) for cell in cells)


def _known_headings(text: str) -> int:
    table = _table(text)
    return len(table.columns) if table else 0


def _columns(
    headings: Sequence[str], rows: Sequence[Sequence[str]] = ()
) -> dict[ColumnMeaning, tuple[int, ...]]:
    """Return which columns hold what: of names the surest, of addresses and statuses several.

    One that no row has anything in comes last: attendees may not have been asked. Addresses are
    those of the surest column and of others that are as near to the person; the buyer's are none
    of the attendee's.
    """
    cells_of = {
        index: [row[index] for row in rows if index < len(row) and row[index]]
        for index in range(len(headings))
    }
    found: dict[ColumnMeaning, list[tuple[bool, int, int]]] = {}
    for index, heading in enumerate(headings):
        if meaning := heading_of(heading):
            cells = cells_of[index]
            if meaning[0] is ColumnMeaning.EMAIL:
                cells = [cell for cell in cells if rules.EMAIL.holds(_address(cell))]
            empty = bool(rows) and not cells
            found.setdefault(meaning[0], []).append((empty, -meaning[1], index))
    return {heading: _chosen(heading, sorted(places)) for heading, places in found.items()}


def _chosen(heading: ColumnMeaning, places: Sequence[tuple[bool, int, int]]) -> tuple[int, ...]:
    """Return the columns of a heading that count, the surest first."""
    if heading in (ColumnMeaning.STATUS, ColumnMeaning.FLAG):
        return tuple(sorted(index for *_, index in places))
    empty, rank, first = places[0]
    if heading is not ColumnMeaning.EMAIL or empty:
        return (first,)
    # Two columns are as near to the person where their ranks differ by the length of the words.
    return tuple(index for other, sure, index in places if not other and -sure // 2 == -rank // 2)


def _without_strange_statuses(
    columns: Mapping[ColumnMeaning, tuple[int, ...]],
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> dict[ColumnMeaning, tuple[int, ...]]:
    """Return the columns without a status that is none: 'Estado' may be a state of a country."""

    def is_known(heading: ColumnMeaning, index: int) -> bool:
        if heading is ColumnMeaning.STATUS and not may_be_of_a_country(headings[index]):
            return True
        cells = [row[index] for row in rows if index < len(row) and row[index]]
        standings = (_standing(heading, headings[index], cell) for cell in cells)
        return not cells or any(each is not RegistrationStatus.UNKNOWN for each in standings)

    return {
        heading: tuple(
            index
            for index in indexes
            if heading not in (ColumnMeaning.STATUS, ColumnMeaning.FLAG) or is_known(heading, index)
        )
        for heading, indexes in columns.items()
    }


def _standing(heading: ColumnMeaning, title: str, cell: str) -> RegistrationStatus:
    return standing_of(cell) if heading is ColumnMeaning.STATUS else flag_of(title, cell)


def _registration(
    line: int,
    cells: Sequence[str],
    columns: Mapping[ColumnMeaning, tuple[int, ...]],
    headings: Sequence[str],
) -> Registration:
    def texts(heading: ColumnMeaning) -> list[str]:
        return [_clean(cells[i]) if i < len(cells) else "" for i in columns.get(heading, ())]

    def text(heading: ColumnMeaning) -> str:
        return next(iter(texts(heading)), "")

    name = _name({heading: text(heading) for heading in ColumnMeaning}).lstrip(f"{_FORMULA} ")
    addresses = [_address(cell) for cell in texts(ColumnMeaning.EMAIL) if cell]
    email = next(filter(rules.EMAIL.holds, addresses), next(iter(addresses), ""))
    standings = [
        _standing(heading, headings[index], cells[index] if index < len(cells) else "")
        for heading in (ColumnMeaning.STATUS, ColumnMeaning.FLAG)
        for index in columns.get(heading, ())
    ]
    out = [
        each
        for each in standings
        if each not in (RegistrationStatus.ACTIVE, RegistrationStatus.UNKNOWN)
    ]
    if out:
        return Registration(line, name, email, f"is {out[0].value}", is_off=True)
    notes = (_STRANGE_STATUS,) if RegistrationStatus.UNKNOWN in standings else ()
    return Registration(line, name, email, _flaw(name, email), notes)


def _flaw(name: str, email: str) -> str:
    """Return why nobody can have a seat by these cells."""
    if not email:
        return "has no e-mail address; people are told apart by it"
    if not rules.EMAIL.holds(email) or email[0] in _FORMULA:
        return "has an e-mail address that is none; correct it where people register"
    if is_placeholder(name):
        return "has a placeholder for a name; import again once the name is known"
    if len(name) > MAX_NAME:
        return f"has a name of more than {MAX_NAME} characters; cut it"
    return ""


def _name(cells: Mapping[ColumnMeaning, str]) -> str:
    """Return the whole name of a row; 'Name' is the family's where 'Vorname' stands beside it."""
    first, infix, last = (
        cells[each] for each in (ColumnMeaning.FIRST, ColumnMeaning.INFIX, ColumnMeaning.LAST)
    )
    whole = cells[ColumnMeaning.FULL]
    if not whole and (name := cells[ColumnMeaning.NAME]):
        # The whole name in one column and its parts in others say one thing.
        parts = folded(name).split()
        if first and not last and folded(first).split()[:1] != parts[:1]:
            last = name
        elif last and not first and folded(last).split()[-1:] != parts[-1:]:
            first = name
        elif not (first and last):
            whole = name
    parts = [last, first] if _FAMILY_FIRST.search(last) else [first, infix, last]
    named = " ".join(part for part in parts if part)
    return named if first and last else whole or named


def _clean(cell: str) -> str:
    """Return a cell without what nobody sees and what makes a formula of it."""
    # As text for spreadsheets: ="0049".
    if found := re.fullmatch(r'="(.*)"', cell):
        cell = found[1]
    while hidden := first_escaped(cell):
        cell = cell.replace(hidden, "")
    return " ".join(cell.split())


def _address(cell: str) -> str:
    """Return the address alone, without a name, ``mailto:`` or the comma of a list."""
    cell = unicodedata.normalize("NFKC", cell)
    found = re.fullmatch(r"[^<>]*<([^<>\s]+@[^<>\s]+)>", cell)
    address = re.sub(r"^mailto:([^?]*).*", r"\1", found[1] if found else cell, flags=re.IGNORECASE)
    return address.strip(" .,;")


def _once(rows: Iterator[Registration]) -> Iterator[Registration]:
    """Yield the rows; of those who get a seat, the first of each address alone."""
    by_email: dict[str, Registration] = {}
    by_name: dict[str, int] = {}
    for row in rows:
        if row.left_out:
            yield row
            continue
        name = row.name
        first = by_email.setdefault(row.email.casefold(), row)
        if first is not row:
            again = f"line {first.line} has the same e-mail address"
            if folded(first.name) != folded(name):
                again += " and another name; give everybody an address of their own"
            yield replace(row, left_out=again)
            continue
        notes = list(row.notes)
        if not name:
            notes.append("has no name: its seat is called guest")
        elif folded(name) in by_name:
            line = by_name[folded(name)]
            notes.append(f"has the name of line {line} and another address: one person or two?")
        by_name.setdefault(folded(name), row.line)
        yield replace(row, notes=tuple(notes))
