"""A program that the demo runs, and that ends when the demo does."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

GRACE = 10.0
"""Seconds that a program has to end by itself."""
SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def running(
    command: Sequence[str],
    variables: Mapping[str, str],
    *,
    folder: Path | None = None,
    heard: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """Run ``command`` until the block ends, and terminate it when the block is broken off.

    ``variables`` is its whole environment. If ``heard``, what it prints is read from its stdout,
    and it reads nothing; else it shares the terminal. To be called by the main thread.
    """
    came: list[int] = []

    def raise_them() -> None:
        for number in came:
            signal.raise_signal(number)

    with ExitStack() as handlers:
        handlers.callback(raise_them)
        # A signal that is raised inside of Popen would leave an unknown child.
        for sign in SIGNS:
            handler = signal.getsignal(sign)
            if callable(handler):
                handlers.callback(signal.signal, sign, handler)
                signal.signal(sign, lambda number, _: came.append(number))
        with subprocess.Popen(
            command,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL if heard else None,
            stdout=subprocess.PIPE if heard else None,
            stderr=subprocess.STDOUT if heard else None,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        ) as child:
            try:
                handlers.close()
                yield child
            except BaseException:
                # Ctrl-C among them: nothing else would end the program.
                _end(child)
                raise


def _end(child: subprocess.Popen[str]) -> None:
    """Terminate it, and kill it if it does not end."""
    child.terminate()
    try:
        child.wait(GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
