"""What the seats of a place will need, and how much of it is there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from workshop import naming, policies
from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import Profile
from workshop.config.roster import Seat
from workshop.naming import COHORT
from workshop.preflight import limits
from workshop.preflight.limits import InstanceQuota
from workshop.preflight.usage import ExistingNotebook

GONE = frozenset(
    {
        "CREATE_FAILED",
        "DELETE_FAILED",
        "DELETE_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "ROLLBACK_IN_PROGRESS",
    }
)
"""Statuses of a stack whose resources are not there, or will be deleted and made again."""

RUNNING = frozenset({"Pending", "InService", "Stopping"})
"""Statuses of a notebook instance with a machine, which its type's quota counts."""


@dataclass(frozen=True)
class Demand:
    """What the chosen seats of one place and their cohort are made of, by name.

    ``roles`` and ``policies`` count what each stack, by its name, makes in IAM. ``notebooks`` gives
    the instance types that will do, the first being the wanted one.
    """

    stacks: frozenset[str]
    buckets: frozenset[str]
    repositories: frozenset[str]
    roles: Mapping[str, int]
    policies: Mapping[str, int]
    notebooks: Mapping[str, tuple[str, ...]]


def wanted(loaded: LoadedEnvironment, place: AccountRegion, seats: Iterable[Seat]) -> Demand:
    """What ``seats``, all of one place, will be made of."""
    cohort = loaded.cohort_names(place)
    stacks, buckets = {cohort.stack(COHORT)}, {cohort.datasets_bucket}
    repositories: set[str] = set()
    roles: dict[str, int] = {}
    notebooks: dict[str, tuple[str, ...]] = {}
    for seat in seats:
        names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
        stacks.update(map(names.stack, naming.SEAT_STACKS))
        buckets.update(map(names.bucket, profile.storage.buckets))
        repositories.update(map(names.repository, profile.registry.repositories))
        roles[names.stack("access")] = 2 if has_console_role(profile) else 1
        fallbacks = profile.notebook.fallback_instance_types
        notebooks[names.notebook] = (seat.instance_type, *fallbacks)
    return Demand(
        stacks=frozenset(stacks),
        buckets=frozenset(buckets),
        repositories=frozenset(repositories),
        roles=roles,
        policies={cohort.stack(COHORT): len(policies.sizes(cohort, loaded.settings.profiles))},
        notebooks=notebooks,
    )


def has_console_role(profile: Profile) -> bool:
    """Whether a seat of the profile gets a second role."""
    return bool(profile.access.console_principals or profile.access.console_organisers)


def is_there(found: Mapping[str, StackSummary], name: str) -> bool:
    """Whether a stack and its resources are there."""
    return name in found and found[name].status not in GONE


def to_be_made(
    loaded: LoadedEnvironment, seats: Iterable[Seat], found: Mapping[str, StackSummary]
) -> tuple[Seat, ...]:
    """The seats that lack one of their stacks."""
    return tuple(
        seat
        for seat in seats
        if not all(is_there(found, loaded.names(seat).stack(kind)) for kind in naming.SEAT_STACKS)
    )


def made_by(stacks: Mapping[str, int], found: Mapping[str, StackSummary]) -> int:
    """How much the stacks that are not there will make, of what ``stacks`` counts."""
    return sum(count for name, count in stacks.items() if not is_there(found, name))


def machines(
    wanted: Mapping[str, tuple[str, ...]], there: Collection[ExistingNotebook]
) -> Iterator[tuple[str, int, int]]:
    """Instance type, how many more notebooks of it are to run, and how many there are.

    A stopped notebook of a seat counts as running, since it will be started for the workshop; a
    stopped one of anybody else does not. A notebook that runs on a fallback type keeps it.
    """
    types = {one.name: one.instance_type for one in there}
    need = Counter(
        suitable[0] for name, suitable in wanted.items() if types.get(name) not in suitable
    )
    used = Counter(
        one.instance_type for one in there if one.status in RUNNING or one.name in wanted
    )
    for instance_type in dict.fromkeys(suitable[0] for suitable in wanted.values()):
        yield instance_type, need[instance_type], used[instance_type]


@dataclass(frozen=True)
class AtOnce:
    """What a class uses while it works: one machine of each kind for each seat, all at once.

    ``seats`` is how many of the place may use it, by the profiles in ``profiles``; ``allowed_by``
    names the setting. ``optional``: work can be done without it.
    """

    limit: InstanceQuota
    seats: int
    profiles: tuple[str, ...]
    allowed_by: str
    optional: bool = False


def spot_only(
    loaded: LoadedEnvironment, place: AccountRegion
) -> dict[InstanceQuota, tuple[str, ...]]:
    """Quotas of training on demand that have to be 0, and the profiles that require spot."""
    found: dict[InstanceQuota, tuple[str, ...]] = {}
    for name in dict.fromkeys(
        seat.profile for seat in loaded.seats if seat.account_region == place
    ):
        access = loaded.settings.profiles[name].access
        if access.mode == "scoped" and access.managed_spot == "required":
            for one in access.training_instance_types:
                limit = limits.training(one, spot=False)
                found[limit] = (*found.get(limit, ()), name)
    return found


def at_once(loaded: LoadedEnvironment, place: AccountRegion) -> tuple[AtOnce, ...]:
    """What all seats of a place may use by their profiles; they share the account's quotas.

    In ``managed`` mode no instance types are named, so only the sums over all types remain. Batch
    transform is not looked at.
    """
    seats = Counter(seat.profile for seat in loaded.seats if seat.account_region == place)
    users: dict[tuple[InstanceQuota, str, bool], list[str]] = {}
    for name in seats:
        for use in _uses(loaded.settings.profiles[name]):
            users.setdefault(use, []).append(name)
    return tuple(
        AtOnce(limit, sum(seats[name] for name in names), tuple(names), allowed_by, optional)
        for (limit, allowed_by, optional), names in users.items()
    )


def _uses(profile: Profile) -> Iterator[tuple[InstanceQuota, str, bool]]:
    access = profile.access
    for one in profile.notebook.fallback_instance_types:
        yield limits.notebook(one), "notebook.fallback_instance_types", True
    if access.mode == "scoped":
        spot = access.managed_spot == "required"
        for one in access.training_instance_types:
            yield limits.training(one, spot=spot), "access.training_instance_types", False
        for one in access.processing_instance_types:
            yield limits.processing(one), "access.processing_instance_types", False
        for one in access.endpoint_instance_types:
            yield limits.endpoint(one), "access.endpoint_instance_types", False
    for limit in (limits.ALL_TRAINING, limits.ALL_PROCESSING, limits.ALL_ENDPOINTS):
        yield limit, "", False
