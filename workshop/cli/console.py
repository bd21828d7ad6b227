"""Where output goes: data to stdout, talk to stderr, colour and width only on a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 1000
"""In a pipe nothing is cut or wrapped to fit a screen that is not there."""


def out() -> Console:
    """The console for data."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(file=sys.stdout, width=width, markup=False, emoji=False, highlight=False)


def print_table(table: Table) -> None:
    """Print a table to stdout without blanks at the ends of its lines."""
    console = out()
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip(), flush=True)  # talk and data keep their order in a shared pipe


def talk() -> Console:
    """The console for talk that moves, such as progress."""
    return Console(file=sys.stderr, markup=False, emoji=False, highlight=False)


def talks_to_terminal() -> bool:
    """Whether talk reaches a person's screen; otherwise it goes line by line."""
    return sys.stderr.isatty()


def say(text: str) -> None:
    """One line of talk."""
    print(text, file=sys.stderr)


def warn(text: str) -> None:
    """One line that asks for attention without stopping anything."""
    say(f"warning: {text}")


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A plain table without rules; the columns in ``right`` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    return made
