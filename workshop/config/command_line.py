"""The command lines that messages name, as a shell reads them from the present folder."""

from __future__ import annotations

import shlex
from pathlib import Path

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
