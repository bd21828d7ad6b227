"""Writes files and folders that hold names, links or people's work: for their owner's eyes alone.

Files have the mode 0600 and folders 0700, whatever the umask says and whatever they had before. A
file takes its name when it is whole and on the disk, never before. No version control offers them:
a ``.gitignore`` that ignores everything lies in the outermost folder.

Errors of the operating system pass through as OSError, whose ``filename`` says where.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

STATE = Path(".workshop")
"""What the command line keeps of each environment, in the folder it is run in."""

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_NAMING = threading.Lock()
"""Held while a file takes its name: not every file system can do that only where it is free."""

_IGNORED = "# Names, links and people's work: none of it is for version control.\n*\n"


def shown(path: Path) -> str:
    """Return ``path`` as messages name it: from the current folder where it lies below that."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100 - keeps links
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else path).as_posix()


def make_folder(path: Path, *, root: Path | None = None) -> Path:
    """Make ``path`` where it is missing, and make it private where it is there; return it.

    The same goes for every folder from ``root`` down to ``path``; ``root`` is ``path`` itself, or
    the state folder that it is in. Only a root that others use as well keeps its mode: one of
    another user, one with the sticky or the set-group-id bit, a mount point, and whatever the
    working directory or the home directory is in.
    """
    above = [path, *path.parents]
    root = root or next((folder for folder in above if folder.name == STATE.name), path)
    own = above[: above.index(root) + 1]
    made = [folder for folder in above if not os.path.lexists(folder)]
    for folder in reversed(made):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        _restrict(folder, FOLDER_MODE)  # the umask may have taken more
    path.mkdir(exist_ok=True)  # raises where a file has the name
    ours = root in made or root.name == STATE.name
    shared = not ours and _is_shared(root)
    for folder in own:
        if folder != root or not shared:
            _restrict(folder, FOLDER_MODE)
    if ours or not (shared or any(root.iterdir())):
        _ignore(max((*made, root), key=above.index))
    return path


@contextmanager
def draft(path: Path, *, suffix: str = "", new: bool = False) -> Iterator[Path]:
    """Yield the path of an empty file that takes the name ``path`` when the block has ended.

    Whatever has that name until then is replaced; a link is replaced and not followed. With
    ``new``, FileExistsError is raised instead. Where the block raises, the file is removed and
    ``path`` is as it was. Until then the file's name ends with ``suffix``.
    """
    # Not named after ``path``, whose name may be as long as names can be.
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".workshop-", suffix=suffix)
    os.close(number)
    made = Path(name)
    try:
        _restrict(made, FILE_MODE)
        yield made
        _force_to_disk(made)
        with _NAMING:
            if new and os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def write(path: Path, content: str | bytes) -> None:
    """Write a whole file, in place of one that is there; text is UTF-8, its line ends stay."""
    with draft(path) as made:
        made.write_bytes(_encoded(content))


def create(path: Path, content: str | bytes = "") -> None:
    """Write a file that is not there yet; raise FileExistsError where something has its name."""
    with open_private(path, "xb") as file:
        file.write(_encoded(content))


def append(path: Path, line: str) -> None:
    """Add a line in one piece, so that writers at the same time do not mix theirs."""
    with open_private(path, "ab", buffering=0) as file:
        file.write(_encoded(f"{line}\n"))


def open_private(path: Path, mode: str, **more: Any) -> IO[Any]:
    """Open a file as ``open`` does; it is private before anything is written."""

    def opener(name: str, flags: int) -> int:
        number = os.open(name, flags, FILE_MODE)
        try:
            with suppress(PermissionError):
                os.fchmod(number, FILE_MODE)
        except OSError:
            os.close(number)
            raise
        return number

    return open(path, mode, opener=opener, **more)


def own_content(path: Path) -> bytes | None:
    """Return what is in a file that nobody but this user could have written; None for any other."""
    # A link leads to a file of somebody else, and a pipe would keep its reader waiting.
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        found = os.fstat(number)
        if not (stat.S_ISREG(found.st_mode) and _is_own(found)):
            return None
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(number)


def is_own_folder(path: Path) -> bool:
    """Whether nobody but this user can put a file into a folder, or take one out of it."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and _is_own(found)


def _is_own(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _encoded(content: str | bytes) -> bytes:
    # A lone surrogate has no UTF-8; AWS and file names may hold one.
    return content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")


def _restrict(path: Path, mode: int) -> None:
    # A file system without modes, such as FAT, refuses: there is nothing that could be done.
    with suppress(PermissionError):
        special = path.stat().st_mode & (stat.S_ISVTX | stat.S_ISGID)
        path.chmod(mode | special)


def _is_shared(folder: Path) -> bool:
    found = folder.stat()
    here = folder.resolve()
    return (
        found.st_uid != os.getuid()
        or bool(found.st_mode & (stat.S_ISVTX | stat.S_ISGID))
        or any(there.is_relative_to(here) for there in (Path.cwd().resolve(), _home()))
        or here.is_mount()
    )


def _home() -> Path:
    return Path(os.path.expanduser("~")).resolve()  # noqa: PTH111 - Path.home raises without one


def _ignore(folder: Path) -> None:
    with suppress(FileExistsError):
        create(folder / ".gitignore", _IGNORED)


def _force_to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
