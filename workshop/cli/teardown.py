"""``workshop teardown``: take a workshop away, and prove it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workshop import events
from workshop.cli import console, context, interrupts, options, so_far, teardown_view
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, All, AsJson, ConfigDir, Env, Only
from workshop.cli.teardown_plan_view import PlanView, deletes
from workshop.config.models import Keep
from workshop.errors import GuardError, NotProvenError, WorkshopError
from workshop.ledger import FOLDER, Ledger
from workshop.teardown import (
    evidence,
    file_counts,
    guard,
    roles,
    save_checks,
    save_paths,
    saving,
    shown_plan,
    verification,
)
from workshop.teardown.artifacts import lost_artifacts, seat_artifacts
from workshop.teardown.file_counts import FileCounts
from workshop.teardown.plan import Choices, TeardownPlan, check_accepted
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import ScanCache
from workshop.teardown.resources import ALL
from workshop.teardown.run import Saver, Teardown
from workshop.teardown.shown_plan import PlanSubject, ShownPlan

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
        help="Go on although this resource type cannot be listed; the verdict says so."
        " May be given several times.",
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
    choices = replace(choices, save=_kept(work, save_to))
    command = command_line(env, config_dir, choices, verb=verb, flags=flags, save_to=save_to)
    if apply and choices.stacks:
        guard.check_time(work.loaded, events.now(), early=early)
    folder = FOLDER / work.loaded.name
    subject = PlanSubject(work.loaded.home.account, work.loaded.settings.workshop, work.loaded.name)
    last = ShownPlan.read(folder, subject)
    if apply:
        shown_plan.check_options(last, digest, choices, command)
    view = teardown_view.TeardownView(as_json=as_json)
    target = evidence.target(
        work.clients, work.loaded, work.seats, whole=choices.only is None, folder=folder
    )
    ledger = Ledger(work.loaded.name)
    check_accepted(choices.accept_unknown, ALL, target.unlooked)
    lasting = last.memory() if apply and last is not None else ScanCache()
    roles.remember(lasting, evidence.roles_seen(ledger))
    job = Teardown(
        work.clients,
        target,
        ALL,
        view.happened,
        interval=interval,
        save=_saver(work, choices),
        proven={} if last is None else last.proven(target.seats),
        # A plan is made of nothing but what AWS says.
        lasting=lasting,
    )
    with interrupts.ending(work.clients):
        try:
            console.say("looking for everything of the workshop ...")
            plan = job.plan(choices)
            guard.check_environment(plan.discovery, work.loaded.name)
            evidence.note_scan(ledger, plan.discovery)
            counts = file_counts.count(work.clients, plan)
            _check_target(work, plan, apply=apply)
            if not apply:
                ShownPlan.of(plan, subject).write(folder)
                as_shown = PlanView(plan, counts, command, _not_before(work, choices, early=early))
                if as_json:
                    teardown_view.print_json(as_shown.document())
                else:
                    as_shown.show(everything=everything)
                return
            held = shown_plan.plan_to_hold(last, digest, plan, subject, command)
            if choices.stacks:
                guard.check_protection(plan.discovery)
            guard.check_name(work.loaded, _typed(work, yes, plan, counts))
            if choices.save is not None and choices.save.to is not None and not plan.is_empty:
                save_checks.check_writable(work.clients, choices.save.to, plan.discovery.contexts)
        except KeyboardInterrupt:
            raise WorkshopError("interrupted; nothing was done") from None
        ledger.begin(verb, plan=plan.digest, account=work.loaded.home.account)
        with view:
            report = _done(job, plan, held, work, command)
    ledger.gone(evidence.gone(report), target.workshop)
    ledger.end({"verdict": report.verdict, "exit": report.code, "counts": report.counts()})
    _emit(report, folder, as_json=as_json)
    raise typer.Exit(report.code)


def _done(
    job: Teardown, plan: TeardownPlan, held: ShownPlan, work: CommandContext, command: str
) -> TeardownReport:
    """Return the report of a run; raises an error with the command to go on with after Ctrl-C."""
    # By which it can be gone on with, wherever its plan was shown.
    held.write(FOLDER / work.loaded.name)
    try:
        cost = so_far.bill_before_deletion(work, job.target.seats)
        return replace(job.apply(plan, held), bill=cost)
    except KeyboardInterrupt:
        message = (
            "interrupted; nothing more is deleted, and what AWS was asked for goes on. To go on"
            f" from here: {command} --apply"
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


def _kept(work: CommandContext, save_to: str | None) -> Keep | None:
    """Return what is saved, and where to; None where no place is named."""
    keep = work.loaded.settings.keep
    to = save_to or keep.to
    if to is None:
        return None
    save_paths.read(to)
    return keep.model_copy(update={"to": to})


def _not_before(work: CommandContext, choices: Choices, *, early: bool) -> str | None:
    """Return the moment before which the plan is refused as it was asked for, None for none."""
    end = work.loaded.settings.end
    refused = choices.stacks and not early and events.now() < end
    return end.isoformat() if refused else None


def _check_target(work: CommandContext, plan: TeardownPlan, *, apply: bool) -> None:
    """Raise before anything is frozen where work cannot be saved; a plan is shown all the same."""
    to = None if plan.choices.save is None else plan.choices.save.to
    if to is None or plan.is_empty:
        return
    lost = lost_artifacts(plan)
    save_paths.refuse_condemned(
        save_paths.read(to),
        (bucket for one in lost for bucket in one.buckets),
        (folder for one in lost for folder in one.folders),
    )
    try:
        save_checks.check_exists(work.clients, to, plan.discovery.contexts)
    except GuardError as error:
        if apply:
            raise
        console.warn(str(error))


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
    if not sys.stdin.isatty():
        raise GuardError(f"nobody is there to type the workshop's name; give it with --yes {name}")
    return console.ask(f"This {message}. Type {name} to go on")


def _saver(work: CommandContext, choices: Choices) -> Saver | None:
    keep = choices.save
    if keep is None or keep.to is None:
        return None
    to = keep.to

    def save(plan: TeardownPlan) -> list[saving.Saved]:
        console.say(f"saving attendees' work to {to} ...")
        return saving.save(work.clients, keep, to, seat_artifacts(plan))

    return save


def _emit(report: TeardownReport, folder: Path, *, as_json: bool) -> None:
    paths = report.write(folder)
    if as_json:
        teardown_view.print_json(report.document())
    else:
        teardown_view.show_report(report)
    console.say(f"the report: {', '.join(str(path) for path in paths)}")
