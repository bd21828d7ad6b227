"""A stub of AWS's session plug-in, as the AWS CLI finds it: it notes what it is told, and ends."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.support.workshop_command import on_the_path

BIN = Path(sys.executable).parent
_STUB = """\
#!{python}
import json, os, sys
if sys.argv[1:] == ["--version"]:
    print("1.2.9999.0")
    raise SystemExit
names = ("response", "region", "operation", "profile", "request", "endpoint")
told = dict(zip(names, sys.argv[1:]))
told["response"] = json.loads(os.environ.get(told["response"], "null") or "null")
told["request"] = json.loads(told["request"])
with open({noted!r}, "a", encoding="utf-8") as file:
    file.write(json.dumps(told) + "\\n")
print("the stub of the session plug-in")
"""


@dataclass(frozen=True)
class SessionPlugin:
    """A home of somebody's own, in which the AWS CLI and the stub are found."""

    home: Path
    variables: Mapping[str, str]

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of programs that find both."""
        folder = self.home / "bin"
        folder.mkdir()
        stub = folder / "session-manager-plugin"
        stub.write_text(_STUB.format(python=sys.executable, noted=str(self._noted)))
        stub.chmod(0o755)
        path = os.pathsep.join([str(folder), str(on_the_path()), str(BIN), os.environ["PATH"]])
        return {**self.variables, "HOME": str(self.home), "PATH": path}

    @property
    def _noted(self) -> Path:
        return self.home / "sessions.jsonl"

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """What the plug-in was told of each session."""
        if not self._noted.exists():
            return []
        return [json.loads(line) for line in self._noted.read_text(encoding="utf-8").splitlines()]
