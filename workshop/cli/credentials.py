"""``workshop credentials``: what lets people be seats on machines of their own, for an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from workshop import events
from workshop.aws import reads, regions
from workshop.cli import completion, console
from workshop.cli.connect import OfSystem, this_system
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.config.roster import Seat
from workshop.connect import boxes, federation, identity
from workshop.connect import credentials as given
from workshop.connect.credentials import SeatCredentials
from workshop.connect.lines import System
from workshop.errors import UsageError


class CredentialsFormat(StrEnum):
    """How credentials are printed."""

    ENV = "env"
    PROFILE = "profile"
    PROCESS = "process"
    JSON = "json"


_OF_ONE = (CredentialsFormat.ENV, CredentialsFormat.PROCESS)
"""Formats whose reader takes one seat's credentials."""
THREADS = 8


@dataclass(frozen=True)
class _Given:
    """What was given for a seat: credentials, or a link that opens AWS's console as it."""

    seat: Seat
    made: SeatCredentials
    link: str = ""


def credentials(
    *,
    seat: Annotated[
        str | None,
        typer.Argument(
            metavar="SEAT",
            help="The seat's id.",
            show_default=False,
            autocompletion=completion.one_seat,
        ),
    ] = None,
    env: Env,
    only: Only = None,
    profile: OfProfile = None,
    form: Annotated[
        CredentialsFormat,
        typer.Option(
            "--format",
            help="env: lines for a terminal; profile: a section of ~/.aws/credentials; process: as"
            " a credential_process of ~/.aws/config prints them; json: the same with the rest.",
        ),
    ] = CredentialsFormat.ENV,
    as_json: AsJson = False,
    sign_in: Annotated[
        bool,
        typer.Option(
            "--sign-in", help="A link instead, which signs a browser in to AWS's console."
        ),
    ] = False,
    hours: Annotated[
        float | None,
        typer.Option(
            "--hours",
            min=0.25,
            max=12,
            help="For so long, which AWS gives to users of IAM; whoever has a role gets an hour.",
            show_default="1",
        ),
    ] = None,
    system: OfSystem = None,
    config_dir: ConfigDir = CONFIG_DIR,
) -> None:
    """Print short-lived credentials of a seat, for an IDE or the AWS CLI on anybody's machine.

    They are those of the seat's console role, which you have to be allowed to take on: as one of
    access.console_organisers, or with the seat's tag as one of access.console_principals. They end
    after an hour, and at the workshop's end in any case; after that there are none. Nothing keeps
    them: no file, no ledger, no log. Whoever has them is the seat, so hand them to nobody else.

    With --sign-in it is a link that opens AWS's console as the seat, to be opened within 15
    minutes: where the seat has an EC2 instance, at the page with a shell on it.

    With --only or --profile they are those of several seats, as sections, as JSON or as a line
    with a link for each. Who cannot have any is named, and the exit code is 1.

    For example:

        eval "$(workshop credentials ada -e gpu)"

        workshop credentials ada -e gpu --format profile

        workshop credentials -e gpu --only ada,ben --sign-in
    """
    several = seat is None
    if several == (only is None and profile is None):
        raise UsageError("name a seat, or several with --only or --profile")
    if as_json and not sign_in:
        form = CredentialsFormat.JSON
    _check_format(form, sign_in=sign_in, several=several)
    work = opened(env, config_dir, only=seat or only, profile=profile)
    work.refuse_doubted_accounts("the account that is handed out")
    lasting = None if hours is None else timedelta(hours=hours)
    found, refused = _given(work, sign_in=sign_in, lasting=lasting, several=several)
    if as_json or form is CredentialsFormat.JSON:
        documents = [_document(work, given_seat) for given_seat in found]
        console.print_json(documents if several else documents[0])
    else:
        for given_seat in found:
            _print(work, given_seat, form, this_system(system), several=several)
    for reason in refused:
        console.warn(reason)
    if found and form is not CredentialsFormat.PROCESS:
        _warn(work, found, several=several)
    if refused:
        raise typer.Exit(1)


def _check_format(form: CredentialsFormat, *, sign_in: bool, several: bool) -> None:
    if sign_in and form is not CredentialsFormat.ENV:
        raise UsageError("'--sign-in' prints a link and no credentials; leave out --format")
    if several and form in _OF_ONE and not sign_in:
        raise UsageError(
            f"'--format {form}' is of one seat; of several, say '--format profile', '--format json'"
            " or '--sign-in'"
        )


def _given(
    work: CommandContext, *, sign_in: bool, lasting: timedelta | None, several: bool
) -> tuple[Sequence[_Given], Sequence[str]]:
    """Return what each seat was given, and why others of ``several`` were given nothing.

    Raise UsageError where a seat can have none, before anything is asked for.
    """
    for seat in work.seats:
        given.check(work.loaded, seat, events.now())

    def ask(seat: Seat) -> _Given:
        # A session of the console lasts as long as it is asked to, and its credentials an hour.
        made = given.of_seat(
            work.clients,
            work.loaded,
            seat,
            now=events.now(),
            lasting=None if sign_in else lasting,
        )
        return _Given(seat, made, _link(work, seat, made, lasting) if sign_in else "")

    if not several:
        return [ask(*work.seats)], []
    found, refused = reads.read_each(ask, work.seats, threads=THREADS)
    return [*found.values()], [*refused.values()]


def _print(
    work: CommandContext,
    given_seat: _Given,
    form: CredentialsFormat,
    system: System,
    *,
    several: bool,
) -> None:
    if given_seat.link:
        console.print_line(
            f"{given_seat.seat.id} {given_seat.link}" if several else given_seat.link
        )
    elif form is CredentialsFormat.PROCESS:
        console.print_json_line(given_seat.made.process)
    elif form is CredentialsFormat.PROFILE:
        console.print_text(
            given_seat.made.cli_profile(identity.cli_profile(work.loaded, given_seat.seat))
        )
    else:
        console.print_text(given_seat.made.shell(system))


def _link(
    work: CommandContext, seat: Seat, made: SeatCredentials, lasting: timedelta | None
) -> str:
    names = regions.placed(work.loaded.names(seat))
    page = federation.home_page(names)
    if work.loaded.settings.profiles[seat.profile].has_box:
        found = boxes.of_seat(work.clients, work.loaded, seat)
        page = federation.shell_page(names, found.id)
    return federation.sign_in_link(work.clients, seat.account_region, made, page, lasting=lasting)


def _document(work: CommandContext, given_seat: _Given) -> dict[str, Any]:
    if given_seat.link:
        before = _to_open(work).isoformat("T", "seconds")
        return {"seat": given_seat.seat.id, "link": given_seat.link, "open_before": before}
    role = regions.placed(work.loaded.names(given_seat.seat)).console_role_arn
    about = {"seat": given_seat.seat.id, "role": role, "region": given_seat.made.region}
    return {**about, **given_seat.made.process}


def _to_open(work: CommandContext) -> datetime:
    """Return until when a link opens that was just made."""
    return (events.now() + federation.TO_OPEN).astimezone(work.loaded.settings.end.tzinfo)


def _warn(work: CommandContext, found: Sequence[_Given], *, several: bool) -> None:
    """Say who has what was given is whom, and until when."""
    seat = found[0].seat.id
    if found[0].link:
        before = f"{_to_open(work):%H:%M %z}"
        console.warn(
            "whoever opens one of these is its seat in AWS's console; they open until " + before
            if several
            else f"whoever opens this is {seat} in AWS's console; it opens until {before}"
        )
        return
    until = min(given_seat.made.expires for given_seat in found).astimezone(
        work.loaded.settings.end.tzinfo
    )
    who = "whoever has those of a seat is that seat" if several else f"whoever has these is {seat}"
    console.warn(f"{who} until {until:%Y-%m-%d %H:%M %z}")
