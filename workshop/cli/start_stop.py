"""``workshop stop`` and ``workshop start``: the notebooks of all seats, such as overnight."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from workshop.cli import console, still_running
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.events import EventStream
from workshop.notebooks import start_stop
from workshop.notebooks.start_stop import NotebookOutcome, NotebookWaits, Transition
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache

NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Ask for it and do not wait until it is done.")
]
Minutes = Annotated[
    float, typer.Option("--minutes", min=0.1, help="Wait so long for all of them at most.")
]


def stop(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    no_wait: NoWait = False,
    minutes: Minutes = start_stop.DEADLINE_MINUTES,
    as_json: AsJson = False,
) -> None:
    """Stop the notebooks of all seats: their disks stay, and cost on.

    Jobs and endpoints go on, and the last line says how many and what they cost. What is stopped
    already is left alone.

    For example:

        workshop stop -e prod

        workshop start -e prod --only ada,ben
    """
    found = opened(env, config_dir, only=only, profile=profile)
    _change(found, start_stop.STOP, minutes=minutes, no_wait=no_wait, as_json=as_json)


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
    """Start the notebooks of all seats, such as in the morning.

    What runs already is left alone.

    For example:

        workshop start -e prod

        workshop start -e prod --profile instructor --no-wait
    """
    found = opened(env, config_dir, only=only, profile=profile)
    _change(found, start_stop.START, minutes=minutes, no_wait=no_wait, as_json=as_json)


def _change(
    found: CommandContext, goal: Transition, *, minutes: float, no_wait: bool, as_json: bool
) -> None:
    ending = threading.Event()
    interrupted = False
    waits = NotebookWaits(ending.wait, stay=not no_wait, minutes=minutes)
    before = found.clients.calls
    with _progress(goal, len(found.seats)) as progress:
        batches = list(
            start_stop.batches(
                found.loaded,
                found.seats,
                found.clients,
                goal=goal,
                waits=waits,
                report=EventStream(progress.report),
            )
        )
        with ThreadPoolExecutor(len(batches)) as pool:
            running = [pool.submit(batch.run) for batch in batches]
            try:
                _wait_for(running)
            except KeyboardInterrupt:
                interrupted = True
                console.say("ending: what AWS was asked for goes on without this command")
            finally:  # where one place was broken off, the others end as well
                ending.set()
    calls = Counter(found.clients.calls) - before
    outcomes = _in_order(found, [outcome for future in running for outcome in future.result()])
    if not as_json:
        _print(goal, outcomes)
        _say(found, goal, outcomes)
    # What a night costs is not told by what was stopped, but by what was not.
    seen = None if interrupted else scan(found.loaded, found.seats, found.clients, DescribeCache())
    if as_json:
        console.print_json(_document(found, goal, calls, outcomes, seen), indent=2)
        _say(found, goal, outcomes)
    if seen is not None:
        still_running.say(
            found, seen, "still running" if goal is start_stop.STOP else "running now"
        )
    if not all(outcome.as_asked for outcome in outcomes):
        raise typer.Exit(1)


def _wait_for(running: Sequence[Future[list[NotebookOutcome]]]) -> None:
    wait(running, return_when=FIRST_EXCEPTION)


class _Progress:
    """Says each outcome as it comes."""

    def __init__(self, goal: Transition, seats: int, bar: console.Bar | None) -> None:
        self._goal, self._seats, self._bar = goal, seats, bar
        self._reported = 0
        self._task = bar.add_task("", total=seats) if bar else None

    def report(self, outcome: NotebookOutcome) -> None:
        self._reported += 1
        sentence = _sentence(self._goal, outcome)
        if self._bar is None or self._task is None:
            console.say(f"{sentence} ({self._reported} of {self._seats})")
            return
        self._bar.advance(self._task)
        if not outcome.as_asked:
            console.say(sentence)


@contextmanager
def _progress(goal: Transition, seats: int) -> Iterator[_Progress]:
    if not console.talks_to_terminal():
        yield _Progress(goal, seats, None)
        return
    with console.Bar(goal.verb, transient=True) as bar:
        yield _Progress(goal, seats, bar)


def _sentence(goal: Transition, outcome: NotebookOutcome) -> str:
    return f"{outcome.seat}: {_result(goal, outcome)}" + (
        f": {outcome.reason}" if outcome.reason else ""
    )


def _result(goal: Transition, outcome: NotebookOutcome) -> str:
    words = {
        "done": goal.past,
        "already": f"{goal.past} already",
        "asked": f"asked to {goal.verb}",
        "unread": "not known",
    }
    return words.get(outcome.result, outcome.result)


def _in_order(found: CommandContext, outcomes: list[NotebookOutcome]) -> list[NotebookOutcome]:
    place = {seat.id: number for number, seat in enumerate(found.seats)}
    return sorted(outcomes, key=lambda outcome: place[outcome.seat])


def _print(goal: Transition, outcomes: list[NotebookOutcome]) -> None:
    table = console.table("seat", "was", "is", "result", "why")
    for outcome in outcomes:
        table.add_row(
            outcome.seat,
            outcome.before or "-",
            outcome.after or "-",
            _result(goal, outcome),
            outcome.reason,
        )
    console.print_table(table)


def _say(found: CommandContext, goal: Transition, outcomes: list[NotebookOutcome]) -> None:
    counts = Counter(_result(goal, outcome) for outcome in outcomes)
    console.say(", ".join(f"{count} {result}" for result, count in counts.items()))
    cost = _changed(outcomes)
    if cost.usd or not cost.complete:
        effect = "this saves" if goal is start_stop.STOP else "they cost"
        basis = ", ".join(dict.fromkeys(prices.basis(outcome.place.region) for outcome in outcomes))
        console.say(f"{effect} {cost.told} ({basis}); disks cost all the time")
    if any(outcome.result in ("interrupted", "waiting", "stuck", "unread") for outcome in outcomes):
        console.say(
            f"see how they are with: {found.command('status')};"
            f" go on with: {found.command(goal.verb)}"
        )


def _changed(outcomes: Sequence[NotebookOutcome]) -> Cost:
    """What the machines cost that were stopped or started by this command."""
    return prices.total(
        prices.cost(prices.hourly("notebook", outcome.instance_type, outcome.place.region))
        for outcome in outcomes
        if outcome.result in ("done", "asked")
    )


def _document(
    found: CommandContext,
    goal: Transition,
    calls: Counter[str],
    outcomes: list[NotebookOutcome],
    seen: StatusScan | None,
) -> dict[str, object]:
    cost = _changed(outcomes)
    return {
        "environment": found.loaded.name,
        "goal": goal.verb,
        "seats": [
            {
                "seat": outcome.seat,
                **asdict(outcome.place),
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
