"""The command lines that messages name, and the seats that an option of one names."""

from __future__ import annotations

import shlex
from pathlib import Path

from workshop.errors import UsageError
from workshop.files import shown

CONFIG_DIR = Path("config")
"""Where the environments are, unless a command names another folder."""


def environment(name: str, config_dir: Path) -> tuple[str, ...]:
    """Return the options that name an environment, and its folder where that is not the usual."""
    folder = shown(config_dir)
    elsewhere = () if folder == CONFIG_DIR.name else ("--config-dir", folder)
    return ("-e", name, *elsewhere)


def environment_anywhere(name: str, config_dir: Path) -> tuple[str, ...]:
    """Return the options that name an environment in whatever folder the command runs."""
    return ("-e", name, "--config-dir", str(config_dir.resolve()))


def command(verb: str, name: str, config_dir: Path, *options: str) -> str:
    """Return the command that does ``verb``, such as ``door undo``, with an environment."""
    return shlex.join(["workshop", *verb.split(), *environment(name, config_dir), *options])


def seat_ids(text: str, option: str) -> tuple[str, ...]:
    """Return the ids that a list such as ``ada, ben`` names; raise UsageError where it is empty."""
    named = tuple(word.strip() for word in text.split(",") if word.strip())
    if not named:
        raise UsageError(f"{option!r} names nobody; name a seat, or leave it out for all")
    return named
