"""Writes files that hold links: for their owner's eyes alone, all of them or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from workshop.environment import shown
from workshop.errors import UsageError, WorkshopError

FOLDER_MODE = 0o700
"""Of a folder that is made; one that is there keeps its own, and files have 0600 in any case."""


def check(targets: Iterable[Path], *, force: bool) -> None:
    """Raise UsageError for files that may not be written over; nothing is touched."""
    wanted = list(targets)
    folders = {target.parent for target in wanted}
    for path in sorted({above for folder in folders for above in (folder, *folder.parents)}):
        if os.path.lexists(path) and not path.is_dir():
            raise UsageError(f"{shown(path)} is a file; give another --output")
    for path in wanted:
        if path.is_dir():
            raise UsageError(f"{shown(path)} is a folder; give another --output")
    there = [path for path in wanted if os.path.lexists(path)]
    if there and not force:
        more = f" and {len(there) - 1} more are" if len(there) > 1 else " is"
        raise UsageError(
            f"{shown(there[0])}{more} there already; add --force to write over, or give another"
            " --output"
        )


def write(texts: Mapping[Path, str], *, force: bool) -> None:
    """Write all files, each whole or not at all; their folders are made where they are missing.

    No file gets its name before the texts of all are on the disk. Raises UsageError as ``check``
    does, and WorkshopError when the disk refuses; nothing is left half done then.
    """
    try:
        for folder in sorted({path.parent for path in texts}):
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        with ExitStack() as undo:
            staged = {path: _staged(path, text, undo) for path, text in texts.items()}
            check(texts, force=force)  # somebody else may have been here meanwhile
            for path, temporary in staged.items():
                temporary.replace(path)
    except OSError as error:
        where = error.filename or next(iter(texts)).parent
        raise WorkshopError(
            f"{shown(Path(where))} cannot be written ({error.strerror}); check the folder and the"
            " room on its disk"
        ) from error


def _staged(path: Path, text: str, undo: ExitStack) -> Path:
    """A file beside ``path`` with its text, on the disk; ``undo`` removes it if it is not used."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    temporary = Path(name)
    undo.callback(temporary.unlink, missing_ok=True)
    with os.fdopen(number, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary
