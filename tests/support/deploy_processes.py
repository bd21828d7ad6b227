"""Real ``workshop deploy`` processes, as organisers start, kill and interrupt them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tests.support.small_workshop import WORKSHOP, Fleet

SECONDS = 240


@dataclass
class Organiser:
    """A real ``workshop deploy --json`` process."""

    process: subprocess.Popen[str]

    def until(self, what: str, stack: str) -> None:
        """Read what it tells until something has happened to a stack."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if told["what"] == what and fnmatch(told.get("stack", ""), stack):
                return
        raise AssertionError(self.process.communicate())

    def end(self) -> tuple[int, dict[str, Any], str]:
        """Its exit code, the last line of its output and all talk, once it has ended."""
        out, err = self.process.communicate(timeout=SECONDS)
        lines = out.splitlines()
        return self.process.returncode, json.loads(lines[-1]) if lines else {}, err

    def kill(self) -> None:
        """``kill -9``."""
        self.process.kill()
        self.process.communicate(timeout=SECONDS)


@contextmanager
def organiser(fleet: Fleet, *arguments: str) -> Iterator[Organiser]:
    """Somebody types ``workshop deploy -e dev --json ARGUMENTS`` in the folder."""
    with typed(fleet.folder, fleet.variables(), "deploy", "-e", "dev", "--json", *arguments) as one:
        yield one


@contextmanager
def typed(folder: Path, variables: Mapping[str, str], *arguments: str) -> Iterator[Organiser]:
    """Somebody types ``workshop ARGUMENTS`` in a folder."""
    with subprocess.Popen(
        [WORKSHOP, *arguments],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Organiser(process)
        finally:
            process.kill()
