"""``workshop end``: one endpoint or job, without anything else of its owner."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.cli import console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
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
) -> None:
    """End endpoints and jobs by name; their owner's machine and all else stay as they are.

    An endpoint is deleted, its configuration and model stay; a job is stopped. What is no seat's of
    the workshop is refused. The last lines of stop and start name what can be ended. The exit
    code is 1 where AWS refuses, such as for an endpoint that is being created.

    For example:

        workshop end -e prod vision-ada-answer

        workshop end -e prod vision-ada-answer vision-ben-fit
    """
    work = opened(env, config_dir)
    seen = scan(work.loaded, work.seats, work.clients, DescribeCache())
    found = ending.named(ending.running(work.loaded, seen), names)
    unknown = [name for name, some in found.items() if not some]
    for account_region, parts in seen.unknown.items():
        for part, why in parts.items():
            console.warn(f"{account_region}: {part} could not be read: {why}")
    if unknown:
        raise UsageError(
            f"no endpoint or job of a seat that runs is called {', '.join(map(repr, unknown))}; see"
            f" how many there are with: {work.command('status')}"
        )
    failed = False
    for one in (one for some in found.values() for one in some):
        why = ending.end(work.clients, one)
        failed = failed or bool(why)
        console.print_line(
            f"{one.title}: not ended: {why}" if why else f"{one.title}: ended, {one.cost.per_hour}"
        )
    if failed:
        raise typer.Exit(1)
