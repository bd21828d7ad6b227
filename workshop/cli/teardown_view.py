"""A teardown as people and programs see it: the plan, what happens, and the report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from workshop import prices
from workshop.cli import console
from workshop.teardown.discover import Discovery
from workshop.teardown.happenings import Happening, Outcome
from workshop.teardown.model import Ownership, Thing
from workshop.teardown.plan import Fate, Plan
from workshop.teardown.report import Report

Saver = Callable[[Discovery], dict[str, str]]

_ALOUD = (Outcome.STUCK, Outcome.ABANDONED)
_EVERY = 2.0
"""Seconds between two lines that only count."""

_SHOWN = 10
"""Names of a kind that are shown; --json shows all."""


class View:
    """Tells what happens: each problem at once, progress every few seconds."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._counts: Counter[str] = Counter()
        self._hourly: Decimal | None = None
        self._told = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count()

    def happened(self, happening: Happening) -> None:
        """Tell one happening; called by one thread at a time."""
        if self._as_json:
            console.print_json(_line(happening))
            return
        if happening.hourly is not None:
            self._hourly = happening.hourly
        thing = happening.thing
        if thing is None:
            self._count()
            console.say(f"{happening.step}: {happening.told}")
            return
        if happening.outcome is not None:
            self._counts[happening.outcome] += 1
        if happening.outcome in _ALOUD or (happening.outcome is None and happening.told):
            what = happening.outcome or happening.step
            console.say(f"{what}: {thing.kind} {thing.id}: {happening.told}")
        if time.monotonic() - self._told > _EVERY:
            self._count()

    def _count(self) -> None:
        if not self._counts or self._as_json:
            return
        self._told = time.monotonic()
        counts = ", ".join(f"{count} {what}" for what, count in self._counts.items())
        hourly = "" if self._hourly is None else f"; {self._hourly:.3f} USD per hour still running"
        console.say(f"  {counts}{hourly}")


def show(plan: Plan, command: str, *, as_json: bool) -> None:
    """Print a plan."""
    if as_json:
        print_json(_document(plan))
        return
    table = console.table("seat", "what", "count", "fate", "names", right=("count",))
    groups: dict[tuple[str, str, str], list[Thing]] = {}
    for thing, fate in plan.fates:
        groups.setdefault((thing.seat, thing.kind, fate), []).append(thing)
    for (seat, kind, told), things in groups.items():
        table.add_row(seat, kind, str(len(things)), told, _names(things))
    if groups:
        console.print_table(table)
    for one in plan.discovery.unknown:
        console.warn(one.told)
    for thing in plan.things(Fate.LEAVE_CLAIMED, Fate.LEAVE_FOREIGN, Fate.LEAVE_UNKNOWN):
        console.say(f"left alone: {thing.kind} {thing.id}: {thing.why}")
    fates = Counter(fate for _, fate in plan.fates)
    usd, complete = plan.hourly
    cost = f"{'' if complete else 'at least '}{usd:.3f} USD per hour"
    region = next(iter(plan.discovery.worlds)).region
    console.say(
        f"{', '.join(f'{count} {fate}' for fate, count in fates.items()) or 'nothing is left'};"
        f" it costs {cost} ({prices.basis(region)})"
    )
    if fates.get(Fate.LEAVE_CLAIMED):
        console.say("what is only claimed is deleted with --include-claimed")
    if not plan.is_empty:
        console.say(f"plan {plan.digest}; to do this: {command} --apply {plan.digest}")


def show_report(report: Report) -> None:
    """Print a report's outline: what went in counts, what stayed by name."""
    table = console.table("what", "kind", "count", right=("count",))
    for outcome, kinds in report.counts().items():
        for kind, count in kinds.items():
            table.add_row(outcome, kind, str(count))
    if report.counts():
        console.print_table(table)
    calm = {str(one) for one in (Outcome.DELETED, Outcome.EMPTIED, Outcome.ALREADY_GONE)}
    for heading, rows in report.sections():
        if heading in calm:
            continue
        for row in rows:
            console.print_line(f"{heading}: {' '.join(part for part in row if part)}")
    usd, complete = report.hourly
    console.print_line(f"still billed: {'' if complete else 'at least '}{usd:.3f} USD per hour")
    console.print_line(report.verdict)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    console.print_json(document)


def _document(plan: Plan) -> dict[str, Any]:
    usd, complete = plan.hourly
    return {
        "digest": plan.digest,
        "things": [
            {
                "kind": thing.kind,
                "id": thing.id,
                "account": thing.place.account,
                "region": thing.place.region,
                "seat": thing.seat,
                "ownership": thing.ownership.value,
                "why": thing.why,
                "state": thing.state,
                "stack": thing.stack,
                "fate": fate.value,
                "usd_per_hour": None if thing.hourly is None else str(thing.hourly),
            }
            for thing, fate in plan.fates
        ],
        "unknown": [
            {"kind": one.kind, "place": str(one.place), "why": one.why}
            for one in plan.discovery.unknown
        ],
        "not_offered": list(plan.discovery.not_offered),
        "usd_per_hour": str(usd),
        "all_prices_known": complete,
        "claimed": sum(
            thing.ownership == Ownership.CLAIMED for thing in plan.discovery.things.values()
        ),
    }


def _line(happening: Happening) -> dict[str, Any]:
    thing = happening.thing
    whole = {
        "at": happening.at.isoformat(timespec="milliseconds"),
        "step": happening.step.value,
        "outcome": None if happening.outcome is None else happening.outcome.value,
        "kind": None if thing is None else thing.kind,
        "id": None if thing is None else thing.id,
        "seat": None if thing is None else thing.seat,
        "told": happening.told,
        "usd_per_hour": None if happening.hourly is None else str(happening.hourly),
    }
    return {key: value for key, value in whole.items() if value not in (None, "")}


def _names(things: list[Thing]) -> str:
    shown = ", ".join(thing.id for thing in things[:_SHOWN])
    return shown + (f", and {len(things) - _SHOWN} more" if len(things) > _SHOWN else "")
