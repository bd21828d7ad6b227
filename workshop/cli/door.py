"""``workshop door``: the page that opens notebooks to attendees, its codes and claims."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any

import typer

from workshop import events
from workshop.account_region import AccountRegion
from workshop.aws import places
from workshop.cli import completion, console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Only, SeatId
from workshop.counting import count_of
from workshop.door.claims import A_MINUTE, Claiming
from workshop.environments import dates
from workshop.errors import UsageError, WorkshopError
from workshop.handout import claim_pace, doors
from workshop.handout.doors import SeatsDoor

app = typer.Typer(help="The page that opens machines to attendees: its address, codes and claims.")


@app.callback(invoke_without_command=True)
def door(
    context: typer.Context,
    *,
    env: Annotated[
        str,
        typer.Option(
            "--env",
            "-e",
            metavar="NAME",
            help="As of: workshop door show.",
            autocompletion=completion.environments,
        ),
    ] = "",
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Show the door of an environment, or do one of the following."""
    if context.invoked_subcommand is None:
        if not env:
            raise UsageError("which environment? Add '-e NAME', or see: workshop door -h")
        show(env=env, config_dir=config_dir, as_json=as_json)


@app.command()
def show(*, env: Env, config_dir: ConfigDir = CONFIG_DIR, as_json: AsJson = False) -> None:
    """Show where the door is, whether it answers, and who was there.

    Exits with 1 where it does not answer from here.

    For example:

        workshop door -e prod
    """
    work = opened(env, config_dir)
    there, unread = _doors(work)
    found, lost = places.read_in_each(work.loaded, lambda where: _look(work, there[where]), there)
    unread |= lost
    documents = [document for document, _ in found.values()]
    if as_json:
        console.print_json(documents)
    elif work.loaded.settings.accounts.are_own:
        _print_own(work, documents)
    else:
        for document, pace in found.values():
            _print(document, pace)
    _warn(work, unread)
    if unread or not all(document["answers"] for document in documents):
        raise typer.Exit(1)


def _look(work: CommandContext, door: SeatsDoor) -> tuple[dict[str, Any], str]:
    """Return what is known of a door, and how fast seats are claimed there."""
    where, use = door.account_region, door.use(events.now())
    until = use.claims_until
    seat_id = partial(work.loaded.seat_id, account=where.account)
    document = {
        "account": where.account,
        "region": where.region,
        "address": door.address,
        "answers": door.answers(),
        "seats": sum(seat.account_region == where for seat in work.loaded.seats),
        "opened": use.opened,
        "claims": [*map(seat_id, use.claims)],
        "claim_pace": dataclasses.asdict(use.pace),
        "claims_until": until and datetime.fromtimestamp(until, UTC).isoformat(),
        "hands": [*map(seat_id, use.hands)],
    }
    return document, use.pace.sentence()


def _print_own(work: CommandContext, documents: Sequence[Mapping[str, Any]]) -> None:
    """Print a row for each seat, which has a door of its own."""
    table = console.table("seat", "address", "answers", "opened", "hand up")
    for document in documents:
        seats = work.loaded.seats_in(AccountRegion(document["account"], document["region"]))
        flags = (bool(document[key]) for key in ("answers", "opened", "hands"))
        ids = ", ".join(seat.id for seat in seats)
        table.add_row(ids, document["address"], *("yes" if flag else "no" for flag in flags))
    console.print_table(table)


def _print(document: Mapping[str, Any], pace: str) -> None:
    table = console.grid()
    claims, hands = document["claims"], document["hands"]
    told = {
        "address": document["address"],
        "answers": "yes" if document["answers"] else "no; see its log group, /aws/lambda/...-door",
        "opened": f"{document['opened']} of {count_of(int(str(document['seats'])), 'seat')}",
        "claimed": ", ".join(map(str, claims)) if isinstance(claims, list) and claims else "none",
        "pace": pace if claims else "",
        "claiming": f"until {document['claims_until']}" if document["claims_until"] else "closed",
        "hands up": ", ".join(map(str, hands)) if isinstance(hands, list) and hands else "none",
    }
    for name, text in told.items():
        if text:
            table.add_row(name, str(text))
    console.print_table(table)


@app.command()
def claims(
    *,
    env: Env,
    only: Only = None,
    lasting: Annotated[
        str, typer.Option("--for", metavar="TIME", help="Hold it open so long: 15m or 2h.")
    ] = "",
    close: Annotated[bool, typer.Option("--close", help="Hold it open no longer.")] = False,
    a_minute: Annotated[
        int,
        typer.Option(
            "--a-minute", min=1, metavar="N", help="Give so many seats within a minute at most."
        ),
    ] = A_MINUTE,
    per_address: Annotated[
        int | None,
        typer.Option(
            "--per-address",
            min=1,
            metavar="N",
            help="Give one address of the network so many a day; a class in a room shares one.",
        ),
    ] = None,
    new_code: Annotated[
        bool, typer.Option("--new-code", help="Give the class a new code; the old one ends.")
    ] = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Let people without a slip claim a seat with the class's code, for a while.

    Seats are those whose roster row has neither a name nor an e-mail address, spares included, or
    those of --only. Each is given once, and none that somebody has opened by a slip; workshop door
    undo frees it. Where people are at home, --per-address keeps a script from taking all seats; in
    a room, --a-minute gives time to see one at work.

    For example:

        workshop door claims -e prod --for 15m

        workshop door claims -e prod --for 2h --per-address 2

        workshop door claims -e prod --close
    """
    if close == bool(lasting):
        raise UsageError("say how long, such as '--for 15m', or '--close'")
    until = None if close else events.now() + _span(lasting)
    work = opened(env, config_dir, only=only)
    if work.loaded.settings.accounts.are_own:
        raise UsageError(
            "where each seat has an account of its own, it has a door of its own, at which nobody"
            " can claim another; hand seats out with:"
            f" {work.loaded.command('handout', '--format', 'csv')}"
        )
    if until and until > work.loaded.settings.end:
        until = work.loaded.settings.end
    free = [seat for seat in work.seats if only or not (seat.name or seat.email)]
    if not close and not free:
        raise WorkshopError(
            "every seat of the roster has a person; add 'spares' to it, or name seats with --only"
        )
    told = []
    there, _ = _doors(work)
    for where, seats_door in there.items():
        here = [seat.id for seat in free if seat.account_region == where]
        ends = until.timestamp() if until else 0
        claiming = Claiming(ends, tuple(here), a_minute=a_minute, per_address=per_address)
        code = seats_door.let_claim(claiming, renew=new_code)
        told.append({"address": seats_door.address, "code": code.code, "seats": here})
        if not as_json and until:
            console.print_line(
                f"{seats_door.address}  code {code.code}  {count_of(len(here), 'seat')}"
            )
    if as_json:
        open_until = until.isoformat() if until else None
        console.print_json([{**document, "until": open_until} for document in told])
    elif until:
        console.say(f"seats can be claimed until {dates.moment(until)}")
    else:
        console.say("seats can be claimed no more; what was claimed stays")


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,3})(m|h)", text)
    if not found:
        raise UsageError(f"'--for' takes minutes or hours, such as 15m or 2h, and not {text!r}")
    number = int(found[1])
    return timedelta(minutes=number) if found[2] == "m" else timedelta(hours=number)


@app.command()
def undo(
    seat: SeatId = "",
    *,
    env: Env,
    since: Annotated[
        str,
        typer.Option(
            "--since", metavar="10:05", help="Undo every claim since this time of today instead."
        ),
    ] = "",
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Give a seat a new code: the old one, and whoever came in by it, is out within seconds.

    A claimed seat is free again. A notebook that is open stays open until its session ends, or the
    seat is frozen. With --since, claiming is closed besides and the class has a new code: a script
    that took too many seats takes no more.

    For example:

        workshop door undo -e prod spare01

        workshop door undo -e prod --since 10:05
    """
    if bool(seat) == bool(since):
        raise UsageError("name a seat, or the time since which claims are undone: '--since 10:05'")
    if since:
        _undo_since(opened(env, config_dir), since, as_json=as_json)
        return
    work = opened(env, config_dir, only=seat)
    [chosen] = work.seats
    there, unread = _doors(work)
    if unread:
        raise WorkshopError("; ".join(places.told_unread(work.loaded, unread.items())))
    was_claimed, code = there[chosen.account_region].undo(chosen.attendee)
    if as_json:
        document = {"seat": chosen.id, "was_claimed": was_claimed, "code": code.code}
        console.print_json(document)
        return
    console.print_line(f"{chosen.id}  {code.code}")
    claim = "its claim is undone, and its" if was_claimed else "it was not claimed; its"
    console.say(f"{claim} old code opens nothing any more: a printed slip has to be replaced")


def _undo_since(work: CommandContext, text: str, *, as_json: bool) -> None:
    since = claim_pace.since(text, work.loaded.settings.end.tzinfo, events.now())
    there, _ = _doors(work)
    found = [door.undo_since(since) for door in there.values()]
    undone = {seat: code.code for some in found for seat, code in some.items()}
    if as_json:
        console.print_json([{"seat": seat, "code": undone[seat]} for seat in undone])
        return
    for seat, code in undone.items():
        console.print_line(f"{seat}  {code}")
    console.say(
        f"{count_of(len(undone), 'claim')} undone; claiming is closed, and the class has a new"
        f" code: {work.loaded.command('door claims', '--for', '15m')}"
    )


@app.command()
def codes(
    *,
    env: Env,
    only: Only = None,
    helpers: Annotated[
        int,
        typer.Option("--helpers", min=0, max=doors.MOST_HELPERS, help="And of so many helpers."),
    ] = 0,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Print the codes of seats, of the class, and of helpers; keep them to those they are for.

    Slips with them, and a table for mail merge, makes workshop handout.

    For example:

        workshop door codes -e prod --only ada

        workshop door codes -e prod --helpers 4
    """
    work = opened(env, config_dir, only=only)
    work.refuse_doubted_accounts("the account that is handed out")
    found, unread = doors.seats_codes(work.clients, work.loaded, work.seats)
    rows = [(seat, code.code, address) for seat, (address, code) in found.items()]
    if not only and (helpers or not work.loaded.settings.accounts.are_own):
        there, _ = _doors(work)
        rows += [
            (code.subject, code.code, seats_door.address)
            for where, seats_door in there.items()
            if where not in unread
            for code in seats_door.shared_codes(helpers)
        ]
    if as_json:
        names = ("for", "code", "address")
        console.print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        table = console.table("for", "code", "address")
        for row in rows:
            table.add_row(*row)
        console.print_text(console.table_text(table))
    _warn(work, unread)
    if unread:
        raise typer.Exit(1)


def _doors(
    work: CommandContext,
) -> tuple[dict[AccountRegion, SeatsDoor], dict[AccountRegion, str]]:
    return doors.doors(work.clients, work.loaded, work.account_regions)


def _warn(work: CommandContext, unread: Mapping[AccountRegion, str]) -> None:
    for why in places.told_unread(work.loaded, unread.items()):
        console.warn(why)
