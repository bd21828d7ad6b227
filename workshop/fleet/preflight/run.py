"""Asks all places side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from workshop import places
from workshop.aws.clients import Clients
from workshop.environment import LoadedEnvironment
from workshop.fleet.inventory import FoundStack
from workshop.fleet.preflight import caller, moment
from workshop.fleet.preflight.asking import Asking
from workshop.fleet.preflight.of_account import account_of, ask_account
from workshop.fleet.preflight.of_place import ask_place
from workshop.fleet.preflight.report import Report, State, waived
from workshop.fleet.preflight.subject import Subject
from workshop.places import Place
from workshop.roster import Seat

THREADS = 16


def preflight(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    stacks_by_place: Mapping[Place, Mapping[str, FoundStack]],
    *,
    accept_unknown: Collection[str] = frozenset(),
    now: datetime,
    looks: bool = True,
) -> Report:
    """Check whether ``seats`` can be deployed; nothing is changed anywhere.

    ``stacks_by_place`` is what ``inventory.stacks`` gave for each place; a place that is left out
    counts as one that could not be listed. ``accept_unknown`` names checks, by quota code or
    subject, that need not be known, nor be enough for all seats at once. An answer that is missing
    makes its checks unknown: no error of AWS passes through. Of a place whose account or Region is
    wrong, nothing else is asked. With ``looks``, what a teardown looks for is
    looked for a little.
    """
    seats = tuple(seats)
    checks = [moment.check(loaded.home, loaded.settings.start, loaded.settings.end, now)]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="preflight") as pool:
        ask = Asking(clients, pool)
        every = places.all_of(seats)
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
            if all(door.state != State.FAILED for door in doors):
                there = tuple(seat for seat in seats if places.of(seat) == place)
                subject = Subject(loaded, place, there, stacks_by_place.get(place))
                asked.append(ask_place(ask, subject, who, looks=looks))
        by_account: dict[Place, list[Subject]] = {}
        for one in asked:
            by_account.setdefault(account_of(one.subject.place), []).append(one.subject)
        accounts = [ask_account(ask, home, subjects) for home, subjects in by_account.items()]
        for of_place in asked:
            checks += of_place.checks()
        for of_account in accounts:
            checks += of_account.checks()
    return Report(waived(checks, accept_unknown))
