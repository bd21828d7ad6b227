"""Writes files that hold links: readable by their owner alone, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path

from workshop import files
from workshop.counting import first_of
from workshop.errors import UsageError, WorkshopError
from workshop.files import shown


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
        verb = "are" if there[1:] else "is"
        raise UsageError(
            f"{first_of([*map(shown, there)], 1)} {verb} there already; add --force to write over,"
            " or give another --output"
        )


def write(texts: Mapping[Path, str], *, force: bool, folder: Path | None = None) -> None:
    """Write all files, each whole or not at all; their folders are made where they are missing.

    ``folder`` is there for these files alone and is made private; without one, a folder that is
    there holds other files as well, and keeps its mode.

    No file gets its name before the texts of all are on the disk. Raise UsageError as ``check``
    does, and WorkshopError when the disk refuses; nothing is left half done then.
    """
    try:
        for parent in sorted({path.parent for path in texts}):
            if parent == folder or not parent.is_dir():
                files.make_folder(parent)
        with ExitStack() as drafts:
            for path, text in texts.items():
                draft = drafts.enter_context(files.draft(path))
                draft.write_bytes(text.encode("utf-8", "backslashreplace"))
            check(texts, force=force)  # somebody else may have been here meanwhile
    except OSError as error:
        where = error.filename or next(iter(texts)).parent
        raise WorkshopError(
            f"{shown(Path(where))} cannot be written ({error.strerror}); check the folder and the"
            " room on its disk"
        ) from error


def remove_gone(folder: Path, kept: Collection[Path], is_ours: Callable[[str], bool]) -> list[Path]:
    """Remove the pages of an earlier handout that this one has no more, and return them.

    Nothing is removed but files that ``is_ours`` knows by their text and nobody else could have
    written.
    """
    gone = []
    for path in sorted(folder.glob("*.html")):
        content = None if path in kept else files.own_content(path)
        if content is not None and is_ours(content.decode("utf-8", "replace")):
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone


def is_offered(path: Path) -> bool:
    """Whether git would offer a file for a commit: no ``.gitignore`` above it names it plainly."""
    absolute = path.absolute()
    for folder in absolute.parents:
        if _is_ignored(absolute.relative_to(folder), folder / ".gitignore"):
            return False
        if (folder / ".git").exists():
            return True
    return False


def _is_ignored(path: Path, by: Path) -> bool:
    try:
        lines = by.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False
    names = (*path.parts, path.as_posix())
    return any(fnmatch(name, line.strip().strip("/")) for name in names for line in lines)
