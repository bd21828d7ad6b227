"""What is wrong with a roster, by the accounts in which the YAML says that its seats are."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from workshop.config.assignment import Assignment, check_of
from workshop.config.diagnostics import Diagnostic
from workshop.config.models import Environment
from workshop.config.roster import Seat
from workshop.config.roster.sheet import Sheet
from workshop.counting import and_more

_ALIKE = 0.6
"""How much of an id has to be in another one, so that a slip of the pen is likely: bem and ben."""
_OF_A_PROFILE = ("instance_type", "volume_gb")
"""What rows may override where seats have templates of their own."""


def of_rows(sheet: Sheet, settings: Environment) -> Iterator[Diagnostic]:
    """Yield the cells that the mode does not go with."""
    mode = settings.accounts.mode
    for row in sheet.rows:
        account = row.get("account")
        if mode == "one" and account not in ("", settings.account):
            message = (
                "is another account than the environment's, with accounts.mode 'one'; empty the"
                " cell, or write 'mode: roster'"
            )
            yield Diagnostic(row.line, ("account",), message)
        if mode == "roster" and not account:
            message = "is missing, with accounts.mode 'roster'; fill in the row's account"
            yield Diagnostic(row.line, ("account",), message)
        if mode == "ou":
            yield from _own(row.line, row.cells)


def _own(line: int, cells: Mapping[str, str]) -> Iterator[Diagnostic]:
    if cells.get("account"):
        message = (
            "is not read with accounts.mode 'ou', which assigns an account to each seat; empty the"
            " cell, or write 'mode: roster'"
        )
        yield Diagnostic(line, ("account",), message)
    for column in _OF_A_PROFILE:
        if cells.get(column):
            message = (
                "cannot differ within a profile with accounts.mode 'ou', since one stack set makes"
                " all its seats; make a profile for it, and name that in the row"
            )
            yield Diagnostic(line, (column,), message)


def changed(assignment: Assignment, seats: Iterable[str], cure: str) -> Iterator[Diagnostic]:
    """Yield the lines in which somebody has changed by hand whose an account is."""
    known = [*dict.fromkeys((*seats, *assignment.by_seat))]
    for change in assignment.changed:
        before = (seat for seat in known if check_of(change.account, seat) == change.check)
        message = (
            f"was {next(before, 'another seat')}'s when the line was written, and is"
            f" {change.seat or 'nobody'}'s now: whoever has the account has what is in it; change"
            f" it back, or have it stand once the account is empty with: {cure}"
        )
        yield Diagnostic(change.line, ("seat",), message)


def unchecked(assignment: Assignment, cure: str) -> Iterator[Diagnostic]:
    """Yield one diagnostic for all lines of which nobody can tell whether they were changed."""
    if lines := assignment.unchecked:
        others = and_more(len(lines) - 1, "seat")
        has = "have" if others else "has"
        message = (
            f"{lines[0].seat}{others} {has} no check, so that nobody can tell whether somebody has"
            " changed whose an account is; see that each has its own, and have that stand with:"
            f" {cure}"
        )
        yield Diagnostic(lines[0].line, (), message)


def of_assignment(
    assignment: Assignment, home: str, elsewhere: Mapping[str, str]
) -> Iterator[Diagnostic]:
    """Yield the lines of accounts in which no seat can be: the environment's own, and others'.

    ``elsewhere`` says what other environments use accounts for.
    """
    for account in assignment.accounts:
        if account.account == home:
            message = "is the environment's own account, in which no seat can be; remove the line"
            yield Diagnostic(account.line, ("account",), message)
        elif account.seat and account.account in elsewhere:
            message = (
                f"{elsewhere[account.account]}, and here {account.seat}'s; remove one of the lines"
            )
            yield Diagnostic(account.line, ("account",), message)


def lacking(seats: Sequence[Seat], assignment: Assignment, cure: str) -> Iterator[Diagnostic]:
    """Yield one diagnostic for all seats that no account is assigned to; ``cure`` is a command."""
    ids = {seat.id for seat in seats}
    without = [seat.id for seat in seats if seat.id not in assignment.by_seat]
    strangers = {
        account.seat: account.line
        for account in assignment.accounts
        if account.seat not in {*ids, ""}
    }
    for seat in [*without]:
        for meant in difflib.get_close_matches(seat, strangers, n=1, cutoff=_ALIKE):
            message = (
                f"{meant!r} is not on the roster, and {seat} has no account; write {seat} if that"
                f" is meant, or give it another account with: {cure}"
            )
            yield Diagnostic(strangers.pop(meant), ("seat",), message)
            without.remove(seat)
    if without:
        others = and_more(len(without) - 1, "seat")
        has = "have" if others else "has"
        yield Diagnostic(1, (), f"{without[0]}{others} {has} no account; assign with: {cure}")
