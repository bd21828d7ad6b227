"""The files of a folder of labs that hold code: read within limits, and never run.

Nothing outside the folder is read: links are not followed, whatever they lead to. What is left out
is named, never passed over, but for folders that are hidden.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workshop.counting import count_of
from workshop.errors import UsageError
from workshop.files import shown
from workshop.fit.notebook import Cell, UnreadableLabError, cell, read

MOST_FILES = 4_000
LARGEST_NOTEBOOK = 64_000_000
"""Bytes; a notebook holds its pictures."""
LARGEST_PROGRAM = 2_000_000
MOST_BYTES = 1_000_000_000
"""Bytes of all files together."""
MOST_CELLS = 60_000

_SKIPPED = {"__pycache__", "node_modules", "site-packages", "venv"}
_PROGRAMS = (".py", ".sh", ".bash")
_REQUIREMENTS = ("requirements", "constraints")
_OF_OTHERS = {
    "makes infrastructure, which attendees do not": re.compile(
        r"^\s*(?:import|from)\s+aws_cdk\b", re.MULTILINE
    ),
    "is code of a Lambda function, which has a role of its own": re.compile(
        r"^(?:async )?def \w*handler\(\s*event\b", re.MULTILINE
    ),
}
"""Why a program does not run as a seat -> how it is known."""


@dataclass(frozen=True)
class LabFile:
    """A file of the labs: ``kind`` is notebook, program, script, requirements or recipe.

    A recipe makes an image, and a program may run in a job as well as on a notebook.
    """

    path: str
    kind: str
    cells: tuple[Cell, ...]
    kernel: str = ""


@dataclass(frozen=True)
class LabContent:
    """The files that hold code, in the order of their names; ``left_out`` has path -> reason."""

    files: tuple[LabFile, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def read_folder(folder: Path) -> LabContent:
    """Return what a folder holds; raise UsageError where it is none."""
    if not folder.is_dir():
        raise UsageError(f"{shown(folder)} is no folder; name the one that holds the labs")
    files: list[LabFile] = []
    left_out: list[tuple[str, str]] = []
    size = cells = 0
    for path in _paths(folder):
        name = path.relative_to(folder).as_posix()
        kind = _kind(path.name)
        if not kind:
            continue
        if len(files) >= MOST_FILES or size >= MOST_BYTES or cells >= MOST_CELLS:
            left_out.append((name, "comes after as many as are read; name a folder below"))
            continue
        try:
            data = _bytes(path, LARGEST_NOTEBOOK if kind == "notebook" else LARGEST_PROGRAM)
            size += len(data)
            found = _file(name, kind, data)
        except UnreadableLabError as error:
            left_out.append((name, str(error)))
            continue
        cells += len(found.cells)
        files.append(found)
    return LabContent(tuple(files), tuple(left_out))


def _paths(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder, sorted; nothing behind a link to a folder."""
    for place, folders, names in os.walk(folder, followlinks=False):
        # What is hidden is for those who make the workshop, not for those who attend it.
        folders[:] = sorted(
            name for name in folders if name not in _SKIPPED and not name.startswith(".")
        )
        for name in sorted(names):
            yield Path(place) / name


def _kind(name: str) -> str:
    lower = name.lower()
    if lower.endswith(".ipynb"):
        return "notebook"
    if lower.endswith(_PROGRAMS):
        return "program" if lower.endswith(".py") else "script"
    if lower.startswith(_REQUIREMENTS) and lower.endswith(".txt"):
        return "requirements"
    return "recipe" if lower == "dockerfile" or lower.startswith("dockerfile.") else ""


def _bytes(path: Path, most: int) -> bytes:
    """Return what a file holds; raise UnreadableLabError for a link, a pipe, or too much of it."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        why = "is a link" if path.is_symlink() else f"cannot be read ({error.strerror})"
        raise UnreadableLabError(why) from None
    with os.fdopen(number, "rb") as file:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableLabError("is no file")
        if found.st_size > most:
            raise UnreadableLabError(f"has more than {count_of(most, 'byte')}")
        return file.read(most)


def _file(name: str, kind: str, data: bytes) -> LabFile:
    if b"\x00" in data:
        raise UnreadableLabError("is binary")
    text = data.decode("utf-8-sig", "replace")
    if kind == "notebook":
        made = read(text)
        return LabFile(name, kind, made.cells, made.kernel)
    if kind == "program":
        for why, pattern in _OF_OTHERS.items():
            if pattern.search(text):
                raise UnreadableLabError(why)
    whole = cell(0, text) if kind == "program" else Cell(0, shell=text)
    return LabFile(name, kind, (whole,))
