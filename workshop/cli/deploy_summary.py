"""How a deployment ended: for programs, for people, and what to type to go on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from workshop.cli import console
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.deploy.run import Deployment, DeployOutcome, SeatResult, counted
from workshop.errors import SignInError
from workshop.naming import COHORT

_GOOD = (DeployOutcome.DONE, DeployOutcome.UNCHANGED)
_BAD = (DeployOutcome.FAILED, DeployOutcome.STUCK)


def of_run(deployment: Deployment, seconds: Mapping[str, float]) -> dict[str, Any]:
    """What came of a run, as far as it came."""
    results = deployment.results
    broken = deployment.broken
    signed_out = isinstance(broken, SignInError)
    good = broken is None and all(one.outcome in _GOOD for one in results)
    return {
        "seats": {outcome.value: count for outcome, count in counted(results).items() if count},
        "failed": [_failed(one) for one in results if one.outcome in _BAD],
        "stopped": str(broken)
        if signed_out
        else next((engine.stopped for engine in deployment.engines if engine.stopped), ""),
        "interrupted": deployment.interrupted,
        "broken": "" if broken is None or signed_out else f"{type(broken).__name__}: {broken}",
        "throttles": deployment.throttles,
        "seconds": dict(seconds),
        "exit": 0 if good else 1,
    }


def before_run(
    plan: DeployPlan, seconds: Mapping[str, float], *, refused: str = "", code: int = 0
) -> dict[str, Any]:
    """The same where nothing was begun, because nothing is to be done or it was ``refused``."""
    outcomes = Counter(
        DeployOutcome.UNCHANGED if seat.action == StackAction.UNCHANGED else DeployOutcome.NOT_BEGUN
        for seat in plan.seats
        if seat.seat != COHORT
    )
    return {
        "seats": {outcome.value: count for outcome, count in outcomes.items()},
        "failed": [],
        "stopped": refused,
        "interrupted": False,
        "broken": "",
        "throttles": 0,
        "seconds": dict(seconds),
        "exit": code,
    }


def line(result: Mapping[str, Any]) -> dict[str, Any]:
    """The last of the lines that ``--json`` prints."""
    return {"what": "end", **result}


def show(deployment: Deployment, result: Mapping[str, Any]) -> None:
    """The failed seats as a table, and one line with all."""
    bad = [one for one in deployment.results if one.outcome in _BAD]
    if bad:
        table = console.table("seat", "place", "outcome", "why")
        for one in bad:
            table.add_row(one.seat, str(one.place), one.outcome.value, one.message)
        console.print_line()
        console.print_table(table)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result["seats"].items())
    throttles = f", {result['throttles']} calls throttled" if result["throttles"] else ""
    console.print_line()
    seconds = sum(result["seconds"].values())
    console.print_line(f"seats: {counts or 'none'}; {seconds:.1f} s{throttles}")
    if result["stopped"] and not isinstance(deployment.broken, SignInError):
        console.say(f"stopped: {result['stopped']}")


def tell_how_to_go_on(result: Mapping[str, Any], again: str) -> None:
    """The command that does the rest, where there is a rest."""
    if not result["exit"]:
        return
    if result["interrupted"]:
        why = "interrupted; CloudFormation goes on with what it has begun"
    elif result["broken"]:
        why = f"broken off by an error of this program ({result['broken']})"
    else:
        why = "not all is done"
    console.say(f"{why}. To go on from here: {again}")


def leave(code: int) -> NoReturn:
    """End the process at once: Python itself would wait for the calls that nobody waits for."""
    console.flush()
    os._exit(code)


def _failed(one: SeatResult) -> dict[str, str]:
    return {
        "seat": one.seat,
        "account": one.place.account,
        "region": one.place.region,
        "outcome": one.outcome.value,
        "message": one.message,
    }
