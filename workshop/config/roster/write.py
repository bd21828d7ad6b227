"""Writes ids and new rows into a roster file: all or nothing, and nothing else changes."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from workshop import files
from workshop.config import roster, yaml_document
from workshop.config.roster import csv_file, yaml_file
from workshop.config.roster.merge import Merge
from workshop.config.roster.sheet import RosterRow, Sheet
from workshop.errors import WorkshopError

_IDS = ("ids", "by the command without --write")
_OTHER_ID = ("another id", "by the command")
_ROWS = ("rows", "above")


def write_ids(path: Path, sheet: Sheet, reserved: Collection[str] = ()) -> int:
    """Write the missing ids of ``sheet``, as read from ``path``, into the file; return how many.

    None of them is in ``reserved``. Raises WorkshopError, with the file as it was, when the file
    changed since it was read, when its form does not let ids in, or when the folder cannot be
    written to.
    """
    return _write(path, sheet, (), reserved)


def write_merge(path: Path, sheet: Sheet, merge: Merge, reserved: Collection[str] = ()) -> None:
    """Write the new rows of a merge behind those of ``sheet``, and every missing id.

    Raises WorkshopError as ``write_ids`` does.
    """
    _write(path, sheet, merge.rows, reserved)


def write_other_id(path: Path, sheet: Sheet, before: str, after: str) -> None:
    """Write the id ``after`` into the row of ``before``; all else in the row stays.

    Raises WorkshopError as ``write_ids`` does.
    """
    (index,) = (at for at, row in enumerate(sheet.rows) if row.get("id") == before)
    text, bom = _unchanged(path, sheet)
    form = yaml_file if roster.is_yaml(path) else csv_file
    expected = [{**row.cells} for row in sheet.rows]
    expected[index]["id"] = after
    raw = bom + form.with_ids(text, {index: after}).encode()
    _replace(path, raw, expected, *_OTHER_ID)


def _write(
    path: Path, sheet: Sheet, rows: Sequence[Mapping[str, str]], reserved: Collection[str]
) -> int:
    whole = (*sheet.rows, *(RosterRow(0, row) for row in rows))
    ids = roster.ids(Sheet(whole), reserved)
    added = {
        index: seat
        for index, (row, seat) in enumerate(zip(whole, ids, strict=True))
        if not row.get("id")
    }
    if not added:
        return 0
    text, bom = _unchanged(path, sheet)
    form = yaml_file if roster.is_yaml(path) else csv_file
    text = form.with_ids(form.with_rows(text, rows) if rows else text, added)
    expected = [{**row.cells, "id": seat} for row, seat in zip(whole, ids, strict=True)]
    _replace(path, bom + text.encode(), expected, *(_ROWS if rows else _IDS))
    return len(added)


def _unchanged(path: Path, sheet: Sheet) -> tuple[str, bytes]:
    """Return a roster's text and the mark before it, if it still is what was read."""
    raw = path.read_bytes()
    text = yaml_document.decode(raw)
    if roster.parse(text, path) != sheet:
        raise WorkshopError(f"{path.as_posix()} changed while it was read; run the command again")
    return text, codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""


def _replace(
    path: Path, raw: bytes, expected: list[dict[str, str]], additions: str, shown_by: str
) -> None:
    """Put ``raw`` in the place of ``path`` in one step, after reading it back."""
    target = path.resolve()  # a link stays a link
    try:
        with files.draft(target, suffix=target.suffix) as draft:
            draft.write_bytes(raw)
            written = roster.read(draft)
            if written.diagnostics or [dict(row.cells) for row in written.rows] != expected:
                raise WorkshopError(
                    f"{path.as_posix()} is written in a way that {additions} cannot be added to;"
                    f" add them by hand, as shown {shown_by}"
                )
            draft.chmod(target.stat().st_mode & 0o7777)
    except OSError as error:
        raise WorkshopError(
            f"{path.as_posix()} cannot be written ({error.strerror}); check its folder"
        ) from None
