"""Whether a process id still belongs to the local cloud that was started with it.

Ids are used again: the id alone proves nothing, so the command line of the process must carry the
instance. Linux tells it in ``/proc`` (a slim image has no ``ps``), macOS through ``ps``.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SERVER = "localcloud.server"
_PROC = Path("/proc")


def command(instance: str) -> list[str]:
    """Give the words that follow the interpreter in the command line of one local cloud."""
    return ["-m", SERVER, "--instance", instance]


def is_cloud(pid: int, instance: str) -> bool | None:
    """Whether that process is the local cloud of that instance; None if nothing here can tell."""
    words = _command_line(pid)
    if words is None:
        return None if exists(pid) else False
    wanted = command(instance)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def exists(pid: int) -> bool:
    """Whether a process of this user has that id, dead but not yet waited for included."""
    if pid <= 0:
        # To the system these are not one process but many.
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _command_line(pid: int) -> list[str] | None:
    """Give the words of a process's command line; empty if it is gone, None if unreadable."""
    if (_PROC / "self" / "cmdline").is_file():
        try:
            told = (_PROC / str(pid) / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return []
        except PermissionError:
            return None
        return told.decode(errors="replace").split("\0")
    try:
        asked = subprocess.run(
            # -ww: never cut off.
            ["ps", "-ww", "-p", str(pid), "-o", "args="],  # noqa: S607 - as the system has it
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError:
        return None
    return None if asked.stderr else asked.stdout.split()
