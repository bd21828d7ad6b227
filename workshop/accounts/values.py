"""The values of a stack set's parameters: who the organisers are, and prices by Region.

Nobody is told by e-mail: each account has a topic of its own, and each address would have to be
confirmed in every one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from workshop.accounts.desired import DesiredSet
from workshop.accounts.stack_sets import DescribedSet
from workshop.config.environment import LoadedEnvironment
from workshop.naming import ORGANISER, ORGANISER_ACCOUNT, ORGANISER_PRINCIPALS, PRICES
from workshop.pricing import caps

NEWER_PRICES = "newer prices by which the watch counts"

Overrides = Callable[[str], Mapping[str, str]]
"""Returns the parameters in which the instances of a Region differ from their set."""


@dataclass(frozen=True)
class SetValues:
    """The parameters of a set, and those in which the instances of some Regions differ.

    ``message`` says what is new about the set's, ``outdated`` has the Regions whose instances have
    other values now.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()
    message: str = ""


def of(
    loaded: LoadedEnvironment,
    desired: DesiredSet,
    current: DescribedSet | None,
    principals: Sequence[str],
    overrides: Overrides,
) -> SetValues:
    """Return the values that a set should have; ``principals`` are the caller's."""
    now = current.parameters if current else {}
    if desired.kind == ORGANISER:
        return _organisers(loaded, now, principals)
    if PRICES in desired.parameters:
        return _prices(loaded, desired, now, overrides)
    return SetValues()


def _organisers(
    loaded: LoadedEnvironment, now: Mapping[str, str], principals: Sequence[str]
) -> SetValues:
    """Return all who have ever deployed, so that nobody takes the role away from another."""
    known = [pattern for pattern in now.get(ORGANISER_PRINCIPALS, "").split(",") if pattern]
    new = [
        principal
        for principal in principals
        if not any(fnmatchcase(principal, other) for other in known)
    ]
    message = f"let in as well: {', '.join(new)}" if known and new else ""
    return SetValues(
        {
            ORGANISER_ACCOUNT: loaded.home.account,
            ORGANISER_PRINCIPALS: ",".join([*known, *new]),
        },
        message=message,
    )


def _prices(
    loaded: LoadedEnvironment, desired: DesiredSet, now: Mapping[str, str], overrides: Overrides
) -> SetValues:
    """Return the newest prices: those of the first Region for the set, of others as overrides."""
    by_region: dict[str, str] = {}
    outdated: set[str] = set()
    of_profile = [seat for seat in loaded.seats if seat.profile == desired.profile]
    every = dict.fromkeys(seat.region for seat in of_profile)
    first = loaded.home.region if loaded.home.region in every else next(iter(every))
    for region in (first, *(other for other in every if other != first)):
        seats = [seat for seat in of_profile if seat.region == region]
        current = now.get(PRICES, "")
        if region != first and now:
            current = overrides(region).get(PRICES, current)
        shipped = caps.shipped_prices(loaded.settings, seats, region)
        read = caps.read_prices(loaded.settings, seats, region)
        by_region[region] = caps.newest(shipped, current, read)
        if region != first and now and by_region[region] != current:
            outdated.add(region)
    return SetValues(
        {PRICES: by_region.pop(first)},
        {region: {PRICES: value} for region, value in by_region.items()},
        frozenset(outdated),
        NEWER_PRICES if PRICES in now else "",
    )
