"""``workshop credentials``: what lets somebody be a seat on a machine of their own, for an hour."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from workshop import events
from workshop.aws import regions
from workshop.cli import console
from workshop.cli.connect import OfSystem, SeatId, this_system
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.config.roster import Seat
from workshop.connect import boxes, federation, identity
from workshop.connect import credentials as given
from workshop.connect.credentials import SeatCredentials
from workshop.errors import UsageError


class CredentialsFormat(StrEnum):
    """How credentials are printed."""

    ENV = "env"
    PROFILE = "profile"
    PROCESS = "process"
    JSON = "json"


def credentials(
    *,
    seat: SeatId,
    env: Env,
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

    For example:

        eval "$(workshop credentials ada -e gpu)"

        workshop credentials ada -e gpu --format profile

        workshop credentials ada -e gpu --sign-in
    """
    if sign_in and form is not CredentialsFormat.ENV:
        raise UsageError("'--sign-in' prints a link and no credentials; leave out --format")
    work = opened(env, config_dir, only=seat)
    (chosen,) = work.seats
    lasting = None if hours is None else timedelta(hours=hours)
    # A session of the console lasts as long as it is asked to, and its credentials an hour.
    made = given.of_seat(
        work.clients,
        work.loaded,
        chosen,
        now=events.now(),
        lasting=None if sign_in else lasting,
    )
    until = made.expires.astimezone(work.loaded.settings.end.tzinfo)
    if sign_in:
        _print_link(work, chosen, made, lasting, as_json=as_json)
        return
    if as_json or form is CredentialsFormat.JSON:
        role = regions.placed(work.loaded.names(chosen)).console_role_arn
        about = {"seat": chosen.id, "role": role, "region": made.region}
        console.print_json({**about, **made.process}, indent=2)
    elif form is CredentialsFormat.PROCESS:
        console.print_json(made.process)
    elif form is CredentialsFormat.PROFILE:
        console.print_text(made.cli_profile(identity.cli_profile(work.loaded, chosen)))
    else:
        console.print_text(made.shell(this_system(system)))
    if form is not CredentialsFormat.PROCESS:
        console.warn(f"whoever has these is {chosen.id} until {until:%Y-%m-%d %H:%M %z}")


def _print_link(
    work: CommandContext,
    seat: Seat,
    made: SeatCredentials,
    lasting: timedelta | None,
    *,
    as_json: bool,
) -> None:
    names = regions.placed(work.loaded.names(seat))
    page = federation.home_page(names)
    if work.loaded.settings.profiles[seat.profile].has_box:
        found = boxes.of_seat(work.clients, work.loaded, seat)
        page = federation.shell_page(names, found.id)
    where = seat.account_region
    link = federation.sign_in_link(work.clients, where, made, page, lasting=lasting)
    before = (events.now() + federation.TO_OPEN).astimezone(work.loaded.settings.end.tzinfo)
    if as_json:
        document = {"seat": seat.id, "link": link, "open_before": before.isoformat("T", "seconds")}
        console.print_json(document, indent=2)
    else:
        console.print_line(link)
    console.warn(
        f"whoever opens this is {seat.id} in AWS's console; it opens until {before:%H:%M %z}"
    )
