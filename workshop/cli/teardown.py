"""``workshop teardown``: take a workshop away, and prove it."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from workshop.cli import console, teardown_view
from workshop.cli.opened import Opened, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Only
from workshop.errors import GuardError, NotProvenError, WorkshopError
from workshop.fleet.ledger import FOLDER, Ledger
from workshop.settings import Keep
from workshop.teardown import evidence, guard, roles, saving, verify
from workshop.teardown.discover import Discovery
from workshop.teardown.kinds import ALL
from workshop.teardown.model import Memory
from workshop.teardown.plan import Choices, Plan, proven_in, remembered
from workshop.teardown.report import Report
from workshop.teardown.running import Teardown
from workshop.teardown.works import works

Digest = Annotated[
    str | None,
    typer.Argument(
        metavar="[DIGEST]", help="With --apply: the plan's digest.", show_default="the last plan's"
    ),
]
Apply = Annotated[bool, typer.Option("--apply", help="Do what the plan shows.")]
Yes = Annotated[
    str | None,
    typer.Option("--yes", metavar="NAME", help="The workshop's name, instead of typing it."),
]
IncludeClaimed = Annotated[
    bool,
    typer.Option("--include-claimed", help="Also delete what only tags or names say is ours."),
]
SaveTo = Annotated[
    str | None,
    typer.Option(
        "--save-to",
        metavar="PLACE",
        help="First copy attendees' work to s3://BUCKET/PREFIX or a folder.",
        show_default="keep.to",
    ),
]


def teardown(
    *,
    digest: Digest = None,
    env: Env,
    only: Only = None,
    apply: Apply = False,
    yes: Yes = None,
    early: Annotated[
        bool, typer.Option("--early", help="Although the workshop is not over yet.")
    ] = False,
    include_claimed: IncludeClaimed = False,
    abandon: Annotated[
        bool,
        typer.Option(
            "--abandon", help="Leave behind what stacks cannot delete, and say so in the report."
        ),
    ] = False,
    interval: Annotated[
        float,
        typer.Option("--interval", min=0, help="Seconds between the two looks that prove it."),
    ] = verify.INTERVAL,
    save_to: SaveTo = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Delete a workshop with all that attendees made, and prove that it is gone.

    Shows a plan unless --apply is given; --apply does exactly what the plan showed, and refuses
    if anything has come since. What is not proven to be the workshop's is listed and left alone.
    It can be interrupted and simply run again. Exit 0 means: two looks found nothing; else 4.

    For example:

        workshop teardown -e prod

        workshop teardown -e prod --apply

        workshop teardown -e prod --only ada,ben --early --apply 3f0c9a17be52 --yes vision
    """
    choices = Choices(
        only=_named(only),
        include_claimed=include_claimed,
        abandon=abandon,
    )
    run(
        env,
        config_dir,
        choices,
        command=again(
            *("teardown", env, only, config_dir),
            early=early,
            include_claimed=include_claimed,
            abandon=abandon,
        ),
        apply=apply,
        digest=digest,
        yes=yes,
        early=early,
        interval=interval,
        save_to=save_to,
        as_json=as_json,
    )


def run(
    env: str,
    config_dir: Path,
    choices: Choices,
    *,
    command: str,
    apply: bool,
    digest: str | None,
    yes: str | None,
    early: bool,
    interval: float,
    save_to: str | None,
    as_json: bool,
) -> None:
    """Plan, and act if that is asked for; raises Exit with the command's exit code."""
    if digest is not None and not apply:
        raise typer.BadParameter("a digest goes with --apply", param_hint="DIGEST")
    work = opened(env, config_dir, only=None if choices.only is None else ",".join(choices.only))
    if apply and choices.stacks:
        guard.check_time(work.loaded, datetime.now(UTC), early=early)
    folder = FOLDER / work.loaded.name
    view = teardown_view.View(as_json=as_json)
    target = evidence.target(
        work.clients, work.loaded, work.seats, whole=choices.only is None, folder=folder
    )
    ledger = Ledger(work.loaded.name)
    lasting = remembered(folder) if apply else Memory()
    roles.remember(lasting, evidence.roles_seen(ledger))
    job = Teardown(
        work.clients,
        target,
        ALL,
        view.happened,
        interval=interval,
        save=_saver(work, save_to),
        proven=proven_in(folder, target.seats),
        # A plan is made of nothing but what AWS says.
        lasting=lasting,
    )
    console.say("looking for everything of the workshop ...")
    plan = job.plan(choices)
    guard.check_environment(plan.discovery, work.loaded.name)
    evidence.note_roles(ledger, roles.remembered(lasting))
    if not apply:
        plan.write(folder)
        teardown_view.show(plan, command, as_json=as_json)
        return
    plan.hold_to(digest, folder, command)
    if choices.stacks:
        guard.check_protection(plan.discovery)
    guard.check_name(work.loaded, _typed(work, yes, plan))
    ledger.begin(command.split()[1], plan=plan.digest, account=work.loaded.home.account)
    try:
        with view:
            report = job.apply(plan)
    except KeyboardInterrupt:
        told = f"interrupted; what AWS was asked for goes on. To go on from here: {command} --apply"
        raise (NotProvenError if choices.stacks else WorkshopError)(told) from None
    ledger.gone(evidence.gone(report))
    ledger.end({"verdict": report.verdict, "exit": report.code, "counts": report.counts()})
    _tell(report, folder, as_json=as_json)
    raise typer.Exit(report.code)


def _named(only: str | None) -> tuple[str, ...] | None:
    if only is None:
        return None
    return tuple(one.strip() for one in only.split(",") if one.strip())


def again(word: str, env: str, only: str | None, config_dir: Path, **flags: bool) -> str:
    """The command line that was given, to be given again; ``flags`` by their option's name."""
    parts = ["workshop", word, "-e", env]
    parts += [] if only is None else ["--only", only]
    parts += [] if config_dir == CONFIG_DIR else ["--config-dir", str(config_dir)]
    parts += [f"--{name.replace('_', '-')}" for name, on in flags.items() if on]
    return shlex.join(parts)


def _typed(work: Opened, yes: str | None, plan: Plan) -> str:
    if yes is not None or plan.is_empty:
        return work.loaded.settings.workshop if yes is None else yes
    if not sys.stdin.isatty():
        raise GuardError(
            "nobody is there to type the workshop's name; give it with"
            f" --yes {work.loaded.settings.workshop}"
        )
    return console.ask(f"Type the workshop's name, {work.loaded.settings.workshop}, to go on")


def _saver(work: Opened, save_to: str | None) -> teardown_view.Saver | None:
    keep: Keep = work.loaded.settings.keep
    to = save_to or keep.to
    if to is None:
        return None

    def save(discovery: Discovery) -> dict[str, str]:
        console.say(f"saving attendees' work to {to} ...")
        saved = saving.save(work.clients, keep, to, works(discovery))
        console.say(saving.NOT_REACHED)
        return {one.seat: "; ".join(one.problems) for one in saved if not one.complete}

    return save


def _tell(report: Report, folder: Path, *, as_json: bool) -> None:
    paths = report.write(folder)
    if as_json:
        teardown_view.print_json(report.document())
    else:
        teardown_view.show_report(report)
    console.say(f"the report: {', '.join(str(path) for path in paths)}")
