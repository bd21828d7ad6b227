"""``workshop freeze``: seats that can make and change nothing until they are reopened."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from workshop.aws.reads import ACCOUNTS_AT_ONCE, side_by_side
from workshop.cli import completion, console
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.teardown import freeze as freezing


def freeze(
    *,
    env: Env,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            metavar="IDS",
            help="The seats, with commas between their ids.",
            autocompletion=completion.seats,
        ),
    ],
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Take from seats what they may make, start and change, and close their machines at the door.

    What runs goes on and costs: workshop stop stops machines, workshop sweep ends all else. Files
    can still be saved. workshop reopen gives it back.

    For example:

        workshop freeze -e prod --only ada
    """
    work = opened(env, config_dir, only=only)
    each = side_by_side(
        partial(freezing.freeze_seat, work.clients, work.loaded),
        work.seats,
        threads=ACCOUNTS_AT_ONCE,
    )
    done = {seat.id: outcome for seat, outcome in each.items()}
    if as_json:
        console.print_json(
            [
                {
                    "seat": seat,
                    "frozen": not outcome.problems,
                    "problems": outcome.problems,
                    "open_still": outcome.open_still,
                }
                for seat, outcome in done.items()
            ]
        )
    else:
        table = console.table("seat", "result", "why")
        for seat, outcome in done.items():
            result = "not frozen" if outcome.problems else "frozen"
            table.add_row(seat, result, "; ".join((*outcome.problems, *outcome.open_still)))
        console.print_table(table)
    work.warn_of_lost((seat, why) for seat, outcome in each.items() for why in outcome.problems)
    if any(result.problems for result in done.values()):
        raise typer.Exit(1)
