"""What is asked of an account, and of each of its Regions, and what the answers mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.aws.notebooks import NotebookState, notebooks
from workshop.aws.reads import Unavailable
from workshop.preflight import demand, offerings, permissions, quotas, teardown_reads
from workshop.preflight.checks import Check
from workshop.preflight.offerings import Offers, Subnet
from workshop.preflight.permissions import SimulatedDecision
from workshop.preflight.quotas import InstanceQuota, Quotas, WorkshopQuota
from workshop.preflight.request import Answer, ParallelReads, PreflightRequest
from workshop.preflight.teardown_reads import TeardownRead
from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.pricing.prices import Use
from workshop.status.report import owners


def account_of(place: AccountRegion) -> AccountRegion:
    """Return the same account, with the Region that knows its global quotas."""
    return replace(place, region=regions.home(place.region))


@dataclass(frozen=True)
class AccountReads:
    """The questions about one account, under way; ``place`` is of ``account_of``."""

    place: AccountRegion
    requests: tuple[PreflightRequest, ...]
    iam: Answer[Quotas]
    s3: Answer[Quotas]
    identities: Answer[quotas.AccountIdentities]
    buckets: Answer[frozenset[str]]

    def checks(self) -> Iterator[Check]:
        """Wait for the answers, and judge them."""
        iam, there = self.iam.result(), self.identities.result()
        yield demand.check_count(
            self.place,
            quotas.ROLES,
            need=self._made([request.demand.roles for request in self.requests]),
            used=there if isinstance(there, Unavailable) else there.roles,
            quota=quotas.of(iam, quotas.ROLES),
        )
        yield demand.check_count(
            self.place,
            quotas.POLICIES,
            need=self._made([request.demand.policies for request in self.requests]),
            used=there if isinstance(there, Unavailable) else there.policies,
            quota=quotas.of(iam, quotas.POLICIES),
        )
        yield demand.check_names(
            self.place,
            quotas.BUCKETS,
            desired=frozenset(name for request in self.requests for name in request.demand.buckets),
            there=self.buckets.result(),
            quota=quotas.of(self.s3.result(), quotas.BUCKETS),
        )

    def _made(self, by_request: Iterable[Mapping[str, int]]) -> int | Unavailable:
        need = 0
        for request, of_stacks in zip(self.requests, by_request, strict=True):
            if request.stacks is None:
                return Unavailable(f"the stacks of {request.place} could not be listed")
            need += demand.made_by(of_stacks, request.stacks)
        return need


def read_account(
    ask: ParallelReads, place: AccountRegion, requests: Iterable[PreflightRequest]
) -> AccountReads:
    """Begin all questions about an account."""
    return AccountReads(
        place=place,
        requests=tuple(requests),
        iam=ask(quotas.applied, place, (quotas.ROLES, quotas.POLICIES)),
        s3=ask(quotas.applied, place, (quotas.BUCKETS,)),
        identities=ask(quotas.identities, place),
        buckets=ask(quotas.buckets, place),
    )


@dataclass(frozen=True)
class RegionReads:
    """The questions to one account and Region, under way; None is what need not be known."""

    request: PreflightRequest
    caller: str | Unavailable
    decisions: Answer[tuple[SimulatedDecision, ...]]
    reads: Answer[tuple[SimulatedDecision, ...]] | None
    tries: Mapping[str, Answer[TeardownRead]]
    stacks: Answer[Quotas]
    registry: Answer[Quotas]
    sagemaker: Answer[Quotas]
    repositories: Answer[frozenset[str]]
    notebooks: Answer[dict[str, NotebookState]]
    machines: Answer[dict[Use, tuple[Machines, ...] | Unavailable]]
    offers: Answer[Offers] | None
    zones: Answer[Offers] | None
    subnets: Answer[dict[str, Subnet]] | None

    def checks(self) -> Iterator[Check]:
        """Wait for the answers, and judge them."""
        request, place = self.request, self.request.place
        yield permissions.check(place, self.caller, self.decisions.result())
        if self.reads is not None:
            yield permissions.check_reads(place, self.reads.result())
        found = {name: read.result() for name, read in self.tries.items()}
        yield from teardown_reads.checks(place, found)
        yield self._of_stacks(place)
        yield self._of_repositories(place)
        yield from self._of_notebooks(place)
        for use in demand.concurrent_use(request.loaded, place):
            yield demand.check_concurrent(
                place,
                use,
                used=self._used_by_others(use.limit),
                quota=quotas.of(self.sagemaker.result(), use.limit),
                making=bool(request.making),
            )
        for limit, profiles in demand.spot_only_quotas(request.loaded, place).items():
            quota = quotas.of(self.sagemaker.result(), limit)
            yield demand.check_spot_only(place, limit, profiles, quota, making=bool(request.making))
        if self.offers is not None:
            yield from offerings.check_region(
                place, request.notebook_types, request.other_types, self.offers.result()
            )
        if self.subnets is not None and self.zones is not None:
            yield from offerings.check_subnets(
                place, request.subnets, self.subnets.result(), self.zones.result()
            )

    def _used_by_others(self, limit: InstanceQuota) -> int | Unavailable:
        """Return how many machines that count against a quota are no seat's of the workshop."""
        if limit.use == "notebook":
            there = self.notebooks.result()
            if isinstance(there, Unavailable):
                return there
            own = {self.request.loaded.names(seat).notebook for seat in self.request.loaded.seats}
            return sum(
                book.instance_type == limit.instance_type
                for book in there.values()
                if billing.notebook_has_machine(book.status) and book.name not in own
            )
        machines = self.machines.result()
        found = machines if isinstance(machines, Unavailable) else machines[limit.use]
        return found if isinstance(found, Unavailable) else limit.counted(found)

    def _of_stacks(self, place: AccountRegion) -> Check:
        found = self.request.stacks
        unread = Unavailable("the stacks of the place could not be listed")
        return demand.check_count(
            place,
            quotas.STACKS,
            need=unread if found is None else len(self.request.demand.stacks - found.keys()),
            used=unread if found is None else len(found),
            quota=quotas.of(self.stacks.result(), quotas.STACKS),
        )

    def _of_repositories(self, place: AccountRegion) -> Check:
        return demand.check_names(
            place,
            quotas.REPOSITORIES,
            desired=self.request.demand.repositories,
            there=self.repositories.result(),
            quota=quotas.of(self.registry.result(), quotas.REPOSITORIES),
        )

    def _of_notebooks(self, place: AccountRegion) -> Iterator[Check]:
        desired, there = self.request.demand.notebooks, self.notebooks.result()
        unread = there if isinstance(there, Unavailable) else None
        known = {} if isinstance(there, Unavailable) else there
        found = self.sagemaker.result()
        yield demand.check_names(
            place,
            quotas.NOTEBOOKS,
            desired=frozenset(desired),
            there=unread or frozenset(known),
            quota=quotas.of(found, quotas.NOTEBOOKS),
        )
        for instance_type, need, used in demand.machines(desired, known.values()):
            limit = quotas.notebook(instance_type)
            yield demand.check_count(
                place,
                limit,
                need=unread or need,
                used=unread or used,
                quota=quotas.of(found, limit),
            )


def read_region(
    ask: ParallelReads, request: PreflightRequest, caller: str | Unavailable, *, tries_reads: bool
) -> RegionReads:
    """Begin all questions to one account and Region."""
    place, types = request.place, {seat.instance_type for seat in request.seats}
    machines: dict[WorkshopQuota, None] = {quotas.NOTEBOOKS: None}
    machines |= dict.fromkeys(demand.spot_only_quotas(request.loaded, place))
    machines |= dict.fromkeys(map(quotas.notebook, sorted(types)))
    machines |= dict.fromkeys(use.limit for use in demand.concurrent_use(request.loaded, place))
    all_types = (*request.notebook_types, *request.other_types)
    subnets = request.subnets
    return RegionReads(
        request=request,
        caller=caller,
        decisions=ask(_decisions, place, request, caller),
        reads=ask(_reads, place, caller) if tries_reads and _is_judged(caller) else None,
        tries=teardown_reads.ask(ask, request) if tries_reads else {},
        stacks=ask(quotas.applied, place, (quotas.STACKS,)),
        registry=ask(quotas.applied, place, (quotas.REPOSITORIES,)),
        sagemaker=ask(quotas.applied, place, tuple(machines)),
        repositories=ask(quotas.repositories, place),
        notebooks=ask(notebooks, place),
        machines=ask(quotas.of_others, place, owners(request.loaded, place)),
        offers=ask(offerings.by_region, place, all_types) if request.making else None,
        zones=ask(offerings.by_zone, place, request.notebook_types) if subnets else None,
        subnets=ask(offerings.subnets, place, tuple(subnets)) if subnets else None,
    )


def _decisions(
    clients: Clients, place: AccountRegion, request: PreflightRequest, caller: str | Unavailable
) -> tuple[SimulatedDecision, ...]:
    """Return what one seat's deployment may do; nothing is asked of the account's root."""
    if isinstance(caller, Unavailable) or not _is_judged(caller):
        return ()
    seat = request.seats[0]
    profile = request.profile(seat)
    questions = permissions.questions(
        request.loaded.names(seat),
        caller.split(":")[1],
        bucket=next(iter(profile.storage.buckets)),
        repository=next(iter(profile.registry.repositories)),
    )
    source = permissions.principal(clients, place, caller)
    return permissions.simulated(clients, place, source, tuple(questions))


def _reads(
    clients: Clients, place: AccountRegion, caller: str | Unavailable
) -> tuple[SimulatedDecision, ...]:
    """Return what a teardown may read."""
    if isinstance(caller, Unavailable):
        return ()
    source = permissions.principal(clients, place, caller)
    return permissions.simulated(clients, place, source, [permissions.reads()])


def _is_judged(caller: str | Unavailable) -> bool:
    """Return whether IAM has policies of whoever calls."""
    return not isinstance(caller, Unavailable) and not permissions.is_root(caller)
