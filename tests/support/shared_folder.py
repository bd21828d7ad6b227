"""A folder that all workers of a run share, and the end of the run."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

_FOLDER = "TESTS_SHARED_FOLDER"
"""The variable by which all workers of a run know it."""


def folder() -> Path:
    """Return the folder of what one worker makes for all."""
    return Path(os.environ[_FOLDER])


def lasting() -> str:
    """Return the address of a socket whose connections end when the run does, however it ends."""
    return str(folder() / "lasting")


def share_folder() -> Callable[[], None]:
    """Make the folder unless another process of the run has; return what ends it."""
    if _FOLDER in os.environ:
        return lambda: None
    made = os.environ[_FOLDER] = tempfile.mkdtemp(prefix="tests-")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(lasting())
    listener.listen(64)

    def end() -> None:
        listener.close()
        shutil.rmtree(made)

    return end
