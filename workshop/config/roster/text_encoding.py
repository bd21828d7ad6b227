"""Text of files that other programs wrote: whether it is any, and in which encoding.

A byte order mark and UTF-8 are certain. Among the encodings that fit, the letters decide: people's
names hold the common ones of European languages, or whole words of another alphabet, and no capital
behind a small letter. Libraries that guess from statistics need more text than a list of names has:
they take Mac Roman for code pages of DOS.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_GUESSED = (
    ("cp1252", "Windows-1252"),
    ("mac_roman", "Mac Roman"),
    ("cp1250", "Windows-1250"),
    ("cp1251", "Windows-1251"),
    ("cp932", "Shift_JIS"),
    ("euc_kr", "EUC-KR"),
    ("gb18030", "GB 18030"),
)
"""In this order where two fit alike."""

_COMMON = frozenset("äöüßéèêëáàâãåíìîïóòôõøúùûñçæÄÖÜÉÁÅÓØÚÑÇ\u2019")
_RUSSIAN, _HANGUL = re.compile("[\u0400-\u04ff]"), re.compile("[\uac00-\ud7af]")
_OF_TWO_BYTES = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
"""Letters of Japanese, Chinese and Korean, which other encodings take for two letters."""
_OF_KOREAN_NAMES = frozenset(
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지현수영준연은경미혜"
    "재호태승동상원희선아나라예철숙자순명기광용훈석혁찬빈율인규환섭형세소채도건"
)
"""Those that most names hold; a list of Chinese names read as Korean holds others."""
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")
"""Letters that Shift_JIS alone has, and nearly no text."""
_LEAST_NULS = 0.2
"""Part of the bytes; nearly half are zero where letters of Europe are written as UTF-16."""

AS_CSV = "open it, save it as CSV (in Excel: File, Save As, 'CSV UTF-8') and name that file"
_OTHER_FILES = (
    (b"PK\x03\x04", f"is a workbook and no CSV; {AS_CSV}"),
    (b"\xd0\xcf\x11\xe0", f"is a workbook and no CSV; {AS_CSV}"),
    (b"%PDF", "is a PDF; export the registrations as CSV"),
    (b"<", f"is a web page or XML and no CSV; {AS_CSV}"),
    (b"{", "is JSON; export the registrations as CSV"),
)


class UnknownEncodingError(Exception):
    """The bytes are no text in any encoding that this module knows."""


@dataclass(frozen=True, slots=True)
class EncodedText:
    """A text and the encoding it was read in; ``is_guess`` where its letters decided."""

    text: str
    encoding: str
    is_guess: bool = False


def other_file(raw: bytes) -> str:
    """Return why bytes are no CSV but another kind of file, with the cure, or ""."""
    begin = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((message for mark, message in _OTHER_FILES if begin.startswith(mark)), "")


def decoded(raw: bytes, known_words: Callable[[str], int] = lambda _: 0) -> EncodedText:
    """Return ``raw`` as text; raise UnknownEncodingError where it is none.

    Where several encodings fit, that counts in which most of the words are known that
    ``known_words`` counts in a text, and then its letters.
    """
    try:
        for mark, codec, name in _MARKS:
            if raw.startswith(mark):
                return EncodedText(raw.decode(codec), name)
        if raw.count(0) > _LEAST_NULS * len(raw):
            # Of a letter below U+0100, the byte that is zero is the second or the first.
            little = raw[1::2].count(0) > raw[0::2].count(0)
            return EncodedText(raw.decode("utf-16-le" if little else "utf-16-be"), "UTF-16")
        try:
            return EncodedText(raw.decode("utf-8"), "UTF-8")
        except UnicodeDecodeError:
            return _guessed(raw, known_words)
    except UnicodeDecodeError:
        raise UnknownEncodingError from None


def _guessed(raw: bytes, known_words: Callable[[str], int]) -> EncodedText:
    fits = []
    for codec, name in _GUESSED:
        try:
            fits.append(EncodedText(raw.decode(codec), name, is_guess=True))
        except UnicodeDecodeError:
            continue  # a byte that this code page leaves free
    return max(fits, key=lambda fit: (known_words(fit.text), _plausibility(fit.text)))


def _plausibility(text: str) -> int:
    """Return how much a text looks like names: of its letters beyond ASCII, each counts."""
    points = 0
    for before, character, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
        if character.isascii():
            continue
        if _RUSSIAN.match(character) or _OF_TWO_BYTES.match(character):
            mixed = any(each.isascii() and each.isalpha() for each in (before, after))
            korean = _HANGUL.match(before), _HANGUL.match(character)
            mixed |= _OF_TWO_BYTES.match(before) is not None and any(korean) and not all(korean)
            points += -3 if mixed else _worth(character)
        elif _HALF_WIDTH.match(character):
            points -= 2
        elif not character.isalpha():
            points += character in _COMMON or -2
        elif character.isupper() and before.islower():
            points -= 3
        else:
            points += 2 if character in _COMMON else 1
    return points


def _worth(character: str) -> int:
    """Return what a letter counts whose bytes other encodings may take for two letters."""
    if _HANGUL.match(character):
        return 5 if character in _OF_KOREAN_NAMES else 3
    return 4 if _OF_TWO_BYTES.match(character) else 3
