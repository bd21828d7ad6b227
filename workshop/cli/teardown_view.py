"""A teardown as people and programs see it: what happens, and the report."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from workshop.cli import console
from workshop.counting import count_of
from workshop.pricing.prices import Cost
from workshop.teardown.account_ends import summary
from workshop.teardown.events import DeletionOutcome, TeardownEvent
from workshop.teardown.report import ACCOUNTS, BILL, GONE, TeardownReport, saved_in_all

_ALOUD = (DeletionOutcome.STUCK, DeletionOutcome.ABANDONED)
_NAMED = 10
"""Lines of a heading, and types of an outcome, that are shown; the report has all."""

_EVERY = 2.0
"""Seconds between two lines that only count."""


class TeardownView:
    """Tells what happens: each problem at once, progress every few seconds."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._counts: Counter[str] = Counter()
        self._cost: Cost | None = None
        self._counted = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        resource_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count()

    def happened(self, event: TeardownEvent) -> None:
        """Show one event; called by one thread at a time."""
        if self._as_json:
            console.print_json_line(event.line())
            return
        if event.cost is not None:
            self._cost = event.cost
        resource = event.resource
        if resource is None:
            self._count()
            console.say(f"{event.step}: {event.message}")
            return
        if event.outcome is not None:
            self._counts[event.outcome] += 1
        if event.outcome in _ALOUD or (event.outcome is None and event.message):
            result = event.outcome or event.step
            console.say(f"{result}: {resource.label}: {event.message}")
        if time.monotonic() - self._counted > _EVERY:
            self._count()

    def _count(self) -> None:
        if not self._counts or self._as_json:
            return
        self._counted = time.monotonic()
        counts = ", ".join(f"{count} {result}" for result, count in self._counts.items())
        cost = "" if self._cost is None else f"; still running: {self._cost.per_hour}"
        console.say(f"  {counts}{cost}")


def show_report(report: TeardownReport) -> None:
    """Print a report's outline: what went in a line for each outcome, what stayed by name."""
    table = console.table("count", "what", "of which", right=("count",))
    for outcome, resource_types in report.counts().items():
        most = Counter(resource_types).most_common()
        parts = [count_of(count, resource_type) for resource_type, count in most[:_NAMED]]
        parts += [count_of(len(most) - _NAMED, "more type")] if len(most) > _NAMED else []
        table.add_row(str(sum(resource_types.values())), outcome, ", ".join(parts))
    if report.counts():
        console.print_table(table)
    _print_sections(report)
    _print_accounts(report)
    if report.stays:
        stays = Counter(resource.resource_type for resource in report.stays).most_common()
        message = ", ".join(count_of(count, resource_type) for resource_type, count in stays)
        console.print_line(f"stays on purpose: {message}")
    if report.saved:
        console.print_line(f"saved in all: {saved_in_all(report.saved, report.choices)}")
    if report.to_accept:
        console.print_line(how_to_accept(report.to_accept))
    if report.bill is not None:
        console.print_line(f"has cost: {report.bill.sentence}")
    console.print_line(f"still billed: {report.cost.per_hour}")
    console.print_line(report.verdict)


def _print_sections(report: TeardownReport) -> None:
    for heading, rows in report.sections():
        if heading in (*GONE, BILL, ACCOUNTS):
            continue
        for row in rows[:_NAMED]:
            console.print_line(f"{heading}: {' '.join(part for part in row if part)}")
        if len(rows) > _NAMED:
            console.print_line(f"{heading}: {len(rows) - _NAMED} more, which the report lists")


def _print_accounts(report: TeardownReport) -> None:
    """Print how accounts of seats are handed back: by name those of which somebody has to know."""
    some = [account for account in report.accounts if not account.handed_back.is_good]
    for account in some[:_NAMED]:
        console.print_line(f"account {account.account} of {account.seat}: {account.message}")
    if len(some) > _NAMED:
        console.print_line(
            f"{count_of(len(some) - _NAMED, 'more account')}, which the report lists"
        )
    if report.accounts:
        console.print_line(f"{ACCOUNTS}: {summary(report.accounts)}")


def how_to_accept(resource_types: Iterable[str]) -> str:
    """Return how to go on without resource types that can never be listed or read."""
    words = " ".join(
        f"--accept-unknown {shlex.quote(resource_type)}" for resource_type in resource_types
    )
    return (
        "what cannot be listed keeps the verdict from being 'gone'; where it never will be, go on"
        f" without it: {words}"
    )
