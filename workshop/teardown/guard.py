"""What has to be true before anything is taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import GuardError
from workshop.teardown.discovery import Discovery, ScanTarget
from workshop.teardown.resource import Ownership


def target(
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    *,
    whole: bool,
    also: Mapping[AccountRegion, Iterable[str]] | None = None,
) -> ScanTarget:
    """What is torn down: these seats, or the whole environment with its strays.

    ``also`` are places with seats of which something else tells than the configuration.
    """
    by_place: dict[AccountRegion, set[str]] = {}
    keep: dict[AccountRegion, set[str]] = {}
    if whole:
        by_place[loaded.home] = set()
    for seat in seats:
        place = seat.account_region
        by_place.setdefault(place, set()).add(seat.id)
        names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
        kept = keep.setdefault(place, set())
        kept |= {names.bucket(key) for key, one in profile.storage.buckets.items() if one.keep}
        kept |= {
            names.repository(key) for key, one in profile.registry.repositories.items() if one.keep
        }
    for place, ids in (also or {}).items():
        by_place.setdefault(place, set()).update(ids)
    if whole and loaded.settings.cohort.keep_datasets:
        for place in by_place:
            keep.setdefault(place, set()).add(loaded.cohort_names(place).datasets_bucket)
    return ScanTarget(
        workshop=loaded.settings.workshop,
        environment=loaded.name,
        seats={place: frozenset(ids) for place, ids in by_place.items()},
        whole=whole,
        keep={place: frozenset(names) for place, names in keep.items()},
        subnets=dict.fromkeys(by_place, _subnets(loaded)),
    )


def _subnets(loaded: LoadedEnvironment) -> dict[str, frozenset[str]]:
    """The subnets of all profiles, with their security groups: both have ids of their own."""
    found: dict[str, frozenset[str]] = {}
    for profile in loaded.settings.profiles.values():
        vpc = profile.notebook.vpc
        if vpc is not None:
            known = found.get(vpc.subnet_id, frozenset())
            found[vpc.subnet_id] = known | frozenset(vpc.security_group_ids)
    return found


def check_environment(discovery: Discovery, environment: str) -> None:
    """Raise GuardError where another environment of the same workshop is at work."""
    others = [resource for resource in discovery.resources.values() if resource.of_environment]
    if others:
        # A stack tells most, a role less, data least.
        first = min(
            others, key=lambda one: (_TELLING.get(one.resource_type, len(_TELLING)), one.id)
        )
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise GuardError(
            f"{first.resource_type} {first.id}{more} in {first.place} belongs to environment"
            f" {first.of_environment!r} of this workshop, not to {environment!r}; nothing was done:"
            f" work with -e {first.of_environment}, from the folder that holds its YAML, or call"
            f" this file {first.of_environment}.yaml again"
        )


_TELLING = {"stack": 0, "role": 1, "policy": 2}


def check_time(loaded: LoadedEnvironment, now: datetime, *, early: bool) -> None:
    """Raise GuardError before the workshop's end, unless that is meant."""
    if now < loaded.settings.end and not early:
        raise GuardError(
            f"the workshop lasts until {loaded.settings.end.isoformat()}; tear it down then, or now"
            " with --early"
        )


def check_name(loaded: LoadedEnvironment, typed: str) -> None:
    """Raise GuardError unless the workshop's name was typed."""
    if typed != loaded.settings.workshop:
        raise GuardError(
            f"{typed!r} is not the workshop's name, {loaded.settings.workshop!r}; nothing was done"
        )


def check_protection(discovery: Discovery) -> None:
    """Raise GuardError for a stack of ours that is protected: somebody wants it to stay."""
    own = {
        (resource.place, resource.id)
        for resource in discovery.resources.values()
        if resource.resource_type == "stack" and resource.ownership == Ownership.OWNED
    }
    protected = [
        (stack.name, place.region)
        for (place, name), stack in discovery.stacks.items()
        if (place, name) in own and stack.protected
    ]
    if protected:
        more = f" and {len(protected) - 1} more" if len(protected) > 1 else ""
        first, region = protected[0]
        cohorts = first.endswith(f"-{naming.COHORT}")
        which = "the cohort's stack" if cohorts else "a seat's stack"
        raise GuardError(
            f"{which}, {first}{more}, is protected against deletion; take that off with:"
            " aws cloudformation update-termination-protection --no-enable-termination-protection"
            f" --stack-name {first} --region {region}"
        )
