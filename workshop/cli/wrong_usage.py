"""What is said to whoever types a command of another program, or a seat without ``--only``."""

from __future__ import annotations

from collections.abc import Sequence

from workshop import naming
from workshop.errors import UsageError

OTHER_WORDS = {
    **dict.fromkeys(("destroy", "delete", "remove", "undeploy", "down", "clean", "rm"), "teardown"),
    **dict.fromkeys(("up", "apply", "create", "launch", "update", "redeploy"), "deploy"),
    **dict.fromkeys(("ls", "list", "ps", "show", "state"), "status"),
    **dict.fromkeys(("cost", "costs", "price", "estimate"), "bill"),
    **dict.fromkeys(("pause", "halt", "suspend"), "stop"),
    **dict.fromkeys(("resume", "wake"), "start"),
    **dict.fromkeys(("validate", "lint", "synth"), "check"),
    **dict.fromkeys(("diff", "dry-run"), "plan"),
    **dict.fromkeys(("message", "announce"), "tell"),
    **dict.fromkeys(("import", "people", "attendees"), "roster"),
    **dict.fromkeys(("links", "invite"), "handout"),
    "new": "init",
}
"""Words for a command in other programs -> the command here."""

_OF_SEATS = ("plan", "preflight", "deploy", "status", "stop", "start", "ready", "save", "handout",
             "teardown", "sweep")  # fmt: skip
"""Commands that take ``--only``."""


def refuse_other_word(word: str) -> None:
    """Raise UsageError for a command of another program: the nearest word may do the opposite."""
    if command := OTHER_WORDS.get(word):
        raise UsageError(
            f"there is no command {word!r}; it is called: workshop {command} (see: workshop"
            f" {command} -h)"
        )


def seats_hint(arguments: Sequence[str]) -> str:
    """Return how to name seats, where they stand without an option; empty for others."""
    if not arguments or arguments[0] not in _OF_SEATS or "--only" in arguments:
        return ""
    before = ("", *arguments)
    words = [
        word
        for previous, word in zip(before[1:], arguments[1:], strict=False)
        if not previous.startswith("-") and naming.is_seat_id(word)
    ]
    return f"name seats with: --only {','.join(words)}" if words else ""
