"""``workshop teardown``: take a workshop away, and prove it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workshop.bill import so_far
from workshop.cli import agreement, console, context, interrupts, options, teardown_view
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, All, AsJson, ConfigDir, Env, Only
from workshop.cli.teardown_plan_view import PlanView
from workshop.errors import NotProvenError, WorkshopError
from workshop.teardown import session, verification
from workshop.teardown.file_counts import FileCounts, deletes
from workshop.teardown.plan import Choices, TeardownPlan
from workshop.teardown.report import TeardownReport
from workshop.teardown.session import TeardownRequest, TeardownSession
from workshop.teardown.shown_plan import ShownPlan

Digest = Annotated[
    str | None,
    typer.Argument(
        metavar="[DIGEST]",
        help="With --apply: the plan's number, as the plan shows it.",
        show_default="the last plan's",
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
AcceptUnknown = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-unknown",
        metavar="TYPE",
        help="Go on although this resource type cannot be listed, or this account of a seat cannot"
        " be looked into; the verdict says so. May be given several times.",
        show_default=False,
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
    accept_unknown: AcceptUnknown = None,
    interval: Annotated[
        float,
        typer.Option("--interval", min=0, help="Seconds between the two scans that prove it."),
    ] = verification.INTERVAL,
    save_to: SaveTo = None,
    everything: All = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Delete a workshop with all that attendees made, and prove that it is gone.

    Shows a plan unless --apply is given; --apply does what the plan showed. What attendees make in
    between goes along where it is proven to be theirs; a stack or a seat that has come since is
    refused. What is not proven to be the workshop's is listed and left alone.
    It can be interrupted and simply run again. Exit 0 means: two scans found nothing; else 4.

    For example:

        workshop teardown -e prod --save-to saved

        workshop teardown -e prod --save-to saved --apply

        workshop teardown -e prod --only ada,ben --early --apply 3f0c9a17be52 --yes vision
    """
    choices = Choices(
        only=options.ids(only),
        include_claimed=include_claimed,
        abandon=abandon,
        accept_unknown=tuple(accept_unknown or ()),
    )
    run(
        env,
        config_dir,
        choices,
        verb="teardown",
        flags=[
            *(["--early"] if early else []),
            *(["--include-claimed"] if include_claimed else []),
            *(["--abandon"] if abandon else []),
            *([] if interval == verification.INTERVAL else ["--interval", f"{interval:g}"]),
        ],
        apply=apply,
        digest=digest,
        yes=yes,
        early=early,
        interval=interval,
        save_to=save_to,
        everything=everything,
        as_json=as_json,
    )


def run(
    env: str,
    config_dir: Path,
    choices: Choices,
    *,
    verb: str,
    flags: Sequence[str],
    apply: bool,
    digest: str | None,
    yes: str | None,
    early: bool,
    interval: float,
    save_to: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Plan, and act if that is asked for; raises Exit with the command's exit code.

    ``verb`` and ``flags`` are the command's own, in the command line that shows the plan again.
    """
    if digest is not None and not apply:
        raise typer.BadParameter("a digest goes with --apply", param_hint="DIGEST")
    work = opened(
        env,
        config_dir,
        only=None if choices.only is None else ",".join(choices.only),
        with_strays=True,
    )
    if apply and len(work.seats) < len(work.loaded.seats):
        work.refuse_doubted_accounts("what is deleted")
    choices = replace(choices, save=session.kept(work.loaded, save_to))
    command = command_line(env, config_dir, choices, verb=verb, flags=flags, save_to=save_to)
    view = teardown_view.TeardownView(as_json=as_json)
    asked = TeardownSession(
        work.clients,
        work.loaded,
        work.seats,
        TeardownRequest(verb, choices, command, apply, digest, early, interval),
        sink=view.happened,
        say=console.say,
    )
    with interrupts.ending(work.clients):
        try:
            console.say("looking for everything of the workshop ...")
            plan = asked.plan()
            counts = asked.counts(plan)
            if not apply:
                asked.show(plan)
                as_shown = PlanView(plan, counts, command, asked.not_before)
                if as_json:
                    console.print_json_line(as_shown.document())
                else:
                    as_shown.show(everything=everything)
                return
            held = asked.held(plan)
            asked.agree(plan, _typed(work, yes, plan, counts))
        except KeyboardInterrupt:
            raise WorkshopError("interrupted; nothing was done") from None
        asked.begin(plan)
        with view:
            report = _done(asked, plan, held, work)
    _emit(report, asked.end(report), as_json=as_json)
    raise typer.Exit(report.code)


def _done(
    asked: TeardownSession, plan: TeardownPlan, held: ShownPlan, work: CommandContext
) -> TeardownReport:
    """Return the report of a run; raises an error with the command to go on with after Ctrl-C."""
    try:
        return asked.apply(
            plan,
            held,
            lambda: so_far.bill_before_deletion(
                work.clients, work.loaded, asked.account_regions, console.say
            ),
        )
    except KeyboardInterrupt:
        message = (
            "interrupted; nothing more is deleted, and what AWS was asked for goes on. To go on"
            f" from here: {asked.request.command} --apply"
        )
        raise (NotProvenError if plan.choices.stacks else WorkshopError)(message) from None


def command_line(
    env: str,
    config_dir: Path,
    choices: Choices,
    *,
    verb: str,
    flags: Sequence[str],
    save_to: str | None,
) -> str:
    """Return the command line that was given, without what only doing it asks for."""
    only = None if choices.only is None else ",".join(choices.only)
    accepted = [part for name in choices.accept_unknown for part in ("--accept-unknown", name)]
    saved = () if save_to is None else ("--save-to", save_to)
    named = context.named(env, config_dir, only=only)
    return shlex.join(["workshop", verb, *named, *flags, *accepted, *saved])


def _typed(work: CommandContext, yes: str | None, plan: TeardownPlan, counts: FileCounts) -> str:
    name = work.loaded.settings.workshop
    if plan.is_empty:
        return name if yes is None else yes
    for line in counts.lines:
        console.say(line)
    message = deletes(plan, counts)
    if yes is not None:
        console.say(f"this {message}")
        return yes
    return agreement.typed_name(f"This {message}", name)


def _emit(report: TeardownReport, paths: Sequence[Path], *, as_json: bool) -> None:
    if as_json:
        console.print_json_line(report.document())
    else:
        teardown_view.show_report(report)
    console.say(f"the report: {', '.join(str(path) for path in paths)}")
