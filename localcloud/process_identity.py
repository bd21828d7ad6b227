"""Whether a process id still belongs to the local cloud that was started with it.

Ids are used again: the id alone proves nothing, so the command line of the process must carry the
instance. psutil sends a signal only while the id still belongs to the process it was found as.
"""

from __future__ import annotations

import psutil

SERVER = "localcloud.server"


def command(instance: str) -> list[str]:
    """Return the words that follow the interpreter in the command line of one local cloud."""
    return ["-m", SERVER, "--instance", instance]


def find(pid: int, instance: str) -> psutil.Process | None:
    """Return the process of that local cloud; None if it has ended or the id is another's."""
    if pid <= 0:
        # To the system these are not one process but many.
        return None
    try:
        process = psutil.Process(pid)
        words = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # A process ended but not yet waited for has no command line; one that this user may not
        # read is another user's.
        return None
    expected = command(instance)
    is_cloud = any(words[at : at + len(expected)] == expected for at in range(len(words)))
    return process if is_cloud else None
