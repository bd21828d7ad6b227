"""``workshop deploy``: the whole roster at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from workshop.cli import console, fleet_view, preflight
from workshop.cli.opened import Opened, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.cli.plan import proposed, show, synthesized
from workshop.fleet import preflight as checks
from workshop.fleet import proposal
from workshop.fleet.deployment import Deployment, Outcome, counted
from workshop.fleet.events import Event
from workshop.fleet.jobs import Limits
from workshop.fleet.ledger import Ledger
from workshop.fleet.pace import Pace
from workshop.fleet.planning import Action, Plan
from workshop.places import Place


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
    paces: dict[Place, Pace] = {}
    work = opened(
        env,
        config_dir,
        only=only,
        profile=profile,
        throttled=lambda place: paces[place].throttled() if place in paces else None,
    )
    paces.update((place, Pace()) for place in work.places)
    watch = Stopwatch()
    templates = synthesized(work)
    watch.lap("synthesis")
    made, found = proposed(work, templates)
    if all(seat.action == Action.UNCHANGED for seat in made.seats):
        watch.lap("checks")
        _report_nothing(made, watch, as_json=as_json)
        return
    if not as_json:
        show(made)
    _check_first(work, found, frozenset(accept_unknown or ()), as_json=as_json)
    watch.lap("checks")
    settings = work.loaded.settings.deploy
    limits = Limits(
        concurrency=concurrency or settings.concurrency,
        deadline=60 * (stack_minutes or settings.stack_minutes),
    )
    ledger = Ledger(work.loaded.name)
    ledger.begin("deploy", seats=len(work.seats), account=work.loaded.home.account)
    with fleet_view.view(made, as_json=as_json) as shown:
        deployment = Deployment(
            work.clients,
            made,
            limits=limits,
            failure_percent=settings.failure_percent
            if failure_percent is None
            else failure_percent,
            paces=paces,
            sink=_both(ledger.event, shown.event),
        )
        shown.begin(deployment, paces)
        deployment.run()
    watch.lap("stacks")
    code = _code(deployment)
    result = _result(deployment, paces, watch, code)
    ledger.end(result)
    if as_json:
        print(json.dumps({"what": "end", **result}))
    else:
        _print(deployment, result)
    again = _given(
        concurrency=concurrency,
        failure_percent=failure_percent,
        stack_minutes=stack_minutes,
        accept_unknown=accept_unknown,
    )
    _tell_how_to_go_on(deployment, work.command("deploy", *again))
    raise typer.Exit(code)


def _both(*sinks: Callable[[Event], object]) -> Callable[[Event], None]:
    def tell(event: Event) -> None:
        for sink in sinks:
            sink(event)

    return tell


def _code(deployment: Deployment) -> int:
    good = (Outcome.DONE, Outcome.UNCHANGED)
    return 0 if all(result.outcome in good for result in deployment.results) else 1


def _result(
    deployment: Deployment, paces: dict[Place, Pace], watch: Stopwatch, code: int
) -> dict[str, Any]:
    results = deployment.results
    return {
        "seats": {outcome.value: count for outcome, count in counted(results).items() if count},
        "failed": [
            {
                "seat": one.seat,
                "account": one.place.account,
                "region": one.place.region,
                "outcome": one.outcome.value,
                "told": one.told,
            }
            for one in results
            if one.outcome in (Outcome.FAILED, Outcome.STUCK)
        ],
        "stopped": next((engine.stopped for engine in deployment.engines if engine.stopped), ""),
        "interrupted": deployment.interrupted,
        "throttles": sum(pace.throttles for pace in paces.values()),
        "seconds": watch.laps,
        "exit": code,
    }


def _given(**options: object) -> list[str]:
    """The options that were given, to be given again."""
    words: list[str] = []
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            words += [] if one is None else [f"--{name.replace('_', '-')}", str(one)]
    return words


def _print(deployment: Deployment, result: dict[str, Any]) -> None:
    bad = [one for one in deployment.results if one.outcome in (Outcome.FAILED, Outcome.STUCK)]
    if bad:
        table = console.table("seat", "place", "outcome", "why")
        for one in bad:
            table.add_row(one.seat, str(one.place), one.outcome.value, one.told)
        print()
        console.print_table(table)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result["seats"].items())
    throttles = f", {result['throttles']} calls throttled" if result["throttles"] else ""
    print(f"\nseats: {counts or 'none'}; {sum(result['seconds'].values()):.1f} s{throttles}")
    if result["stopped"]:
        console.say(f"stopped: {result['stopped']}")


def _tell_how_to_go_on(deployment: Deployment, again: str) -> None:
    if not _code(deployment):
        return
    why = (
        "interrupted; CloudFormation goes on with what it has begun"
        if deployment.interrupted
        else "not all is done"
    )
    console.say(f"{why}. To go on from here: {again}")


def _check_first(
    work: Opened, found: proposal.Found, accepted: frozenset[str], *, as_json: bool
) -> None:
    """Nothing is begun that cannot end well, as far as AWS can tell before."""
    console.say("asking for permissions and quotas ...")
    report = checks.preflight(
        work.clients,
        work.loaded,
        work.seats,
        found,
        accept_unknown=accepted,
        now=datetime.now(UTC),
    )
    if as_json:
        print(json.dumps({"what": "preflight", **preflight.document(report)}), flush=True)
    elif not report.passed:
        preflight.show(report)
    preflight.refuse(report)


def _report_nothing(made: Plan, watch: Stopwatch, *, as_json: bool) -> None:
    if as_json:
        counts = {action.value: count for action, count in made.totals.items() if count}
        print(json.dumps({"what": "end", "seats": counts, "seconds": watch.laps, "exit": 0}))
    else:
        show(made)
        console.say("nothing to do")
