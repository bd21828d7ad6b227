"""What is asked of an account, and of each of its Regions, and what the answers mean.

Each function begins the questions of one subject and returns what judges the answers: all questions
are under way before the first answer is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from workshop.account_region import AccountRegion
from workshop.aws import regions, simulation
from workshop.aws import stacks as stack_listing
from workshop.aws.clients import Clients
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import Unavailable
from workshop.config.models import Door
from workshop.naming import DOOR
from workshop.preflight import (
    boxes,
    demand,
    doors,
    existing_names,
    offerings,
    permissions,
    quotas,
    teardown_reads,
    trusted_principals,
)
from workshop.preflight.boxes import BoxSeats
from workshop.preflight.checks import Check
from workshop.preflight.permissions import SimulatedDecision
from workshop.preflight.quotas import InstanceQuota, Quotas, WorkshopQuota
from workshop.preflight.request import Answer, ParallelReads, PreflightRequest
from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.pricing.prices import Use
from workshop.status.report import owners

Judge = Callable[[], Iterable[Check]]
"""Waits for the answers to some questions, and returns the checks that they make."""


def account_of(account_region: AccountRegion) -> AccountRegion:
    """Return the same account, with the Region that knows its global quotas."""
    return replace(account_region, region=regions.home(account_region.region))


# --- an account -----------------------------------------------------------------------------------


def read_account(
    ask: ParallelReads, account_region: AccountRegion, requests: Collection[PreflightRequest]
) -> Judge:
    """Begin all questions about an account; ``account_region`` is of ``account_of``."""
    iam = ask(quotas.applied, account_region, (quotas.ROLES, quotas.POLICIES))
    s3 = ask(quotas.applied, account_region, (quotas.BUCKETS,))
    identities = ask(quotas.identities, account_region)
    buckets = ask(quotas.buckets, account_region)
    trusted = _trusted(ask, account_region, requests)

    def judge() -> Iterator[Check]:
        limits, there = iam.result(), identities.result()
        made = {
            quotas.ROLES: [request.demand.roles for request in requests],
            quotas.POLICIES: [request.demand.policies for request in requests],
        }
        for limit, counts in made.items():
            yield demand.check_count(
                account_region,
                limit,
                need=_made(requests, counts),
                used=there if isinstance(there, Unavailable) else there[limit],
                quota=quotas.of(limits, limit),
            )
        yield demand.check_names(
            account_region,
            quotas.BUCKETS,
            desired=frozenset(name for request in requests for name in request.demand.buckets),
            there=buckets.result(),
            quota=quotas.of(s3.result(), quotas.BUCKETS),
        )
        yield from trusted()

    return judge


def _trusted(
    ask: ParallelReads, account_region: AccountRegion, requests: Collection[PreflightRequest]
) -> Judge:
    """Ask whether the principals exist that console roles of an account trust.

    Asked are accounts in which the workshop works; of any other, nobody here can know.
    """
    loaded = next(iter(requests)).loaded
    reached = {loaded.home.account, *(seat.account for seat in loaded.seats)}
    seats = [seat for request in requests for seat in request.seats]
    answers = {
        principal: ask(
            trusted_principals.existing,
            replace(account_region, account=principal.account),
            principal.arn,
        )
        if principal.account in reached
        else None
        for principal in trusted_principals.named(loaded, seats)
    }
    return lambda: trusted_principals.checks(
        account_region,
        loaded.path,
        {
            principal: None if answer is None else answer.result()
            for principal, answer in answers.items()
        },
    )


def _made(
    requests: Iterable[PreflightRequest], counts: Iterable[Mapping[str, int]]
) -> int | Unavailable:
    """Return how much the stacks that are not there will make, of what ``counts`` says of each."""
    need = 0
    for request, count in zip(requests, counts, strict=True):
        if request.stacks is None:
            return Unavailable(f"the stacks of {request.account_region} could not be listed")
        need += demand.made_by(count, request.stacks)
    return need


# --- an account and Region ------------------------------------------------------------------------


def read_region(
    ask: ParallelReads, request: PreflightRequest, caller: str | Unavailable, *, tries_reads: bool
) -> list[Judge]:
    """Begin all questions to one account and Region."""
    return [
        _permissions(ask, request, caller, tries_reads=tries_reads),
        *([_teardown(ask, request)] if tries_reads else []),
        _stacks(ask, request),
        _repositories(ask, request),
        _machines(ask, request),
        *([boxes.read(ask, with_boxes)] if (with_boxes := BoxSeats(request)).seats else []),
        *([_names(ask, request)] if request.new_names else []),
        *([_offers(ask, request)] if request.making else []),
        *([_subnets(ask, request)] if request.subnets else []),
        *([_door(ask, request, door)] if (door := request.loaded.settings.door) else []),
    ]


def _permissions(
    ask: ParallelReads, request: PreflightRequest, caller: str | Unavailable, *, tries_reads: bool
) -> Judge:
    """Ask what one seat's deployment may do and a teardown may read; of the root, nothing."""
    account_region = request.account_region
    if isinstance(caller, Unavailable) or simulation.is_root(caller):
        return lambda: permissions.check(account_region, caller, ())
    seat = request.seats[0]
    profile = request.profile(seat)
    names, partition = request.loaded.names(seat), caller.split(":")[1]
    bucket = next(iter(profile.storage.buckets))
    questions = permissions.questions(
        names,
        partition,
        bucket=bucket,
        repository=next(iter(profile.registry.repositories)),
        in_vpc=bool(request.subnets),
        has_door=request.loaded.settings.door is not None,
        has_mlflow=request.loaded.settings.has_mlflow,
        has_box=request.loaded.settings.has_boxes,
    )
    decisions = ask(permissions.simulated, account_region, caller, tuple(questions))
    passed = [permissions.passed_to_ec2(names, partition)]
    to_ec2 = (
        ask(permissions.simulated, account_region, caller, passed, permissions.EC2)
        if request.loaded.settings.has_boxes
        else None
    )
    of_teardown = [permissions.reads(), *permissions.deletes(names, partition, bucket=bucket)]
    of_running = permissions.running(names, partition, bucket=bucket)
    torn_down = (
        ask(permissions.simulated, account_region, caller, of_teardown) if tries_reads else None
    )
    running = (
        ask(permissions.simulated, account_region, caller, of_running) if tries_reads else None
    )

    def judge() -> Iterator[Check]:
        found = decisions.result()
        boxes = () if to_ec2 is None else to_ec2.result()
        if not isinstance(found, Unavailable):
            found = boxes if isinstance(boxes, Unavailable) else (*found, *boxes)
        yield from permissions.check(account_region, caller, found)
        if torn_down is not None:
            yield from permissions.check_teardown(account_region, torn_down.result())
        if running is not None:
            yield from permissions.check_running(account_region, running.result())

    return judge


def common_bill(ask: ParallelReads, home: AccountRegion) -> Judge:
    """Ask whether the caller may have the costs of several accounts told at home at once."""
    answer = ask(_common_bill, home)
    return lambda: permissions.check_common_bill(home, answer.result())


def _common_bill(clients: Clients, home: AccountRegion) -> tuple[SimulatedDecision, ...]:
    """Return IAM's answers; of the root, nothing is asked."""
    caller = str(clients.client("sts", home).get_caller_identity()["Arn"])
    if simulation.is_root(caller):
        return ()
    return permissions.simulated(clients, home, caller, [permissions.common_bill()])


def _door(ask: ParallelReads, request: PreflightRequest, door: Door) -> Judge:
    """Ask whether Lambda runs a door as the YAML has it."""
    account_region = request.account_region
    answer = ask(doors.concurrency, account_region)
    name = request.loaded.cohort_names(account_region).stack(DOOR)
    there = demand.is_there(request.stacks or {}, name)
    return lambda: doors.check(account_region, door, answer.result(), is_there=there)


def _names(ask: ParallelReads, request: PreflightRequest) -> Judge:
    """Ask whether anything has a name already that a stack of ours has to make.

    Repositories and notebooks are listed for their quotas, and looked at there.
    """
    account_region, new = request.account_region, request.new_names
    prefix = f"{request.loaded.settings.workshop}-"
    heads = ask(existing_names.buckets, account_region, new.of(existing_names.BUCKET))
    others: dict[str, Answer[Mapping[str, str]]] = {
        existing_names.ROLE: ask(existing_names.roles, account_region),
        existing_names.POLICY: ask(existing_names.policies, account_region),
        existing_names.DASHBOARD: ask(existing_names.dashboards, account_region, prefix),
    }

    def judge() -> Iterator[Check]:
        buckets = heads.result()
        usable = buckets if isinstance(buckets, Unavailable) else buckets.usable
        mine = _new_by_now(ask, request, existing_names.BUCKET, usable)
        yield from existing_names.check_buckets(
            account_region, mine, buckets, request.loaded.command
        )
        for kind, answer in others.items():
            there = answer.result()
            new_by_now = _new_by_now(ask, request, kind, there)
            yield existing_names.check(
                account_region, kind, new_by_now, there, request.loaded.command
            )

    return judge


def _new_by_now(
    ask: ParallelReads,
    request: PreflightRequest,
    kind: str,
    there: Collection[str] | Unavailable,
) -> Mapping[str, str]:
    """Return the new names of a kind; where some are taken, the stacks are listed once more."""
    new = request.new_names.of(kind)
    if isinstance(there, Unavailable) or not new.keys() & set(there):
        return new
    now = ask(stack_listing.stacks, request.account_region).result()
    return new if isinstance(now, Unavailable) else existing_names.still_unmade(new, now)


def _teardown(ask: ParallelReads, request: PreflightRequest) -> Judge:
    answers = teardown_reads.ask(ask, request)
    return lambda: teardown_reads.checks(
        request.account_region, {name: answer.result() for name, answer in answers.items()}
    )


def _stacks(ask: ParallelReads, request: PreflightRequest) -> Judge:
    quota = ask(quotas.applied, request.account_region, (quotas.STACKS,))
    found = request.stacks
    unread = Unavailable("the stacks of the account and Region could not be listed")
    return lambda: [
        demand.check_names(
            request.account_region,
            quotas.STACKS,
            desired=request.demand.stacks,
            there=unread if found is None else frozenset(found),
            quota=quotas.of(quota.result(), quotas.STACKS),
        )
    ]


def _repositories(ask: ParallelReads, request: PreflightRequest) -> Judge:
    quota = ask(quotas.applied, request.account_region, (quotas.REPOSITORIES,))
    there = ask(quotas.repositories, request.account_region)

    def judge() -> Iterator[Check]:
        found = there.result()
        yield demand.check_names(
            request.account_region,
            quotas.REPOSITORIES,
            desired=request.demand.repositories,
            there=found,
            quota=quotas.of(quota.result(), quotas.REPOSITORIES),
        )
        yield from _names_of(ask, request, existing_names.REPOSITORY, found)

    return judge


def _names_of(
    ask: ParallelReads, request: PreflightRequest, kind: str, there: Collection[str] | Unavailable
) -> Iterator[Check]:
    """Yield whether new names are free, unless the check of a quota says that nobody knows."""
    if request.new_names and not isinstance(there, Unavailable):
        new = _new_by_now(ask, request, kind, there)
        yield existing_names.check(request.account_region, kind, new, there, request.loaded.command)


def _machines(ask: ParallelReads, request: PreflightRequest) -> Judge:
    """Ask about notebooks, and about machines of jobs and endpoints."""
    loaded, account_region, making = request.loaded, request.account_region, bool(request.making)
    uses = demand.concurrent_use(loaded, account_region)
    spot = demand.spot_only_quotas(loaded, account_region)
    types = sorted({seat.instance_type for seat in request.seats} - {""})
    limits: dict[WorkshopQuota, None] = {quotas.NOTEBOOKS: None, quotas.VOLUMES: None}
    limits |= dict.fromkeys(spot)
    limits |= dict.fromkeys(quotas.of_machines("notebook", name) for name in types)
    limits |= dict.fromkeys(use.limit for use in uses)
    applied = ask(quotas.applied, account_region, tuple(limits))
    disks = {
        loaded.names(seat).notebook: seat.volume_gb
        for seat in loaded.seats
        if seat.account_region == account_region and seat.instance_type
    }
    there = ask(quotas.notebook_volumes, account_region, disks.keys())
    others = ask(quotas.of_others, account_region, owners(loaded, account_region))

    def judge() -> Iterator[Check]:
        found, listed, machines = applied.result(), there.result(), others.result()
        books, gigabytes = (listed, listed) if isinstance(listed, Unavailable) else listed
        yield from _notebooks(request, books, found)
        yield from _names_of(ask, request, existing_names.NOTEBOOK, books)
        yield _volumes(request, disks, books, gigabytes, quotas.of(found, quotas.VOLUMES))
        for use in uses:
            yield demand.check_concurrent(
                account_region,
                use,
                used=_used_by_others(request, use.limit, books, machines),
                quota=quotas.of(found, use.limit),
                making=making,
            )
        for limit, profiles in spot.items():
            quota = quotas.of(found, limit)
            yield demand.check_spot_only(account_region, limit, profiles, quota, making=making)

    return judge


def _notebooks(
    request: PreflightRequest,
    there: Mapping[str, NotebookState] | Unavailable,
    found: Quotas | Unavailable,
) -> Iterator[Check]:
    desired = request.demand.notebooks
    unread = there if isinstance(there, Unavailable) else None
    known = {} if isinstance(there, Unavailable) else there
    yield demand.check_names(
        request.account_region,
        quotas.NOTEBOOKS,
        desired=frozenset(desired),
        there=unread or frozenset(known),
        quota=quotas.of(found, quotas.NOTEBOOKS),
    )
    for instance_type, need, used in demand.machines(desired, known.values()):
        limit = quotas.of_machines("notebook", instance_type)
        yield demand.check_count(
            request.account_region,
            limit,
            need=unread or need,
            used=unread or used,
            quota=quotas.of(found, limit),
        )


def _volumes(
    request: PreflightRequest,
    disks: Mapping[str, int],
    there: Mapping[str, NotebookState] | Unavailable,
    others: int | Unavailable,
    quota: quotas.AppliedQuota | Unavailable,
) -> Check:
    """Return whether the disks of the notebooks to be made fit beside those that there are."""
    check = partial(demand.check_count, request.account_region, quotas.VOLUMES, quota=quota)
    if isinstance(there, Unavailable):
        return check(need=there, used=there)
    need = sum(size for name, size in request.demand.volumes.items() if name not in there)
    own = sum(size for name, size in disks.items() if name in there)
    return check(need=need, used=others if isinstance(others, Unavailable) else own + others)


def _used_by_others(
    request: PreflightRequest,
    limit: InstanceQuota,
    there: Mapping[str, NotebookState] | Unavailable,
    machines: Mapping[Use, tuple[Machines, ...] | Unavailable] | Unavailable,
) -> int | Unavailable:
    """Return how many machines that count against a quota are no seat's of the workshop."""
    if limit.use == "notebook":
        if isinstance(there, Unavailable):
            return there
        own = {request.loaded.names(seat).notebook for seat in request.loaded.seats}
        return sum(
            book.instance_type == limit.instance_type
            for book in there.values()
            if billing.notebook_has_machine(book.status) and book.name not in own
        )
    found = machines if isinstance(machines, Unavailable) else machines[limit.use]
    return found if isinstance(found, Unavailable) else limit.counted(found)


def _offers(ask: ParallelReads, request: PreflightRequest) -> Judge:
    account_region, types, others = (
        request.account_region,
        request.notebook_types,
        request.other_types,
    )
    offers = ask(offerings.offers, account_region, "region", (*types, *others))
    return lambda: offerings.check_region(account_region, types, others, offers.result())


def _subnets(ask: ParallelReads, request: PreflightRequest) -> Judge:
    account_region, subnets = request.account_region, request.subnets
    zones = ask(offerings.offers, account_region, "availability-zone", request.notebook_types)
    there = ask(offerings.subnets, account_region, tuple(subnets))
    groups = {group for demand in subnets.values() for group in demand.security_groups}
    found = ask(offerings.security_groups, account_region, groups)

    def judge() -> Iterator[Check]:
        yield from offerings.check_subnets(account_region, subnets, there.result(), zones.result())
        yield from offerings.check_groups(
            account_region, subnets, there.result(), found.result(), setting="notebook.network"
        )

    return judge
