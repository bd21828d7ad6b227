"""``workshop accounts``: which account is which seat's, where each has one of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any

import typer

from workshop.accounts import found_sets, organization, other_workshops
from workshop.accounts.assigning import AssignmentPlan, PlannedAccount, given_up, planned
from workshop.accounts.organization import Organization
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws import account_guard
from workshop.aws.clients import Clients
from workshop.cli import completion, console, options
from workshop.cli.options import CONFIG_DIR, All, AsJson, ConfigDir, Env
from workshop.config import assignment, command_line
from workshop.config.environment import LoadedEnvironment
from workshop.counting import count_of
from workshop.environments import loader
from workshop.environments.loader import Draft
from workshop.errors import ConfigError, GuardError, SignInError, UsageError, WorkshopError
from workshop.files import shown
from workshop.teardown.members import emptied

Write = Annotated[
    bool, typer.Option("--write", help="Write the file of accounts; without it, only show.")
]
Replace = Annotated[
    str | None,
    typer.Option(
        "--replace",
        metavar="ID,...",
        help="Give these seats another account: theirs is closed, left the units, or is empty since"
        " a teardown.",
        show_default=False,
        autocompletion=completion.seats,
    ),
]


def accounts(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    write: Write = False,
    replace: Replace = None,
    all_: All = False,
    as_json: AsJson = False,
) -> None:
    """Show which account is whose and which are free, and assign one to each seat that has none.

    For environments with 'accounts: {mode: ou}'. The accounts are those of the organizational
    units that the YAML names, and of the file NAME.accounts.csv beside it; nothing is made or
    changed in AWS. Whoever has an account keeps it, whatever becomes of the roster's order. No
    seat is given an account that is suspended, that has a workbench still, or that another
    environment of the folder or another workshop's stack sets use.

    For example:

        workshop accounts -e dev

        workshop accounts -e dev --write
    """
    draft, ids = _read(env, config_dir)
    loaded = _loaded(draft)
    units = loaded.settings.accounts.units
    elsewhere, unread = loader.used_elsewhere(draft.path)
    if unread:
        raise ConfigError([str(each) for each in unread])
    replaced = command_line.seat_ids(replace, "--replace") if replace is not None else ()
    clients = Clients(loaded.home)
    account_guard.check_accounts(clients, loaded, [loaded.home])
    members = organization.read(clients, loaded.home, units) if units else _of_list(clients, loaded)
    deployed = found_sets.find(StackSetCalls(clients, loaded), loaded).by_account
    others = other_workshops.of_sets(clients, loaded.home, loaded)
    elsewhere |= {account: f"has a seat of {whose}" for account, whose in others.items()}
    empty = {*emptied(clients, loaded), *(others.keys() - deployed.keys())} if replaced else ()
    plan = planned(
        draft.assignment,
        ids,
        members,
        home=loaded.settings.account,
        elsewhere=elsewhere,
        deployed=deployed,
        given_up=given_up(loaded, replaced, members, empty),
    )
    after = plan.after.approved()
    written = write and not plan.lacking and after != draft.assignment
    for diagnostic in loader.hand_written(draft):
        console.warn(str(diagnostic))
    if written:
        _refuse_changed(draft, loaded, deployed)
        assignment.write(draft.path, draft.assignment, after)
    if as_json:
        console.print_json(_document(plan, written=written))
    else:
        _print(plan, all_=all_)
    if plan.lacking:
        raise WorkshopError(_too_few(plan, loaded))
    checked = len(draft.assignment.unchecked) if written else 0
    _conclude(plan, loaded, replaced, write=write, written=written, checked=checked)


def _read(env: str, config_dir: ConfigDir) -> tuple[Draft, list[str]]:
    """Return the environment without a mistake but for missing accounts, and all seats' ids."""
    draft = loader.draft(env, config_dir)
    diagnostics = [*draft.diagnostics, *loader.missing_ids(draft, config_dir)]
    if diagnostics or draft.settings is None:
        raise ConfigError([str(each) for each in diagnostics])
    if not draft.settings.accounts.are_own:
        roster = command_line.command("roster", draft.name, config_dir)
        raise UsageError(
            "seats have no accounts of their own; write 'accounts: {mode: ou, units: [...]}' into"
            f" {shown(draft.path)}, or see who has which seat with: {roster}"
        )
    return draft, [seat.id for seat in draft.everybody]


def _of_list(clients: Clients, loaded: LoadedEnvironment) -> Organization | None:
    """Return which of the file's accounts are in the organization, None where that is not known."""
    listed = [account.account for account in loaded.assignment.accounts]
    try:
        return organization.of_list(clients, loaded.home, listed)
    except SignInError:
        raise
    except WorkshopError as error:
        console.warn(str(error))
        return None


def _loaded(draft: Draft) -> LoadedEnvironment:
    assert draft.settings is not None  # noqa: S101 - _read has looked
    return LoadedEnvironment(
        draft.name, draft.path, draft.settings, draft.seats, (), assignment=draft.assignment
    )


def _refuse_changed(draft: Draft, loaded: LoadedEnvironment, deployed: Collection[str]) -> None:
    """Raise GuardError where somebody has given away, or freed, an account with a workbench."""
    for change in draft.assignment.changed:
        if change.account in deployed:
            only = ("--only", change.seat, "--save-to", "FOLDER")
            down = loaded.command("teardown", "--early", *only)
            first = f", or tear it down first with: {down}" if change.seat else ""
            raise GuardError(
                f"{shown(assignment.path(draft.path))}:{change.line}: the account has the workbench"
                f" of the seat before still, and nothing was written; change the line back{first}"
            )


def _print(plan: AssignmentPlan, *, all_: bool) -> None:
    shown_ones: Sequence[PlannedAccount] = plan.accounts
    if len(shown_ones) > options.MANY and not all_:
        shown_ones = [account for account in plan.accounts if account.note or account.is_new][
            : options.MANY
        ]
    table = console.table("account", "name", "state", "seat", "plan", "note")
    for account in shown_ones:
        step = (
            "assign"
            if account.is_new
            else ""
            if account.seat
            else "free"
            if account.is_free
            else "leave"
        )
        table.add_row(
            account.account, account.name, account.state, account.seat, step, account.note
        )
    if table.row_count:
        console.print_table(table)
    hidden = len(plan.accounts) - len(shown_ones)
    if hidden:
        console.print_line(f"{count_of(hidden, 'more account')} (--all)")
    console.print_line()
    console.print_line(_summary(plan))


def _summary(plan: AssignmentPlan) -> str:
    has = sum(bool(account.seat) and not account.is_new for account in plan.accounts)
    parts = [f"{has} with a seat", f"{len(plan.new)} to assign", f"{len(plan.free)} free"]
    if plan.unusable:
        parts.append(f"{len(plan.unusable)} that no seat can have")
    return f"accounts: {', '.join(parts)}"


def _too_few(plan: AssignmentPlan, loaded: LoadedEnvironment) -> str:
    missing = count_of(len(plan.lacking), "account")
    units = loaded.settings.accounts.units
    source = (
        f"have them made in {', '.join(units)}"
        if units
        else f"add them with: {loaded.command('roster', '--import', 'FILE')}"
    )
    first = ", ".join(plan.lacking[:3]) + (", ..." if len(plan.lacking) > 3 else "")  # noqa: PLR2004
    return f"{missing} too few (for {first}), and nothing was written; {source}, and run this again"


def _conclude(
    plan: AssignmentPlan,
    loaded: LoadedEnvironment,
    replaced: Sequence[str],
    *,
    write: bool,
    written: bool,
    checked: int,
) -> None:
    file = shown(assignment.path(loaded.path))
    if written:
        more = f", {count_of(checked, 'line')} written by hand checked" if checked else ""
        console.say(f"{file}: {count_of(len(plan.new), 'account')} assigned{more}")
    elif write:
        console.say(f"{file}: nothing to write")
    elif plan.new:
        chosen = (*(("--replace", ",".join(replaced)) if replaced else ()), "--write")
        console.say(f"nothing was written; assign with: {loaded.command('accounts', *chosen)}")


def _document(plan: AssignmentPlan, *, written: bool) -> dict[str, Any]:
    return {
        "accounts": [
            {
                "account": account.account,
                "name": account.name,
                "state": account.state,
                "unit": account.unit,
                "seat": account.seat,
                "is_new": account.is_new,
                "is_free": account.is_free,
                "note": account.note,
            }
            for account in plan.accounts
        ],
        "lacking": list(plan.lacking),
        "written": written,
    }
