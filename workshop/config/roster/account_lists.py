"""Reads lists of accounts as other programs export them: which can be used, and which cannot.

Known are the console of AWS Organizations (``Organization_accounts_information.csv``: Account ID,
ARN, Email, Name, State, Joined method, Joined timestamp;
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_export.html), the
JSON of ``aws organizations list-accounts``, the accounts of Innovation Sandbox on AWS with their
status (https://docs.aws.amazon.com/solutions/latest/innovation-sandbox-on-aws/account-lifecycle-in-isb.html),
and whatever else has a column of ids, or nothing but ids. Names and addresses beside them are the
accounts' own, and stay where they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from workshop.config.roster import csv_file, registrations, workbook
from workshop.config.roster.account_cells import account_of, column_of_accounts, is_account_heading
from workshop.config.roster.registration_words import ColumnMeaning, folded, heading_of, pattern
from workshop.config.roster.text_encoding import UnknownEncodingError, decoded

_STATE = pattern(
    r"\b(state|status|statut|etat|zustand|estado|stato|situacao|stan|stav)\b|status$"
    r"|ステータス|状态|狀態|상태|статус"
)
_OFF = pattern(
    r"suspend|clos|terminat|delet|quarantin|clean ?up|frozen|froz|expired|inactive|disabled|locked"
    r"|fail|tainted|eject|not enrolled|unmanaged|left|removed|pending|gesperrt|geschlossen|inaktiv"
    r"|ferme|inacti[fv]|cerrad|chius|sospes|suspens|fechad|gesloten|停止|閉鎖|关闭|暂停|중지|закрыт"
)
_ON = pattern(
    r"activ|aktiv|actif|ativ|attiv|actief|availab|verfugbar|ready|enrolled|vended|provisioned|ok|open"
    r"|succeeded|managed|leased|有効|可用|正常|활성|актив"
)
_OF_A_POOL = frozenset({"available", "clean up", "quarantine"})
"""What only a program says that leases accounts, such as Innovation Sandbox on AWS."""

Record = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """An account of a list; ``left_out`` says why no seat can have it, or nothing."""

    line: int
    account: str = ""
    name: str = field(default="", repr=False)
    state: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountList:
    """The accounts of a list, how it was read, and why it could not be."""

    accounts: tuple[ListedAccount, ...] = ()
    encoding: str = ""
    column: str = ""
    """The heading of the column of ids; empty where there is none."""


def read(raw: bytes) -> AccountList | None:
    """Return the accounts of an export, or None where it has no column of them."""
    if (of_json := _json(raw)) is not None:
        tables, encoding = [of_json], "JSON"
    elif registrations.unreadable(raw):
        return None
    elif workbook.is_workbook(raw):
        tables, encoding = [], "Excel workbook"
        with suppress(workbook.BrokenWorkbookError):
            tables = workbook.sheets(raw)
    else:
        try:
            encoded = decoded(raw)
        except UnknownEncodingError:
            return None
        tables, encoding = [*_tables(encoded.text.replace("\0", ""))], encoded.encoding
    lists = [found for table in tables if (found := _listed(table, encoding))]
    return max(lists, key=lambda found: len(found.accounts), default=None)


def _tables(text: str) -> Iterator[list[Record]]:
    """Yield a text's records by each delimiter that it can be read with."""
    declared = csv_file.declared_delimiter(text)
    for delimiter in (declared,) if declared else registrations.DELIMITERS:
        with suppress(csv_file.BrokenRecordError):
            yield [(line, cells) for line, _, cells in csv_file.records(text, delimiter)]


def _json(raw: bytes) -> list[Record] | None:
    """Return the records of a JSON document with a list of objects; None for what is none."""
    if raw.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return None
    try:
        objects = _objects(json.loads(raw.decode("utf-8-sig")))
    except ValueError:
        return None
    keys = [*dict.fromkeys(key for record in objects for key in record)]
    # DynamoDB writes a value with its type: {"S": "123456789012"}.
    plain = [
        ["" if (cell := _plain(record.get(key))) is None else str(cell) for key in keys]
        for record in objects
    ]
    headings = ["account id" if key.casefold() == "id" else key for key in keys]
    return [(0, headings), *enumerate(plain, 1)]


def _objects(document: Any) -> list[Mapping[str, Any]]:
    """Return the first list of objects in a document."""
    if isinstance(document, list):
        return [record for record in document if isinstance(record, dict)]
    if isinstance(document, dict):
        for value in document.values():
            if found := _objects(value):
                return found
    return []


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return next(iter(value.values()), "") if len(value) == 1 else ""
    return "" if isinstance(value, list) else value


def _listed(table: Sequence[Record], encoding: str) -> AccountList | None:
    """Return the accounts of a table, None where no column holds any."""
    column = column_of_accounts([cells for _, cells in table])
    if column is None:
        return None

    def said(cells: Sequence[str]) -> str:
        return cells[column] if column < len(cells) else ""

    first = next(
        (at for at, (_, cells) in enumerate(table) if account_of(said(cells)).account), len(table)
    )
    # Above the first id are the headings, and below these ids that nobody can read any more.
    above = [said(cells) for _, cells in table[:first]]
    named = [at for at, text in enumerate(above, 1) if is_account_heading(text)]
    spoiled = [at for at, text in enumerate(above) if re.match("[0-9]", text)]
    first = next(iter((*named[-1:], *spoiled)), first)
    headings = table[first - 1][1] if first else []
    names = _columns(headings, {ColumnMeaning.NAME, ColumnMeaning.FULL})
    states = [at for at, heading in enumerate(headings) if _STATE.search(_words(heading))]
    rows = [
        _account(line, said(cells), _cell(cells, names), _cell(cells, states))
        for line, cells in table[first:]
    ]
    is_pool = any(_words(row.state) in _OF_A_POOL for row in rows)
    leased = (_of_pool(row) for row in rows) if is_pool else iter(rows)
    return AccountList(
        tuple(_once(leased)), encoding=encoding, column=said(headings) if headings else ""
    )


def _columns(headings: Sequence[str], wanted: set[ColumnMeaning]) -> list[int]:
    found = [(at, heading_of(heading)) for at, heading in enumerate(headings)]
    named = [at for at, meaning in found if meaning and meaning[0] in wanted]
    of_accounts = [at for at, heading in enumerate(headings) if "accountname" in _joined(heading)]
    return named or of_accounts


def _cell(cells: Sequence[str], columns: Sequence[int]) -> str:
    return next((cells[at] for at in columns if at < len(cells) and cells[at]), "")


def _account(line: int, cell: str, name: str, state: str) -> ListedAccount:
    read = account_of(cell)
    made = ListedAccount(line, read.account, name, state, read.flaw)
    notes = [read.note] if read.note else []
    words = _words(state)
    if not read.flaw and _OFF.search(words):
        return replace(made, left_out=f"is {words}", notes=tuple(notes))
    if words and not _ON.search(words):
        notes.append("its state is not known here: look whether a seat can have it")
    return replace(made, notes=tuple(notes))


def _of_pool(row: ListedAccount) -> ListedAccount:
    """Return an account of a pool that leases them, which may give a free one to somebody else."""
    if row.left_out or _words(row.state) != "available":
        return row
    return replace(
        row, notes=(*row.notes, "is not leased yet, and somebody else may get it: lease it first")
    )


def _once(rows: Iterator[ListedAccount]) -> Iterator[ListedAccount]:
    """Yield the rows, each account once."""
    lines: dict[str, int] = {}
    for row in rows:
        if row.account and not row.left_out and row.account in lines:
            yield replace(row, left_out=f"line {lines[row.account]} has the same account")
            continue
        if row.account:
            lines.setdefault(row.account, row.line)
        yield row


def _words(text: str) -> str:
    return folded(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text))


def _joined(text: str) -> str:
    return _words(text).replace(" ", "")
