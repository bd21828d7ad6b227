"""``workshop handout``: the way to each seat's notebook, for screens and for paper."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from workshop import events, extras
from workshop.aws import places
from workshop.cli import console, torn_down
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env, OfProfile, Only, Port
from workshop.config.roster import Seat
from workshop.connect import boxes
from workshop.connect.boxes import SeatBox
from workshop.counting import count_of
from workshop.errors import UsageError, WorkshopError
from workshop.files import shown
from workshop.handout import doors, export, files, notebooks, pages, slips
from workshop.handout.doors import DoorCode
from workshop.handout.slips import Handout


class Format(StrEnum):
    """How the handout is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


class LinkKind(StrEnum):
    """Which way to the notebook."""

    PRESIGNED = "presigned"
    CONSOLE = "console"
    DOOR = "door"


AsFormat = Annotated[Format, typer.Option("--format", help="How it is written.")]
WhichLink = Annotated[
    LinkKind | None,
    typer.Option(
        "--link",
        help="door: its address and the seat's code; the default where the YAML has a door."
        " presigned needs no sign-in, for five minutes; console lasts and needs one. Without a door"
        " presigned is the default, on HTML pages console.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="FILE|DIR",
        help="A file instead of stdout; for HTML a folder, one page a seat.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]
WithNames = Annotated[
    bool, typer.Option("--with-names", help="With the people's names and e-mail addresses.")
]
SessionHours = Annotated[
    float | None,
    typer.Option(
        "--session-hours",
        metavar="N",
        help="How long a presigned link's session lasts, 0.5 to 12; by default 12.",
        show_default=False,
    ),
]
Serve = Annotated[
    bool,
    typer.Option(
        "--serve", help="Serve the pages on this machine; their button makes a link at the click."
    ),
]


def handout(
    *,
    env: Env,
    only: Only = None,
    profile: OfProfile = None,
    form: AsFormat = Format.TABLE,
    link: WhichLink = None,
    output: Output = None,
    force: Force = False,
    with_names: WithNames = False,
    session_hours: SessionHours = None,
    serve: Serve = False,
    port: Port = 0,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Hand out the way to each seat's notebook and EC2 instance, in a table or on a page to print.

    The page for the room and the sheets of slips to cut out are written with the pages of all
    seats, not with those of a few; pages of seats that are gone are removed then. Exits with 1
    when some notebooks cannot be opened now; their rows say why.

    With --serve, nothing is written: this machine alone gets an address that nobody can guess, with
    a page for each seat, until Ctrl-C.

    For example:

        workshop handout -e dev

        workshop handout -e dev --only ada

        workshop handout -e dev --format html --output handouts --with-names

        workshop handout -e dev --serve
    """
    if serve:
        if form is not Format.TABLE or link is not None or output is not None or force:
            raise UsageError(
                "pages that are served have their link at the click; leave out --format, --link,"
                " --output and --force"
            )
        served = opened(env, config_dir, only=only, profile=profile)
        served.refuse_doubted_accounts("the account that is handed out")
        _serve(
            served,
            port,
            with_names=with_names,
            session=_session(session_hours, LinkKind.PRESIGNED),
        )
        return
    if form is Format.HTML and output is None:
        raise UsageError("HTML is a page a seat; name a folder for them with --output DIR")
    _session(session_hours, link or _without_door(form))
    work = opened(env, config_dir, only=only, profile=profile, with_strays=True)
    work.refuse_doubted_accounts("the account that is handed out")
    chosen = link or _usual(work, form)
    session = _session(session_hours, chosen)
    if chosen is LinkKind.PRESIGNED and form is Format.HTML and work.loaded.settings.door:
        raise UsageError(
            "a presigned link on paper opens nothing after five minutes, and there is a door; leave"
            " out '--link presigned'"
        )
    files.check({} if output is None else _writers(work, form, output), force=force)
    everybody, by_door = work.seats, None
    if chosen is LinkKind.DOOR:
        work, by_door = _by_door(work)
    writers = {} if output is None else _writers(work, form, output)
    made = events.now().replace(microsecond=0)
    found = _asked(work, chosen, session)
    instances = boxes.of_seats(work.clients, work.loaded, work.seats)
    there = {machine.status for machine in found.values()} | {
        machine.state for machine in instances.values()
    }
    if there <= {notebooks.MISSING, notebooks.NO_NOTEBOOK} and (
        over := torn_down.sentence(work.loaded, work.account_regions)
    ):
        raise WorkshopError(f"{over}, and there is nothing to hand out")
    filled = slips.handout(
        work.loaded,
        work.seats,
        found,
        made=made,
        presigned=chosen is LinkKind.PRESIGNED,
        with_names=with_names,
        by_door=by_door,
        boxes=instances,
    )
    _write(filled, form, output, writers, force=force)
    _warn_of_links(found)
    if chosen is LinkKind.DOOR:
        console.warn("whoever has the code of a seat opens its notebook; keep codes to their seats")
    _warn_of_problems(work, found, instances)
    _say_left_out(work, everybody)


def _say_left_out(work: CommandContext, everybody: Sequence[Seat]) -> None:
    """Raise WorkshopError where seats are not among those that were handed out."""
    left_out = len(everybody) - len(work.seats)
    if left_out:
        raise WorkshopError(
            f"{count_of(left_out, 'seat')} left out; see to those above, then hand them out with:"
            f" {work.loaded.command('handout', '--only', 'ID,...')}"
        )


def _write(
    filled: Handout,
    form: Format,
    output: Path | None,
    writers: Mapping[Path, Callable[[Handout], str]],
    *,
    force: bool,
) -> None:
    if output is None:
        console.print_text(_TEXTS[form](filled))
        return
    texts = {path: text_of(filled) for path, text_of in writers.items()}
    in_folder = form is Format.HTML
    files.write(texts, force=force, folder=output if in_folder else None)
    count = f"{count_of(len(texts), 'page')} to "
    console.say(f"wrote {count if in_folder else ''}{shown(output)}{'/' if in_folder else ''}")
    if force and pages.ROOM_FILE in {path.name for path in texts}:
        _remove_gone(output, texts, filled)
    if files.is_offered(first := next(iter(texts))):
        console.warn(
            f"git offers {shown(first)} for a commit; write it into a new folder, which is kept"
            " out of version control, such as: --output handouts/..."
        )


def _serve(work: CommandContext, port: int, *, with_names: bool, session: timedelta) -> None:
    if error := extras.missing("board", "handout --serve"):
        raise error
    # Of an extra that the other handouts do without.
    from workshop.board.guard import PageKeys  # noqa: PLC0415
    from workshop.board.slips import SlipPages  # noqa: PLC0415
    from workshop.cli import serving  # noqa: PLC0415

    keys = PageKeys()
    served = SlipPages(work.clients, work.loaded, work.seats, keys, with_names, session)
    serving.serve(served.app(), keys, port, "the handout")


def _usual(work: CommandContext, form: Format) -> LinkKind:
    """Return the way that slips name unless another one is asked for."""
    if work.loaded.settings.door:
        return LinkKind.DOOR
    return _without_door(form)


def _without_door(form: Format) -> LinkKind:
    return LinkKind.CONSOLE if form is Format.HTML else LinkKind.PRESIGNED


def _by_door(work: CommandContext) -> tuple[CommandContext, dict[str, tuple[str, DoorCode]]]:
    """Return the address of the door and the code of each seat that has one, and these seats.

    Where each seat has an account of its own, a door that cannot be used is another's trouble.
    """
    found, unread = doors.seats_codes(work.clients, work.loaded, work.seats)
    for why in places.told_unread(work.loaded, unread.items()):
        console.warn(why)
    with_code = tuple(seat for seat in work.seats if seat.id in found)
    if not with_code:
        raise WorkshopError("no door can be used, and nothing is handed out; see to those above")
    return replace(work, seats=with_code), found


def _session(hours: float | None, link: LinkKind) -> timedelta:
    if hours is None:
        return notebooks.LONGEST
    if link is not LinkKind.PRESIGNED:
        raise UsageError("'--session-hours' is for presigned links; add --link presigned")
    if not math.isfinite(hours) or not (
        notebooks.SHORTEST <= timedelta(hours=hours) <= notebooks.LONGEST
    ):
        raise UsageError("a session lasts from 0.5 to 12 hours; give --session-hours in between")
    return timedelta(hours=hours)


def _asked(
    work: CommandContext, link: LinkKind, session: timedelta
) -> Mapping[str, notebooks.HandoutNotebook]:
    clients, loaded, seats = work.clients, work.loaded, work.seats
    if link is LinkKind.PRESIGNED:
        return notebooks.presigned(clients, loaded, seats, session=session)
    return notebooks.statuses(clients, loaded, seats)


def _writers(
    work: CommandContext, form: Format, output: Path
) -> dict[Path, Callable[[Handout], str]]:
    """Return the files to write, each with what makes its text of the handout."""
    if form is not Format.HTML:
        return {output: _TEXTS[form]}
    writers: dict[Path, Callable[[Handout], str]] = {
        output / pages.seat_file(seat.id): partial(_seat_page, number)
        for number, seat in enumerate(work.seats)
    }
    if set(work.seats) == set(work.loaded.seats):
        writers[output / pages.ROOM_FILE] = pages.room_page
        writers[output / pages.SHEETS_FILE] = pages.sheets_page
    return writers


def _remove_gone(folder: Path, texts: Mapping[Path, str], filled: Handout) -> None:
    """Remove the pages of seats that are on the roster no more, and say whose."""
    gone = files.remove_gone(folder, texts, partial(pages.is_marked, handout=filled))
    if gone:
        console.say(f"removed pages of seats that are gone: {', '.join(p.stem for p in gone)}")


def _seat_page(number: int, filled: Handout) -> str:
    return pages.seat_page(filled, filled.slips[number])


def _table(filled: Handout) -> str:
    columns, rows = export.rows(filled)
    table = console.table(*columns)
    for row in rows:
        table.add_row(*row)
    # A link that is cut or wrapped opens nothing: a line is as long as it has to be.
    return console.table_text(table)


_TEXTS: dict[Format, Callable[[Handout], str]] = {
    Format.TABLE: _table,
    Format.CSV: export.csv_text,
    Format.JSON: export.json_text,
}


def _warn_of_links(found: Mapping[str, notebooks.HandoutNotebook]) -> None:
    given = [notebook.link for notebook in found.values() if notebook.link]
    if given:
        first = min(link.open_before for link in given)
        console.warn(
            "whoever has a presigned link is in that notebook, without any sign-in; it has to be"
            f" opened within 5 minutes, the first before {first:%H:%M:%S} UTC"
        )


def _warn_of_problems(
    work: CommandContext,
    found: Mapping[str, notebooks.HandoutNotebook],
    instances: Mapping[str, SeatBox],
) -> None:
    """Warn of each kind of problem with its cure; raise WorkshopError when there is any."""
    groups: dict[tuple[str, str], list[Seat]] = defaultdict(list)
    for seat in work.seats:
        if problem := found[seat.id].problem:
            groups[found[seat.id].status, problem].append(seat)
        if (box := instances.get(seat.id)) and box.problem:
            groups[box.state, box.problem].append(seat)
    for (status, problem), seats in groups.items():
        ids = ",".join(seat.id for seat in seats)
        # What is gone of a seat that left the roster is not made again.
        cure = ""
        if status in _CURES and (status != notebooks.MISSING or all(s.on_roster for s in seats)):
            action, verb = _CURES[status]
            cure = f"; {action} with: {work.loaded.command(verb, '--only', ids)}"
        console.warn(f"{problem}: {ids}{cure}")
    bad = sum(map(len, groups.values()))
    if bad:
        of_all = f"{bad} of {count_of(len(work.seats), 'notebook')}"
        if instances:
            troubled = len({seat.id for some in groups.values() for seat in some})
            have = "has" if troubled == 1 else "have"
            of_all = f"what {troubled} of {count_of(len(work.seats), 'seat')} {have}"
        raise WorkshopError(
            f"{of_all} cannot be opened now; see to those above, then hand them out with:"
            f" {work.loaded.command('handout', '--only', 'ID,...')}"
        )


_CURES = {
    "Failed": ("start", "start"),
    "Stopped": ("start", "start"),
    "Stopping": ("start once stopped", "start"),
    "stopped": ("start", "start"),
    "stopping": ("start once stopped", "start"),
    notebooks.MISSING: ("make", "deploy"),
}
