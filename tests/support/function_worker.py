"""Processes of Lambda functions that start at once, for the local cloud of tests.

Most of what a first run of a function costs is the import of the SDK, and each change of a
function makes its next run a first one.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock

from localcloud import ministack_adapter
from tests.support.prepared import for_good

_making = Lock()


def patch_workers(patch_functions: Callable[[str], None]) -> Callable[[str], None]:
    """Return a correction of the emulator's Lambda that also has its workers start at once."""

    def patch(secret: str) -> None:
        patch_functions(secret)
        runtime = ministack_adapter.module("core.lambda_runtime")
        found = runtime._detect_runtime_binary

        def detected(name: str) -> tuple[str, str]:
            _, script = found(name)
            with _making:
                return str(program()), script

        runtime._detect_runtime_binary = detected

    return patch


@cache
def program() -> Path:
    """Return the Python of functions, whose process is prepared once for all clouds of a run."""
    return for_good("tests.support.shared:read_models").program(
        "function", f"{main.__module__}:{main.__name__}"
    )


def main() -> None:
    """Run the script that is named, as ``python SCRIPT`` does."""
    sys.argv.pop(0)
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
