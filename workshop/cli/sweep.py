"""``workshop sweep``: take away what attendees made, and leave their workbenches."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.cli import options
from workshop.cli.options import CONFIG_DIR, All, AsJson, ConfigDir, Env, Only
from workshop.cli.teardown import (
    AcceptUnknown,
    Apply,
    Digest,
    IncludeClaimed,
    SaveTo,
    Yes,
    run,
)
from workshop.teardown.plan import Choices


def sweep(
    *,
    digest: Digest = None,
    env: Env,
    only: Only = None,
    apply: Apply = False,
    yes: Yes = None,
    include_claimed: IncludeClaimed = False,
    contents: Annotated[
        bool, typer.Option("--contents", help="Also delete all files in the seats' buckets.")
    ] = False,
    accept_unknown: AcceptUnknown = None,
    save_to: SaveTo = None,
    everything: All = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Delete what attendees made in a running workshop, such as between two days.

    Jobs, endpoints, notebooks and EC2 instances are stopped; jobs, models, endpoints, experiments
    and the like are deleted. The stacks stay, and so does what is in buckets and repositories.
    Shows a plan unless --apply is given.

    For example:

        workshop sweep -e prod

        workshop sweep -e prod --apply --yes vision
    """
    choices = Choices(
        only=options.ids(only),
        include_claimed=include_claimed,
        stacks=False,
        contents=contents,
        accept_unknown=tuple(accept_unknown or ()),
    )
    run(
        env,
        config_dir,
        choices,
        verb="sweep",
        flags=[
            *(["--include-claimed"] if include_claimed else []),
            *(["--contents"] if contents else []),
        ],
        apply=apply,
        digest=digest,
        yes=yes,
        early=True,
        interval=0,
        save_to=save_to,
        everything=everything,
        as_json=as_json,
    )
