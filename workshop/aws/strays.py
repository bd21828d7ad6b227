"""Stacks of an environment whose seats are not on its roster any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.config import roster
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.naming import COHORT


@dataclass(frozen=True)
class Stray:
    """Stacks of a seat that is not on the roster; ``profile`` is what they were made by."""

    seat: str
    account_region: AccountRegion
    stacks: tuple[str, ...]
    profile: str = ""


def strays(
    found: Mapping[AccountRegion, Mapping[str, StackSummary]],
    known: Iterable[tuple[AccountRegion, str]],
    *,
    workshop: str,
    environment: str,
) -> tuple[Stray, ...]:
    """Return the stacks of this environment whose seat is not among ``known`` (Region and id)."""
    expected = set(known)
    left: dict[tuple[AccountRegion, str], list[StackSummary]] = {}
    for account_region, stacks in found.items():
        for stack in stacks.values():
            seat = stack.tags.get(tags.ATTENDEE, "")
            if stack.belongs_to(workshop, environment) and (account_region, seat) not in expected:
                left.setdefault((account_region, seat), []).append(stack)
    return tuple(
        Stray(
            seat,
            account_region,
            tuple(sorted(stack.name for stack in some)),
            next((stack.tags[tags.PROFILE] for stack in some if tags.PROFILE in stack.tags), ""),
        )
        for (account_region, seat), some in sorted(left.items())
    )


def off_roster(
    loaded: LoadedEnvironment, found: Mapping[AccountRegion, Mapping[str, StackSummary]]
) -> tuple[Stray, ...]:
    """Return the strays of seats; what cohorts of other Regions have left is none of them."""
    known = [(seat.account_region, seat.attendee) for seat in loaded.seats]
    cohorts = [
        (account_region, COHORT) for account_region in (*account_regions_of(loaded.seats), *found)
    ]
    left = strays(
        found,
        [*known, *cohorts],
        workshop=loaded.settings.workshop,
        environment=loaded.name,
    )
    return tuple(
        replace(stray, seat=loaded.seat_id(stray.seat, stray.account_region.account))
        for stray in left
        if stray.seat
    )


def seat(loaded: LoadedEnvironment, stray: Stray) -> Seat:
    """Return the seat of a stray: of its profile, where there still is one of that name."""
    named = stray.profile in loaded.settings.profiles
    profile = stray.profile if named else loaded.settings.roster.profile
    usual = roster.of_profile(stray.seat, profile, stray.account_region, loaded.settings)
    own = loaded.settings.accounts.are_own and stray.account_region.account != loaded.home.account
    return replace(usual, on_roster=False, alone=own)
