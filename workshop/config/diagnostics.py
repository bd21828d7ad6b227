"""A mistake in a configuration file, with its place: one form for all of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """``file:line: where: message``; lines count from 1.

    ``path`` leads to the value by the keys of a YAML file, or is the column of a roster; empty
    stands for the line as a whole. Whoever reads a text does not know its ``file``: the caller
    sets it. A message never repeats a roster's text, which is personal.
    """

    line: int
    path: tuple[str | int, ...]
    message: str
    file: str = ""

    @property
    def where(self) -> str:
        """The path as people write it."""
        return dotted(self.path)

    def of(self, file: str) -> Diagnostic:
        """Return the same diagnostic of a file."""
        return replace(self, file=file)

    def __str__(self) -> str:
        where = f"{self.where}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


def dotted(path: Sequence[str | int]) -> str:
    """``profiles.attendee.notebook.packages[2]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def suggestion(word: str, known: Iterable[str]) -> str:
    """``did you mean 'x'? `` when a known word is close, else nothing."""
    close = difflib.get_close_matches(word.casefold(), list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}? " if close else ""


def listing(words: Iterable[str]) -> str:
    """``known: a, b, c``, in the order given."""
    return f"known: {', '.join(words)}"


def not_known(word: str, noun: str, known: Iterable[str]) -> str:
    """``is no Region that this release knows``, with the nearest word that it knows."""
    return f"is no {noun} that this release knows; {suggestion(word, known)}check its spelling"
