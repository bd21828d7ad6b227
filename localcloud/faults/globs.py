"""Globs as IAM has them: ``*`` is any text, ``?`` any one character, all else is itself."""

from __future__ import annotations

import re
from functools import cache


def matches(pattern: str, text: str) -> bool:
    """Whether the whole ``text`` matches; upper and lower case differ."""
    return _compiled(pattern).fullmatch(text) is not None


def is_plain(pattern: str) -> bool:
    """Whether a glob matches nothing but itself."""
    return "*" not in pattern and "?" not in pattern


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(sign) or re.escape(sign) for sign in pattern), re.DOTALL)
