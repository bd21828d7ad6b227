"""Writes derived ids into a roster file: all or nothing, and nothing but ids."""

from __future__ import annotations

import codecs
import os
import tempfile
from pathlib import Path

from workshop.config import roster, yaml_document
from workshop.config.roster import csv_file, yaml_file
from workshop.config.roster.sheet import Sheet
from workshop.errors import WorkshopError


def write_ids(path: Path, sheet: Sheet) -> int:
    """Write the missing ids of ``sheet``, as read from ``path``, into the file; return how many.

    Raises WorkshopError, with the file as it was, when the file changed since it was read, when
    its form does not let ids in, or when the folder cannot be written to.
    """
    added = {
        index: seat
        for index, (row, seat) in enumerate(zip(sheet.rows, roster.ids(sheet), strict=True))
        if not row.get("id")
    }
    if not added:
        return 0
    raw = path.read_bytes()
    text = yaml_document.decode(raw)
    if roster.parse(text, path) != sheet:
        raise WorkshopError(f"{path.as_posix()} changed while it was read; run the command again")
    add = yaml_file.with_ids if roster.is_yaml(path) else csv_file.with_ids
    bom = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    _replace(path, bom + add(text, added).encode(), expected=_cells(sheet, added))
    return len(added)


def _cells(sheet: Sheet, added: dict[int, str]) -> list[dict[str, str]]:
    return [
        {**row.cells, "id": added.get(index, row.get("id"))} for index, row in enumerate(sheet.rows)
    ]


def _replace(path: Path, raw: bytes, expected: list[dict[str, str]]) -> None:
    """Put ``raw`` in the place of ``path`` in one step, after reading it back."""
    target = path.resolve()  # a link stays a link
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=target.suffix, dir=target.parent)
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            written = roster.read(draft)
            if written.diagnostics or [dict(row.cells) for row in written.rows] != expected:
                raise WorkshopError(
                    f"{path.as_posix()} is written in a way that ids cannot be added to; add them"
                    " by hand, as shown by the command without --write"
                )
            draft.chmod(target.stat().st_mode & 0o7777)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise WorkshopError(
            f"{path.as_posix()} cannot be written ({error.strerror}); check its folder"
        ) from None
