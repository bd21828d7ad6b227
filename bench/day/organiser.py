"""The organiser: the commands of ``workshop``, run in this process at the cloud's time."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from localcloud import environment as cloud_environment
from localcloud.record import Running
from workshop import cli, events

NAME = "day"


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Return its output as JSON."""
        return json.loads(self.out)

    @property
    def report(self) -> dict[str, Any]:
        """Return the last line of its output as JSON, after those of events; empty for none."""
        lines = self.out.splitlines()
        return dict(json.loads(lines[-1])) if lines else {}


@dataclass(frozen=True)
class Organiser:
    """Somebody with the environment ``day`` in a folder, and the account's credentials."""

    running: Running
    folder: Path
    now: Callable[[], datetime]

    def command(self, verb: str, *more: str) -> Said:
        """Run ``workshop VERB -e day ...`` and return what it left."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        arguments = ["workshop", *verb.split(), "-e", NAME, "--config-dir", str(self.folder), *more]
        with (
            self._here(),
            mock.patch.object(events, "now", self.now),
            mock.patch.object(sys, "argv", arguments),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                cli.main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return Said(code, out.getvalue(), err.getvalue())

    @contextmanager
    def _here(self) -> Iterator[None]:
        chosen = cloud_environment.variables(self.running, self.folder / "cloud")
        variables = cloud_environment.applied(os.environ, chosen)
        with (
            mock.patch.dict(os.environ, variables, clear=True),
            contextlib.chdir(self.folder),
        ):
            yield
