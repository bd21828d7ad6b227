"""Shows the organiser's messages below the next cell that is run, in every Python kernel.

It also gives the kernel the seat's tokens as they are now, unless the attendee has set another.
Shipped inside the on-start script as an extension of IPython; the agent writes the messages. A
kernel shows each message once, and those from before its start only if they are minutes old. Needs
Python 3.9.
"""
# ruff: noqa: INP001 - no package

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path

TYPE_CHECKING = False  # as type checkers know it; typing takes long to import
if TYPE_CHECKING:
    from typing import Any

MESSAGES = Path("/run/workshop-agent/messages.json")
TOKENS = Path("/run/workshop-agent/tokens.sh")
NEW = 600
"""Seconds before the kernel's start from which a message is still shown."""

shown: set[str] = set()
started = time.time()
read = 0
given: dict[str, object] = {}
"""The tokens that this kernel was given, and behind an empty name when they were written."""


def show(*_: object) -> None:
    """Print what is new; whatever is wrong with the file, a cell goes on."""
    global read  # noqa: PLW0603
    try:
        written = MESSAGES.stat().st_mtime_ns
        if written == read:
            return
        read = written
        for message in json.loads(MESSAGES.read_text(encoding="utf-8")):
            if message["id"] not in shown and message["time"] > started - NEW:
                print("\033[1;7m Message from the organiser: \033[0m " + message["text"])
            shown.add(message["id"])
    except (OSError, ValueError, LookupError, TypeError):
        return


def give(*_: object) -> None:
    """Set the variables of tokens that have changed; whatever is wrong, a cell goes on."""
    try:
        about = TOKENS.stat()
        written = about.st_mtime_ns, about.st_ino, about.st_size
        if written == given.get(""):
            return
        words = (shlex.split(line)[1] for line in TOKENS.read_text().splitlines())
        tokens = dict(word.split("=", 1) for word in words)
    except (OSError, ValueError, LookupError):
        return
    for name in {*given, *tokens} - {""}:
        if os.environ.get(name) == given.get(name):
            os.environ.pop(name, None)
            os.environ.update({name: tokens[name]} if name in tokens else {})
    given.clear()
    given.update(tokens, **{"": written})


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython."""
    give()
    shell.events.register("pre_run_cell", give)
    shell.events.register("post_run_cell", show)
