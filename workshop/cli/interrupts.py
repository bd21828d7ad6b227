"""Ctrl-C in a command that deletes: nothing more is asked of AWS, and the command ends soon."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workshop.aws.clients import Clients


@contextmanager
def ending(clients: Clients) -> Iterator[None]:
    """Let the first SIGINT end all calls of ``clients``, in every thread, and raise as always.

    Python raises KeyboardInterrupt in the main thread alone, which then waits for all others: they
    would go on with what is queued.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        clients.interrupt()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
