"""Which account is which seat's: a file beside the environment's, that lasts.

A line for each account; one without a seat is free. Who leaves the roster leaves the account
behind, with the seat's id in the file: nobody else is given it before it is empty. The file is
written by ``workshop accounts --write`` and is the only place that says whose an account is. So a
column ``check`` tells whether somebody has changed whose it is by hand. Anybody may write a file
without it: of such a line nobody can tell, until it is written.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from workshop import files, naming
from workshop.config import rules, yaml_document
from workshop.config.diagnostics import Diagnostic
from workshop.config.roster import csv_file
from workshop.errors import WorkshopError
from workshop.files import shown

COLUMNS = ("account", "seat")
CHECK = "check"
_MESSAGE = "is not as 'workshop accounts' writes it; "


def check_of(account: str, seat: str) -> str:
    """Return six letters that stand for who has an account, empty for nobody.

    Without digits, of which spreadsheets make numbers.
    """
    digest = hashlib.sha256(f"{account} {seat}".encode()).digest()
    return "".join(chr(ord("a") + byte % 26) for byte in digest[:6]) if seat else ""


@dataclass(frozen=True, slots=True)
class AssignedAccount:
    """An account, and the seat that has it, empty for none; ``line`` is 0 for a new one.

    ``check`` stands for the seat to which it was assigned.
    """

    account: str
    seat: str = ""
    line: int = 0
    check: str = ""

    def to(self, seat: str) -> AssignedAccount:
        """Return it as that of a seat."""
        return replace(self, seat=seat, check=check_of(self.account, seat))

    @property
    def is_changed(self) -> bool:
        """Whether somebody has changed its seat by hand."""
        return bool(self.check) and self.check != check_of(self.account, self.seat)

    @property
    def is_unchecked(self) -> bool:
        """Whether nobody could tell if somebody had changed its seat."""
        return bool(self.seat) and not self.check


@dataclass(frozen=True)
class Assignment:
    """The accounts of an environment in the order of its file."""

    accounts: tuple[AssignedAccount, ...] = ()

    @cached_property
    def by_seat(self) -> Mapping[str, str]:
        """The account of each seat that has one, those that left the roster too."""
        return {account.seat: account.account for account in self.accounts if account.seat}

    @cached_property
    def seat_of(self) -> Mapping[str, str]:
        """The seat of each account that has one."""
        return {account.account: account.seat for account in self.accounts if account.seat}

    @property
    def free(self) -> tuple[str, ...]:
        """The accounts that nobody has."""
        return tuple(account.account for account in self.accounts if not account.seat)

    def with_accounts(self, accounts: Iterable[str]) -> Assignment:
        """Return it with these accounts as well, the new ones behind the others."""
        known = {assigned.account for assigned in self.accounts}
        new = (account for account in dict.fromkeys(accounts) if account not in known)
        return Assignment((*self.accounts, *map(AssignedAccount, new)))

    def assigned(self, seats: Iterable[str], unusable: Collection[str] = ()) -> Assignment:
        """Return it with an account for each of ``seats`` that has none, as far as there are any.

        The free accounts are given in their order, none that is ``unusable``; nobody's changes.
        """
        free = iter([account for account in self.free if account not in unusable])
        lacking = [seat for seat in dict.fromkeys(seats) if seat not in self.by_seat]
        given = dict(zip(free, lacking, strict=False))
        return Assignment(
            tuple(
                assigned.to(given[assigned.account]) if assigned.account in given else assigned
                for assigned in self.accounts
            )
        )

    def released(self, accounts: Collection[str]) -> Assignment:
        """Return it with these accounts free again: they are empty."""
        return Assignment(
            tuple(
                assigned.to("") if assigned.account in accounts else assigned
                for assigned in self.accounts
            )
        )

    @property
    def changed(self) -> tuple[AssignedAccount, ...]:
        """The accounts whose seats somebody has changed by hand."""
        return tuple(assigned for assigned in self.accounts if assigned.is_changed)

    @property
    def unchecked(self) -> tuple[AssignedAccount, ...]:
        """The accounts of seats that were written by hand, without a check."""
        return tuple(assigned for assigned in self.accounts if assigned.is_unchecked)

    def approved(self) -> Assignment:
        """Return it with all seats as they are assigned."""
        return Assignment(tuple(assigned.to(assigned.seat) for assigned in self.accounts))


def path(environment: Path) -> Path:
    """Return where the accounts of an environment are, by its own file: ``vision.accounts.csv``."""
    return environment.with_suffix(".accounts.csv")


def read(environment: Path) -> tuple[Assignment, tuple[Diagnostic, ...]]:
    """Return the accounts of an environment, none without a file, and what is wrong with that."""
    file = path(environment)
    if not file.is_file():
        return Assignment(), ()
    try:
        text = yaml_document.read(file)
    except yaml_document.UnreadableError as error:
        return Assignment(), tuple(each.of(shown(file)) for each in error.diagnostics)
    found, diagnostics = parse(text)
    return found, tuple(each.of(shown(file)) for each in diagnostics)


def parse(text: str) -> tuple[Assignment, list[Diagnostic]]:
    """Return the accounts of a file's text, and what is wrong with it, line by line."""
    found: list[AssignedAccount] = []
    try:
        records = [*csv_file.records(text, _delimiter(text))]
    except csv_file.BrokenRecordError as broken:
        return Assignment(), [Diagnostic(broken.line, (), broken.text)]
    if not records or tuple(records[0][2][: len(COLUMNS)]) != COLUMNS:
        line = records[0][0] if records else 1
        return Assignment(), [
            Diagnostic(line, (), f"{_MESSAGE}begin it with the line '{','.join(COLUMNS)}'")
        ]
    checked = _place_of_check(records[0][2])
    for line, _, cells in records[1:]:
        account, seat = (*cells, "", "")[:2]
        check = (*cells, *[""] * checked)[checked] if checked else ""
        found.append(AssignedAccount(account, seat, line, check))
    return Assignment(tuple(found)), [*_mistakes(found)]


def _mistakes(found: Sequence[AssignedAccount]) -> Iterator[Diagnostic]:
    accounts: dict[str, int] = {}
    seats: dict[str, int] = {}
    for assigned in found:
        if not rules.ACCOUNT.holds(assigned.account):
            yield Diagnostic(assigned.line, ("account",), rules.ACCOUNT_CELL)
        elif assigned.account in accounts:
            message = f"stands in line {accounts[assigned.account]} too; remove one of the lines"
            yield Diagnostic(assigned.line, ("account",), message)
        if assigned.seat and not rules.SEAT.holds(assigned.seat):
            yield Diagnostic(assigned.line, ("seat",), rules.SEAT.message)
        elif assigned.seat == naming.COHORT:
            message = "is reserved for what all share; write the id of a seat, or empty the cell"
            yield Diagnostic(assigned.line, ("seat",), message)
        elif assigned.seat in seats:
            message = f"has the account of line {seats[assigned.seat]} too; empty one of the cells"
            yield Diagnostic(assigned.line, ("seat",), message)
        accounts.setdefault(assigned.account, assigned.line)
        if assigned.seat:
            seats.setdefault(assigned.seat, assigned.line)


def _place_of_check(headings: Sequence[str]) -> int:
    """Return the column of the checks, 0 for none."""
    return headings.index(CHECK) if CHECK in headings else 0


def _delimiter(text: str) -> str:
    """Return what is between the cells: a spreadsheet may have written the file anew."""
    first = text.lstrip("\ufeff").partition("\n")[0]
    declared = csv_file.declared_delimiter(text)
    return declared or max(csv_file.DELIMITERS, key=first.count)


def text(assignment: Assignment) -> str:
    """Return the text of a new file that holds an assignment."""
    made = io.StringIO(newline="")
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow((*COLUMNS, CHECK))
    writer.writerows(
        (assigned.account, assigned.seat, assigned.check) for assigned in assignment.accounts
    )
    return made.getvalue()


def write(environment: Path, before: Assignment, after: Assignment) -> None:
    """Write the accounts of an environment, whose file was read as ``before``, in one step.

    Lines stay where they are, with whatever else is in them; new ones go behind them. Raises
    WorkshopError, with the file as it was, when it changed since, or cannot be written.
    """
    file = path(environment)
    target = file.resolve()  # a link stays a link
    try:
        raw = target.read_bytes() if target.exists() else b""
        current = parse(yaml_document.decode(raw))[0] if raw else Assignment()
        if current != before:
            raise WorkshopError(f"{shown(file)} changed while it was read; run the command again")
        content = _changed(raw, before, after) if raw else text(after).encode()
        with files.draft(target, suffix=target.suffix) as draft:
            draft.write_bytes(content)
            written, wrong = parse(yaml_document.decode(draft.read_bytes()))
            if wrong or _pairs(written) != _pairs(after):
                raise WorkshopError(
                    f"{shown(file)} is written in a way that lines cannot be added to; begin a new"
                    f" file with the line '{','.join(COLUMNS)}' and copy the accounts into it"
                )
            draft.chmod((target if raw else environment).stat().st_mode & 0o7777)
    except OSError as error:
        raise WorkshopError(
            f"{shown(file)} cannot be written ({error.strerror}); check its folder"
        ) from None


def _pairs(assignment: Assignment) -> list[tuple[str, str]]:
    return [(account.account, account.seat) for account in assignment.accounts]


def _changed(raw: bytes, before: Assignment, after: Assignment) -> bytes:
    """Return a file's bytes with the seats and the new lines of ``after``."""
    text = yaml_document.decode(raw)
    newline = "\r\n" if "\r\n" in text else "\n"
    delimiter = _delimiter(text)
    checked = _place_of_check(next(csv_file.records(text, delimiter))[2])
    changed = {
        index: now
        for index, (was, now) in enumerate(zip(before.accounts, after.accounts, strict=False))
        if was != now
    }
    seats = {index: assigned.seat for index, assigned in changed.items()}
    text = csv_file.with_cells(text, delimiter, COLUMNS.index("seat"), seats)
    if not checked and any(assigned.check for assigned in after.accounts):
        text, checked = csv_file.with_heading(text, delimiter, CHECK)
    if checked:
        checks = {index: assigned.check for index, assigned in changed.items()}
        text = csv_file.with_cells(text, delimiter, checked, checks)
    text += "" if text.endswith(("\n", "\r")) else newline
    for assigned in after.accounts[len(before.accounts) :]:
        more = [*[""] * (checked - len(COLUMNS)), assigned.check] if checked else []
        text += f"{delimiter.join((assigned.account, assigned.seat, *more))}{newline}"
    return (codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b"") + text.encode()
