"""``workshop sweep``: take away what attendees made, and leave their workbenches."""

from __future__ import annotations

from typing import Annotated

import typer

from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Only
from workshop.cli.teardown import Apply, Digest, IncludeClaimed, SaveTo, Yes, again, run
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
        bool, typer.Option("--contents", help="Also empty the seats' buckets.")
    ] = False,
    save_to: SaveTo = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Delete what attendees made in a running workshop, such as between two days.

    Jobs, endpoints and notebooks are stopped; jobs, models, endpoints, experiments and the like are
    deleted. The stacks stay, and so does what is in buckets and repositories. Shows a plan unless
    --apply is given.

    For example:

        workshop sweep -e prod

        workshop sweep -e prod --apply --yes vision
    """
    named = None if only is None else tuple(one.strip() for one in only.split(",") if one.strip())
    run(
        env,
        config_dir,
        Choices(only=named, include_claimed=include_claimed, stacks=False, contents=contents),
        command=again(
            *("sweep", env, only, config_dir), include_claimed=include_claimed, contents=contents
        ),
        apply=apply,
        digest=digest,
        yes=yes,
        early=True,
        interval=0,
        save_to=save_to,
        as_json=as_json,
    )
