"""What a person has to type before something is done that cannot be taken back."""

from __future__ import annotations

import sys

from workshop.cli import console
from workshop.errors import GuardError


def require_yes(question: str, *, nobody: str, refused: str) -> None:
    """Go on after a yes; raise GuardError that says ``nobody`` or ``refused``."""
    if typed(question, nobody=nobody).casefold() not in ("y", "yes"):
        raise GuardError(refused)


def typed_name(question: str, name: str) -> str:
    """Return what is typed where the workshop's name is asked for."""
    nobody = f"nobody is there to type the workshop's name; give it with --yes {name}"
    return typed(f"{question}. Type {name} to go on", nobody=nobody)


def typed(question: str, *, nobody: str) -> str:
    """Return what a person types; raise GuardError that says ``nobody`` where none is there."""
    if not sys.stdin.isatty():
        raise GuardError(nobody)
    return console.ask(question).strip()
