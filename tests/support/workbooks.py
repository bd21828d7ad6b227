"""Small Excel workbooks, as bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
Value = str | int | bool
Cells = Mapping[str, Value]


def workbook(*sheets: Cells, prologue: str = "", shared: bool = True) -> bytes:
    """Return a workbook of some sheets, each cell by its place, such as ``B7``.

    Text stands among the shared ones, or with ``shared=False`` in its cell.
    """
    texts: list[str] = []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, cells in enumerate(sheets, 1):
            rows: dict[str, list[str]] = {}
            for place, value in cells.items():
                row = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                rows.setdefault(row, []).append(_cell(place, value, texts, shared=shared))
            body = "".join(f'<row r="{row}">{"".join(made)}</row>' for row, made in rows.items())
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml",
                f'{prologue}<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>',
            )
        items = "".join(
            f"<si><r><t>{escape(text[:2])}</t></r><r><t>{escape(text[2:])}</t></r></si>"
            for text in texts
        )
        if shared:
            archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{items}</sst>')
    return packed.getvalue()


def _cell(place: str, value: Value, texts: list[str], *, shared: bool) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, int):
        return f'<c r="{place}"><v>{value}</v></c>'
    if not shared:
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    texts.append(value)
    return f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>'
