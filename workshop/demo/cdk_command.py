"""Runs the real CDK command line and reports the stacks that it has finished."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workshop import files
from workshop.demo import program as subprocess
from workshop.errors import UsageError, WorkshopError

# How cdk marks a finished stack, with or without a remark behind its name.
_FINISHED = re.compile(r"✅\s+([\w-]+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TAIL = 25

INSTALL = "install it with: npm install -g aws-cdk@2"


@dataclass(frozen=True)
class CdkCommand:
    """The ``cdk`` of this virtual environment, or the one on the path, in a folder.

    ``variables`` is the whole environment of its processes; what they print goes to files in
    ``logs``.
    """

    project: Path
    logs: Path
    variables: Mapping[str, str]

    @property
    def program(self) -> str | None:
        """Return the command line's file, None where there is none."""
        own = os.pathsep.join([str(Path(sys.executable).parent), self.variables.get("PATH", "")])
        return shutil.which("cdk", path=own)

    def run(self, *arguments: str, finished: Callable[[str], None] = lambda _: None) -> Path:
        """Run ``cdk <arguments>`` and call ``finished`` with each stack that is done.

        Without a ``cdk.json`` it is the installed app that runs. Return the log. Raise
        WorkshopError with the log's last lines if it fails, and UsageError if there is no ``cdk``.
        """
        if not self.program:
            raise UsageError(f"there is no CDK command line here; {INSTALL}")
        if "--app" not in arguments and not (self.project / "cdk.json").exists():
            arguments += ("--app", f"{shlex.quote(sys.executable)} -P -m stacks")
        files.make_folder(self.logs)
        log = self.logs / f"cdk-{arguments[0]}.log"
        command = [self.program, *arguments, "--no-notices", "--no-color"]
        last: deque[str] = deque(maxlen=_TAIL)
        with (
            files.open_private(log, "w", encoding="utf-8", errors="backslashreplace") as file,
            subprocess.running(command, self.variables, folder=self.project, heard=True) as process,
        ):
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            for line in process.stdout:
                text = _COLOUR.sub("", line)
                file.write(text)
                last.append(text)
                if found := _FINISHED.search(text):
                    finished(found[1])
        if process.returncode:
            raise WorkshopError(
                f"cdk {arguments[0]} failed with exit code {process.returncode}; all of its output"
                f" is in {log}; it ends with:",
                details="".join(last),
            )
        return log
