"""One run at a time in a folder, of commands that start and stop a local cloud of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from workshop import files
from workshop.errors import GuardError


@contextmanager
def alone(state_dir: Path, what: str) -> Iterator[None]:
    """Keep a second ``what`` from stopping this one's cloud; raise GuardError in the second."""
    files.make_folder(state_dir)
    lock = FileLock(state_dir / f"{what}.lock", timeout=0, mode=files.FILE_MODE)
    try:
        held = lock.acquire()
    except Timeout:
        raise GuardError(f"another {what} runs in this folder; wait until it has ended") from None
    with held:
        yield
