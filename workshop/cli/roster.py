"""``workshop roster``: who has which seat, with people's names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from workshop.cli import console, roster_import
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.config.roster import Seat, ids
from workshop.config.roster.write import write_ids
from workshop.counting import count_of, first_of
from workshop.environments import loader
from workshop.environments.loader import Draft
from workshop.errors import ConfigError, UsageError
from workshop.files import shown
from workshop.ledger import Ledger

_SHOWN = 10
"""New ids that are named; the table shows all."""

Write = Annotated[
    bool, typer.Option("--write", help="Write missing ids into the roster file; only ids change.")
]
Import = Annotated[
    Path | None,
    typer.Option(
        "--import",
        metavar="FILE",
        help="Add the people, or the accounts, of another tool's export.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Write what --import shows without asking.")]


Emails = Annotated[
    bool,
    typer.Option("--emails", help="Print the addresses alone, for a mail program's BCC field."),
]


def roster(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    emails: Emails = False,
    write: Write = False,
    import_: Import = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Show the seats with their people, give ids to those who have none, or import registrations.

    An id is made from the name and marked with * until it is written into the file. Once written
    it stays, whoever else comes or goes, and nobody is given the id of a seat that somebody had.

    --import takes the CSV of a registration tool or a form as it is: its columns are recognised by
    their words, and people by their e-mail addresses. Cancelled, refunded, waiting and double
    registrations are left out and named. Whoever is on the roster stays as they are; importing a
    file once more changes nothing.

    Where each seat has an account of its own, --import also takes the lists of accounts that the
    console of AWS Organizations, 'aws organizations list-accounts', Innovation Sandbox on AWS or a
    provider export: their accounts become free ones of the environment, for 'workshop accounts'.

    For example:

        workshop roster -e dev

        workshop roster -e dev --write

        workshop roster -e dev --import registrations.csv

        workshop roster -e dev --emails
    """
    draft = _draft(env, config_dir)
    if import_ is not None:
        roster_import.run(draft, import_, config_dir, yes=yes, as_json=as_json)
        return
    if yes:
        raise UsageError("'--yes' goes with '--import FILE', which asks before it writes")
    if draft.diagnostics:
        raise ConfigError([str(each) for each in draft.diagnostics])
    if write:
        draft = _written(draft, env, config_dir)
    unwritten = _unwritten(draft)
    if emails:
        _print_addresses(draft.seats)
        return
    if as_json:
        listed = [_document(seat, unwritten) for seat in draft.seats]
        console.print_json(listed)
    else:
        _print(draft, unwritten)
    for doubt in (*loader.missing_ids(draft, config_dir), *draft.of_people):
        console.warn(str(doubt))


def _print_addresses(seats: Sequence[Seat]) -> None:
    """Print each address once, and say who has none."""
    for address in dict.fromkeys(seat.email for seat in seats if seat.email):
        console.print_line(address)
    without = [seat.id for seat in seats if not seat.email]
    if without:
        console.warn(f"no address: {first_of(without, _SHOWN)}")


def _draft(env: str, config_dir: Path) -> Draft:
    draft = loader.draft(env, config_dir)
    if draft.settings is None:
        return draft
    # Of those who left, each had an id, and what hangs on it may still be there.
    had = Ledger(env).every_seat(draft.settings.workshop)
    return replace(draft, reserved=had)


def _written(draft: Draft, env: str, config_dir: ConfigDir) -> Draft:
    if draft.sheet is None or draft.roster_path is None:
        console.say("numbered seats have their ids already; nothing to write")
        return draft
    new = _unwritten(draft)
    write_ids(draft.roster_path, draft.sheet, draft.reserved)
    if ids(draft.sheet) != ids(draft.sheet, draft.reserved):
        console.warn(
            "seats of earlier people keep their ids to themselves; whoever had one and comes again"
            " gets it back when you write it into the column 'id'"
        )
    file = shown(draft.roster_path)
    given = [seat.id for seat in draft.seats if seat.id in new]
    new_ids = f"{count_of(len(given), 'new id')} written: {first_of(given, _SHOWN)}"
    console.say(f"{file}: {new_ids}" if given else f"{file}: every row has its id")
    return _draft(env, config_dir)


def _unwritten(draft: Draft) -> frozenset[str]:
    rows = draft.sheet.rows if draft.sheet else ()
    written = {row.get("id") for row in rows}
    return frozenset(seat.id for seat in draft.seats[: len(rows)] if seat.id not in written)


def _document(seat: Seat, unwritten: frozenset[str]) -> dict[str, Any]:
    return {
        "id": seat.id,
        "name": seat.name,
        "email": seat.email,
        "profile": seat.profile,
        "instance_type": seat.instance_type,
        "volume_gb": seat.volume_gb,
        "account": seat.account,
        "region": seat.region,
        "written": seat.id not in unwritten,
    }


def _print(draft: Draft, unwritten: frozenset[str]) -> None:
    table = console.table("id", "name", "email", "profile", "overrides")
    for seat in draft.seats:
        mark = "*" if seat.id in unwritten else ""
        table.add_row(seat.id + mark, seat.name, seat.email, seat.profile, _overrides(draft, seat))
    console.print_table(table)


def _overrides(draft: Draft, seat: Seat) -> str:
    """Return what the seat's row says otherwise than its profile and environment."""
    settings = draft.settings
    if settings is None:
        return ""
    profile = settings.profiles[seat.profile]
    notebook, box = profile.notebook, profile.ec2
    own_machines = [
        (seat.instance_type, notebook.instance_type, seat.volume_gb, notebook.volume_gb)
        if profile.has_notebook
        else (),
        (seat.box_type, box.instance_types[0], seat.box_gb, box.volume_gb) if box else (),
    ]
    pairs = (
        *(
            pair
            for own_machine in own_machines
            if own_machine
            for pair in _of_machine(*own_machine)
        ),
        (seat.account, settings.account, seat.account),
        (seat.region, settings.region, seat.region),
    )
    return ", ".join(text for own, usual, text in pairs if own != usual)


def _of_machine(
    own: str, usual: str, own_gb: int, usual_gb: int
) -> tuple[tuple[str | int, str | int, str], ...]:
    return ((own, usual, own), (own_gb, usual_gb, f"{own_gb} GB"))
