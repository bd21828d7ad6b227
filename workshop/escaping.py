r"""Text of others, made fit for terminals, pages and reports: it is shown and never obeyed.

Log streams, keys, names and messages come from AWS, and so from whoever may name a resource there.
Characters that steer a terminal, turn the direction of writing, or are not to be seen are written
as escapes such as ``\x1b`` and ``\u202e``:

- controls (C0, DEL, C1), line and paragraph separators, and lone surrogates;
- format characters and all that Unicode has a program ignore when it shows a text
  (``Default_Ignorable_Code_Point`` and ``Bidi_Control``, https://www.unicode.org/reports/tr44/),
  and letters that are blank;
- code points that are no characters;
- marks beyond the eighth on one letter, which would grow into other lines.

Names of people need some of these, and keep them where their script does: joiners as in RFC 5892
(appendix A.1 and A.2: after a virama, or between letters of Arabic and its kin) and between the
parts of an emoji; a variation selector behind the one character that it varies.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

MOST_MARKS = 8
"""More than any script sets on one letter: Burmese has up to seven."""

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_NO_CHARACTERS = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_NOT_SHOWN = (
    "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    # Bidirectional and other format characters; the signs of Arabic and its kin are visible.
    "\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    # Blank letters and marks.
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    # Tags, selectors and what is kept free beside them.
    "\U000e0000-\U000e0fff"
    f"\ufdd0-\ufdef{_NO_CHARACTERS}"
)
_NOT_PLAIN = re.compile("[^ -~]")
_DOUBTFUL = re.compile(f"[{_NOT_SHOWN}]")
_SELECTOR = re.compile(f"[{_SELECTORS}]")
_EMOJI_OR_TEXT = "\ufe0e\ufe0f"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_EMOJI_TAIL = re.compile(f"[\ufe0f{_SKIN_TONES}]")


_MARKDOWN = re.compile(
    r"[\\`*\[\]<>|~&@]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.", re.IGNORECASE
)
"""What CommonMark and GitHub take for code, emphasis, a link, an image, HTML or a cell's end."""
_ENTITIES = {"<": "&lt;", ">": "&gt;"}
"""Some programs look for HTML before they look for backslashes."""

_FORMULA = re.compile(
    "(^|;)(\\s*)(?=[=+\\-@\N{MINUS SIGN}"
    "\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
    "\N{FULLWIDTH COMMERCIAL AT}\N{SMALL EQUALS SIGN}\N{SMALL PLUS SIGN}\N{SMALL HYPHEN-MINUS}"
    "\N{SMALL COMMERCIAL AT}])"
)
"""What spreadsheets take for the beginning of a formula, those of East Asia in any width too.

Where a semicolon parts cells, as in much of Europe, one begins behind it.
"""


def printable(text: str, *, keep: str = "") -> str:
    """Return ``text`` with escapes for what would be obeyed; characters in ``keep`` stay."""
    return _escaped(text, keep, _escape)


def first_escaped(text: str) -> str:
    """Return the first character that ``printable`` would write as an escape, or ""."""
    return next((character for index, character in enumerate(text) if _is_escaped(text, index)), "")


def markdown(text: str) -> str:
    """Return a text that stands in one line or table cell of Markdown as it is."""
    shown = _MARKDOWN.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), printable(text))
    return " ".join(shown.split())


def spreadsheet_cell(text: str) -> str:
    """Return a text that a spreadsheet does not calculate: an apostrophe makes it text.

    A formula may send the other cells elsewhere. It begins with an operator, a tab or a line break
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    shown = _FORMULA.sub(r"\1'\2", printable(text))
    return f"'{shown}" if text[:1] in {"\t", "\r", "\n"} else shown


def json_text(document: Any, *, indent: int | None = None) -> str:
    """Return a JSON document whose letters can be read and whose texts steer nothing.

    What ``printable`` escapes is written as JSON's own escapes, so that a program reads all of it.
    """
    return _escaped(json.dumps(document, indent=indent, ensure_ascii=False), "\n", _json_escape)


def _escaped(text: str, keep: str, escape: Callable[[str], str]) -> str:
    def shown(found: re.Match[str]) -> str:
        character = found[0]
        as_it_is = character in keep or not _is_escaped(text, found.start())
        return character if as_it_is else escape(character)

    return _NOT_PLAIN.sub(shown, text)


def _is_escaped(text: str, index: int) -> bool:
    character = text[index]
    if character.isascii():
        return not character.isprintable()
    if _DOUBTFUL.match(character):
        return not _is_needed(text, index)
    return _is_mark(character) and all(map(_is_mark, _before(text, index, MOST_MARKS)))


def _is_needed(text: str, index: int) -> bool:
    """Return whether a joiner or selector does what its script has it for."""
    character, before, after = text[index], text[index - 1 : index], text[index + 1 : index + 2]
    if _SELECTOR.match(character):
        return _can_be_varied(before, character)
    if character not in (_ZWNJ, _ZWJ) or not before:
        return False
    if _is_virama(before):
        return True
    if character == _ZWNJ:
        return _is_arabic(text, index, -1) and _is_arabic(text, index, 1)
    if _is_virama(after):
        return before.isalpha()  # Bengali's ra with a following ya
    return _is_arabic(text, index, -1) or (_ends_in_emoji(text[:index]) and _is_symbol(after))


def _can_be_varied(character: str, selector: str) -> bool:
    if not character or _DOUBTFUL.match(character):
        return False
    kind = unicodedata.category(character)
    if selector in _EMOJI_OR_TEXT:
        return kind[0] in "SPN"
    return kind in ("Lo", "Sm")  # Han, Mongolian, Burmese; mathematics


def _is_arabic(text: str, index: int, step: int) -> bool:
    """Whether the next letter in this direction, behind its marks, joins others as Arabic does."""
    index += step
    while 0 <= index < len(text) and _is_mark(text[index]):
        index += step
    return 0 <= index < len(text) and unicodedata.bidirectional(text[index]) == "AL"


def _ends_in_emoji(text: str) -> bool:
    while text and _EMOJI_TAIL.match(text[-1]):
        text = text[:-1]
    return _is_symbol(text[-1:])


def _is_symbol(character: str) -> bool:
    return bool(character) and unicodedata.category(character) in ("So", "Sm")


def _is_virama(character: str) -> bool:
    return bool(character) and unicodedata.combining(character) == 9  # noqa: PLR2004 - its class


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me", "Mc")


def _before(text: str, index: int, count: int) -> str:
    """Return ``count`` characters before ``index``; a base stands for each that is missing."""
    return text[max(0, index - count) : index].rjust(count)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
