"""Runs the ``workshop`` command in this process, as a shell would, or puts it on a shell's path.

Beside it on the path is the AWS CLI, which cures are written for.
"""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

from tests.support.prepared import for_good
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


@cache
def on_the_path() -> Path:
    """Return the folder of a ``workshop`` and an ``aws`` for shells that start at once."""
    made = for_good(
        *("tests.support.shared:read_models", "workshop.cli:application"),
        *("awscli.handlers", "tests.support.aws_cli"),
    )
    made.program("aws", "tests.support.aws_cli:main")
    return made.program("workshop", "workshop.cli:main").parent
