"""``workshop status``: what every seat has, does and costs now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from workshop.cli import console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.pricing import prices
from workshop.status import report
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache
from workshop.status.report import Count, StackCounts, StatusRow, StatusTotals, Unattributed

NUMBERS = ("endpoints", "USD/h")
_CURES = {
    report.MISSING: "make it again with: workshop deploy",
    "Failed": "start it with: workshop start",
}
_NAMED = 2
"""So many notebooks of no seat are named; the others are counted."""


def status(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    watch: Annotated[bool, typer.Option("--watch", help="Scan again and again.")] = False,
    every: Annotated[
        float, typer.Option("--every", min=1, metavar="SECONDS", help="Between two scans.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what every seat has, does and costs now.

    The last activity is the newest line in the log of a seat's notebook, with which CloudWatch may
    be an hour behind, or the beginning of a job that runs. Costs are estimates from list prices of
    machines and notebook disks. "?" is what could not be read. The exit code is 1 then, and where a
    notebook is missing or Failed though its stack is there. One scan describes 200 processing and
    transform jobs and configurations of endpoints at most; with --watch, the next scan goes on with
    the others.

    For example:

        workshop status -e prod

        workshop status -e prod --only ada,ben --watch
    """
    work = opened(env, config_dir, only=only, profile=profile)
    cache = DescribeCache()

    def take() -> StatusScan:
        return scan(work.loaded, work.seats, work.clients, cache)

    if watch:
        _watch(work, take, every, as_json=as_json)
        return
    seen = take()
    _show(work, seen, as_json=as_json)
    if seen.unknown or any(row.lost_notebook for row in seen.rows):
        raise typer.Exit(1)


def _watch(
    work: CommandContext, take: Callable[[], StatusScan], every: float, *, as_json: bool
) -> None:
    """Until Ctrl-C; on a terminal the table stays where it is."""
    try:
        if console.shows_data_to_person() and not as_json:
            with console.live_data() as live:
                while True:
                    seen = take()
                    table = _table(work, seen)
                    table.explain(_remarks(work, seen))
                    live.update(table, refresh=True)
                    pause(every)
        while True:
            _show(work, take(), as_json=as_json, indent=None)
            pause(every)
    except KeyboardInterrupt:
        return


def pause(seconds: float) -> None:
    """Wait; Ctrl-C ends it."""
    threading.Event().wait(seconds)


def _show(work: CommandContext, seen: StatusScan, *, as_json: bool, indent: int | None = 2) -> None:
    if as_json:
        console.print_json(_document(work, seen), indent=indent)
    else:
        console.print_table(_table(work, seen))
    for remark in _remarks(work, seen):
        console.say(remark)


def _remarks(work: CommandContext, seen: StatusScan) -> list[str]:
    basis = dict.fromkeys(prices.basis(place.region) for place in work.places)
    remarks = [f"{seen.at:%H:%M:%S} UTC; USD per hour by {'; '.join(basis)}"]
    for status, cure in _CURES.items():
        ids = ",".join(
            row.seat for row in seen.rows if row.lost_notebook and row.notebook == status
        )
        if ids:
            remarks.append(
                f"warning: the notebook is {status}: {ids}; {cure} -e {work.loaded.name}"
                f" --only {ids}"
            )
    for place, parts in seen.unknown.items():
        remarks += [
            f"warning: {place}: {what} could not be read: {why}" for what, why in parts.items()
        ]
    return remarks


# --- the table ----------------------------------------------------------------------------------


def _table(work: CommandContext, seen: StatusScan) -> console.PlainTable:
    several = len(work.places) > 1
    where = ("account and Region",) if several else ()
    table = console.table(
        "seat", *where, "stacks", "notebook", "up", "last active", "jobs", *NUMBERS, right=NUMBERS
    )
    for row in seen.rows:
        table.add_row(row.seat, *([str(row.place)] if several else []), *_cells(row, seen.at))
    blank = [""] if several else []
    table.add_row(f"{seen.totals.seats} seats", *blank, *_total_cells(seen.totals), style="bold")
    for other in seen.unattributed:
        table.add_row("of no seat", *([str(other.place)] if several else []), *_stray_cells(other))
    return table


def _cells(row: StatusRow, now: datetime) -> list[str]:
    return [
        _stacks(row.stacks),
        row.notebook or "?",
        _since(row.up_since, now),
        _since(row.active, now) if row.active_known else "?",
        _jobs(row.jobs),
        _count(row.endpoints),
        str(row.cost),
    ]


def _total_cells(totals: StatusTotals) -> list[str]:
    return [
        f"{_count(totals.stacks)}/{totals.expected_stacks}",
        f"{_count(totals.notebooks_up)} InService",
        "",
        "",
        _jobs(totals.jobs),
        _count(totals.endpoints),
        str(totals.cost),
    ]


def _stray_cells(other: Unattributed) -> list[str]:
    kinds = [work.kind for work in other.work]
    jobs: dict[str, Count] = {
        kind: kinds.count(kind) for kind in dict.fromkeys(kinds) if kind != "endpoint"
    }
    books = ", ".join(book.name for book in other.notebooks[:_NAMED])
    if len(other.notebooks) > _NAMED:
        books += f" and {len(other.notebooks) - _NAMED} more"
    return ["", books, "", "", _jobs(jobs), str(kinds.count("endpoint")), str(other.cost)]


def _stacks(stacks: StackCounts | None) -> str:
    if stacks is None:
        return "?"
    states: dict[str, list[str]] = {}
    for kind, state in stacks.wrong.items():
        states.setdefault(state, []).append(kind)
    whole = f"{stacks.sound}/{stacks.expected}"
    if list(states) == ["missing"] and stacks.sound == 0:
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


# --- JSON ---------------------------------------------------------------------------------------


def _document(work: CommandContext, seen: StatusScan) -> dict[str, Any]:
    totals = seen.totals
    return {
        "environment": work.loaded.name,
        "at": seen.at.isoformat(),
        "seats": [_row_document(row) for row in seen.rows],
        "not_attributed": [
            {
                **asdict(other.place),
                "notebooks": [book.name for book in other.notebooks],
                "work": [{"kind": job.kind, "name": job.name} for job in other.work],
                "usd_per_hour": other.cost.document,
            }
            for other in seen.unattributed
        ],
        "totals": {
            "seats": totals.seats,
            "stacks": totals.stacks,
            "expected_stacks": totals.expected_stacks,
            "notebooks_up": totals.notebooks_up,
            "jobs": totals.jobs,
            "endpoints": totals.endpoints,
            "usd_per_hour": totals.cost.document,
        },
        "unknown": [
            {**asdict(place), "what": what, "why": why}
            for place, parts in seen.unknown.items()
            for what, why in parts.items()
        ],
        "prices": {place.region: prices.basis(place.region) for place in work.places},
        "calls": {"total": sum(seen.calls.values()), **seen.calls},
    }


def _row_document(row: StatusRow) -> dict[str, Any]:
    return {
        "seat": row.seat,
        "profile": row.profile,
        **asdict(row.place),
        "stacks": None if row.stacks is None else asdict(row.stacks),
        "notebook": row.notebook,
        "up_since": row.up_since and row.up_since.isoformat(),
        "active": row.active and row.active.isoformat(),
        "active_known": row.active_known,
        "jobs": row.jobs,
        "endpoints": row.endpoints,
        "usd_per_hour": row.cost.document,
    }
