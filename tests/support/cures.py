"""Commands that messages name as cures: found in what is printed, and followed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

from tests.support.small_workshop import Fleet
from tests.support.workshop_command import on_the_path

COMMAND = re.compile(r"\b(?:workshop|aws) [a-z][a-z0-9-]*(?: --?[\w-]+| [\w:./-]+(?:,[\w.]+)*)*")
SEAT = "seat01"

Situation = Callable[[Fleet], None]


def follow(fleet: Fleet, command: str) -> None:
    """Run a command as it was printed; a teardown is looked at before."""
    program, *words = command.replace("FOLDER", "saved").split()
    if program == "aws":
        subprocess.run(
            [on_the_path() / "aws", *words],
            env=fleet.cloud.environment(),
            cwd=fleet.folder,
            check=True,
            capture_output=True,
        )
        if "--stack-name" in words:
            fleet.cloud.settled(words[words.index("--stack-name") + 1])
        return
    verb, _, _, *rest = words
    ran = fleet.run(verb, *rest)
    if verb == "teardown":
        again = ("--apply", "--yes", "demo", "--interval", "0")
        early = () if "--early" in rest else ("--early",)
        if early:
            assert fleet.run(verb, *rest, *early).code == 0
        ran = fleet.run(verb, *rest, *early, *again)
    assert ran.code == 0, f"{ran.out}{ran.err}"
