"""Runs the ``workshop`` command in this process, as a shell would, or puts it on a shell's path."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.support.prepared import prepared
from workshop import cli


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


def run(*arguments: str) -> Ran:
    """``workshop ARGUMENTS``; output is captured as through a pipe."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["workshop", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else 0 if exit_.code is None else 1
    return Ran(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def on_the_path() -> Iterator[Path]:
    """Yield the folder of a ``workshop`` for shells that starts at once."""
    with prepared("tests.support.shared:read_models", "workshop.cli:application") as made:
        yield made.program("workshop", "workshop.cli:main").parent
