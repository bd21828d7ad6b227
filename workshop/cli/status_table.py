"""The table of ``workshop status``: a row for each seat, the totals, and what is nobody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from workshop.cli import console
from workshop.cli.context import CommandContext
from workshop.cli.options import MANY
from workshop.config import ec2_types
from workshop.counting import count_of, first_of
from workshop.status import report
from workshop.status.collector import StatusScan
from workshop.status.report import (
    ABSENT,
    NO_NOTEBOOK,
    READY,
    Count,
    StackCounts,
    StatusRow,
    StatusTotals,
    Unattributed,
)

NUMBERS = ("endpoints", "USD/h")
QUIET = (READY, "Stopped")
_NAMED = 2
"""So many notebooks of no seat are named; the others are counted."""


def table_of(work: CommandContext, seen: StatusScan, *, everything: bool) -> console.PlainTable:
    """Return a row for each seat, and one for many that are alike unless ``everything``."""
    several = len(work.account_regions) > 1
    where = ("account and Region",) if several else ()
    boxes = any(row.box != NO_NOTEBOOK for row in (*seen.rows, *seen.strays))
    columns = ("stacks", "notebook", *(["EC2 instance"] if boxes else []))
    table = console.table(
        "seat", *where, *columns, "up", "last active", "jobs", *NUMBERS, right=NUMBERS
    )
    blank = [""] if several else []
    alike: dict[str, list[StatusRow]] = {}
    for row in seen.rows:
        name = _alike(row) if len(seen.rows) > MANY and not everything else ""
        if name:
            alike.setdefault(name, []).append(row)
        else:
            table.add_row(
                row.seat,
                *([str(row.account_region)] if several else []),
                *_cells(row, seen.at, boxes=boxes),
            )
    for name, rows in alike.items():
        table.add_row(f"{len(rows)} {name}", *blank, *_cells_of_many(rows, boxes=boxes))
    table.add_row(
        count_of(seen.totals.seats, "seat"),
        *blank,
        *_total_cells(seen.totals, boxes=boxes),
        style="bold",
    )
    for row in seen.strays:
        table.add_row(
            f"{row.seat}, off the roster",
            *([str(row.account_region)] if several else []),
            *_cells(row, seen.at, boxes=boxes),
        )
    for other in seen.unattributed:
        table.add_row(
            "of no seat",
            *([str(other.account_region)] if several else []),
            *_stray_cells(other, boxes=boxes),
        )
    return table


def _alike(row: StatusRow) -> str:
    """Return what a seat is like that is as it should be, or not there at all; empty for others."""
    if row.stacks is None or row.jobs or row.endpoints != 0:
        return ""
    if row.stacks.is_none and row.has_no_machine:
        return "not there (--all)"
    if row.box != NO_NOTEBOOK:
        return ""
    return "alike (--all)" if not row.stacks.wrong and row.notebook in QUIET else ""


def _cells_of_many(rows: Sequence[StatusRow], *, boxes: bool) -> list[str]:
    books = Counter(str(row.notebook) for row in rows)
    whole = report.totals(rows)
    return [
        f"{_count(whole.stacks)}/{whole.expected_stacks}",
        ", ".join(f"{count} {status}" for status, count in books.items()),
        *([""] if boxes else []),
        "",
        "",
        "0",
        "0",
        str(whole.cost),
    ]


def _cells(row: StatusRow, now: datetime, *, boxes: bool) -> list[str]:
    return [
        _stacks(row.stacks),
        row.notebook or "?",
        *([_box(row)] if boxes else []),
        _since(row.up_since or row.box_up_since, now),
        _since(row.active, now) if row.active_known else "?",
        _jobs(row.jobs),
        _count(row.endpoints),
        str(row.cost),
    ]


def _box(row: StatusRow) -> str:
    """Return ``running g5.xlarge (A10G)``: state, type and GPU of a seat's EC2 instance."""
    if row.box in ABSENT:
        return str(row.box)
    gpu = ec2_types.gpu(row.box_type)
    return " ".join(filter(None, (row.box or "?", row.box_type, f"({gpu})" if gpu else "")))


def _total_cells(totals: StatusTotals, *, boxes: bool) -> list[str]:
    return [
        f"{_count(totals.stacks)}/{totals.expected_stacks}",
        f"{_count(totals.notebooks_up)} InService",
        *([f"{_count(totals.boxes_up)} running"] if boxes else []),
        "",
        "",
        _jobs(totals.jobs),
        _count(totals.endpoints),
        str(totals.cost),
    ]


def _stray_cells(other: Unattributed, *, boxes: bool) -> list[str]:
    kinds = [work.kind for work in other.work]
    jobs: dict[str, Count] = {
        kind: kinds.count(kind) for kind in dict.fromkeys(kinds) if kind != "endpoint"
    }
    books = first_of([book.name for book in other.notebooks], _NAMED)
    blank = [""] if boxes else []
    return ["", books, *blank, "", "", _jobs(jobs), str(kinds.count("endpoint")), str(other.cost)]


def _stacks(stacks: StackCounts | None) -> str:
    if stacks is None:
        return "?"
    states: dict[str, list[str]] = {}
    for kind, state in stacks.wrong.items():
        states.setdefault(state, []).append(kind)
    whole = f"{stacks.sound}/{stacks.expected}"
    if stacks.is_none:
        return f"{whole} none deployed"
    wrong = "; ".join(f"{', '.join(kinds)} {state}" for state, kinds in states.items())
    return f"{whole} {wrong}".rstrip()


def _jobs(jobs: Mapping[str, Count]) -> str:
    return ", ".join(f"{_count(count)} {kind}" for kind, count in jobs.items()) or "0"


def _count(count: Count) -> str:
    return "?" if count is None else str(count)


def _since(moment: datetime | None, now: datetime) -> str:
    """Return ``2h05m``: the two largest units, from minutes to days."""
    if moment is None:
        return "-"
    minutes = max(now - moment, timedelta()) // timedelta(minutes=1)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours:02}h"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
