"""Codes that open the door: derived from one key, never stored, and of 65 bits each.

A code is for a subject, ``seat:ada``, ``helper:1`` or ``class``, and its generation: with the next
generation the old code opens nothing. Function and organiser's commands derive them alike.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

KEY_BYTES = 32
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no letter looks like a digit, and none makes an ugly word."""
LENGTH = 13
"""Of 5 bits each."""
LONGEST_INPUT = 100
CLASS = "class"
"""The code that lets people claim a seat while the organiser holds claiming open."""
HELPERS = 20
"""As many helpers can have a code of their own."""
_LOOK_ALIKE = str.maketrans("OIL", "011")


def seat_subject(seat: str) -> str:
    """Return what the code of a seat is for."""
    return f"seat:{seat}"


def helper_subject(number: int) -> str:
    """Return what the code of a helper is for."""
    return f"helper:{number}"


def all_subjects(seats: Iterable[str]) -> list[str]:
    """Return everything that has a code, in a lasting order."""
    helpers = [helper_subject(number) for number in range(1, HELPERS + 1)]
    return [*map(seat_subject, seats), *helpers, CLASS]


@lru_cache(maxsize=4096)
def code_of(key: bytes, subject: str, generation: int = 0) -> str:
    """Return the 13 characters of a subject's code."""
    digest = hmac.digest(key, f"{subject}:{generation}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))


def spelled(code: str) -> str:
    """Return a code as people read it: ``7Q2M-X40B-9TRKD``."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def read_code(text: str) -> str:
    """Return a code as it was meant: case, blanks and hyphens, O for 0, I and L for 1 do not count.

    What is no code becomes something that equals none.
    """
    letters = unicodedata.normalize("NFKC", text[:LONGEST_INPUT]).upper().translate(_LOOK_ALIKE)
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


def subject_of(
    key: bytes, subjects: Iterable[str], generations: Mapping[str, int], text: str
) -> str:
    """Return whose code a text is, empty for nobody's; every code is compared, whatever it is."""
    given, found = read_code(text).encode(), ""
    for subject in subjects:
        code = code_of(key, subject, generations.get(subject, 0))
        found = subject if hmac.compare_digest(code.encode(), given) else found
    return found
