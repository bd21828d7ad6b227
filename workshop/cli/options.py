"""Options that several commands share, spelled the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workshop.cli import completion
from workshop.config import command_line
from workshop.config.diagnostics import listing, suggestion
from workshop.errors import UsageError

if TYPE_CHECKING:
    from workshop.config.environment import LoadedEnvironment
    from workshop.config.roster import Seat

CONFIG_DIR = command_line.CONFIG_DIR

Env = Annotated[
    str,
    typer.Option(
        "--env",
        "-e",
        metavar="NAME",
        help="The environment: config/NAME.yaml.",
        show_default=False,
        autocompletion=completion.environments,
    ),
]
ConfigDir = Annotated[
    Path,
    typer.Option("--config-dir", metavar="DIR", help="Where the environments are."),
]
Minutes = Annotated[
    float, typer.Option("--minutes", min=0.1, help="Wait so long for all of them at most.")
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="ID,...",
        help="These seats alone.",
        show_default=False,
        autocompletion=completion.seats,
    ),
]
SeatId = Annotated[
    str,
    typer.Argument(metavar="SEAT", help="The seat's id.", autocompletion=completion.one_seat),
]
OfProfile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Seats of this profile alone.",
        autocompletion=completion.profiles,
    ),
]
MANY = 30
"""Of more seats, those that are alike are counted, unless all are asked for."""

All = Annotated[bool, typer.Option("--all", help="Show every row, however many there are.")]
Remove = Annotated[
    list[str] | None,
    typer.Option(
        "--remove",
        metavar="KIND:KEY",
        help="Let an update remove this with what is in it: bucket:results, repository:serving.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]
Port = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="A port of this machine.", show_default="any free one"
    ),
]
StateDir = Annotated[
    Path, typer.Option("--state-dir", help="Where the local cloud keeps its files.")
]


def profiles(loaded: LoadedEnvironment, name: str | None) -> list[str]:
    """Return the profile that ``--profile`` names, or all; raise UsageError for an unknown one."""
    known = list(loaded.settings.profiles)
    if name is None:
        return known
    if name not in known:
        raise UsageError(
            f"no profile {name!r} in environment {loaded.name!r};"
            f" {suggestion(name, known)}{listing(known)}"
        )
    return [name]


def ids(only: str | None) -> tuple[str, ...] | None:
    """Return the ids that ``--only`` names, None where it is not given."""
    return None if only is None else command_line.seat_ids(only, "--only")


def seats(loaded: LoadedEnvironment, only: str | None, profile: str | None) -> tuple[Seat, ...]:
    """Return the seats that ``--only`` and ``--profile`` leave, in the order of both.

    Raises UsageError for an unknown seat or profile, and where nobody is left.
    """
    chosen = loaded.chosen(ids(only))
    left = tuple(seat for seat in chosen if seat.profile in profiles(loaded, profile))
    if not left:
        raise UsageError(f"none of the seats has the profile {profile!r}; leave out one of the two")
    return left
