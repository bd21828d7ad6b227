"""A teardown as people and programs see it: what happens, and the report."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from workshop.cli import console
from workshop.pricing.prices import Cost
from workshop.teardown.events import DeletionOutcome, TeardownEvent
from workshop.teardown.report import TeardownReport, saved_in_all

_ALOUD = (DeletionOutcome.STUCK, DeletionOutcome.ABANDONED)
_EVERY = 2.0
"""Seconds between two lines that only count."""


class TeardownView:
    """Tells what happens: each problem at once, progress every few seconds."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._counts: Counter[str] = Counter()
        self._cost: Cost | None = None
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

    def happened(self, happening: TeardownEvent) -> None:
        """Tell one happening; called by one thread at a time."""
        if self._as_json:
            console.print_json(_line(happening))
            return
        if happening.cost is not None:
            self._cost = happening.cost
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
        cost = "" if self._cost is None else f"; still running: {self._cost.told}"
        console.say(f"  {counts}{cost}")


def show_report(report: TeardownReport) -> None:
    """Print a report's outline: what went in counts, what stayed by name."""
    table = console.table("what", "kind", "count", right=("count",))
    for outcome, kinds in report.counts().items():
        for kind, count in kinds.items():
            table.add_row(outcome, kind, str(count))
    if report.counts():
        console.print_table(table)
    calm = {
        str(one)
        for one in (DeletionOutcome.DELETED, DeletionOutcome.EMPTIED, DeletionOutcome.ALREADY_GONE)
    }
    for heading, rows in report.sections():
        if heading in calm:
            continue
        for row in rows:
            console.print_line(f"{heading}: {' '.join(part for part in row if part)}")
    if report.stays:
        stays = Counter(one.kind for one in report.stays).most_common()
        told = ", ".join(f"{count} {kind}" for kind, count in stays)
        console.print_line(f"stays on purpose: {told}")
    if report.saved:
        console.print_line(f"saved in all: {saved_in_all(report.saved, report.choices)}")
    if report.to_accept:
        console.print_line(how_to_accept(report.to_accept))
    console.print_line(f"still billed: {report.cost.told}")
    console.print_line(report.verdict)


def how_to_accept(kinds: Iterable[str]) -> str:
    """How to go on without resource types that can never be listed or read."""
    words = " ".join(f"--accept-unknown {shlex.quote(kind)}" for kind in kinds)
    return (
        "what cannot be listed keeps the verdict from being 'gone'; where it never will be, go on"
        f" without it: {words}"
    )


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    console.print_json(document)


def _line(happening: TeardownEvent) -> dict[str, Any]:
    thing = happening.thing
    whole = {
        "at": happening.at.isoformat(timespec="milliseconds"),
        "step": happening.step.value,
        "outcome": None if happening.outcome is None else happening.outcome.value,
        "kind": None if thing is None else thing.kind,
        "id": None if thing is None else thing.id,
        "seat": None if thing is None else thing.seat,
        "told": happening.told,
        "usd_per_hour": None if happening.cost is None else happening.cost.known,
    }
    return {key: value for key, value in whole.items() if value not in (None, "")}
