"""Accounts and Regions as people are told of them: with their seats, and of many at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

from workshop.account_region import AccountRegion
from workshop.aws.errors import WAY_IN
from workshop.aws.reads import read_each
from workshop.config.environment import LoadedEnvironment
from workshop.counting import count_of, first_of

T = TypeVar("T")

NO_WAY_IN = f"{WAY_IN}: "
"""How the reason begins that nothing could be read of an account: its role is not to be had."""

_NAMED = 10
"""So many seats are named; the others are counted."""


def named(loaded: LoadedEnvironment, where: Iterable[AccountRegion]) -> str:
    """Return what accounts and Regions are called: alone by their ids, else by their number.

    Of accounts that are seats' own, the seats are named.
    """
    places = [*dict.fromkeys(where)]
    if not loaded.settings.accounts.are_own:
        return ", ".join(map(str, places))
    seat_of = loaded.assignment.seat_of
    ids = [seat_of.get(place.account, "") for place in places]
    if len(places) == 1:
        return f"{places[0]} ({ids[0]})" if ids[0] else str(places[0])
    known = [account or place.account for account, place in zip(ids, places, strict=True)]
    return f"{count_of(len(places), 'account')} ({first_of(known, _NAMED)})"


def read_in_each(
    loaded: LoadedEnvironment,
    read: Callable[[AccountRegion], T],
    where: Collection[AccountRegion],
) -> tuple[dict[AccountRegion, T], dict[AccountRegion, str]]:
    """Return what ``read`` returns for each place, and why not for others.

    Where each seat has an account of its own, one that fails keeps nobody from the others; anywhere
    else the first error passes through.
    """
    if loaded.settings.accounts.are_own:
        return read_each(read, where)
    return {place: read(place) for place in where}, {}


def told(loaded: LoadedEnvironment, sentences: Iterable[tuple[AccountRegion, str]]) -> list[str]:
    """Return sentences about accounts and Regions, each with the place that it is about.

    Where seats have accounts of their own, one that many share is told once of them all.
    """
    pairs = [*dict.fromkeys(sentences)]
    if not loaded.settings.accounts.are_own:
        return [f"{where}: {sentence}" for where, sentence in pairs]
    shared: dict[str, list[AccountRegion]] = {}
    for where, sentence in pairs:
        shared.setdefault(sentence, []).append(where)
    return [f"{named(loaded, where)}: {sentence}" for sentence, where in shared.items()]


def unread(
    loaded: LoadedEnvironment,
    unknown: Mapping[AccountRegion, Mapping[str, str]],
    without: Collection[str] = (),
) -> list[str]:
    """Return what could not be read where, and why, but for what is in ``without``."""
    return told_unread(
        loaded,
        [
            (where, f"{what} could not be read: {why}")
            for where, parts in unknown.items()
            for what, why in parts.items()
            if what not in without
        ],
    )


def told_unread(
    loaded: LoadedEnvironment, sentences: Iterable[tuple[AccountRegion, str]]
) -> list[str]:
    """Return sentences about what could not be read; of an account that nobody is in, one.

    With these goes how to be in accounts of seats' own again that refuse it, and do not only fail.
    """
    by_place: dict[AccountRegion, list[str]] = {}
    for where, sentence in sentences:
        by_place.setdefault(where, []).append(sentence)
    lost = {
        where: whys.pop()
        for where, some in by_place.items()
        if len(whys := {sentence.partition(NO_WAY_IN)[2] for sentence in some}) == 1 and any(whys)
    }
    of_places = [
        (where, sentence)
        for where, some in by_place.items()
        for sentence in (
            [f"nothing could be read: {NO_WAY_IN}{lost[where]}"] if where in lost else some
        )
    ]
    lines = told(loaded, of_places)
    denied = [where for where, why in lost.items() if why.startswith("AccessDenied")]
    return (
        [*lines, way_in(loaded, denied)] if denied and loaded.settings.accounts.are_own else lines
    )


def way_in(loaded: LoadedEnvironment, where: Collection[AccountRegion]) -> str:
    """Return how to be in accounts of seats' own again in which nobody can be."""
    accounts = loaded.settings.accounts
    look = f"see how these accounts are with: {loaded.command('accounts')}"
    if not accounts.makes_role:
        return (
            f"{look}; where they are as they should be, let their role {accounts.role!r} trust"
            f" account {loaded.home.account}, with the external id of 'accounts.external_id'"
        )
    seat_of = loaded.assignment.seat_of
    ids = [seat_of[place.account] for place in where if place.account in seat_of]
    only = ("--only", ",".join(ids)) if 0 < len(ids) <= _NAMED else ()
    return (
        f"{look}; have the organiser's role made there, or made again where somebody has changed or"
        f" deleted it, with: {loaded.command('deploy', *only)}"
    )
