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
    local = _local_cloud() if error.is_missing else ""
    if local:
        return (
            f"workshop: {error.state} ({error.why}); {local}, or {error.cure}, and run again:"
            f" {command}"
        )
    return f"workshop: {error.state} ({error.why}); {error.cure}, and run again: {command}"


def _local_cloud() -> str:
    """Return how to use the local cloud of this folder, empty where none runs or ever ran here."""
    if not extras.is_installed("local"):
        return ""
    from localcloud import process, record  # noqa: PLC0415 - rarely needed, and slow to load

    state = process.DEFAULT_STATE_DIR
    point = f'point this terminal to it with: eval "$({process.command("env", state)})"'
    if process.status(state) is not None:
        return f"a local cloud runs here: {point}"
    if (state / record.LOG).is_file():
        start = process.command("start", state)
        return f"a local cloud ran here and was stopped: start it with: {start}, and {point}"
    return ""


def exit_code(command: str) -> int:
    """Return the exit code of a command that ended so."""
    return NotProvenError.exit_code if command in PROVING else SignInError.exit_code
