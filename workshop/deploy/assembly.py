"""Synthesizes one exemplar of everything, in a process of its own, and reads what CDK wrote.

The cloud assembly on disk is all that crosses from CDK's side to the deployment's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.counting import count_of
from workshop.deploy import app_process, synthesis_key
from workshop.deploy.synthesis_cache import SynthesisCache
from workshop.deploy.templates import Exemplar, Template, of_text
from workshop.errors import UsageError
from workshop.naming import DOOR
from workshop.policies.layout import TEMPLATE_LIMIT


@dataclass(frozen=True)
class CohortTemplate:
    """A stack that the seats of one account and Region share."""

    template: Template
    protected: bool


@dataclass(frozen=True)
class Assembly:
    """Exemplars by profile and stack (``storage``, ...), and the cohort's stacks of each Region."""

    exemplars: Mapping[tuple[str, str], Exemplar]
    cohorts: Mapping[tuple[AccountRegion, str], CohortTemplate]


def chosen(loaded: LoadedEnvironment, seats: Sequence[Seat]) -> tuple[Seat, ...]:
    """Return the fewest of ``seats`` that hold one of each profile and of each Region.

    Where each seat has an account of its own, all accounts have the same stacks: those of the
    roster's first seat of each profile, whichever seats are chosen.
    """
    profiles = {seat.profile: seat for seat in reversed(seats)}
    if loaded.settings.accounts.are_own:
        first = {seat.profile: seat for seat in reversed(loaded.seats)}
        return tuple(first[profile] for profile in reversed(profiles))
    by_account_region = {seat.account_region: seat for seat in reversed(seats)}
    desired = {seat.id for seat in (*profiles.values(), *by_account_region.values())}
    return tuple(seat for seat in loaded.seats if seat.id in desired)


def synthesize(
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    cache: SynthesisCache | None = None,
    begin: Callable[[], None] = lambda: None,
) -> tuple[Assembly, str]:
    """Run the CDK app for one seat of each profile and Region, all checks on, or read the cache.

    Return the assembly and what the app printed. ``begin`` is called before the app is run, which
    takes seconds. Raise WorkshopError with what CDK said when it fails.
    """
    some = chosen(loaded, seats)
    context = {
        "env": loaded.name,
        "config": str(loaded.path.parent.resolve()),
        "attendee": ",".join(seat.id for seat in some),
    }
    given = app_process.variables(os.environ)
    key = synthesis_key.key(loaded, context, given) if cache else ""
    made = cache.get(key) if cache else None
    if made is None:
        begin()
        made = app_process.run(context, given)
        # Whatever was changed meanwhile may be in it or not.
        if cache and synthesis_key.key(loaded, context, given) == key:
            cache.put(key, made)
    return read(loaded, some, made.stacks), made.said


def read(
    loaded: LoadedEnvironment, some: Sequence[Seat], stacks: Mapping[str, tuple[str, bool]]
) -> Assembly:
    """Return the assembly of the stacks that were made for the seats ``some``."""
    exemplars = {
        (seat.profile, kind): Exemplar(stacks[loaded.artifact(kind, seat.account_region, seat)][0])
        for seat in reversed(some)
        for kind in loaded.kinds(seat)
    }
    cohorts = {}
    for account_region in account_regions_of(some):
        for kind in loaded.settings.cohort_stacks:
            text, protected = stacks[loaded.artifact(kind, account_region)]
            template = of_text(text)
            if (size := len(template.body.encode())) > TEMPLATE_LIMIT:
                cure = (
                    "shorten the seats' ids, or move seats to another Region"
                    if kind == DOOR
                    else "use fewer profiles, or open less in their access"
                )
                raise UsageError(
                    f"the {kind}'s template has {count_of(size, 'byte')} and CloudFormation takes"
                    f" {TEMPLATE_LIMIT:,}; {cure}"
                )
            cohorts[account_region, kind] = CohortTemplate(template, protected)
    return Assembly(exemplars, cohorts)
