"""Asks all places side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions
from workshop.preflight import caller, schedule
from workshop.preflight.account_checks import account_of, ask_account
from workshop.preflight.checks import CheckState, PreflightReport, waived
from workshop.preflight.parallel_reads import ParallelReads
from workshop.preflight.region_checks import ask_place
from workshop.preflight.request import PreflightRequest

THREADS = 16


def preflight(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    stacks_by_place: Mapping[AccountRegion, Mapping[str, StackSummary]],
    *,
    accept_unknown: Collection[str] = frozenset(),
    now: datetime,
    looks: bool = True,
) -> PreflightReport:
    """Check whether ``seats`` can be deployed; nothing is changed anywhere.

    ``stacks_by_place`` is what ``inventory.stacks`` gave for each place; a place that is left out
    counts as one that could not be listed. ``accept_unknown`` names checks, by quota code or
    subject, that need not be known, nor be enough for all seats at once. An answer that is missing
    makes its checks unknown: no error of AWS passes through. Of a place whose account or Region is
    wrong, nothing else is asked. With ``looks``, what a teardown looks for is
    looked for a little.
    """
    seats = tuple(seats)
    checks = [schedule.check(loaded.home, loaded.settings.start, loaded.settings.end, now)]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="preflight") as pool:
        ask = ParallelReads(clients, pool)
        every = account_regions(seats)
        callers = {place: ask(caller.arn, place) for place in every}
        regions = {one: ask(caller.regions, one) for one in map(account_of, every)}
        asked = []
        for place in every:
            who = callers[place].result()
            doors = [
                caller.check_account(place, who),
                caller.check_region(place, regions[account_of(place)].result(), who),
            ]
            checks += doors
            if all(door.state != CheckState.FAILED for door in doors):
                there = tuple(seat for seat in seats if seat.account_region == place)
                subject = PreflightRequest(loaded, place, there, stacks_by_place.get(place))
                asked.append(ask_place(ask, subject, who, looks=looks))
        by_account: dict[AccountRegion, list[PreflightRequest]] = {}
        for one in asked:
            by_account.setdefault(account_of(one.subject.place), []).append(one.subject)
        accounts = [ask_account(ask, home, subjects) for home, subjects in by_account.items()]
        for of_place in asked:
            checks += of_place.checks()
        for of_account in accounts:
            checks += of_account.checks()
    return PreflightReport(waived(checks, accept_unknown))
