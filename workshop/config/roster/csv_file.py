"""Rosters as CSV, as spreadsheets write it: ``,``, ``;`` or tabs, any line ends, quoted cells."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from workshop.config.diagnostics import Diagnostic
from workshop.config.roster.sheet import (
    COLUMNS,
    MAX_ROWS,
    RosterRow,
    Sheet,
    column_of,
    is_note,
    notes,
    unknown_column,
)

DELIMITERS = (",", ";", "\t")

_DECLARATION = re.compile(r'"?sep=([,;\t|])"?[\r\n]')
_MAX_HEADING = 10_000
"""Characters; csv refuses cells of 131,072, and no first line is nearly as long."""


def read(text: str) -> Sheet:
    """Return the rows of ``text``, whose first line that is not blank names the columns."""
    diagnostics: list[Diagnostic] = []
    rows: list[RosterRow] = []
    headings: Sequence[str] = ()
    heading_line = 1
    found = records(text, delimiter_of(text))
    try:
        line, _, headings = next(found, (1, 1, []))
        heading_line = line
        columns, diagnostics = _columns(line, headings)
        if not any(columns):
            return Sheet((), tuple(diagnostics))
        for line, _, cells in found:
            diagnostics += _diagnostics_of_row(line, cells, headings)
            if len(rows) == MAX_ROWS:
                diagnostics.append(Diagnostic(line, (), f"is row {MAX_ROWS + 1}; split the roster"))
                break
            named = zip(columns, cells, strict=False)
            rows.append(
                RosterRow(line, {column: cell for column, cell in named if column and cell})
            )
    except BrokenRecordError as broken:
        diagnostics.append(Diagnostic(broken.line, (), broken.text))
    return Sheet(tuple(rows), tuple(diagnostics), _notes(heading_line, headings))


def _notes(line: int, headings: Sequence[str]) -> tuple[Diagnostic, ...]:
    """Return which columns are notes, one diagnostic for all of them."""
    numbers = [
        str(number)
        for number, heading in enumerate(headings, 1)
        if column_of(heading) is None and is_note(heading)
    ]
    if not numbers:
        return ()
    columns = "column" if len(numbers) == 1 else "columns"
    return (notes(line, f"{columns} {', '.join(numbers)}"),)


def delimiter_of(text: str) -> str:
    """Return the delimiter that ``sep=`` names, or by which the first line names most columns."""
    if declared := declared_delimiter(text):
        return declared
    lines = io.StringIO(text, newline="")
    heading = next((line for line in lines if any(c.isalnum() for c in line)), "")[:_MAX_HEADING]

    def named(delimiter: str) -> int:
        cells = next(csv.reader([heading], delimiter=delimiter, skipinitialspace=True), [])
        return sum(column_of(cell) is not None for cell in cells)

    return max(DELIMITERS, key=named)


def declared_delimiter(text: str) -> str:
    """Return the delimiter of a first line such as ``sep=;``, which Excel reads, or ""."""
    found = _DECLARATION.match(text)
    return found[1] if found else ""


def with_rows(text: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Return ``text`` with rows behind its last one; every other character stays.

    ``text`` must have been read without a diagnostic. A column that it has no name for is named
    behind the others.
    """
    delimiter = delimiter_of(text)
    newline = next(iter(re.findall(r"\r\n|\n|\r", text)), "\n")
    lines = list(io.StringIO(text, newline=""))
    _, last, headings = next(records(text, delimiter))
    columns = [column_of(heading) for heading in headings]
    added = [column for column in COLUMNS if column not in columns and any(map(_has(column), rows))]
    if added:
        heading = lines[last - 1]
        body = heading.rstrip("\r\n")
        lines[last - 1] = delimiter.join((body, *added)) + heading[len(body) :]
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=delimiter, lineterminator=newline)
    for row in rows:
        cells = [row.get(column, "") if column else "" for column in (*columns, *added)]
        writer.writerow(cells)
    before = "".join(lines)
    return before + ("" if before.endswith(("\r", "\n")) else newline) + made.getvalue()


def _has(column: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda row: bool(row.get(column))


def with_ids(text: str, ids: Mapping[int, str]) -> str:
    """Return ``text`` with ids added, by the index of their row; every other character stays.

    ``text`` must have been read without a diagnostic. Without an ``id`` column, one is put in
    front; every row needs an id then.
    """
    delimiter = delimiter_of(text)
    lines = list(io.StringIO(text, newline=""))
    found = records(text, delimiter)
    first, _, headings = next(found)
    columns = [column_of(heading) for heading in headings]
    position = columns.index("id") if "id" in columns else None
    if position is None:
        lines[first - 1] = f"id{delimiter}{lines[first - 1]}"
    if position is not None:
        return with_cells(text, delimiter, position, ids)
    for index, (first, _, _) in enumerate(found):
        if index in ids:
            lines[first - 1] = f"{ids[index]}{delimiter}{lines[first - 1]}"
    return "".join(lines)


def with_cells(text: str, delimiter: str, position: int, cells: Mapping[int, str]) -> str:
    """Return ``text`` with other cells in one column, by the index of their row below the headings.

    ``position`` counts columns from 0; every other character stays.
    """
    lines = list(io.StringIO(text, newline=""))
    found = records(text, delimiter)
    next(found)
    for index, (first, last, _) in enumerate(found):
        if index in cells:
            record = "".join(lines[first - 1 : last])
            lines[first - 1 : last] = [
                _filled(record, delimiter, position, cells[index]),
                *[""] * (last - first),
            ]
    return "".join(lines)


def with_heading(text: str, delimiter: str, heading: str) -> tuple[str, int]:
    """Return ``text`` with a further column behind all that there are, and its number from 0."""
    lines = list(io.StringIO(text, newline=""))
    found = [*records(text, delimiter)]
    position = max(len(cells) for _, _, cells in found)
    first, last, _ = found[0]
    record = _filled("".join(lines[first - 1 : last]), delimiter, position, heading)
    return "".join((*lines[: first - 1], record, *lines[last:])), position


def _filled(record: str, delimiter: str, position: int, seat: str) -> str:
    """Return ``record`` with its cell at ``position`` (from 0) replaced by ``seat``."""
    body = record.rstrip("\r\n")
    start = 0
    for missing in range(position, -1, -1):
        end = _cell_end(body, delimiter, start)
        if missing == 0:
            return body[:start] + seat + record[end:]
        if end == len(body):
            return body + delimiter * missing + seat + record[end:]
        start = end + 1
    raise AssertionError(position)


def _cell_end(body: str, delimiter: str, start: int) -> int:
    """Return where the cell that begins at ``start`` ends: at its delimiter or with the body."""
    while body[start : start + 1] == " ":
        start += 1
    if body[start : start + 1] == '"':
        # A doubled quotation mark stands for one; the first single one closes the cell.
        start += 1
        while (start := body.index('"', start) + 1) < len(body) and body[start] == '"':
            start += 1
    end = body.find(delimiter, start)
    return len(body) if end < 0 else end


class BrokenRecordError(Exception):
    """A line that no record ends in, and what is wrong with it."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


def records(text: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield records that hold something: the first and the last line of each, and its cells.

    Raise BrokenRecordError where quotes do not let one end.
    """
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [" ".join(cell.split()) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            message = (
                "has a quotation mark that is not closed, or text after one; correct the quotes"
            )
            raise BrokenRecordError(line, message) from None
        declares = line == 1 and cells[:1] == ["sep="] and not any(cells[1:])
        if any(cells) and not declares:
            yield line, reader.line_num, cells


def _columns(line: int, headings: Sequence[str]) -> tuple[list[str | None], list[Diagnostic]]:
    """Return the column of each heading, None where it is empty or unknown, and what is wrong."""
    columns = [column_of(heading) for heading in headings]
    if not headings:
        return [], [Diagnostic(1, (), "is empty; write a first line such as 'name,email'")]
    if not any(columns):
        message = f"has to name the columns, such as 'name,email'; known: {', '.join(COLUMNS)}"
        return [], [Diagnostic(line, (), message)]
    diagnostics = []
    for number, (heading, column) in enumerate(zip(headings, columns, strict=True), 1):
        if heading and column is None and not is_note(heading):
            diagnostics.append(Diagnostic(line, (f"column {number}",), unknown_column(heading)))
        elif column and column in columns[: number - 1]:
            message = f"is named {column!r} like an earlier column; keep one of them"
            diagnostics.append(Diagnostic(line, (f"column {number}",), message))
    return columns, diagnostics


def _diagnostics_of_row(
    line: int, cells: Sequence[str], headings: Sequence[str]
) -> Iterator[Diagnostic]:
    for number, (heading, cell) in enumerate(zip(headings, cells, strict=False), 1):
        if cell and not heading:
            message = "holds text, but the first line gives the column no name; add one"
            yield Diagnostic(line, (f"column {number}",), message)
    if any(cells[len(headings) :]):
        message = (
            "has more cells than the first line has columns; put text that holds the delimiter"
            " in quotes"
        )
        yield Diagnostic(line, (), message)
