"""Reads the sheets of an Excel workbook (.xlsx): the cells of each row as text.

Some registration tools export nothing else. Only what an export has is read: shared and inline
text, numbers as they are written, truth values. Formulas count with the value they had last.
(ECMA-376, SpreadsheetML.)
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as ET

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_SHEET = re.compile(r"xl/worksheets/sheet([0-9]+)\.xml", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
MAX_PART_BYTES = 100_000_000
"""Of one part of the workbook, unpacked."""
MAX_COLUMNS = 1_000

Row = tuple[int, list[str]]
"""The row's number, counted from 1, and its cells."""


class BrokenWorkbookError(Exception):
    """The bytes begin as a workbook does and are none that can be read."""


def is_workbook(raw: bytes) -> bool:
    """Return whether ``raw`` is an Excel workbook, rather than another file that is packed so."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return any(_SHEET.fullmatch(name) for name in packed.namelist())
    except zipfile.BadZipFile:
        return False


def sheets(raw: bytes) -> list[list[Row]]:
    """Return the rows of each sheet that are not blank; raise BrokenWorkbookError."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            texts = _shared(packed)
            numbered = sorted(
                (int(found[1]), name)
                for name in packed.namelist()
                if (found := _SHEET.fullmatch(name))
            )
            return [list(_rows(_part(packed, name), texts)) for _, name in numbered]
    except (zipfile.BadZipFile, ET.ParseError, NotImplementedError, OSError) as error:
        raise BrokenWorkbookError(str(error)) from None
    except (IndexError, ValueError, RuntimeError) as error:
        # A number of a text that is not there, no number at all, a password.
        raise BrokenWorkbookError(str(error)) from None


def _part(packed: zipfile.ZipFile, name: str) -> ET.Element:
    """Return a part of the workbook; raise BrokenWorkbookError where it is too large."""
    if packed.getinfo(name).file_size > MAX_PART_BYTES:
        raise BrokenWorkbookError(f"{name} is larger than {MAX_PART_BYTES // 1_000_000} MB")
    with packed.open(name) as part:
        content = part.read(MAX_PART_BYTES + 1)
    if len(content) > MAX_PART_BYTES or b"<!DOCTYPE" in content[:1000]:
        raise BrokenWorkbookError(f"{name} is not as Excel writes it")
    text = content.replace(_STRICT[1:-1].encode(), _MAIN[1:-1].encode())
    return ET.fromstring(text)  # noqa: S314 - without a document type, nothing expands


def _shared(packed: zipfile.ZipFile) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in packed.namelist():
        return []
    return [_text(item) for item in _part(packed, name).iter(f"{_MAIN}si")]


def _text(item: ET.Element) -> str:
    """Return the text of an item, in one piece or in runs; how it is pronounced is none of it."""
    runs = [item, *item.findall(f"{_MAIN}r")]
    return "".join(found.text or "" for run in runs for found in run.findall(f"{_MAIN}t"))


def _rows(sheet: ET.Element, texts: list[str]) -> Iterator[Row]:
    for position, row in enumerate(sheet.iter(f"{_MAIN}row"), 1):
        number = int(row.get("r", position))
        cells: list[str] = []
        for cell in row.iter(f"{_MAIN}c"):
            column = _column(cell.get("r", "")) or len(cells)
            if column >= MAX_COLUMNS:
                break
            cells += [""] * (column - len(cells))
            cells[column:] = [_value(cell, texts).strip()]
        if any(cells):
            yield number, cells


def _column(reference: str) -> int:
    """Return the number of the column of ``B7``, counted from 0."""
    found = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in found[1] if found else "":
        number = number * 26 + ord(letter) - ord("A") + 1
    return max(number - 1, 0)


def _value(cell: ET.Element, texts: list[str]) -> str:
    kind, value = cell.get("t", "n"), cell.findtext(f"{_MAIN}v", "")
    if kind == "s":
        return texts[int(value)]
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return "" if inline is None else _text(inline)
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    return "" if kind == "e" else value
