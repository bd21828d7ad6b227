"""``workshop swap``: whoever has a broken seat goes on at a spare, with the saved work."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.aws.machine_kinds import machines_of
from workshop.cli import agreement, completion, console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
from workshop.cli.start_stop import moved
from workshop.config.roster import Seat
from workshop.notebooks import start_stop
from workshop.notebooks.start_stop import NotebookOutcome
from workshop.swap import swapping
from workshop.swap.swapping import MINUTES, SwapPlan

Minutes = Annotated[
    float,
    typer.Option(
        "--minutes", min=0.1, help="Wait so long for the spare to start, and to have the work."
    ),
]


def swap(
    *,
    seat: Annotated[
        str,
        typer.Argument(
            metavar="SEAT", help="The seat that is broken.", autocompletion=completion.one_seat
        ),
    ],
    spare: Annotated[
        str,
        typer.Argument(
            metavar="SPARE", help="A spare that nobody has.", autocompletion=completion.one_seat
        ),
    ],
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    minutes: Minutes = MINUTES,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Let whoever has a broken seat go on at a spare, with the saved work.

    The person's row of the roster gets the spare's id and is otherwise as it was; seats keep their
    ids, names and stacks. The broken seat saves once more if it can, then what it saved is copied
    to the spare, which is started if it is stopped and lays the files there. What the broken seat
    takes longer than twenty seconds to save is brought after the rest. On the spare, a file that
    exists stays, and one that differs lies beside it. The broken seat is frozen, is off the roster
    from then on, and stays for a look, with its costs, until a teardown. What is done already is
    not done again: run it once more if it was interrupted. The spare must have the same profile,
    account and Region, and be on no row.

    For example:

        workshop swap -e prod ada spare01
    """
    found = swapping.rows(env, config_dir, seat, spare)
    work = opened(env, config_dir, only=f"{seat},{spare}", with_strays=found.again)
    plan = swapping.plan(found, work.seats)
    for warning in plan.warnings:
        console.warn(warning)
    if not yes:
        _agree(plan)

    def start(chosen: Seat) -> list[NotebookOutcome]:
        outcomes, _ = moved(work, machines_of([chosen]), start_stop.START, minutes=minutes)
        return outcomes

    if not swapping.swap(
        work.clients, work.loaded, plan, start=start, say=console.say, minutes=minutes
    ):
        raise typer.Exit(1)


def _agree(plan: SwapPlan) -> None:
    agreement.require_yes(
        f"Give the row of {plan.seat.id} to {plan.spare.id}, copy the saved work and freeze"
        f" {plan.seat.id}? Type yes to go on",
        nobody="nobody is there to agree, and nothing was done; agree with --yes",
        refused="nothing was done; run the command again once you agree",
    )
