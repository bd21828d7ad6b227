"""``workshop end``: one endpoint or job, without anything else of its owner."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.aws import places
from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env, Only
from workshop.errors import UsageError
from workshop.status import ending
from workshop.status.collector import scan
from workshop.status.describe import DescribeCache


def end(
    *,
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Endpoints and jobs, as AWS calls them.")
    ],
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
) -> None:
    """End endpoints and jobs by name; their owner's machine and all else stay as they are.

    An endpoint is deleted, its configuration and model stay; a job is stopped. What is no seat's of
    the workshop is refused, and so is a name that several seats gave in accounts of their own,
    until --only says whose is meant. The last lines of stop and start name what can be ended. The
    exit code is 1 where AWS refuses, such as for an endpoint that is being created, or where what
    runs could not be read.

    For example:

        workshop end -e prod vision-ada-answer

        workshop end -e prod vision-ada-answer vision-ben-fit
    """
    work = opened(env, config_dir, only=only)
    seen = scan(work.loaded, work.seats, work.clients, DescribeCache())
    chosen = {seat.id for seat in work.seats}
    running = ending.running(work.loaded, seen)
    found = ending.named(
        [work_of_seat for work_of_seat in running if only is None or work_of_seat.seat in chosen],
        names,
    )
    unknown = [name for name, some in found.items() if not some]
    for unread in places.unread(work.loaded, seen.unknown):
        console.warn(unread)
    if unknown:
        read = " and could be read" if seen.unknown else ""
        raise UsageError(
            f"no endpoint or job of a seat that runs{read} is called"
            f" {', '.join(map(repr, unknown))}; see"
            f" how many there are with: {work.command('status')}"
        )
    for name, some in found.items():
        if only is None and len(seats := {owned.seat: None for owned in some}) > 1:
            raise UsageError(
                f"{name!r} runs at several seats ({', '.join(seats)}), and nothing was ended; say"
                f" whose with: {work.loaded.command('end', name, '--only', 'ID,...')}"
            )
    failed = bool(seen.unknown)
    for owned in (owned for some in found.values() for owned in some):
        why = ending.end(work.clients, owned)
        failed = failed or bool(why)
        console.print_line(
            f"{owned.title}: not ended: {why}"
            if why
            else f"{owned.title}: ended, {owned.cost.per_hour}"
        )
    if failed:
        raise typer.Exit(1)
