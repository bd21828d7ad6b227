"""The one way to a terminal: data to stdout, talk to stderr, colour and width only on a terminal.

What is said here may have been named by AWS or by an attendee, so all of it is made printable, and
it never ends in a UnicodeEncodeError. A line is a line: a name with a line break in it begins no
other. Nothing else of the command line prints; ruff holds that (``T201`` and ``TID251``).
"""

from __future__ import annotations

import io
import json
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TextIO

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from workshop.escaping import json_text, printable

Renderable = RenderableType
"""Whatever can stand in a live view."""

_UNBOUNDED = 1_000_000
"""Columns of a terminal on which nothing is cut or wrapped."""


def never_fail() -> None:
    """Let characters that a stream cannot encode, and errors nobody expected, be shown as well."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # Where somebody has hooks of their own, such as a test's, they stay.
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = show_traceback
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = lambda broken: show_traceback(
            broken.exc_type, broken.exc_value, broken.exc_traceback
        )


def show_traceback(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> None:
    """Print an error that nobody expected, as Python does."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        sys.__excepthook__(kind, error or kind(), trace)
        return
    for text in traceback.format_exception(kind, error, trace):
        for line in text.splitlines():
            say(line)


def say(text: str) -> None:
    """Print one line of talk."""
    print(printable(text), file=sys.stderr)  # noqa: T201


def say_next(steps: Iterable[str]) -> None:
    """Print what is to be done next, step by step."""
    say("")
    say("next:")
    for number, step in enumerate(steps, 1):
        say(f"  {number}. {step}")


def warn(text: str) -> None:
    """Print one line that asks for attention without stopping anything."""
    say(f"warning: {text}")


def print_line(text: str = "") -> None:
    """Print one line of data."""
    print_text(f"{printable(text)}\n")


def print_text(text: str) -> None:
    """Print data of several lines, in which every line break is meant."""
    sys.stdout.write(printable(text, keep="\n"))
    sys.stdout.flush()  # talk and data keep their order in a shared pipe


def flush() -> None:
    """Let all be seen that was printed."""
    sys.stdout.flush()
    sys.stderr.flush()


def print_json(document: Any) -> None:
    """Print a JSON document for people and programs."""
    _print_json(document, indent=2)


def print_json_line(document: Any) -> None:
    """Print a JSON document on one line, as one of several."""
    _print_json(document, indent=None)


def _print_json(document: Any, *, indent: int | None) -> None:
    """Print a document that is valid in any encoding."""
    # StringIO has none.
    if (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8":
        print_text(f"{json_text(document, indent=indent)}\n")
    else:
        print_text(f"{json.dumps(document, indent=indent)}\n")


def print_table(table: PlainTable) -> None:
    """Print a table without blanks at the ends of its lines; a terminal's width is kept to."""
    screen = _out()
    print_text(table_text(table, width=screen.width if screen.is_terminal else None))


def table_text(table: PlainTable, *, width: int | None = None) -> str:
    """Return a table as text; without a ``width`` nothing of it is cut or wrapped."""
    if width is None:
        wide = _console(sys.stdout, width=_UNBOUNDED)
        width = max(1, Measurement.get(wide, wide.options, table).maximum)
    console = _console(sys.stdout, width=width)
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().split("\n")[:-1])


def ask(question: str) -> str:
    """Return what is typed behind a question, which is talk."""
    return str(typer.prompt(printable(question), err=True))


def shows_data_to_person() -> bool:
    """Return whether data reaches a person's screen, on which it may move."""
    return _out().is_terminal


def talks_to_terminal() -> bool:
    """Return whether talk reaches a person's screen; otherwise it goes line by line."""
    return sys.stderr.isatty()


def table(*columns: str, right: tuple[str, ...] = ()) -> PlainTable:
    """Return a plain table without rules; the columns in ``right`` hold numbers."""
    made = PlainTable(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(_encodable(column), justify="right" if column in right else "left")
    return made


def grid() -> PlainTable:
    """Return a table without headings."""
    return PlainTable(
        box=None, pad_edge=False, padding=(0, 2), show_header=False, collapse_padding=True
    )


def live(render: Callable[[], Renderable]) -> Live:
    """Return a view among the talk that is drawn anew four times a second."""
    return Live(get_renderable=render, console=_console(sys.stderr), refresh_per_second=4)


def live_data() -> Live:
    """Return a view in the data's place, which is drawn when it is updated."""
    return Live(console=_console(sys.stdout), auto_refresh=False)


def above(*parts: Renderable) -> Renderable:
    """Return parts of a view, one above the other."""
    return Group(*parts)


class PlainTable(Table):
    """A table of texts that are shown as they are, without markup."""

    def add_row(self, *cells: RenderableType | None, **more: Any) -> None:
        """Add a row; a line break in a text begins no line."""
        texts = (Text(_encodable(cell)) if isinstance(cell, str) else cell for cell in cells)
        super().add_row(*texts, **more)

    def explain(self, lines: Iterable[str]) -> None:
        """Set what stands below the table."""
        self.caption = Text("\n".join(map(printable, lines)))
        self.caption_justify = "left"


class Bar(Progress):
    """A bar among the talk, between a label and the description of its task."""

    def __init__(self, label: str) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        super().__init__(_Words(label), *columns, _Words(), console=_console(sys.stderr))


class _Words(ProgressColumn):
    """A fixed text, or else the task's description; neither is markup."""

    def __init__(self, text: str | None = None) -> None:
        super().__init__()
        self._text = text

    def render(self, task: Task) -> Text:
        return Text(printable(task.description if self._text is None else self._text))


def _encodable(text: str) -> str:
    """Return a text as the stream will show it, so that columns are as wide as what is in them."""
    encoding = sys.stdout.encoding or "utf-8"
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def _out() -> Console:
    """Return the console of data."""
    return _console(sys.stdout)


def _console(stream: TextIO, **more: Any) -> Console:
    return Console(file=stream, markup=False, emoji=False, highlight=False, **more)
