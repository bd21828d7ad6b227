"""``workshop deploy``: the whole roster at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from workshop.cli import console, fleet_view
from workshop.cli.opened import Opened, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.cli.plan import proposed, show
from workshop.fleet.deployment import Deployment, Outcome, SeatResult, counted
from workshop.fleet.events import Event
from workshop.fleet.jobs import Limits
from workshop.fleet.ledger import Ledger
from workshop.fleet.pace import Pace
from workshop.fleet.planning import Action, Plan
from workshop.places import Place


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
    made, _found = proposed(work)
    if all(seat.action == Action.UNCHANGED for seat in made.seats):
        _report_nothing(made, as_json=as_json)
        return
    if not as_json:
        show(made)
    settings = work.loaded.settings.deploy
    limits = Limits(
        concurrency=concurrency or settings.concurrency,
        deadline=60 * (stack_minutes or settings.stack_minutes),
    )
    ledger = Ledger(work.loaded.name)
    ledger.begin("deploy", seats=len(work.seats), account=work.loaded.home.account)
    began = time.monotonic()
    with fleet_view.view(made, as_json=as_json) as watch:
        deployment = Deployment(
            work.clients,
            made,
            limits=limits,
            failure_percent=settings.failure_percent
            if failure_percent is None
            else failure_percent,
            paces=paces,
            sink=_both(ledger.event, watch.event),
        )
        watch.begin(deployment, paces)
        deployment.run()
    code = _code(deployment)
    result = _result(deployment, paces, time.monotonic() - began, code)
    ledger.end(result)
    if as_json:
        print(json.dumps({"what": "end", **result}))
    else:
        _print(work, deployment, result)
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
    deployment: Deployment, paces: dict[Place, Pace], seconds: float, code: int
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
        "seconds": round(seconds, 1),
        "exit": code,
    }


def _print(work: Opened, deployment: Deployment, result: dict[str, Any]) -> None:
    bad = [one for one in deployment.results if one.outcome in (Outcome.FAILED, Outcome.STUCK)]
    if bad:
        table = console.table("seat", "place", "outcome", "why")
        for one in bad:
            table.add_row(one.seat, str(one.place), one.outcome.value, one.told)
        print()
        console.print_table(table)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result["seats"].items())
    throttles = f", {result['throttles']} calls throttled" if result["throttles"] else ""
    print(f"\nseats: {counts or 'none'}; {result['seconds']:.1f} s{throttles}")
    if result["stopped"]:
        console.say(f"stopped: {result['stopped']}")
    if _left(deployment.results):
        again = f"workshop deploy -e {work.loaded.name}"
        why = (
            "interrupted; CloudFormation goes on with what it has begun"
            if (deployment.interrupted)
            else "not all is done"
        )
        console.say(f"{why}. To go on from here: {again}")


def _left(results: tuple[SeatResult, ...]) -> bool:
    return any(one.outcome not in (Outcome.DONE, Outcome.UNCHANGED) for one in results)


def _report_nothing(made: Plan, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"what": "end", "seats": {"unchanged": len(made.seats)}, "exit": 0}))
    else:
        show(made)
        console.say("nothing to do")
