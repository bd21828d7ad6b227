"""``workshop status``: what every seat has, does and costs now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Annotated

import typer

from workshop.aws import places
from workshop.bill import so_far
from workshop.cli import console, status_document, status_table, torn_down
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, All, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.counting import count_of, first_of
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.status import off_roster, report
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache
from workshop.status.report import NO_NOTEBOOK, READY, StatusRow

_NOT_READY = 10
"""So many seats that are not ready are named; the table has all."""

_CURES = {
    report.MISSING: ("make it again", "deploy"),
    "Failed": ("start it", "start"),
}


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
        also = tuple(place for place in also if place.account in accounts)

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
                    table = status_table.table_of(work, seen, everything=everything)
                    table.explain(_remarks(work, seen))
                    live.update(table, refresh=True)
                    pause(every)
        while True:
            _show(work, take(), as_json=as_json, everything=everything, again=True)
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
    again: bool = False,
) -> None:
    if as_json:
        document = status_document.of_scan(work, seen)
        (console.print_json_line if again else console.print_json)(document)
    elif over := _torn_down(work, seen):
        console.print_line(over)
        return
    else:
        console.print_table(status_table.table_of(work, seen, everything=everything))
    for remark in _remarks(work, seen):
        console.say(remark)


def _torn_down(work: CommandContext, seen: StatusScan) -> str:
    """Return when all was torn down, empty where anything is there or could not be read."""
    empty = all(row.has_no_machine and row.stacks and row.stacks.is_none for row in seen.rows)
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
    remarks += [
        f"warning: the EC2 instance of {row.seat} is without its tags, by which policies, the watch"
        f" and the door know it; give it them again with: {row.box_tagged_again}"
        for row in (*seen.rows, *seen.strays)
        if row.box_tagged_again
    ]
    remarks += _shared(work, seen)
    remarks += [f"warning: {unread}" for unread in places.unread(work.loaded, seen.unknown)]
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
    return [f"warning: {sentence}" for sentence in wrong]


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
    basis = dict.fromkeys(
        region_watch.basis for region_watch in seen.watch.of.values() if region_watch.basis
    )
    by = f" by {'; '.join(basis)}" if basis else ""
    return [f"used of {cap} USD a seat, as the watch counts{by}: {named}{more}"]


def _readiness(seen: StatusScan) -> str:
    """Return that all seats are ready, or how many, and what the others are."""
    others = [row for row in seen.rows if not row.is_ready]
    count = len(seen.rows)
    if not others:
        return "the seat is ready" if count == 1 else f"all {count_of(count, 'seat')} are ready"
    named = first_of([f"{row.seat} ({_trouble(row)})" for row in others], _NOT_READY)
    return f"{count - len(others)} of {count_of(count, 'seat')} ready; not ready: {named}"


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
