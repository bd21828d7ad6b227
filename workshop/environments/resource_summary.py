"""What an environment will make, counted before anything is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workshop import naming
from workshop.config.environment import LoadedEnvironment
from workshop.policies import layout
from workshop.policies.layout import PolicySize


@dataclass(frozen=True)
class EqualMachines:
    """Equal notebooks or EC2 instances of one profile; ``volume_gb`` is the disk of each in GB."""

    instance_type: str
    volume_gb: int
    count: int


@dataclass(frozen=True)
class ProfileSummary:
    """All seats of one profile."""

    profile: str
    seats: int
    stacks: int
    buckets: int
    repositories: int
    notebooks: tuple[EqualMachines, ...]
    boxes: tuple[EqualMachines, ...]


@dataclass(frozen=True)
class ResourceTotals:
    """Everything, with what cohorts add: stacks, two buckets, a dashboard, a role or two each."""

    seats: int
    cohorts: int
    stacks: int
    buckets: int
    repositories: int
    roles: int
    notebooks: int
    volume_gb: int
    boxes: int
    box_volume_gb: int
    dashboards: int


@dataclass(frozen=True)
class PolicySummary:
    """The cohort's policies, and how many of them a role of each profile carries at most.

    ``in_account`` counts them in the account that has most.
    """

    sizes: tuple[PolicySize, ...]
    attachments: Mapping[str, int]
    in_account: int


@dataclass(frozen=True)
class ResourceSummary:
    """Profiles in the file's order, and the sum of it all."""

    profiles: tuple[ProfileSummary, ...]
    totals: ResourceTotals
    policies: PolicySummary


def summarize(loaded: LoadedEnvironment) -> ResourceSummary:
    """Count what ``loaded`` will make."""
    profiles = tuple(_profile(loaded, name) for name in loaded.settings.profiles)
    seats = len(loaded.seats)
    cohorts = len({(seat.account, seat.region) for seat in loaded.seats})
    totals = ResourceTotals(
        seats=seats,
        cohorts=cohorts,
        stacks=sum(profile.stacks for profile in profiles)
        + cohorts * len(loaded.settings.cohort_stacks),
        buckets=sum(profile.buckets for profile in profiles) + 2 * cohorts,
        repositories=sum(profile.repositories for profile in profiles),
        roles=seats + cohorts * (2 if loaded.settings.door else 1),
        notebooks=sum(bool(seat.instance_type) for seat in loaded.seats),
        volume_gb=sum(seat.volume_gb for seat in loaded.seats),
        boxes=sum(bool(seat.box_type) for seat in loaded.seats),
        box_volume_gb=sum(seat.box_gb for seat in loaded.seats),
        dashboards=seats + cohorts,
    )
    return ResourceSummary(profiles, totals, _policies(loaded))


def _policies(loaded: LoadedEnvironment) -> PolicySummary:
    settings = loaded.settings
    names = naming.Names.placeholders(settings.workshop)
    sizes = layout.sizes(names, settings.profiles, end=settings.end, tag_keys=settings.tags)
    cohorts = Counter(account for account, _ in {(s.account, s.region) for s in loaded.seats})
    return PolicySummary(
        sizes,
        {name: layout.attachments(name, each) for name, each in settings.profiles.items()},
        max(cohorts.values(), default=0) * len(sizes),
    )


def _profile(loaded: LoadedEnvironment, name: str) -> ProfileSummary:
    profile = loaded.settings.profiles[name]
    seats = [seat for seat in loaded.seats if seat.profile == name]
    return ProfileSummary(
        profile=name,
        seats=len(seats),
        stacks=len(seats) * len(profile.stacks),
        buckets=len(seats) * len(profile.storage.buckets),
        repositories=len(seats) * len(profile.registry.repositories),
        notebooks=_equal((seat.instance_type, seat.volume_gb) for seat in seats),
        boxes=_equal((seat.box_type, seat.box_gb) for seat in seats),
    )


def _equal(machines: Iterable[tuple[str, int]]) -> tuple[EqualMachines, ...]:
    """Count machines by type and GB; one without a type is none."""
    kinds = Counter(machine for machine in machines if machine[0])
    return tuple(EqualMachines(*kind, count) for kind, count in kinds.most_common())
