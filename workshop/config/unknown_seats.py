"""What is said of ids that are on no roster: the seat that is meant, and how to see all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.config import command_line
from workshop.counting import first_of

if TYPE_CHECKING:
    from workshop.config.roster import Seat

_LISTED = 5
"""Ids that a message lists."""

_CLOSE = 0.6
"""As difflib measures it; 1 is the same word."""


def message(unknown: Sequence[str], seats: Sequence[Seat], name: str, path: Path) -> str:
    """Return the sentence for ids that are not among ``seats`` of environment ``name``."""
    meant = dict.fromkeys(seat for word in unknown for seat in likely(word, seats))
    question = f"did you mean {' or '.join(map(repr, meant))}? " if meant else ""
    command = command_line.command("roster", name, path.parent)
    return (
        f"no seat {', '.join(map(repr, unknown))} in environment {name!r}; {question}"
        f"{_listing([seat.id for seat in seats])}; see all with: {command}"
    )


def likely(word: str, seats: Iterable[Seat]) -> list[str]:
    """Return the ids that ``word`` may stand for: a person's name, the same number, or a near id.

    An id with another number than the word's is another seat and never meant.
    """
    seats = list(seats)
    typed = _folded(word)
    named = [seat.id for seat in seats if seat.name and _folded(seat.name) == typed]
    if named:
        return named[:_LISTED]
    number = _number(word)
    same = [seat.id for seat in seats if _number(seat.id) == number]
    close = difflib.get_close_matches(word.strip().casefold(), same, n=1, cutoff=_CLOSE)
    return close or [seat for seat in same if number is not None and _stem(seat) == _stem(word)]


def _listing(ids: Sequence[str]) -> str:
    return f"known: {first_of(ids, _LISTED)}"


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _number(word: str) -> int | None:
    digits = re.search(r"[0-9]+$", word.strip())
    return int(digits[0]) if digits else None


def _stem(word: str) -> str:
    return re.sub(r"[\s_-]*[0-9]+$", "", word.strip().casefold())
