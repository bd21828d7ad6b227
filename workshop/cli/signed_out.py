"""How a command ends whose calls AWS takes no more: one sentence, and what to type to go on."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from workshop import extras
from workshop.errors import NotProvenError, SignInError

PROVING = ("teardown", "leftovers")
"""Commands whose exit code says whether something is proven to be gone."""


def sentence(error: SignInError, arguments: Sequence[str]) -> str:
    """Return the sentence, with the command as it was typed."""
    command = shlex.join(["workshop", *arguments])
    if error.is_missing and _local_cloud_runs():
        return (
            f"workshop: {error.state} ({error.why}); a local cloud runs here: point this terminal"
            f' to it with: eval "$(workshop cloud env)", or {error.cure}, and run again: {command}'
        )
    return f"workshop: {error.state} ({error.why}); {error.cure}, and run again: {command}"


def _local_cloud_runs() -> bool:
    if not extras.is_installed("local"):
        return False
    from localcloud import process  # noqa: PLC0415 - rarely needed, and slow to load

    return process.status() is not None


def exit_code(command: str) -> int:
    """Return the exit code of a command that ended so."""
    return NotProvenError.exit_code if command in PROVING else SignInError.exit_code
