"""``workshop deploy``: the whole roster at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from workshop.cli import console, deploy_summary, deploy_view, preflight
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.cli.plan import proposed, show, synthesized
from workshop.deploy import planner
from workshop.deploy.events import DeployEvent
from workshop.deploy.jobs import Limits
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.deploy.run import Deployment
from workshop.errors import GuardError, SignInError
from workshop.events import EventStream
from workshop.ledger import Ledger
from workshop.preflight import PreflightReport
from workshop.preflight import preflight as checked
from workshop.teardown import evidence


class Stopwatch:
    """Seconds of one step after the other, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._began = time.monotonic()

    def lap(self, name: str) -> None:
        """End a step."""
        now = time.monotonic()
        self.laps[name] = round(now - self._began, 2)
        self._began = now


def deploy(
    *,
    env: Env,
    only: Only = None,
    profile: OfProfile = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            min=1, max=500, help="Stacks in progress at once.", show_default="deploy.concurrency"
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
    work = opened(env, config_dir, only=only, profile=profile)
    watch = Stopwatch()
    templates = synthesized(work)
    watch.lap("synthesis")
    made, found = proposed(work, templates)
    if all(seat.action == StackAction.UNCHANGED for seat in made.seats):
        watch.lap("checks")
        _report_nothing(made, watch, as_json=as_json)
        return
    if not as_json:
        show(made)
    report = _checked(work, found, frozenset(accept_unknown or ()), as_json=as_json)
    watch.lap("checks")
    if as_json and not report.passed:
        why = preflight.refusal(report)
        result = deploy_summary.before_run(made, watch.laps, refused=why, code=GuardError.exit_code)
        console.print_json(deploy_summary.line(result))
    preflight.refuse(report)
    settings = work.loaded.settings.deploy
    ledger = Ledger(work.loaded.name)
    ledger.begin("deploy", seats=len(work.seats), account=work.loaded.home.account)
    evidence.note_opened(ledger, work.loaded)
    events: EventStream[DeployEvent] = EventStream(ledger.event)
    deployment = Deployment(
        work.clients,
        made,
        limits=Limits(
            concurrency=concurrency or settings.concurrency,
            deadline=60 * (stack_minutes or settings.stack_minutes),
        ),
        failure_percent=settings.failure_percent if failure_percent is None else failure_percent,
        sink=events,
    )
    again = _given(
        concurrency=concurrency,
        failure_percent=failure_percent,
        stack_minutes=stack_minutes,
        accept_unknown=accept_unknown,
    )
    try:
        with deploy_view.view(made, as_json=as_json) as shown:
            events.listeners.append(shown.event)
            shown.begin(deployment)
            deployment.run()
    finally:  # whatever broke it off: what was done has to be shown, and noted
        watch.lap("stacks")
        result = deploy_summary.of_run(deployment, watch.laps)
        ledger.end(result)  # first, since a pipe that is closed would end all that follows
        if as_json:
            console.print_json(deploy_summary.line(result))
        else:
            deploy_summary.show(deployment, result)
        if not isinstance(deployment.broken, SignInError):  # whose sentence has the command
            deploy_summary.tell_how_to_go_on(result, work.command("deploy", *again))
    if deployment.deserted:
        deploy_summary.leave(result["exit"])
    raise typer.Exit(result["exit"])


def _given(**options: object) -> list[str]:
    """The options that were given, to be given again."""
    words: list[str] = []
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += [] if one is None else [f"--{name.replace('_', '-')}", str(one)]
    return words


def _checked(
    work: CommandContext, found: planner.Found, accepted: frozenset[str], *, as_json: bool
) -> PreflightReport:
    """What AWS can tell before, so that nothing is begun that cannot end well."""
    console.say("asking for permissions and quotas ...")
    report = checked(
        work.clients,
        work.loaded,
        work.seats,
        found,
        accept_unknown=accepted,
        now=datetime.now(UTC),
    )
    if as_json:
        console.print_json({"what": "preflight", **preflight.document(report)})
    elif not report.passed:
        preflight.show(report)
    return report


def _report_nothing(made: DeployPlan, watch: Stopwatch, *, as_json: bool) -> None:
    if as_json:
        console.print_json(deploy_summary.line(deploy_summary.before_run(made, watch.laps)))
    else:
        show(made)
        console.say("nothing to do")
