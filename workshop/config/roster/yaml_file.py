"""Rosters as a YAML list of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workshop.config import yaml_document
from workshop.config.roster.sheet import (
    MAX_ROWS,
    RosterRow,
    Sheet,
    SheetFault,
    column_of,
    unknown_column,
)


def read(text: str) -> Sheet:
    """The rows of ``text``; every value is text as written, so that ``no`` is an id like others."""
    try:
        document = yaml_document.parse(text)
    except yaml_document.UnreadableError as error:
        return Sheet((), tuple(_fault(fault) for fault in error.faults))
    faults = [_fault(fault) for fault in document.faults]
    root = document.root
    if not isinstance(root, yaml_document.List):
        told = "has to be a list; write each person as '- name: ...'"
        return Sheet((), (*faults, SheetFault(root.line, "", told)))
    rows = []
    for node in root.items[:MAX_ROWS]:
        if isinstance(node, yaml_document.Table):
            cells = _cells(node, faults)
            rows.append(RosterRow(node.line, cells))
        else:
            told = "is not a row; write keys such as 'name: ...' after the '- '"
            faults.append(SheetFault(node.line, "", told))
    if len(root.items) > MAX_ROWS:
        line = root.items[MAX_ROWS].line
        faults.append(SheetFault(line, "", f"is row {MAX_ROWS + 1}; split the roster"))
    return Sheet(tuple(rows), tuple(faults))


def _cells(table: yaml_document.Table, faults: list[SheetFault]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for heading, (key, value) in table.entries.items():
        column = column_of(heading)
        if column is None:
            faults.append(SheetFault(key.line, "", unknown_column(heading)))
        elif column in cells:
            told = f"names {column!r} a second time; keep one of them"
            faults.append(SheetFault(key.line, column, told))
        elif not isinstance(value, yaml_document.Scalar):
            faults.append(SheetFault(key.line, column, "holds more than one value; write one"))
        elif value.value is not None and (text := " ".join(value.text.split())):
            cells[column] = text
    return cells


def _fault(fault: yaml_document.Fault) -> SheetFault:
    # A key is repeated only when it is a column; any other key may be a person's data.
    column = next((column_of(part) for part in fault.path[::-1] if isinstance(part, str)), None)
    return SheetFault(fault.line, column or "", fault.text)


def with_ids(text: str, ids: Mapping[int, str]) -> str:
    """``text`` with ids added, by the index of their row; every other character stays.

    ``text`` must have been read without a fault.
    """
    root = yaml_document.parse(text).root
    rows = root.items if isinstance(root, yaml_document.List) else ()
    # From the last row to the first, so that the offsets of the rows before stay right.
    for index in sorted(ids, reverse=True):
        row = rows[index]
        if isinstance(row, yaml_document.Table):
            start, end, added = _insertion(text, row, ids[index])
            text = text[:start] + added + text[end:]
    return text


def _insertion(text: str, row: yaml_document.Table, seat: str) -> tuple[int, int, str]:
    """What to put between two offsets of ``text`` to give ``row`` its id."""
    for heading, (_, value) in row.entries.items():
        if column_of(heading) == "id" and isinstance(value, yaml_document.Scalar):
            return value.start, value.end, seat if value.end > value.start else f" {seat}"
    if row.flow:
        return row.start + 1, row.start + 1, f"id: {seat}, "
    line_end = re.search(r"\r\n|\n|\r", text[row.start :]) or re.search(r"\r\n|\n|\r", text)
    newline = line_end.group() if line_end else "\n"
    return row.start, row.start, f"id: {seat}{newline}{' ' * row.column}"
