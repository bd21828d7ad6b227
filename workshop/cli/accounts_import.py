"""``workshop roster --import`` of a list of accounts: they become free ones of the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workshop.cli import agreement, console, options
from workshop.config import assignment, command_line, roster
from workshop.config.roster import account_lists
from workshop.config.roster.account_lists import AccountList, ListedAccount
from workshop.counting import count_of
from workshop.environments import loader
from workshop.environments.loader import Draft
from workshop.errors import ConfigError, UsageError
from workshop.files import shown


def content(file: Path) -> bytes:
    """Return what is in an export; raise UsageError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{shown(file)} cannot be read ({error.strerror}); name the file that the registration"
            " tool exported"
        ) from None


def read(file: Path) -> AccountList | None:
    """Return the accounts of an export, None where it lists none: it may list people."""
    return account_lists.read(content(file))


def agree(rows: str, path: Path) -> None:
    """Ask whether to write ``rows`` into a file; raise GuardError where nobody agrees."""
    agreement.require_yes(
        f"Write {rows} into {shown(path)}? Type yes to go on",
        nobody="nobody is there to agree, and nothing was written; agree with --yes",
        refused="nothing was written; run the command again once the list is right",
    )


def run(draft: Draft, file: Path, listed: AccountList, *, yes: bool, as_json: bool) -> None:
    """Show what becomes of each account of a list, ask, and write the free ones.

    Raise ConfigError where the environment is wrong, and GuardError where nobody agrees; nothing
    is written then.
    """
    problems = [str(each) for each in draft.diagnostics if each.message != roster.NO_ROWS]
    elsewhere, unread = loader.used_elsewhere(draft.path)
    if problems or unread:
        raise ConfigError([*problems, *map(str, unread)])
    rows = [_judged(row, draft, elsewhere) for row in listed.accounts]
    known = {account.account for account in draft.assignment.accounts}
    new = [row for row in rows if not row.left_out and row.account not in known]
    path = assignment.path(draft.path)
    if not as_json:
        console.say(f"{shown(file)}: {listed.encoding}; accounts from {_column(listed)}")
        _print(rows, known)
    written = False
    try:
        if new:
            if not yes:
                agree(count_of(len(new), "account"), path)
            after = draft.assignment.with_accounts(row.account for row in new)
            assignment.write(draft.path, draft.assignment, after)
            written = True
    finally:
        if as_json:
            console.print_json(_document(rows, known, path, written=written))
    if written:
        cure = command_line.command("accounts", draft.name, draft.path.parent, "--write")
        console.say(f"{shown(path)}: {count_of(len(new), 'account')} written; assign with: {cure}")
    elif not new:
        console.say(f"{shown(path)}: nothing to write")


def _column(listed: AccountList) -> str:
    return repr(listed.column) if listed.column else "a column without a heading"


def _judged(row: ListedAccount, draft: Draft, elsewhere: Mapping[str, str]) -> ListedAccount:
    """Return an account of the list with what the environments of the folder say against it."""
    if row.left_out:
        return row
    home = draft.settings.account if draft.settings else ""
    if row.account == home:
        return replace(row, left_out="is the environment's own account")
    return replace(row, left_out=elsewhere.get(row.account, ""))


def _plan(row: ListedAccount, known: set[str]) -> str:
    return "left out" if row.left_out else "known" if row.account in known else "new"


def _print(rows: list[ListedAccount], known: set[str]) -> None:
    some = rows
    if len(rows) > options.MANY:
        some = [row for row in rows if row.left_out or row.notes]
    table = console.table("line", "plan", "account", "name", "state", "why")
    for row in some:
        why = row.left_out or "; ".join(row.notes)
        table.add_row(str(row.line), _plan(row, known), row.account, row.name, row.state, why)
    if table.row_count:
        console.print_table(table)
        console.print_line()
    plans = [_plan(row, known) for row in rows]
    parts = [
        f"{plans.count('new')} new",
        f"{plans.count('known')} known already",
        f"{plans.count('left out')} left out",
    ]
    console.print_line(f"accounts: {', '.join(parts)}")


def _document(
    rows: list[ListedAccount], known: set[str], path: Path, *, written: bool
) -> dict[str, Any]:
    return {
        "file": shown(path),
        "accounts": [
            {
                "line": row.line,
                "plan": _plan(row, known),
                "account": row.account,
                "name": row.name,
                "state": row.state,
                "why": row.left_out,
                "notes": list(row.notes),
            }
            for row in rows
        ],
        "written": written,
    }
