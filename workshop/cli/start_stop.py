"""``workshop stop`` and ``workshop start``: the notebooks of all seats, such as overnight."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from workshop.account_region import AccountRegion
from workshop.aws.machine_kinds import BOX, NOTEBOOK, SeatMachine, machines_of
from workshop.cli import console, still_running
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, Minutes, OfProfile, Only
from workshop.cli.progress import Progress
from workshop.notebooks import start_stop
from workshop.notebooks.start_stop import NotebookOutcome, Transition
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.requests import saving
from workshop.requests.ask import AgentWaits
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache

_USES: dict[str, prices.Use] = {NOTEBOOK.noun: "notebook", BOX.noun: "box"}

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Ask for it and do not wait until it is done.")
]


def stop(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    no_wait: NoWait = False,
    minutes: Minutes = start_stop.DEADLINE_MINUTES,
    save_minutes: Annotated[
        float,
        typer.Option("--save-minutes", min=0, help="Have files saved first, for so long at most."),
    ] = saving.FIRST_MINUTES,
    as_json: AsJson = False,
) -> None:
    """Stop the notebooks and EC2 instances of all seats: their disks stay, and go on costing.

    First they are asked to save their files, for a minute at most; who could not is named, and
    stopped all the same: a machine saves once more while it stops. Jobs and endpoints go on, and
    the last line says how many and what they cost. What is stopped already is left alone. With
    --no-wait nobody is asked.

    For example:

        workshop stop -e prod

        workshop start -e prod --only ada,ben
    """
    work = opened(env, config_dir, only=only, profile=profile, with_strays=True)
    if save_minutes and not no_wait:
        waits = AgentWaits(threading.Event().wait, save_minutes)
        saving.save_first(work.clients, work.loaded, work.seats, waits, console.say)
    _change(work, start_stop.STOP, minutes=minutes, no_wait=no_wait, as_json=as_json)


def start(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    no_wait: NoWait = False,
    minutes: Minutes = start_stop.DEADLINE_MINUTES,
    as_json: AsJson = False,
) -> None:
    """Start the notebooks and EC2 instances of all seats, such as in the morning.

    What runs already is left alone. A stopped EC2 instance has no claim to a machine: start early,
    and who gets none is named, while the others go on.

    For example:

        workshop start -e prod

        workshop start -e prod --profile instructor --no-wait
    """
    work = opened(env, config_dir, only=only, profile=profile, with_strays=True)
    _change(work, start_stop.START, minutes=minutes, no_wait=no_wait, as_json=as_json)


def _change(
    work: CommandContext, goal: Transition, *, minutes: float, no_wait: bool, as_json: bool
) -> None:
    before = work.clients.calls
    machines = machines_of(work.seats)
    ended, interrupted = moved(work, machines, goal, minutes=minutes, stay=not no_wait)
    calls = Counter(work.clients.calls) - before
    # Somebody who moved and left the roster may have a notebook in either.
    by_seat: dict[tuple[str, AccountRegion], list[NotebookOutcome]] = {}
    for outcome in sorted(ended, key=lambda outcome: outcome.machine != NOTEBOOK.noun):
        by_seat.setdefault((outcome.seat, outcome.account_region), []).append(outcome)
    outcomes = [outcome for seat in work.seats for outcome in by_seat[seat.id, seat.account_region]]
    if not as_json:
        _print(goal, outcomes)
        _say(work, goal, outcomes)
    # A night costs by what was not stopped.
    seen = None if interrupted else scan(work.loaded, work.seats, work.clients, DescribeCache())
    if as_json:
        console.print_json(_document(work, goal, calls, outcomes, seen))
        _say(work, goal, outcomes)
    if seen is not None:
        still_running.say(work, seen, "still running" if goal is start_stop.STOP else "running now")
    if not all(outcome.as_asked for outcome in outcomes):
        raise typer.Exit(1)


def moved(
    work: CommandContext,
    machines: Sequence[SeatMachine],
    goal: Transition,
    *,
    minutes: float,
    stay: bool = True,
) -> tuple[list[NotebookOutcome], bool]:
    """Take machines to a goal, and show how far it is.

    Return one outcome for each machine, in any order, and whether Ctrl-C ended the waiting. What a
    batch raises passes through.
    """
    interrupted = threading.Event()
    progress = Progress(goal.verb, len(machines))

    def report(outcome: NotebookOutcome) -> None:
        progress.end(outcome.sentence(goal), good=outcome.as_asked)

    def end() -> None:
        interrupted.set()
        console.say("ending: what AWS was asked for goes on without this command")

    with progress.shown():
        outcomes = start_stop.move(
            work.loaded,
            machines,
            work.clients,
            goal,
            report=report,
            interrupted=end,
            minutes=minutes,
            stay=stay,
        )
    return outcomes, interrupted.is_set()


def _print(goal: Transition, outcomes: list[NotebookOutcome]) -> None:
    several = len({outcome.machine for outcome in outcomes}) > 1
    table = console.table("seat", *(["machine"] if several else []), "was", "is", "result", "why")
    for outcome in outcomes:
        table.add_row(
            outcome.seat,
            *([outcome.machine] if several else []),
            outcome.before or "-",
            outcome.after or "-",
            outcome.words(goal),
            outcome.reason,
        )
    console.print_table(table)


def _say(work: CommandContext, goal: Transition, outcomes: list[NotebookOutcome]) -> None:
    counts = Counter(outcome.words(goal) for outcome in outcomes)
    console.say(", ".join(f"{count} {result}" for result, count in counts.items()))
    cost = _changed(outcomes)
    if cost.usd or not cost.complete:
        effect = "this saves" if goal is start_stop.STOP else "they cost"
        basis = ", ".join(
            dict.fromkeys(prices.basis(outcome.account_region.region) for outcome in outcomes)
        )
        console.say(f"{effect} {cost.per_hour} ({basis}); disks cost all the time")
    if any(outcome.result in ("interrupted", "waiting", "stuck", "unread") for outcome in outcomes):
        console.say(
            f"see how they are with: {work.command('status')};"
            f" go on with: {work.command(goal.verb)}"
        )


def _changed(outcomes: Sequence[NotebookOutcome]) -> Cost:
    """Return what the machines cost that this command stopped or started."""
    return prices.total(
        prices.cost(
            prices.hourly(
                _USES[outcome.machine], outcome.instance_type, outcome.account_region.region
            )
        )
        for outcome in outcomes
        if outcome.result in ("done", "asked")
    )


def _document(
    work: CommandContext,
    goal: Transition,
    calls: Counter[str],
    outcomes: list[NotebookOutcome],
    seen: StatusScan | None,
) -> dict[str, object]:
    cost = _changed(outcomes)
    return {
        "environment": work.loaded.name,
        "goal": goal.verb,
        "seats": [
            {
                "seat": outcome.seat,
                **asdict(outcome.account_region),
                "machine": outcome.machine,
                "before": outcome.before or None,
                "after": outcome.after or None,
                "result": outcome.result,
                "reason": outcome.reason or None,
            }
            for outcome in outcomes
        ],
        "usd_per_hour": cost.document,
        "running": None if seen is None else still_running.document(seen),
        "calls": dict(sorted(calls.items())),
    }
