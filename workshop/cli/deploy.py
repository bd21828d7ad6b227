"""``workshop deploy``: the whole roster at once."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from workshop.account_region import AccountRegion
from workshop.accounts.plan import OwnAccountsPlan
from workshop.accounts.run import engine as stack_set_engine
from workshop.bill import so_far
from workshop.cli import (
    console,
    deploy_summary,
    deploy_view,
    own_accounts,
    preflight,
    preflight_view,
)
from workshop.cli.context import CommandContext, opened
from workshop.cli.early_checks import EarlyChecks
from workshop.cli.options import CONFIG_DIR, All, AsJson, ConfigDir, Env, OfProfile, Only, Remove
from workshop.cli.plan import proposed, show, synthesized
from workshop.deploy import run as deployment_run
from workshop.deploy.jobs import Limits
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.deploy.run import Deployment, StackEngine
from workshop.errors import GuardError, SignInError, WorkshopError
from workshop.events import EventStream, Stopwatch
from workshop.ledger import Ledger
from workshop.requests import refreshing
from workshop.teardown import evidence


def deploy(
    *,
    env: Env,
    only: Only = None,
    profile: OfProfile = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=500,
            help="Stacks in progress at once; of each stack set, where seats have accounts of their"
            " own.",
            show_default="deploy.concurrency, or accounts.parallel_percent",
        ),
    ] = None,
    failure_percent: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100,
            help="Begin no new seats once more than this part has failed.",
            show_default="deploy.failure_percent",
        ),
    ] = None,
    stack_minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            help="Minutes after which a stack counts as stuck.",
            show_default="deploy.stack_minutes",
        ),
    ] = None,
    accept_unknown: preflight.AcceptUnknown = None,
    remove: Remove = None,
    everything: All = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Make or change the workbenches of all seats, many at once.

    The cohort comes first, then one seat as a canary, then everybody. One seat's failure stops no
    other. It can be interrupted and simply run again: what is done is left alone.

    For example:

        workshop deploy -e prod

        workshop deploy -e prod --only ada,grace

        workshop deploy -e prod --json | jq 'select(.what == "seat failed")'
    """
    work = opened(env, config_dir, only=only, profile=profile, pinned=True)
    watch = Stopwatch()
    with EarlyChecks(work, accept_unknown) as checks:
        with watch.step("synthesis"):
            templates = synthesized(work, meanwhile=checks.begin)
        with watch.step("checks"):
            made = proposed(work, templates, checks.listing, remove)
        unchanged = all(seat.action == StackAction.UNCHANGED for seat in made.seats)
        if unchanged and as_json:
            deploy_summary.print_json(deploy_summary.before_run(made, watch.seconds))
        if not as_json:
            show(made, work.loaded.settings.start.tzinfo, everything=everything)
        if unchanged:
            console.say("nothing to do")
            _say_what_is_unsent(work)
            return
        with watch.step("checks"):
            report = checks.report(made)
    refusing = report
    if isinstance(made, OwnAccountsPlan):
        planned, made = made, own_accounts.left_out(made, report)
        is_left = own_accounts.nothing_left(planned) or not own_accounts.nothing_left(made)
        refusing = own_accounts.at_home(report) if is_left else report
    if as_json:
        console.print_json_line({"what": "preflight", **preflight.document(report)})
        if not refusing.passed:
            why, code = preflight.refusal(refusing), GuardError.exit_code
            refused = deploy_summary.before_run(made, watch.seconds, refused=why, code=code)
            deploy_summary.print_json(refused)
    elif not report.passed:
        preflight_view.show(report)
    preflight.refuse(refusing)
    settings = work.loaded.settings.deploy
    again = _given(
        concurrency=concurrency,
        failure_percent=failure_percent,
        stack_minutes=stack_minutes,
        accept_unknown=accept_unknown,
        remove=remove,
    )
    limits = Limits(
        concurrency=concurrency or settings.concurrency,
        deadline=60 * (stack_minutes or settings.stack_minutes),
    )
    percent = settings.failure_percent if failure_percent is None else failure_percent
    command = work.command("deploy", *again)
    run(
        work,
        made,
        limits,
        percent,
        at_once=concurrency or 0,
        watch=watch,
        again=command,
        everything=everything,
        as_json=as_json,
    )


def run(
    work: CommandContext,
    made: DeployPlan,
    limits: Limits,
    failure_percent: int,
    *,
    at_once: int = 0,
    watch: Stopwatch,
    again: str,
    everything: bool = False,
    as_json: bool,
) -> NoReturn:
    """Do what the plan says, and end the command; ``again`` is the command that goes on with it.

    ``at_once`` are the accounts in which a stack set is worked on at a time, where seats have their
    own; 0 for those that the YAML names.
    """
    ledger = Ledger(work.loaded.name)
    ledger.begin("deploy", seats=len(work.seats), account=work.loaded.home.account)
    ledger.note_intended(_intended(made), work.loaded.settings.workshop)
    evidence.note_opened(ledger, work.loaded)
    so_far.forget(work.loaded, made)
    view = deploy_view.DeployView(made, as_json=as_json)
    tell = EventStream(ledger.event, view.event)
    engines: list[StackEngine]
    if isinstance(made, OwnAccountsPlan):
        engines = [
            stack_set_engine(
                *(work.clients, work.loaded, made, tell),
                limits=limits,
                failure_percent=failure_percent,
                at_once=at_once,
            )
        ]
    else:
        engines = deployment_run.engines(
            work.clients, made, tell, limits=limits, failure_percent=failure_percent
        )
    deployment = Deployment(work.clients, engines, tell)
    try:
        with watch.step("stacks"), view.following(deployment):
            deployment.run()
    finally:  # whatever broke it off: what was done has to be shown, and noted
        result = deploy_summary.of_run(deployment, watch.seconds)
        ledger.end(result)  # first, since a pipe that is closed would end all that follows
        if as_json:
            deploy_summary.print_json(result)
        else:
            deploy_summary.show(deployment, result, everything=everything)
        if not isinstance(deployment.broken, SignInError):  # whose sentence has the command
            deploy_summary.say_how_to_go_on(result, again)
    if not result["exit"]:
        _say_what_is_unsent(work)
    if deployment.deserted:
        deploy_summary.leave(result["exit"])
    raise typer.Exit(result["exit"])


def _intended(made: DeployPlan) -> list[tuple[AccountRegion, str]]:
    """Return where the plan may make or has anything, with the seats."""
    some = [stack for stack in made.stacks if stack.action != StackAction.REFUSED]
    return [*dict.fromkeys((stack.desired.account_region, stack.desired.seat) for stack in some)]


def _say_what_is_unsent(work: CommandContext) -> None:
    """Say which content no machine has until it is sent, which a deployment does not do."""
    where = work.account_regions
    if work.loaded.settings.accounts.are_own:  # all of a profile are sent the same
        where = [
            seat.account_region for seat in {seat.profile: seat for seat in work.seats}.values()
        ]
    try:
        folders = refreshing.unsent(work.clients, work.loaded, where)
    except WorkshopError as error:
        console.warn(f"whether all content is sent is not known: {error}")
        return
    if folders:
        console.say(
            f"nothing brings {', '.join(folders)} to the machines yet; send it with:"
            f" {work.loaded.command('content refresh')}"
        )


def _given(**options: object) -> list[str]:
    """Return the options that were given, to be given again."""
    return [
        word
        for name, given in options.items()
        for value in (given if isinstance(given, list) else [given])
        if value is not None
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
