"""Runs the CDK app in a process of its own, which may be started before it is known what to ask.

Node and CDK's libraries take the app longer to load than to use. None of that depends on what it is
asked for, which it reads from its standard input.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from workshop.deploy import synthesis_key
from workshop.deploy.synthesis_cache import Synthesis
from workshop.errors import ERROR_FILE, WorkshopError, of_document

APP = ("-P", "-m", "stacks", "-")
"""The installed app, whatever the folder holds, which reads its context from standard input."""

_PASSED = re.compile(
    "(CDK|JSII|NODE|PYTHON|LC|LD|DYLD|XDG|COVERAGE)(_?[A-Z0-9_]*)"
    "|PATH|HOME|TMPDIR|TEMP|TMP|LANG|LANGUAGE|TZ|VIRTUAL_ENV|AWS_DATA_PATH"
)
"""How Python, Node and CDK find themselves, and their switches."""


class AppProcess:
    """The app, loading until :meth:`synthesize` says what to make, or :meth:`stop` that nothing."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._began_with = _inputs(given)
        self._folder = tempfile.TemporaryDirectory(prefix="workshop-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name).resolve()
        self._out, self._error = folder / "cdk.out", folder / "error"
        self._process = subprocess.Popen(
            [sys.executable, *APP],
            env={
                **given,
                # What jsii unpacks goes with the folder, even if the process is killed.
                "TMPDIR": str(folder),
                "CDK_OUTDIR": str(self._out),
                ERROR_FILE: str(self._error),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def is_of(self, given: Mapping[str, str]) -> bool:
        """Return whether a process that began now would load the same code in the same way."""
        return self._began_with == _inputs(given)

    def synthesize(self, context: Mapping[str, str]) -> Synthesis:
        """Return what the app makes of ``context``; raise WorkshopError with what it said."""
        with self._folder, self._process as process:
            try:
                _, printed = process.communicate(json.dumps(context))
            except BaseException:
                process.kill()
                raise
            if self._error.is_file():
                raise of_document(json.loads(self._error.read_text(encoding="utf-8")))
            if process.returncode:
                raise WorkshopError(
                    "the templates could not be made; CDK says:", details=printed.strip()
                )
            # Node's age is told in a box of exclamation marks.
            told = (line.strip("! ") for line in printed.splitlines())
            return Synthesis(dict(_stacks(self._out)), "\n".join(filter(None, told)))

    def stop(self) -> None:
        """End the process, and with it Node, which reads from it."""
        with self._folder, self._process as process:
            process.kill()


_early: list[AppProcess] = []
"""The process that was started before it was known what to ask, if one was."""


def begin_early() -> None:
    """Start the app that :func:`run` will use."""
    _early.append(AppProcess(variables(os.environ)))


def stop_early() -> None:
    """End an app that was started early and not used."""
    while _early:
        _early.pop().stop()


def run(context: Mapping[str, str], given: Mapping[str, str]) -> Synthesis:
    """Run the app: the one that was started early, unless anything that it loads has changed."""
    early = _early.pop() if _early else None
    if early is not None and not early.is_of(given):
        early.stop()
        early = None
    return (early or AppProcess(given)).synthesize(context)


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the app is given, all inputs of it: credentials are none."""
    return {name: value for name, value in environment.items() if _PASSED.fullmatch(name)}


def _inputs(given: Mapping[str, str]) -> tuple[str, str]:
    return str(Path.cwd()), synthesis_key.code(given)


def _stacks(directory: Path) -> Iterator[tuple[str, tuple[str, bool]]]:
    """Artifact id -> its template's text and whether it is protected."""
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    for name, artifact in manifest["artifacts"].items():
        if artifact["type"] == "aws:cloudformation:stack":
            properties = artifact["properties"]
            text = (directory / properties["templateFile"]).read_text(encoding="utf-8")
            yield name, (text, bool(properties.get("terminationProtection")))
