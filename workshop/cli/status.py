"""``workshop status``: what every seat has, does and costs now."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from workshop.aws import places
from workshop.bill import so_far
from workshop.cli import console, off_roster, status_document, torn_down
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, MANY, All, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.config import ec2_types
from workshop.counting import count_of
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.status import report
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache
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
_NOT_READY = 10
"""So many seats that are not ready are named; the table has all."""

_CURES = {
    report.MISSING: ("make it again", "deploy"),
    "Failed": ("start it", "start"),
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
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """Show what every seat has, does and costs now.

    The last activity is the newest line in the log of a seat's notebook, with which CloudWatch may
    be an hour behind, the last use that the agent of its EC2 instance reports, ten minutes behind,
    or the beginning of a job that runs. Costs are estimates from list prices of machines and disks.
    "?" is what could not be read. The exit code is 1 then, where a notebook is missing or Failed
    though its stack is there, where a stack that all seats share is not as it should be, and where
    anything but disks costs after the workshop's end. An agent that has not reported for a quarter
    of an hour is no such error: "?" is then all that is known of the last use. One scan describes
    200 processing and transform jobs and configurations of endpoints at most; with --watch, the
    next scan goes on with the others.

    For example:

        workshop status -e prod

        workshop status -e prod --only ada,ben --watch
    """
    work = opened(env, config_dir, only=only, profile=profile, with_strays=True)
    cache = DescribeCache()
    # Where nobody is any more, seats that left the roster may be.
    also = off_roster.account_regions(work.loaded) if only is None and profile is None else ()
    if not work.loaded.settings.accounts.are_own:
        accounts = {account_region.account for account_region in work.account_regions}
        also = tuple(one for one in also if one.account in accounts)

    def take() -> StatusScan:
        seen = scan(work.loaded, work.seats, work.clients, cache, also)
        so_far.note(work.loaded, seen, console.say)
        return seen

    if watch:
        _watch(work, take, every, as_json=as_json, everything=everything)
        return
    seen = take()
    _show(work, seen, as_json=as_json, everything=everything)
    goes_on = _is_over(work, seen) and _running(seen) != Cost()
    lost = any(row.lost_notebook for row in seen.rows)
    wrong = {state for some in seen.shared.values() for state in some.values()}
    if seen.unknown or lost or goes_on or wrong - {"in progress"}:
        raise typer.Exit(1)


def _watch(
    work: CommandContext,
    take: Callable[[], StatusScan],
    every: float,
    *,
    as_json: bool,
    everything: bool,
) -> None:
    """Until Ctrl-C; on a terminal the table stays where it is."""
    try:
        if console.shows_data_to_person() and not as_json:
            with console.live_data() as live:
                while True:
                    seen = take()
                    table = _table(work, seen, everything=everything)
                    table.explain(_remarks(work, seen))
                    live.update(table, refresh=True)
                    pause(every)
        while True:
            _show(work, take(), as_json=as_json, everything=everything, indent=None)
            pause(every)
    except KeyboardInterrupt:
        return


def pause(seconds: float) -> None:
    """Wait; Ctrl-C ends it."""
    threading.Event().wait(seconds)


def _show(
    work: CommandContext,
    seen: StatusScan,
    *,
    as_json: bool,
    everything: bool,
    indent: int | None = 2,
) -> None:
    if as_json:
        console.print_json(status_document.of_scan(work, seen), indent=indent)
    elif over := _torn_down(work, seen):
        console.print_line(over)
        return
    else:
        console.print_table(_table(work, seen, everything=everything))
    for remark in _remarks(work, seen):
        console.say(remark)


def _torn_down(work: CommandContext, seen: StatusScan) -> str:
    """Return when all was torn down, empty where anything is there or could not be read."""
    empty = all(_has_no_machine(row) and row.stacks and row.stacks.is_none for row in seen.rows)
    if not empty or seen.unknown or seen.strays or seen.unattributed:
        return ""
    return torn_down.sentence(work.loaded, work.account_regions)


def _remarks(work: CommandContext, seen: StatusScan) -> list[str]:
    basis = dict.fromkeys(
        prices.basis(account_region.region) for account_region in work.account_regions
    )
    remarks = [f"{seen.at:%H:%M:%S} UTC; USD per hour by {'; '.join(basis)}"]
    remarks += off_roster.sentences(work.loaded, seen.stray_stacks)
    for status, (cure, verb) in _CURES.items():
        ids = ",".join(
            row.seat for row in seen.rows if row.lost_notebook and row.notebook == status
        )
        if ids:
            command = work.loaded.command(verb, "--only", ids)
            remarks.append(f"warning: the notebook is {status}: {ids}; {cure} with: {command}")
    remarks += _shared(work, seen)
    remarks += [f"warning: {one}" for one in places.unread(work.loaded, seen.unknown)]
    if seen.watch is not None:
        remarks += seen.watch.sentences(work.loaded, seen.at)
        remarks += _used(work, seen)
    remarks += _gone(work, seen)
    last = _after_the_end(work, seen) if _is_over(work, seen) else _readiness(seen)
    return [*remarks, *so_far.sentences(work.loaded), last]


def _shared(work: CommandContext, seen: StatusScan) -> list[str]:
    """Return what is wrong with stacks that seats share, or that each account has beside theirs."""
    cure = f"see how to go on with: {work.loaded.command('plan')}"
    if not work.loaded.settings.accounts.are_own:
        return [
            f"warning: what all seats share is not as it should be: {where} {name} {state}; {cure}"
            for where, some in seen.shared.items()
            for name, state in some.items()
        ]
    wrong = places.told(
        work.loaded,
        [
            (where, f"beside the seat's own stacks, {name} is {state}; {cure}")
            for where, some in seen.shared.items()
            for name, state in some.items()
        ],
    )
    return [f"warning: {one}" for one in wrong]


def _gone(work: CommandContext, seen: StatusScan) -> list[str]:
    """Return how stacks come back that are gone from accounts of seats' own, unseen by the sets."""
    if not work.loaded.settings.accounts.are_own:
        return []
    seats = [
        row.seat
        for row in seen.rows
        if row.stacks and not row.stacks.is_none and report.MISSING in row.stacks.wrong.values()
    ]
    shared = {where for where, some in seen.shared.items() if report.MISSING in some.values()}
    seats += [
        seat.id for seat in work.seats if seat.account_region in shared and seat.id not in seats
    ]
    if not seats:
        return []
    again = work.loaded.command("deploy", "--only", ",".join(seats))
    return [f"warning: make the stacks that are missing again with: {again}"]


def _is_over(work: CommandContext, seen: StatusScan) -> bool:
    end = work.loaded.settings.end
    return end is not None and seen.at >= end


def _running(seen: StatusScan) -> Cost:
    """Return what seats cost an hour that can be ended: all but their disks."""
    return prices.total(row.running for row in (*seen.rows, *seen.strays))


def _after_the_end(work: CommandContext, seen: StatusScan) -> str:
    """Return whether anything but disks still bills."""
    running = _running(seen)
    if running != Cost():
        cure = work.loaded.command("teardown")
        return f"the workshop is over, and {running.per_hour} go on; end that with: {cure}"
    disks = prices.total(row.disk for row in (*seen.rows, *seen.strays))
    return f"the workshop is over; nothing runs of it, disks cost {disks.per_hour}"


def _used(work: CommandContext, seen: StatusScan) -> list[str]:
    """Return how much of the cap is used, the seats that used most first."""
    cap = work.loaded.settings.budget.per_seat_usd
    of_rows = {row.seat: seen.watch.used(row.seat) for row in seen.rows if seen.watch}
    used = {seat: usd for seat, usd in of_rows.items() if usd is not None}
    if seen.watch is None or cap is None or not used:
        return []
    most = sorted(used, key=lambda seat: used[seat], reverse=True)
    named = ", ".join(f"{seat} {used[seat]:.2f}" for seat in most[:_NOT_READY])
    more = f" and {len(most) - _NOT_READY} with less" if len(most) > _NOT_READY else ""
    basis = dict.fromkeys(one.basis for one in seen.watch.of.values() if one.basis)
    by = f" by {'; '.join(basis)}" if basis else ""
    return [f"used of {cap} USD a seat, as the watch counts{by}: {named}{more}"]


def _readiness(seen: StatusScan) -> str:
    """Return that all seats are ready, or how many, and what the others are."""
    others = [row for row in seen.rows if not row.is_ready]
    count = len(seen.rows)
    if not others:
        return "the seat is ready" if count == 1 else f"all {count_of(count, 'seat')} are ready"
    named = ", ".join(f"{row.seat} ({_trouble(row)})" for row in others[:_NOT_READY])
    more = f" and {len(others) - _NOT_READY} more" if len(others) > _NOT_READY else ""
    return f"{count - len(others)} of {count_of(count, 'seat')} ready; not ready: {named}{more}"


def _trouble(row: StatusRow) -> str:
    """Return why a seat is not ready, in a word or two."""
    if row.stacks is None or row.notebook is None:
        return "not known"
    if row.stacks.is_none:
        return "not deployed"
    if row.stacks.wrong:
        if row.stacks.sound == row.stacks.expected:
            return "; ".join(f"{part} {state}" for part, state in row.stacks.wrong.items())
        return f"stacks {row.stacks.sound}/{row.stacks.expected}"
    if row.notebook not in (READY, NO_NOTEBOOK):
        return f"notebook {row.notebook}"
    return f"EC2 instance {row.box or 'not known'}"


# --- the table ----------------------------------------------------------------------------------


def _table(work: CommandContext, seen: StatusScan, *, everything: bool) -> console.PlainTable:
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
    if row.stacks.is_none and _has_no_machine(row):
        return "not there (--all)"
    if row.box != NO_NOTEBOOK:
        return ""
    return "alike (--all)" if not row.stacks.wrong and row.notebook in QUIET else ""


def _has_no_machine(row: StatusRow) -> bool:
    return row.notebook in ABSENT and row.box in ABSENT


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
    books = ", ".join(book.name for book in other.notebooks[:_NAMED])
    if len(other.notebooks) > _NAMED:
        books += f" and {len(other.notebooks) - _NAMED} more"
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
