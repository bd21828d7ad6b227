"""What the seats of an account and Region will need, and whether its quotas allow that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import filterfalse

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import Unavailable
from workshop.aws.stacks import NOT_THERE, StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import expanded, is_family
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.naming import COHORT
from workshop.policies import layout
from workshop.preflight import quotas
from workshop.preflight.checks import Check, CheckState, not_known, waiver
from workshop.preflight.quotas import AppliedQuota, InstanceQuota, WorkshopQuota
from workshop.pricing import billing


@dataclass(frozen=True)
class Demand:
    """What the chosen seats of one account and Region and their cohort are made of, by name.

    ``roles`` and ``policies`` count what each stack, by its name, makes in IAM. ``notebooks`` gives
    the instance types that will do, the first being the desired one, and ``volumes`` the GB of each
    notebook's disk.
    """

    stacks: frozenset[str]
    buckets: frozenset[str]
    repositories: frozenset[str]
    roles: Mapping[str, int]
    policies: Mapping[str, int]
    notebooks: Mapping[str, tuple[str, ...]]
    volumes: Mapping[str, int]


def desired(
    loaded: LoadedEnvironment, account_region: AccountRegion, seats: Iterable[Seat]
) -> Demand:
    """Return what ``seats``, all of one account and Region, will be made of."""
    cohort = loaded.cohort_names(account_region)
    stacks = {*map(cohort.stack, loaded.settings.cohort_stacks)}
    buckets = {cohort.datasets_bucket, cohort.watch_bucket}
    repositories: set[str] = set()
    roles: dict[str, int] = {cohort.stack(naming.WATCH): 1}
    if loaded.settings.door:
        roles[cohort.stack(naming.DOOR)] = 1
    notebooks: dict[str, tuple[str, ...]] = {}
    volumes: dict[str, int] = {}
    for seat in seats:
        names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
        stacks.update(map(names.stack, profile.stacks))
        buckets.update(map(names.bucket, profile.storage.buckets))
        repositories.update(map(names.repository, profile.registry.repositories))
        roles[names.stack(naming.stack_that_makes("AWS::IAM::Role"))] = (
            1 + profile.access.has_console
        )
        if seat.instance_type:
            fallbacks = profile.notebook.fallback_instance_types
            notebooks[names.notebook] = (seat.instance_type, *fallbacks)
            volumes[names.notebook] = seat.volume_gb
    return Demand(
        stacks=frozenset(stacks),
        buckets=frozenset(buckets),
        repositories=frozenset(repositories),
        roles=roles,
        policies={
            cohort.stack(COHORT): len(
                layout.sizes(cohort, loaded.settings.profiles, end=loaded.settings.end)
            )
        },
        notebooks=notebooks,
        volumes=volumes,
    )


def is_there(found: Mapping[str, StackSummary], name: str) -> bool:
    """Return whether a stack and its resources are there."""
    return name in found and found[name].status not in NOT_THERE


def to_be_made(
    loaded: LoadedEnvironment, seats: Iterable[Seat], found: Mapping[str, StackSummary]
) -> tuple[Seat, ...]:
    """Return the seats that lack one of their stacks."""
    return tuple(
        seat for seat in seats if not all(is_there(found, stack) for stack in loaded.stacks(seat))
    )


def made_by(stacks: Mapping[str, int], found: Mapping[str, StackSummary]) -> int:
    """Return how much the stacks that are not there will make, of what ``stacks`` counts."""
    return sum(count for name, count in stacks.items() if not is_there(found, name))


def machines(
    desired: Mapping[str, tuple[str, ...]], there: Collection[NotebookState]
) -> Iterator[tuple[str, int, int]]:
    """Yield an instance type, how many more notebooks of it are to run, and how many there are.

    A stopped notebook of a seat counts as running, since it will be started for the workshop; a
    stopped one of anybody else does not. A notebook that runs on a fallback type keeps it.
    """
    types = {book.name: book.instance_type for book in there}
    need = Counter(
        suitable[0] for name, suitable in desired.items() if types.get(name) not in suitable
    )
    used = Counter(
        book.instance_type
        for book in there
        if billing.notebook_has_machine(book.status) or book.name in desired
    )
    for instance_type in dict.fromkeys(suitable[0] for suitable in desired.values()):
        yield instance_type, need[instance_type], used[instance_type]


@dataclass(frozen=True)
class ConcurrentUse:
    """What a class uses while it works: one machine of each kind for each seat, all at once.

    ``seats`` is how many of the account and Region may use it, by the profiles in ``profiles``;
    ``allowed_by`` names the setting. ``optional``: work can be done without it.
    """

    limit: InstanceQuota
    seats: int
    profiles: tuple[str, ...]
    allowed_by: str
    optional: bool = False


def spot_only_quotas(
    loaded: LoadedEnvironment, account_region: AccountRegion
) -> dict[InstanceQuota, tuple[str, ...]]:
    """Return quotas of training on demand that have to be 0, and the profiles that require spot."""
    found: dict[InstanceQuota, tuple[str, ...]] = {}
    for name in dict.fromkeys(
        seat.profile for seat in loaded.seats if seat.account_region == account_region
    ):
        access = loaded.settings.profiles[name].access
        if access.mode == "scoped" and access.managed_spot == "required":
            for instance_type in expanded("training", access.training_instance_types):
                limit = quotas.of_machines("training", instance_type, spot=False)
                found[limit] = (*found.get(limit, ()), name)
    return found


def concurrent_use(
    loaded: LoadedEnvironment, account_region: AccountRegion
) -> tuple[ConcurrentUse, ...]:
    """Return what all seats may use by their profiles; they share the account's quotas.

    In ``managed`` mode no instance types are named, so only the sums over all types remain. Batch
    transform is not looked at.
    """
    seats = Counter(seat.profile for seat in loaded.seats if seat.account_region == account_region)
    users: dict[tuple[InstanceQuota, str, bool], list[str]] = {}
    for name in seats:
        for use in _uses(loaded.settings.profiles[name]):
            users.setdefault(use, []).append(name)
    return tuple(
        ConcurrentUse(limit, sum(seats[name] for name in names), tuple(names), allowed_by, optional)
        for (limit, allowed_by, optional), names in users.items()
    )


def _uses(profile: Profile) -> Iterator[tuple[InstanceQuota, str, bool]]:
    access = profile.access
    only_spot = access.mode == "scoped" and access.managed_spot == "required"
    fallbacks = profile.notebook.fallback_instance_types if profile.has_notebook else ()
    for instance_type in fallbacks:
        limit = quotas.of_machines("notebook", instance_type)
        yield limit, "notebook.fallback_instance_types", True
    if access.mode == "scoped":
        # Of a family no size in particular is needed, so that none of them is asked about.
        for instance_type in filterfalse(is_family, access.training_instance_types):
            limit = quotas.of_machines("training", instance_type, spot=only_spot)
            yield limit, "access.training_instance_types", False
        for instance_type in filterfalse(is_family, access.processing_instance_types):
            limit = quotas.of_machines("processing", instance_type)
            yield limit, "access.processing_instance_types", False
        for instance_type in filterfalse(is_family, access.endpoint_instance_types):
            limit = quotas.of_machines("endpoint", instance_type)
            yield limit, "access.endpoint_instance_types", False
    training = quotas.ALL_SPOT_TRAINING if only_spot else quotas.ALL_TRAINING
    for limit in (training, quotas.ALL_PROCESSING, quotas.ALL_ENDPOINTS):
        yield limit, "", False


# --- need plus use against quota ------------------------------------------------------------------


def check_count(
    account_region: AccountRegion,
    limit: WorkshopQuota,
    *,
    need: int | Unavailable,
    used: int | Unavailable,
    quota: AppliedQuota | Unavailable,
) -> Check:
    """Return whether ``need`` more fit beside the ``used`` that are there.

    Where nothing is to be made, nothing has to be known.
    """
    check = partial(_check, account_region, limit, quota, need=need, used=used)
    if need == 0:
        return check(CheckState.OK, "nothing more to make")
    if (
        isinstance(need, Unavailable)
        or isinstance(used, Unavailable)
        or isinstance(quota, Unavailable)
    ):
        return check(CheckState.UNKNOWN, _reasons(need, used, quota))
    total = need + used
    sum_up = _sum_up(total, f"{need} more, {used} there", quota)
    short = total - quota.value
    if short <= 0:
        return check(CheckState.OK, sum_up)
    message = f"{sum_up}: {short} too few; {_cure(quota, total)}"
    return check(CheckState.FAILED, message, raise_to=total)


def check_names(
    account_region: AccountRegion,
    limit: WorkshopQuota,
    *,
    desired: frozenset[str],
    there: frozenset[str] | Unavailable,
    quota: AppliedQuota | Unavailable,
) -> Check:
    """Return the same for resources with names: what is there already need not be made."""
    if isinstance(there, Unavailable):
        return check_count(account_region, limit, need=there, used=there, quota=quota)
    return check_count(
        account_region, limit, need=len(desired - there), used=len(there), quota=quota
    )


def check_concurrent(
    account_region: AccountRegion,
    use: ConcurrentUse,
    *,
    used: int | Unavailable,
    quota: AppliedQuota | Unavailable,
    making: bool,
) -> Check:
    """Return whether all seats can use at once what they may, beside the ``used`` that others have.

    A class whose machines are fewer has to take turns, which its organisers have to accept. With
    none, nobody can do what the profile allows: a failure. Both only while seats are to be made
    (``making``): a class that works is not to be held up by it. What is optional only ever warns.
    """
    serious = making and not use.optional
    users = f"{count_of(use.seats, 'seat')} of {', '.join(use.profiles)}"
    check = partial(_check, account_region, use.limit, quota, need=use.seats, used=used)
    if isinstance(quota, AppliedQuota) and quota.value < 1:
        instead = f", or take it out of {use.allowed_by}" if use.allowed_by else ""
        most = use.seats + (_number(used) or 0)
        return check(
            CheckState.FAILED if serious else CheckState.WARNING,
            f"{_allowed(quota)} for {users}: nobody can use it; {_cure(quota, most)}{instead}",
            raise_to=most,
        )
    if isinstance(used, Unavailable) or isinstance(quota, Unavailable):
        reason = _reasons(used, quota)
        if serious:
            return check(CheckState.UNKNOWN, reason)
        return check(CheckState.WARNING, f"not known ({reason}); {users} may find none")
    total = use.seats + used
    sum_up = _sum_up(total, f"{users}, {used} used by others", quota)
    short = total - quota.value
    if short <= 0:
        return check(CheckState.OK, sum_up)
    turns = f": {waiver(CheckState.SHORT, quota.code)}" if serious else ""
    return check(
        CheckState.SHORT if serious else CheckState.WARNING,
        f"{sum_up}: {short} too few; {_cure(quota, total)}, or have seats take turns{turns}",
        raise_to=total,
    )


def check_spot_only(
    account_region: AccountRegion,
    limit: WorkshopQuota,
    profiles: tuple[str, ...],
    quota: AppliedQuota | Unavailable,
    *,
    making: bool,
) -> Check:
    """Return whether a type can be trained on as a spot instance alone.

    Its quota on demand has to be 0: IAM has no condition for managed spot training, so nothing but
    the quota requires it. AWS takes requests for more alone; less has to be asked of its support.
    """
    check = partial(_check, account_region, limit, quota, subject=f"{limit.name} (has to be 0)")
    users = ", ".join(profiles)
    if isinstance(quota, Unavailable):
        if making:
            return check(CheckState.UNKNOWN, quota.reason)
        message = f"not known ({quota.reason}); {users} may be able to train on demand"
        return check(CheckState.WARNING, message)
    if quota.value < 1:
        return check(CheckState.OK, f"0, so {users} can train on spot instances alone")
    return check(
        CheckState.FAILED if making else CheckState.WARNING,
        f"{_allowed(quota)}, so {users} can still train on demand; ask AWS Support to lower it to"
        " 0, since IAM has no condition for spot, or set access.managed_spot to allowed",
    )


def _check(
    account_region: AccountRegion,
    limit: WorkshopQuota,
    quota: AppliedQuota | Unavailable,
    state: CheckState,
    message: str,
    *,
    need: int | Unavailable | None = None,
    used: int | Unavailable | None = None,
    subject: str = "",
    raise_to: int = 0,
) -> Check:
    """Return a check of a quota; ``message`` is the reason where its state is not known.

    ``raise_to`` is the value that the quota should have.
    """
    known = None if isinstance(quota, Unavailable) else quota
    code = known.code if known else limit.code
    subject = subject or limit.name
    reason = message if state == CheckState.UNKNOWN else ""
    if state == CheckState.UNKNOWN:
        message = not_known(message, code or subject)
    return Check(
        account_region,
        subject,
        state,
        message,
        need=_number(need),
        used=_number(used),
        quota=known.value if known else None,
        service_code=limit.service,
        quota_code=code,
        request=increase_request(account_region, known, raise_to) if known and raise_to else "",
        raise_to=raise_to,
        reason=reason,
    )


def increase_request(account_region: AccountRegion, quota: AppliedQuota, desired: int) -> str:
    """Return the command that asks AWS for ``desired``, empty for a quota that is never raised."""
    if not quota.adjustable:
        return ""
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.limit.service}"
        f" --quota-code {quota.code} --desired-value {desired} --region {account_region.region}"
    )


def _reasons(*parts: object) -> str:
    """Return why those parts are not known that are not, each reason once."""
    known = dict.fromkeys(part.reason for part in parts if isinstance(part, Unavailable))
    return "; ".join(known)


def _number(value: int | Unavailable | None) -> int | None:
    return None if isinstance(value, Unavailable) else value


def _sum_up(total: int, parts: str, quota: AppliedQuota) -> str:
    where = " in all Regions" if quota.limit.everywhere else ""
    return f"you need {total} ({parts}), AWS allows {_allowed(quota)}{where}"


def _allowed(quota: AppliedQuota) -> str:
    return f"{quota.value} (AWS's default)" if quota.default else str(quota.value)


def _cure(quota: AppliedQuota, desired: int) -> str:
    if quota.adjustable:
        return f"ask AWS for {desired}"
    return "AWS raises this quota for nobody: move seats to another account or Region"
