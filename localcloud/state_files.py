"""Files of a local cloud's state directory: they hold its secret, so they are their owner's alone.

Folders have the mode 0700 and files 0600, whatever the umask says and whatever they had before.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any


def make_folder(path: Path) -> None:
    """Make ``path`` and what is above it where they are missing, and make ``path`` private."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A file system without modes, such as FAT, refuses: there is nothing that could be done.
    with suppress(PermissionError):
        path.chmod(0o700)


def write(path: Path, content: str) -> None:
    """Write a whole file, which takes its name when it is complete."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as made:
        made.write(content)
    Path(made.name).replace(path)


def open_private(path: Path, mode: str) -> IO[Any]:
    """Open a file as ``open`` does; it is private before anything is written."""

    def opener(name: str, flags: int) -> int:
        number = os.open(name, flags, 0o600)
        with suppress(PermissionError):
            os.fchmod(number, 0o600)
        return number

    return open(path, mode, opener=opener)
