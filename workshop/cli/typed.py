"""Options as they were typed, for what has to know them before the command line is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workshop.config.command_line import CONFIG_DIR


def environment(arguments: Sequence[str]) -> str:
    """Return the value of ``--env``, empty where there is none."""
    for word in arguments:
        if word[:2] == "-e" and word[2:]:
            return word[2:]
    return _value(arguments, "--env") or _value(arguments, "-e")


def config_dir(arguments: Sequence[str]) -> Path:
    """Return the value of ``--config-dir``, or what it is where it was not typed."""
    return Path(_value(arguments, "--config-dir") or CONFIG_DIR)


def _value(arguments: Sequence[str], option: str) -> str:
    for word, following in zip(arguments, (*arguments[1:], ""), strict=True):
        if word == option:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return ""
