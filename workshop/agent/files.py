"""Which of the attendee's files are saved, and how they are read and written without harm.

Needs Python 3.9 and its standard library. Nothing follows a symbolic link, nothing that exists is
written over, and every loop has a bound: the files belong to somebody who may do anything to them
at any moment.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import IO, Any

MOST_BYTES_OF_A_FILE = 200_000_000
MOST_BYTES = 5_000_000_000
MOST_FILES = 20_000
MOST_LOOKED_AT = 200_000
"""Names that one look takes: beyond them nothing is saved, and the report says so."""
LONGEST_PATH = 900
"""Bytes of a path; a key of S3 has 1,024, of which the prefix takes some."""
KEPT_FREE = 500_000_000
"""Bytes of the disk that nothing is brought into."""
PATTERN = "the organiser leaves it out"
CHUNK = 8 * 1024 * 1024

OWN = ".workshop"
"""The folder in the attendee's files where the agent keeps what has to outlive a stop."""
WRITTEN_ANEW = frozenset(
    {
        "00-MESSAGES.txt",
        "KEEP-RUNNING",
        "WORKSHOP.md",
        "WORKSHOP-SETUP.txt",
        "WORKSHOP-START.txt",
        "workshop-packages.log",
    }
)
"""Files at the top that are no work of the attendee's; the second would keep a machine running."""
CACHES = frozenset(
    {
        ".cache",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        "__pycache__",
        "lost+found",
        "node_modules",
    }
)
ENVIRONMENTS = frozenset({"pyvenv.cfg", "conda-meta"})
"""What a folder of a Python environment has at its top."""

Entry = list[Any]
"""``[size, mtime_ns, sha256, mode]`` of a saved file, as JSON has it."""


@dataclass(frozen=True)
class Bounds:
    """How much is saved: of a file and of all in bytes, and patterns of what is left out."""

    file: int = MOST_BYTES_OF_A_FILE
    total: int = MOST_BYTES
    leave_out: tuple[str, ...] = ()

    @classmethod
    def of_text(cls, text: str) -> Bounds:
        """Return what the YAML says, as JSON; the usual bounds for anything else."""
        given = document(text)
        try:
            patterns = tuple(map(str, given["leave_out"]))
            return cls(int(given["file_mb"]) * 10**6, int(given["total_gb"]) * 10**9, patterns)
        except (KeyError, TypeError, ValueError):
            return cls()

    def leaves_out(self, path: str) -> bool:
        """Return whether a pattern says so; a folder's path ends with a slash."""
        return any(fnmatchcase(path, pattern) for pattern in self.leave_out)


@dataclass
class Look:
    """What is there: sizes and times by path, and what is not saved, with the reason."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def look(home: Path, bounds: Bounds | None = None) -> Look:
    """Return what there is to save below ``home``."""
    seen, bounds = Look(), bounds or Bounds()
    device, looked_at = os.lstat(home).st_dev, 0
    waiting = [("", os.fspath(home))]
    while waiting:
        below, folder = waiting.pop()
        try:
            with os.scandir(folder) as names:
                entries = list(islice(names, MOST_LOOKED_AT - looked_at + 1))
        except OSError as error:
            seen.left_out.append((below or ".", error.strerror or str(error)))
            continue
        looked_at += len(entries)
        if looked_at > MOST_LOOKED_AT:
            seen.left_out.append((below or ".", f"there are more than {MOST_LOOKED_AT:,} files"))
            break
        if below and any(entry.name in ENVIRONMENTS for entry in entries):
            seen.left_out.append((below, "an environment: install it anew"))
            continue
        for entry in entries:
            waiting += _sort(seen, below, entry, device, bounds)
    _within_bounds(seen, bounds)
    return seen


def _sort(
    seen: Look, below: str, entry: os.DirEntry[str], device: int, bounds: Bounds
) -> Iterator[tuple[str, str]]:
    """Put an entry where it belongs, and yield it if it is a folder to look into."""
    path = below + entry.name
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return  # it is gone meanwhile
    if stat.S_ISDIR(about.st_mode):
        if entry.name in CACHES or entry.name.startswith(".Trash") or path == OWN:
            return
        if about.st_dev != device:
            seen.left_out.append((path, "another file system"))
        elif bounds.leaves_out(f"{path}/"):
            seen.left_out.append((path, PATTERN))
        else:
            yield path + "/", entry.path
    elif path in WRITTEN_ANEW:
        return
    elif reason := PATTERN if bounds.leaves_out(path) else _unfit(path, about, bounds):
        seen.left_out.append((path, reason))
    else:
        seen.files[path] = about.st_size, about.st_mtime_ns


def _unfit(path: str, about: os.stat_result, bounds: Bounds) -> str:
    """Return why a file is not saved, if so."""
    if stat.S_ISLNK(about.st_mode):
        return "a link"
    if not stat.S_ISREG(about.st_mode):
        return "no regular file"
    if about.st_size > bounds.file:
        return f"larger than {bounds.file // 1_000_000} MB"
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if not path.isprintable():
        return "its name has characters that cannot be shown"
    return "its name is too long" if length > LONGEST_PATH else ""


def _within_bounds(seen: Look, bounds: Bounds) -> None:
    """Leave out the largest files where all together are too many or too large."""
    room = bounds.total
    for number, path in enumerate(sorted(seen.files, key=lambda path: (seen.files[path][0], path))):
        room -= seen.files[path][0]
        if room < 0 or number >= MOST_FILES:
            why = f"all files are more than {bounds.total // 1_000_000_000} GB or {MOST_FILES:,}"
            seen.left_out.append((path, why))
            del seen.files[path]


def opened(path: Path) -> IO[bytes]:
    """Open a regular file to read; raise OSError for a link, a pipe and anything else."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(f"{path} is no regular file")
    return os.fdopen(file, "rb")


def same(path: Path, entry: Entry) -> bool:
    """Whether a file has the content of an entry."""
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            if os.fstat(file.fileno()).st_size != entry[0]:
                return False
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == str(entry[2])


def free(folder: Path) -> int:
    """Return how many bytes the disk has free for its user."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def replace(path: Path, text: str) -> None:
    """Write a small file as a whole or not at all; a link in its place is not followed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def lay(home: Path, path: str, chunks: Callable[[], Iterator[bytes]], entry: Entry | None) -> bool:
    """Write a new file below ``home`` from chunks; False if something is there already.

    It appears as a whole or not at all. Raise OSError where a folder on the way leads elsewhere.
    """
    target, top = home / path, home.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    if top not in (target.parent.resolve(), *target.parent.resolve().parents):
        raise OSError(f"{target.parent} leads out of {home}")
    if os.path.lexists(target):
        return False
    incoming = home / OWN / f"incoming-{os.getpid()}"
    incoming.parent.mkdir(exist_ok=True)
    try:
        with incoming.open("wb") as file:
            for chunk in chunks():
                file.write(chunk)
        if entry is not None:
            os.utime(incoming, ns=(entry[1], entry[1]))
            incoming.chmod(entry[3] & 0o755 | 0o600)
        os.link(incoming, target)  # unlike a rename, this never replaces what is there
    except FileExistsError:
        return False
    finally:
        incoming.unlink(missing_ok=True)
    return True


def document(text: bytes | str) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
