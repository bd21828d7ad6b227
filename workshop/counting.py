"""Numbers of things, as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_IES = re.compile(r"(?<=[^aeiou])y$")
_ES = re.compile(r"(?:[sx]|[cs]h)$")


def plural(noun: str) -> str:
    """``files``, ``repositories``, ``addresses``, ``people``."""
    if noun.endswith("person"):
        return f"{noun.removesuffix('person')}people"
    if _IES.search(noun):
        return _IES.sub("ies", noun)
    return f"{noun}es" if _ES.search(noun) else f"{noun}s"


def count_of(number: float, noun: str) -> str:
    """``1 file``, ``1,204 files``; the noun's last word is the one that is counted."""
    return f"{number:,.12g} {noun if number == 1 else plural(noun)}"


def and_more(number: int, noun: str = "") -> str:
    """`` and 4 more``, `` and 1 more seat``: how many there are besides; empty for none."""
    if number <= 0:
        return ""
    return f" and {count_of(number, f'more {noun}') if noun else f'{number:,} more'}"


def first_of(names: Sequence[str], most: int, noun: str = "") -> str:
    """``ada, ben and 4 more``: the first of some names, and how many there are besides."""
    return ", ".join(names[:most]) + and_more(len(names) - most, noun)
