"""Runs the real CDK command line in the project's folder, as a user would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ROOT = Path(__file__).parents[2]
CDK = Path(sys.executable).with_name("cdk")
SECONDS = 240


@dataclass(frozen=True)
class CdkRun:
    """What a command printed, on both streams, and how it ended."""

    code: int
    text: str


@dataclass(frozen=True)
class Cdk:
    """``cdk`` with the given environment variables; its assemblies go to ``output``."""

    variables: Mapping[str, str]
    output: Path
    context: Mapping[str, str] = field(default_factory=dict)

    def run(self, command: str, *arguments: str, **context: str) -> CdkRun:
        """Run one command and return its answer, whatever its exit code; a hang is an error."""
        everything = {**self.context, **context}
        chosen = [word for key, value in everything.items() for word in ("-c", f"{key}={value}")]
        return self._ran(command, *arguments, *chosen, "--output", str(self.output))

    def succeed(self, command: str, *arguments: str, **context: str) -> str:
        """Run one command that has to end with 0, and return what it printed."""
        return _good(self.run(command, *arguments, **context))

    def again(self, command: str, *arguments: str) -> CdkRun:
        """Run one command on the assembly that the last one has made."""
        return self._ran(command, *arguments, "--app", str(self.output))

    def succeed_again(self, command: str, *arguments: str) -> str:
        """The same for one that has to end with 0."""
        return _good(self.again(command, *arguments))

    def _ran(self, *words: str) -> CdkRun:
        done = subprocess.run(
            [str(CDK), *words, "--no-notices", "--no-color"],
            cwd=ROOT,
            env=dict(self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return CdkRun(done.returncode, _COLOUR.sub("", done.stdout))


def _good(answer: CdkRun) -> str:
    assert answer.code == 0, answer.text
    return answer.text


def without_aws() -> dict[str, str]:
    """The environment of this process without anything that speaks of AWS.

    Nor of make: under ``make test`` a make of a test's own would take itself for a part of it.
    """
    foreign = ("AWS_", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
