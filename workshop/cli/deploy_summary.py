"""How a deployment ended: for programs, for people, and what to type to go on."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NoReturn

from workshop.cli import alike, console
from workshop.counting import count_of
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.deploy.run import Deployment, DeployOutcome, SeatResult, counted
from workshop.errors import SignInError
from workshop.naming import COHORT

_GOOD = (DeployOutcome.DONE, DeployOutcome.UNCHANGED)
_BAD = (DeployOutcome.FAILED, DeployOutcome.STUCK)


def of_run(deployment: Deployment, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Return what became of a run, as far as it came."""
    results, broken = deployment.results, deployment.broken
    signed_out = isinstance(broken, SignInError)
    stops = (engine.stopped for engine in deployment.engines if engine.stopped)
    good = broken is None and all(result.outcome in _GOOD for result in results)
    return _result(
        counted(results),
        seconds,
        failed=[
            {
                "seat": result.seat,
                **asdict(result.account_region),
                "outcome": result.outcome.value,
                "message": result.message,
            }
            for result in results
            if result.outcome in _BAD
        ],
        stopped=str(broken) if signed_out else next(stops, ""),
        interrupted=deployment.interrupted,
        broken="" if broken is None or signed_out else f"{type(broken).__name__}: {broken}",
        throttles=deployment.throttles,
        exit=0 if good else 1,
    )


def before_run(
    plan: DeployPlan, seconds: Mapping[str, float], *, refused: str = "", code: int = 0
) -> dict[str, Any]:
    """Return the same where nothing was begun: nothing is to be done, or it was ``refused``."""
    outcomes = Counter(
        DeployOutcome.UNCHANGED if seat.action == StackAction.UNCHANGED else DeployOutcome.NOT_BEGUN
        for seat in plan.seats
        if seat.seat != COHORT
    )
    return _result(outcomes, seconds, stopped=refused, exit=code)


def _result(
    outcomes: Mapping[DeployOutcome, int], seconds: Mapping[str, float], **more: Any
) -> dict[str, Any]:
    return {
        "seats": {outcome.value: count for outcome, count in outcomes.items() if count},
        "failed": [],
        "stopped": "",
        "interrupted": False,
        "broken": "",
        "throttles": 0,
        "seconds": dict(seconds),
        **more,
    }


def print_json(result: Mapping[str, Any]) -> None:
    """Print the last of the lines that ``--json`` prints."""
    console.print_json_line({"what": "end", **result})


def show(deployment: Deployment, result: Mapping[str, Any], *, everything: bool = False) -> None:
    """Print the failed seats as a table, and one line with all.

    Of more than a few, those that failed for the same reason are one row, unless ``everything``.
    """
    bad = [result for result in deployment.results if result.outcome in _BAD]
    if bad:
        table = console.table("seat", "account and Region", "outcome", "why")
        together = len(bad) > alike.FEW and not everything
        rows: dict[tuple[str, ...], list[SeatResult]] = {}
        for seat in bad:
            why = alike.for_any_seat(seat.message, seat.seat) if together else seat.message
            key = (str(seat.account_region), seat.outcome, why)
            rows.setdefault(key if together else (*key, seat.seat), []).append(seat)
        for (where, outcome, why, *_), seats in rows.items():
            own = seats[0].message if len(seats) == 1 else why
            table.add_row(alike.named([seat.seat for seat in seats]), where, outcome, own)
        console.print_line()
        console.print_table(table)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result["seats"].items())
    throttles = (
        f", {count_of(result['throttles'], 'call')} throttled" if result["throttles"] else ""
    )
    console.print_line()
    seconds = sum(result["seconds"].values())
    console.print_line(f"seats: {counts or 'none'}; {seconds:.1f} s{throttles}")
    if result["stopped"] and not isinstance(deployment.broken, SignInError):
        console.say(f"stopped: {result['stopped']}")


def say_how_to_go_on(result: Mapping[str, Any], again: str) -> None:
    """Say the command that does the rest, where there is a rest."""
    if not result["exit"]:
        return
    if result["interrupted"]:
        why = "interrupted; CloudFormation goes on with what it has begun"
    elif result["broken"]:
        why = f"broken off by an error of this program ({result['broken']})"
    elif result["failed"]:
        why = "not all is done; first do what is said of each that failed"
    else:
        why = "not all is done"
    console.say(f"{why}. To go on from here: {again}")


def leave(code: int) -> NoReturn:
    """End the process at once: Python itself would wait for the calls that nobody waits for."""
    console.flush()
    os._exit(code)
