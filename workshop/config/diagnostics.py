"""A mistake in a configuration file, with its place, in the one form all of them are told in."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """``file:line: where: text``; lines count from 1, ``where`` is a key path or a column."""

    file: str
    line: int
    where: str
    text: str

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return f"{self.file}:{self.line}: {where}{self.text}"


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
