"""``workshop extend`` and ``workshop reopen``: a later end, and seats that are frozen no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from workshop import events
from workshop.accounts.plan import OwnAccountsPlan
from workshop.cli import alike, console
from workshop.cli import deploy as deploying
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Only
from workshop.cli.plan import listed, proposed, show, synthesized
from workshop.config import end as ends
from workshop.deploy.jobs import Limits
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.environments import dates
from workshop.errors import GuardError, UsageError
from workshop.events import Stopwatch
from workshop.naming import COHORT
from workshop.notebooks import reopening


def extend(
    *,
    env: Env,
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="18:00, +2h, or a time with its zone.")
    ],
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Let the workshop end later, or earlier: in the YAML file and in what all seats share.

    What all seats share is updated in each account and Region; no seat's stack and no machine is
    touched.

    For example:

        workshop extend -e prod --until 18:00

        workshop extend -e prod --until 2027-03-18T12:00:00+01:00
    """
    before = opened(env, config_dir).loaded
    old = before.settings.end
    if before.settings.timezone:  # of which the YAML has the offset of each moment
        end = ends.moment(until, old.astimezone(before.settings.zone))
        end = end.astimezone(before.settings.zone)
    else:
        end = ends.moment(until, old)
    now = events.now()
    if end <= now:
        raise UsageError(f"{dates.moment(end)} is past; name a time that is still to come")
    if end <= before.settings.start:
        raise UsageError(f"{dates.moment(end)} is not after the workshop's start")
    ends.write(before.path, end)
    work = opened(env, config_dir)
    watch = Stopwatch()
    with watch.step("synthesis"):
        templates = synthesized(work)
    made = proposed(work, templates, listed(work))
    shared = _shared(made)
    if not [*shared.stacks] or any(stack.action == StackAction.CREATE for stack in shared.stacks):
        raise GuardError(
            f"the end is written, and nothing is there yet to tell it: {work.command('deploy')}"
        )
    if not as_json:
        show(shared, work.loaded.settings.start.tzinfo)
        if old <= now:
            console.say(
                "the workshop was over, and its seats are frozen; give them back with:"
                f" {work.command('reopen')}"
            )
    deploying.run(
        work,
        shared,
        Limits(deadline=60 * work.loaded.settings.deploy.stack_minutes),
        work.loaded.settings.deploy.failure_percent,
        watch=watch,
        again=work.command("deploy"),
        as_json=as_json,
    )


def _shared(made: DeployPlan) -> DeployPlan:
    """Return what of a plan is for stacks that all seats share, or that stand beside each seat's.

    Of seats' own accounts, those are left out, and told, in which nothing is made yet.
    """
    if not isinstance(made, OwnAccountsPlan):
        return replace(made, seats=tuple(seat for seat in made.seats if seat.seat == COHORT))
    if left_out := sorted(made.not_made):
        console.say(f"left out, since nothing is deployed there yet: {alike.named(left_out)}")
    return made.beside_seats()


def reopen(
    *,
    env: Env,
    only: Only = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Give frozen seats back what they may do.

    What was stopped stays stopped: machines are started with workshop start. A seat that is above
    a cap is frozen again by the watch within five minutes: then the cap is raised first.

    For example:

        workshop reopen -e prod --only ada
    """
    work = opened(env, config_dir, only=only)
    done = reopening.reopen_seats(work.clients, work.loaded, work.seats)
    if as_json:
        console.print_json(
            [
                {"seat": seat.id, "result": reopened.result, "reason": reopened.reason}
                for seat, reopened in done.items()
            ]
        )
    else:
        table = console.table("seat", "result", "why")
        for seat, reopened in done.items():
            table.add_row(seat.id, reopened.result, reopened.reason)
        console.print_table(table)
    work.warn_of_lost((seat, reopened.reason) for seat, reopened in done.items())
    if any(result.reason for result in done.values()):
        raise typer.Exit(1)
