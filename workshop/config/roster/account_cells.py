"""Account ids in the cells of other programs' lists: which column has them, and what each says.

Spreadsheets take ids for numbers: they drop leading zeros, and write 1.23457E+11 where a column is
narrow, which is no id any more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workshop.config.roster.registration_words import ColumnMeaning, folded, heading_of, pattern

_PREAMBLE = 40
"""Rows in which the headings are, at most."""
_DIGITS = 12
_LEAST_DIGITS = 9
"""Of an id whose leading zeros are lost; shorter numbers are others."""
_HEADING = pattern(
    r"\b(aws )?(accounts?|acct|konten|kontos?|comptes?|cuentas?|contas?|rekening|kontoer)\b"
    r".*\b(ids?|no|nos|nr|num|number|numbers|nummer|numero|n|identifi\w*)\b",
    r"\b(ids?|nr|number|numero|identifi\w*|n)"
    r"( (de|des|dell?|dello|do|du|di|of|der|da|van|d|l|la|the|aws))*"
    r" (account|konto|compte|cuenta|conta|rekening)\b",
    r"^(aws )?(account|acct|konto|compte|cuenta|conta)( aws)?$",
    r"^(aws)?(account|konto|compte|cuenta|conta|rekening)s?(id|nr|no|number|nummer|num)$",
    r"^linked account|usage account|member account",
    *("アカウント", "账户", "帐户", "账号", "帳戶", "계정", "аккаунт"),
)
_OTHER = re.compile(r"\b(name|owner|email|payer|management|master|parent|delegated|type|manager)\b")
_NUMBERS = re.compile(
    r"\b(tele?phones?|telefon\w*|tel|mobile?|handy|cell|portable|movil|gsm|fax)\b|phone"
)
"""What other numbers of 12 digits are called."""
_ROUNDED = (
    "has lost digits of its account in a spreadsheet; format the column as text there, fill it anew"
    " and export again"
)
_ARN = re.compile(r"arn:[a-z-]+:organizations::[0-9]{12}:?account/[^/]+/([0-9]{12})")


@dataclass(frozen=True, slots=True)
class AccountCell:
    """What a cell says: an account's id, with a note where it was mended, or why it is none."""

    account: str = ""
    note: str = ""
    flaw: str = ""


def account_of(cell: str) -> AccountCell:
    """Return the id in a cell of a column of accounts."""
    text = re.sub(r'^=?"(.*)"$|^\'', r"\1", cell.strip())
    if found := _ARN.fullmatch(text):
        return AccountCell(found[1])
    text = re.sub(r"[\s\u00a0-]|\.0+$", "", text)
    rounded = re.fullmatch(r"([0-9])[.,]([0-9]+)E\+?11", text, re.IGNORECASE)
    digits = rounded[1] + rounded[2] if rounded else text
    if rounded and len(digits) != _DIGITS:
        return AccountCell(flaw=_ROUNDED)
    if not re.fullmatch(f"[0-9]{{{_LEAST_DIGITS},{_DIGITS}}}", digits):
        return AccountCell(flaw="has no account of 12 digits" if text else "has no account")
    whole = digits.zfill(_DIGITS)
    mended = f"its account has lost leading zeros, and is read as {whole}"
    return AccountCell(whole, "" if whole == digits else mended)


def column_of_accounts(rows: Sequence[Sequence[str]]) -> int | None:
    """Return which column of a table with its headings holds accounts, None for no column.

    That is one whose heading says so, or else the one with most ids: the account that pays for all
    stands in each row and is one id. Beside people's addresses, other numbers of 12 digits are
    those of telephones.
    """
    tops = [cell for row in rows[:_PREAMBLE] for cell in row]
    has_people = any(
        (heading := heading_of(cell)) and heading[0] is ColumnMeaning.EMAIL for cell in tops
    )
    width = max(map(len, rows), default=0)
    best: tuple[bool, int, int] | None = None
    for index in range(width):
        cells = [row[index] for row in rows if index < len(row) and row[index].strip()]
        found = [account_of(cell) for cell in cells]
        ids = {each.account for each in found if each.account and not each.note}
        mended = {each.account for each in found if each.note}
        named = any(map(is_account_heading, cells[:_PREAMBLE]))
        rounded = any(each.flaw == _ROUNDED for each in found)
        other = has_people or any(_NUMBERS.search(folded(cell)) for cell in cells[:_PREAMBLE])
        doubtful = not named and (other or len(ids) <= len(mended))
        if doubtful or not (ids or mended or rounded):
            continue
        rank = (named, len(ids | mended), -index)
        best = rank if best is None else max(best, rank)
    return None if best is None else -best[2]


def is_account_heading(cell: str) -> bool:
    """Return whether a heading names a column of account ids, in one of several languages."""
    words = folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell))
    return _HEADING.search(words) is not None and _OTHER.search(words) is None
