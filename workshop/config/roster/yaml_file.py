"""Rosters as a YAML list of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from workshop.config import yaml_document
from workshop.config.diagnostics import Diagnostic
from workshop.config.roster.sheet import (
    MAX_ROWS,
    RosterRow,
    Sheet,
    column_of,
    is_note,
    notes,
    unknown_column,
)
from workshop.config.yaml_document import line_of
from workshop.counting import count_of


def read(text: str) -> Sheet:
    """Return the rows of ``text``; every value is text as written: ``no`` is an id like others."""
    try:
        document = yaml_document.parse(text)
    except yaml_document.UnreadableError as error:
        return Sheet((), tuple(_of_column(diagnostic) for diagnostic in error.diagnostics))
    diagnostics = [_of_column(diagnostic) for diagnostic in document.diagnostics]
    root = document.root
    if not isinstance(root, SequenceNode):
        message = "has to be a list; write each person as '- name: ...'"
        return Sheet((), (*diagnostics, Diagnostic(line_of(root), (), message)))
    rows = []
    for node in root.value[:MAX_ROWS]:
        if isinstance(node, MappingNode):
            rows.append(RosterRow(line_of(node), _cells(node, diagnostics)))
        else:
            message = "is not a row; write keys such as 'name: ...' after the '- '"
            diagnostics.append(Diagnostic(line_of(node), (), message))
    if len(root.value) > MAX_ROWS:
        message = f"is row {MAX_ROWS + 1}; split the roster"
        diagnostics.append(Diagnostic(line_of(root.value[MAX_ROWS]), (), message))
    return Sheet(tuple(rows), tuple(diagnostics), _notes(root))


def _notes(root: SequenceNode) -> tuple[Diagnostic, ...]:
    """Return that rows hold notes, at the first of them."""
    found = [
        line_of(key)
        for node in root.value
        if isinstance(node, MappingNode)
        for key, _ in node.value
        if column_of(key.value) is None and is_note(key.value)
    ]
    if not found:
        return ()
    return (notes(found[0], count_of(len(found), "key")),)


def _cells(row: MappingNode, diagnostics: list[Diagnostic]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, node in row.value:
        column, line = column_of(key.value), line_of(key)
        if column is None and is_note(key.value):
            continue
        if column is None:
            diagnostics.append(Diagnostic(line, (), unknown_column(key.value)))
        elif column in cells:
            message = f"names {column!r} a second time; keep one of them"
            diagnostics.append(Diagnostic(line, (column,), message))
        elif not isinstance(node, ScalarNode):
            diagnostics.append(Diagnostic(line, (column,), "holds more than one value; write one"))
        elif yaml_document.value_of(node) is not None and (text := " ".join(node.value.split())):
            cells[column] = text
    return cells


def _of_column(diagnostic: Diagnostic) -> Diagnostic:
    """Return a diagnostic with the column alone: any other key may be a person's data."""
    keys = (column_of(part) for part in diagnostic.path[::-1] if isinstance(part, str))
    column = next(keys, None)
    return replace(diagnostic, path=(column,) if column else ())


def with_rows(text: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Return ``text`` with rows behind its last one; every other character stays.

    ``text`` must have been read without a diagnostic but that it has no rows.
    """
    root = yaml_document.parse(text).root
    newline = next(iter(re.findall(r"\r\n|\n|\r", text)), "\n")
    end = root.end_mark.index
    if isinstance(root, SequenceNode) and root.flow_style:
        inner = ", ".join(f"{{{', '.join(_pairs(row))}}}" for row in rows)
        comma = ", " if root.value and not text[: end - 1].rstrip().endswith(",") else ""
        return f"{text[: end - 1]}{comma}{inner}{text[end - 1 :]}"
    indent = " " * root.start_mark.column
    made = "".join(
        f"{indent}{'- ' if number == 0 else '  '}{pair}{newline}"
        for row in rows
        for number, pair in enumerate(_pairs(row))
    )
    # A comment behind the last row stays with it.
    before = text[:end] + ("" if text[:end].endswith(("\r", "\n")) else newline)
    return before + made + text[end:]


def _pairs(row: Mapping[str, str]) -> list[str]:
    # JSON's text in quotes is YAML's too, whatever it holds.
    return [f"{column}: {json.dumps(text, ensure_ascii=False)}" for column, text in row.items()]


def with_ids(text: str, ids: Mapping[int, str]) -> str:
    """Return ``text`` with ids added, by the index of their row; every other character stays.

    ``text`` must have been read without a diagnostic.
    """
    root = yaml_document.parse(text).root
    # From the last row to the first, so that the offsets of the rows before stay right.
    for index in sorted(ids, reverse=True):
        row = root.value[index]
        if isinstance(row, MappingNode):
            start, end, added = _insertion(text, row, ids[index])
            text = text[:start] + added + text[end:]
    return text


def _insertion(text: str, row: MappingNode, seat: str) -> tuple[int, int, str]:
    """Return what to put between two offsets of ``text`` to give ``row`` its id."""
    for key, node in row.value:
        if column_of(key.value) == "id" and isinstance(node, ScalarNode):
            start, end = node.start_mark.index, node.end_mark.index
            return start, end, seat if end > start else f" {seat}"
    start = row.start_mark.index
    if row.flow_style:
        return start + 1, start + 1, f"id: {seat}, "
    line_end = re.search(r"\r\n|\n|\r", text[start:]) or re.search(r"\r\n|\n|\r", text)
    newline = line_end.group() if line_end else "\n"
    return start, start, f"id: {seat}{newline}{' ' * row.start_mark.column}"
