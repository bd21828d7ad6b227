"""Templates of pages and reports, which show whatever anybody has named and never obey it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from workshop import escaping


def html(folder: Path) -> Environment:
    """Return the templates in a folder, each of whose values is escaped as text of HTML."""
    return _environment(folder, escaping.printable, autoescape=True)


def markdown(folder: Path) -> Environment:
    """Return the templates in a folder, each of whose values is escaped as text of Markdown."""
    return _environment(folder, escaping.markdown, autoescape=False)


def _environment(folder: Path, escaped: Callable[[str], str], *, autoescape: bool) -> Environment:
    def shown(value: Any) -> Any:
        # What a macro wrote has been through this.
        return value if isinstance(value, Markup) else escaped(str(value))

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=autoescape,  # noqa: S701 - Markdown is escaped by its own rules
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
