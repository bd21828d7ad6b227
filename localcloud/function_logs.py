"""What functions write to their logs, read when they have answered: no answer waits for more of it.

A function writes before it answers, so that all it wrote is in the pipe by then. ministack reads
the pipe in a thread and waits a twentieth of a second for a first line, which most runs never have.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import os
import queue
import selectors
import threading
from typing import IO, Any

from localcloud import ministack_adapter

_MOST = 65_536


class LogPipe:
    """The standard error of one process, as lines of a queue; two threads may read it."""

    def __init__(self, pipe: IO[str], lines: queue.Queue[str]) -> None:
        self.pipe = pipe
        self._lines = lines
        self._reading = threading.Lock()
        self._rest = b""

    def follow(self) -> None:
        """Read until its end, so that no function waits for room in the pipe."""
        with selectors.DefaultSelector() as there:
            there.register(self.pipe, selectors.EVENT_READ)
            while there.select() and self.take():
                pass

    def take(self) -> bool:
        """Read what is there; return False at the end."""
        with self._reading, selectors.DefaultSelector() as there:
            there.register(self.pipe, selectors.EVENT_READ)
            # Another thread may have read it meanwhile.
            while there.select(0):
                part = os.read(self.pipe.fileno(), _MOST)
                *lines, self._rest = (self._rest + part).split(b"\n")
                if not part and self._rest:
                    lines, self._rest = [self._rest], b""
                for line in lines:
                    self._lines.put(line.decode(errors="replace"))
                if not part:
                    return False
        return True


def patch_logs() -> None:
    """Correct in place how the emulator reads what functions log."""
    worker, making = ministack_adapter.module("core.lambda_runtime").Worker, threading.Lock()

    def pipe_of(worker_process: Any) -> LogPipe:
        with making:
            known: LogPipe | None = getattr(worker_process, "log_pipe", None)
            if known is None or known.pipe is not worker_process._proc.stderr:
                known = worker_process.log_pipe = LogPipe(
                    worker_process._proc.stderr, worker_process._stderr_queue
                )
            return known

    def logged(worker_process: Any) -> str:
        if worker_process._proc is not None:
            pipe_of(worker_process).take()
        return str(worker_process._drain_stderr())

    worker._read_stderr = lambda worker_process: pipe_of(worker_process).follow()
    worker._drain_stderr_bounded = logged
