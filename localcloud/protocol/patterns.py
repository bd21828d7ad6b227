r"""The service model's Java patterns in Python's ``re``, which lacks ``\p{..}`` classes."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

_CLASS = re.compile(r"\\p\{([LMNPSZ])\}")

_OTHERWISE = (
    # An anchor however often is one anchor.
    (re.compile(r"\$\{\d+,\d+\}"), "$"),
    # Of the two, the models write the first inside a class and the second by itself.
    (re.compile(r"\\p\{Alnum\}"), "a-zA-Z0-9"),
    (re.compile(r"\\p\{Print\}"), "[ -~]"),
    # Java reads two surrogates as the one character that they stand for.
    (re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF"), r"\\U00010000-\\U0010FFFF"),
)
"""What Java writes otherwise -> how Python does."""


@cache
def compiled(pattern: str, *, ascii_only: bool) -> re.Pattern[str]:
    """``pattern`` with each general category spelled out as ranges.

    ``ascii_only`` limits the ranges to what an ASCII value can contain: the full table takes
    a fraction of a second to build and hardly any request needs it.
    """
    last = 0x7F if ascii_only else sys.maxunicode
    for written, ours in _OTHERWISE:
        pattern = written.sub(ours, pattern)
    return re.compile(_CLASS.sub(lambda found: _ranges(found[1], last), pattern))


@cache
def _ranges(category: str, last: int) -> str:
    parts: list[str] = []
    start: int | None = None
    for code in range(last + 2):
        inside = code <= last and unicodedata.category(chr(code))[0] == category
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            parts.append(f"{_escaped(start)}-{_escaped(code - 1)}")
            start = None
    return "".join(parts)


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def matches(pattern: str, value: str) -> bool:
    """Whether the whole ``value`` matches, as the service requires."""
    return compiled(pattern, ascii_only=value.isascii()).fullmatch(value) is not None
