"""What is asked of one place, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.preflight import (
    arithmetic,
    demand,
    limits,
    offerings,
    permissions,
    quotas,
    teardown_reads,
    usage,
)
from workshop.preflight.checks import Check
from workshop.preflight.limits import InstanceQuota, WorkshopQuota
from workshop.preflight.offerings import Offers, Subnet
from workshop.preflight.parallel_reads import Answer, ParallelReads
from workshop.preflight.permissions import SimulatedDecision
from workshop.preflight.quotas import Quotas
from workshop.preflight.reading import Unread
from workshop.preflight.request import PreflightRequest
from workshop.preflight.teardown_reads import TeardownRead
from workshop.pricing.prices import Use
from workshop.status.rows import owners
from workshop.status.snapshot import Machines


@dataclass(frozen=True)
class RegionReads:
    """The questions to one place, under way; None is what nobody needs to know."""

    subject: PreflightRequest
    caller: str | Unread
    decisions: Answer[tuple[SimulatedDecision, ...]]
    reads: Answer[tuple[SimulatedDecision, ...]] | None
    looks: Mapping[str, Answer[TeardownRead]]
    stacks: Answer[Quotas]
    registry: Answer[Quotas]
    sagemaker: Answer[Quotas]
    repositories: Answer[frozenset[str]]
    notebooks: Answer[tuple[usage.ExistingNotebook, ...]]
    machines: Answer[dict[Use, tuple[Machines, ...] | Unread]]
    offers: Answer[Offers] | None
    zones: Answer[Offers] | None
    subnets: Answer[dict[str, Subnet]] | None

    def checks(self) -> Iterator[Check]:
        """Wait for the answers, and judge them."""
        subject, place = self.subject, self.subject.place
        yield permissions.check(place, self.caller, self.decisions.result())
        if self.reads is not None:
            yield permissions.check_reads(place, self.reads.result())
        found = {name: look.result() for name, look in self.looks.items()}
        yield from teardown_reads.checks(place, found)
        yield self._of_stacks(place)
        yield self._of_repositories(place)
        yield from self._of_notebooks(place)
        for use in demand.at_once(subject.loaded, place):
            yield arithmetic.at_once(
                place,
                use,
                used=self._used_by_others(use.limit),
                quota=quotas.of(self.sagemaker.result(), use.limit),
                making=bool(subject.making),
            )
        for limit, profiles in demand.spot_only(subject.loaded, place).items():
            quota = quotas.of(self.sagemaker.result(), limit)
            yield arithmetic.spot_only(place, limit, profiles, quota, making=bool(subject.making))
        if self.offers is not None:
            yield from offerings.check_region(
                place, subject.notebook_types, subject.other_types, self.offers.result()
            )
        if self.subnets is not None and self.zones is not None:
            yield from offerings.check_subnets(
                place, subject.lodgings, self.subnets.result(), self.zones.result()
            )

    def _used_by_others(self, limit: InstanceQuota) -> int | Unread:
        """How many machines that count against a quota are no seat's of the workshop."""
        if limit.use == "notebook":
            there = self.notebooks.result()
            if isinstance(there, Unread):
                return there
            own = {self.subject.loaded.names(seat).notebook for seat in self.subject.loaded.seats}
            return sum(
                one.instance_type == limit.instance_type
                for one in there
                if one.status in demand.RUNNING and one.name not in own
            )
        machines = self.machines.result()
        found = machines if isinstance(machines, Unread) else machines[limit.use]
        return found if isinstance(found, Unread) else limit.counted(found)

    def _of_stacks(self, place: AccountRegion) -> Check:
        found = self.subject.stacks
        unread = Unread("the stacks of the place could not be listed")
        return arithmetic.count(
            place,
            limits.STACKS,
            need=unread if found is None else len(self.subject.wanted.stacks - found.keys()),
            used=unread if found is None else len(found),
            quota=quotas.of(self.stacks.result(), limits.STACKS),
        )

    def _of_repositories(self, place: AccountRegion) -> Check:
        return arithmetic.names(
            place,
            limits.REPOSITORIES,
            wanted=self.subject.wanted.repositories,
            there=self.repositories.result(),
            quota=quotas.of(self.registry.result(), limits.REPOSITORIES),
        )

    def _of_notebooks(self, place: AccountRegion) -> Iterator[Check]:
        wanted, there = self.subject.wanted.notebooks, self.notebooks.result()
        unread = there if isinstance(there, Unread) else None
        known = () if isinstance(there, Unread) else there
        found = self.sagemaker.result()
        yield arithmetic.names(
            place,
            limits.NOTEBOOKS,
            wanted=frozenset(wanted),
            there=unread or frozenset(one.name for one in known),
            quota=quotas.of(found, limits.NOTEBOOKS),
        )
        for instance_type, need, used in demand.machines(wanted, known):
            limit = limits.notebook(instance_type)
            yield arithmetic.count(
                place,
                limit,
                need=unread or need,
                used=unread or used,
                quota=quotas.of(found, limit),
            )


def ask_place(
    ask: ParallelReads, subject: PreflightRequest, caller: str | Unread, *, looks: bool
) -> RegionReads:
    """Begin all questions to a place."""
    place, types = subject.place, {seat.instance_type for seat in subject.seats}
    machines: dict[WorkshopQuota, None] = {limits.NOTEBOOKS: None}
    machines |= dict.fromkeys(demand.spot_only(subject.loaded, place))
    machines |= dict.fromkeys(map(limits.notebook, sorted(types)))
    machines |= dict.fromkeys(use.limit for use in demand.at_once(subject.loaded, place))
    all_types = (*subject.notebook_types, *subject.other_types)
    lodgings = subject.lodgings
    return RegionReads(
        subject=subject,
        caller=caller,
        decisions=ask(_decisions, place, subject, caller),
        reads=ask(_reads, place, caller) if looks and _is_judged(caller) else None,
        looks=teardown_reads.ask(ask, subject) if looks else {},
        stacks=ask(quotas.applied, place, (limits.STACKS,)),
        registry=ask(quotas.applied, place, (limits.REPOSITORIES,)),
        sagemaker=ask(quotas.applied, place, tuple(machines)),
        repositories=ask(usage.repositories, place),
        notebooks=ask(usage.notebooks, place),
        machines=ask(usage.of_others, place, owners(subject.loaded, place)),
        offers=ask(offerings.by_region, place, all_types) if subject.making else None,
        zones=ask(offerings.by_zone, place, subject.notebook_types) if lodgings else None,
        subnets=ask(offerings.subnets, place, tuple(lodgings)) if lodgings else None,
    )


def _decisions(
    clients: Clients, place: AccountRegion, subject: PreflightRequest, caller: str | Unread
) -> tuple[SimulatedDecision, ...]:
    """What one seat's deployment may do; nothing is asked of the account's root."""
    if isinstance(caller, Unread) or not _is_judged(caller):
        return ()
    seat = subject.seats[0]
    profile = subject.profile(seat)
    questions = permissions.questions(
        subject.loaded.names(seat),
        caller.split(":")[1],
        bucket=next(iter(profile.storage.buckets)),
        repository=next(iter(profile.registry.repositories)),
    )
    source = permissions.principal(clients, place, caller)
    return permissions.simulated(clients, place, source, tuple(questions))


def _reads(
    clients: Clients, place: AccountRegion, caller: str | Unread
) -> tuple[SimulatedDecision, ...]:
    """What a teardown may read."""
    if isinstance(caller, Unread):
        return ()
    source = permissions.principal(clients, place, caller)
    return permissions.simulated(clients, place, source, [permissions.reads()])


def _is_judged(caller: str | Unread) -> bool:
    """Whether IAM has policies of whoever calls."""
    return not isinstance(caller, Unread) and not permissions.is_root(caller)
