"""Seat ids for people who have none yet: readable, unique, and the same on every run.

Only a person's name is used, and of it only what makes a short word; nothing of an e-mail address
ever becomes part of an id, since ids stand in the name of everything that is made on AWS.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from workshop import naming

LONGEST = 12

# The forms of generated ids, and words that YAML or a spreadsheet takes for something else.
_SERIES = re.compile(r"(?:seat|spare)[0-9]*")
_AVOIDED = re.compile(rf"{_SERIES.pattern}|true|false|yes|no|on|off|null|nan|inf")
_TITLES = frozenset({"dr", "prof", "mr", "mrs", "ms"})
_APOSTROPHES = "'`\u2019"
# Letters that Unicode does not take apart into a letter and an accent.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "\u0131": "i",
    }
)


def derive(names: Sequence[str], taken: set[str]) -> list[str]:
    """One id per name, in the order given, none of them in ``taken``.

    ``Zoë Müller`` is ``zoe``; where that is taken ``zoem``, ``zoemu`` and so on, then ``zoe2``.
    A name without any Latin letter (or an empty one) is ``guest1``, ``guest2``, ...
    """
    used = set(taken)
    ids = []
    for name in names:
        seat = next(word for word in _candidates(name) if word not in used and _is_free_form(word))
        used.add(seat)
        ids.append(seat)
    return ids


def _is_free_form(word: str) -> bool:
    return naming.is_seat_id(word) and _AVOIDED.fullmatch(word) is None


def _candidates(name: str) -> Iterator[str]:
    words = _words(name)
    if words:
        first, rest = words[0], "".join(words[1:])
        for length in range(len(rest) + 1):
            yield (first + rest[:length])[:LONGEST]
    # A number behind 'seat' would only make another generated id.
    stem, number = ("guest", 1)
    if words and not _SERIES.fullmatch(words[0]):
        stem, number = words[0], 2
    while True:
        tail = str(number)
        yield stem[: LONGEST - len(tail)] + tail
        number += 1


def _words(name: str) -> list[str]:
    """``name`` as lower-case words of a-z and 0-9, the first one with a letter in front."""
    family, comma, given = name.partition(",")
    folded = f"{given} {family}".casefold() if comma else name.casefold()
    folded = unicodedata.normalize("NFKD", folded.translate(_LETTERS))
    # Accents and apostrophes join what they stand between: o'brien is obrien.
    folded = "".join(c for c in folded if not unicodedata.combining(c) and c not in _APOSTROPHES)
    words = [word.lstrip("0123456789") for word in re.findall(r"[a-z0-9]+", folded)]
    words = [word for word in words if word]
    while len(words) > 1 and words[0] in _TITLES:
        words.pop(0)
    return words
