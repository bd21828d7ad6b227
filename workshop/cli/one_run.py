"""Commands that start and stop a local cloud of their own: one run at a time, ended like others."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from workshop import files
from workshop.errors import GuardError


def end_with_terminal() -> None:
    """Let a closed terminal end this like Ctrl-C, so that its cloud is stopped as well.

    Under nohup, and where somebody else sees to the signal, it goes on.
    """
    for sign in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sign) == signal.SIG_DFL:
            signal.signal(sign, lambda *_: sys.exit(1))


@contextmanager
def alone(state_dir: Path, command: str) -> Iterator[None]:
    """Keep a second ``what`` from stopping this one's cloud; raise GuardError in the second."""
    files.make_folder(state_dir)
    lock = FileLock(state_dir / f"{command}.lock", timeout=0, mode=files.FILE_MODE)
    try:
        held = lock.acquire()
    except Timeout:
        raise GuardError(
            f"another {command} runs in this folder; wait until it has ended"
        ) from None
    with held:
        yield
