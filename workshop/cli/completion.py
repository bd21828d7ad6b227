"""What a shell offers after TAB: the names of environments, seats and profiles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workshop.config.command_line import CONFIG_DIR
from workshop.errors import WorkshopError

if TYPE_CHECKING:
    from workshop.environments.loader import Draft

# The loader is imported when a name is completed: most commands that use these options need more.
# ruff: noqa: PLC0415


def typed() -> list[str] | None:
    """Return the words before and at the cursor where a shell asks for completion, else None."""
    program = Path(sys.argv[0]).name.replace("-", "_").upper()
    if f"_{program}_COMPLETE" not in os.environ:
        return None
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]


def environments(context: typer.Context) -> list[str]:
    """Return the names for ``--env``."""
    from workshop.environments import loader

    return loader.known(context.params.get("config_dir") or CONFIG_DIR)


def seats(context: typer.Context, incomplete: str) -> list[str]:
    """Return the lists for ``--only``: what is typed already, and one more id."""
    before, comma, _ = incomplete.rpartition(",")
    draft = _draft(context)
    named = before.split(",")
    return [
        f"{before}{comma}{seat.id}"
        for seat in (draft.seats if draft else ())
        if seat.id not in named
    ]


def one_seat(context: typer.Context) -> list[str]:
    """Return the ids for an argument that names one seat."""
    draft = _draft(context)
    return [seat.id for seat in (draft.seats if draft else ())]


def profiles(context: typer.Context) -> list[str]:
    """Return the names for ``--profile``."""
    draft = _draft(context)
    return list(draft.settings.profiles) if draft and draft.settings else []


def _draft(context: typer.Context) -> Draft | None:
    """Return the environment that was typed, as far as it can be read."""
    from workshop.environments import loader

    env = context.params.get("env")
    try:
        return env and loader.draft(env, context.params.get("config_dir") or CONFIG_DIR)
    except (WorkshopError, OSError):
        return None
