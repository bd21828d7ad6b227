"""A teardown from its first step to its last: freeze, discover, stop, save, delete, stacks, verify.

Nothing is remembered but what AWS says: after a crash, the same again goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.events import EventStream, now
from workshop.naming import COHORT, stack_that_makes
from workshop.teardown import freeze, roles, stacks, sweep, verification
from workshop.teardown.discovery import STACKS_AND_IDENTITIES, Discovery, ScanTarget, discover
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    Sink,
    TeardownEvent,
    TeardownStep,
)
from workshop.teardown.holders import STACK, STACK_RESOURCE
from workshop.teardown.plan import Choices, PlannedAction, TeardownPlan
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Identity, Ownership, Resource, ScanCache
from workshop.teardown.resources import logs, network_interfaces
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.saving import Saved, counted
from workshop.teardown.shown_plan import PlanSubject, ShownPlan
from workshop.teardown.verification import Scan

_SWEPT = (
    PlannedAction.DELETE,
    PlannedAction.EMPTY,
    PlannedAction.RECORD,
    PlannedAction.STOP,
    PlannedAction.WITH_STACK,
)
_LEFT = (
    PlannedAction.DELETE,
    PlannedAction.RECORD,
    PlannedAction.LEAVE_CLAIMED,
    PlannedAction.LEAVE_UNKNOWN,
)
"""What is there after a sweep although it should not be, or is in doubt."""

_GONE = (DeletionOutcome.DELETED, DeletionOutcome.ALREADY_GONE)

Saver = Callable[[TeardownPlan], Sequence[Saved]]
"""Copies attendees' work of a plan away, and tells what became of it, seat by seat."""

_SLICE = 0.2
"""Seconds after which a wait is over that was interrupted."""

ROUNDS = 4
"""Sweeps, the first included: each next one takes what came during the one before."""


@dataclass
class Teardown:
    """One teardown, or one sweep of a running workshop, of ``target``.

    ``save`` copies attendees' work: a seat of which something was not saved is stopped, and keeps
    all that it has.
    """

    clients: Clients
    target: ScanTarget
    resource_types: Sequence[ResourceType]
    sink: Sink
    interval: float = verification.INTERVAL
    waits: sweep.SweepWaits = field(default_factory=sweep.SweepWaits)
    stack_waits: stacks.StackWaits = field(default_factory=stacks.StackWaits)
    save: Saver | None = None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep
    proven: dict[Identity, str] = field(default_factory=dict)
    """The seat of what was proven by an earlier scan, such as that of the plan that was shown:
    it stays so although its proof, a job of which only the log is left, has gone since."""
    lasting: ScanCache = field(default_factory=ScanCache)
    """What earlier scans found out that stays true."""

    def __post_init__(self) -> None:
        logs.remember_before(self.lasting, self.proven)
        self._say = EventStream(self.sink)
        self._by_name = {resource_type.name: resource_type for resource_type in self.resource_types}
        self._results: dict[tuple[str, str, AccountRegion], DeletionResult] = {}
        self._seconds: dict[str, float] = {}
        self._not_frozen: dict[str, str] = {}
        self._saved: list[Saved] = []
        self._problems: dict[str, str] = {}
        """Seats of which something was not saved, and what."""

    def discover(self) -> Discovery:
        """Scan everything once."""
        found = discover(
            self.clients, self.target, self.resource_types, self.lasting, dict(self.proven)
        )
        self.proven.update((one.identity, one.seat) for one in found.of(Ownership.OWNED))
        return found

    def plan(self, choices: Choices) -> TeardownPlan:
        """What would be done now."""
        with self._timed(TeardownStep.DISCOVER):
            return TeardownPlan(self.discover(), self._by_name, choices)

    def apply(self, plan: TeardownPlan, shown: ShownPlan | None = None) -> TeardownReport:
        """Do what the plan says and prove it; ``shown`` is what it is held to, else itself.

        What seats of the plan have made since then goes along where it is owned; what is claimed
        goes only if it was shown.
        """
        began = now()
        self._shown = shown or ShownPlan.of(plan, PlanSubject("", *self._name))
        if plan.choices.stacks:
            with self._timed(TeardownStep.FREEZE):
                self._freeze(plan)
        scans: list[Scan] = []
        current = self.plan(plan.choices)
        if self.save is not None:
            current = self._stop_and_save(current, self.save)
        for _ in range(ROUNDS):
            current = self._sweep_all(current)
            discovery, scans = current.discovery, [self._scan(current)]
            if not plan.choices.stacks:
                break
            with self._timed(TeardownStep.STACKS):
                self._delete_stacks(current)
            with self._timed(TeardownStep.VERIFY):
                self._emit(TeardownStep.VERIFY, f"scanning twice, {self.interval:g} seconds apart")
                discovery, scans = verification.twice(
                    *(self.discover, self._by_name, self.interval, self.pause),
                    accept_unknown=plan.choices.accept_unknown,
                )
            if all(scan.clean for scan in scans) or not self._has_come(scans[-1].left):
                break
            self._emit(
                TeardownStep.VERIFY, "something came meanwhile, or is not gone yet; once more"
            )
            current = TeardownPlan(discovery, self._by_name, plan.choices)
        return self._report(plan, discovery, scans, began)

    @property
    def _name(self) -> tuple[str, str]:
        return self.target.workshop, self.target.environment

    def _scan(self, current: TeardownPlan) -> Scan:
        """What a sweep has left behind, without what it leaves on purpose."""
        seen = verification.scan(current.discovery, self._by_name, current.choices.accept_unknown)
        if current.choices.stacks:
            return seen
        return replace(seen, left=tuple(one for one in seen.left if current.action(one) in _LEFT))

    # --- steps --------------------------------------------------------------------------------

    def _freeze(self, plan: TeardownPlan) -> None:
        names: dict[AccountRegion, list[str]] = {}
        for resource in plan.discovery.of(Ownership.OWNED):
            if resource.resource_type == roles.ROLE:
                names.setdefault(resource.place, []).append(resource.id)
        for place, some in names.items():
            roles_ = counted(len(some), "role")
            self._emit(
                TeardownStep.FREEZE,
                f"{roles_} in {place} can make nothing new; what is there goes on until it is"
                " stopped",
            )
            for role, message in freeze.freeze(
                self.clients, self.target.workshop, place, some
            ).items():
                self._not_frozen[role] = message
                self._emit(TeardownStep.FREEZE, f"role {role} is not frozen: {message}")

    def _stop_and_save(self, current: TeardownPlan, save: Saver) -> TeardownPlan:
        """Stop what costs and writes, so that nothing is written after it was saved; save it all.

        Return the plan of a scan made in between: what was stopped may have left something.
        """
        resources = self._swept(current)
        work = self._sweep_of(current, resources)
        with self._timed(TeardownStep.STOP):
            work.stop_spending()
            running = work.wait_until_stopped()
        current = self.plan(current.choices)
        with self._timed(TeardownStep.SAVE):
            self._saved = list(save(current))
        for one in self._saved:
            self._emit(TeardownStep.SAVE, f"{one.seat or 'of no seat'}: {one.message}")
            if not one.complete:
                self._problems[one.seat] = "; ".join(one.problems)
        for resource in running:
            message = f"{resource.resource_type} {resource.id} still runs, and may write more"
            self._problems.setdefault(resource.seat, message)
        return current

    def _sweep_all(self, current: TeardownPlan) -> TeardownPlan:
        """Sweep until a scan shows nothing that came meanwhile; what that scan shows.

        No role may go before: SageMaker could not delete a late endpoint without it.
        """
        for _ in range(ROUNDS):
            self._sweep(current, self._swept(current), self._kept_seats)
            current = self.plan(current.choices)
            mine = [
                resource
                for resource in self._swept(current)
                if current.action(resource) in (PlannedAction.DELETE, PlannedAction.RECORD)
                and resource.seat not in self._kept_seats
            ]
            if not self._has_come(mine):
                break
            self._emit(
                TeardownStep.DISCOVER, "something came meanwhile, or is not gone yet; once more"
            )
        return current

    def _swept(self, current: TeardownPlan) -> list[Resource]:
        """What is stopped and deleted through its own API; records of what has ended are left out.

        What all seats share is stopped with them, and deleted after them.
        """
        return [
            resource
            for resource in current.resources(*_SWEPT)
            if self._shown.allows(resource)
            and resource.resource_type not in STACKS_AND_IDENTITIES
            and not verification.is_record(resource, self._by_name)
        ]

    @property
    def _kept_seats(self) -> frozenset[str]:
        """Seats of which nothing is deleted yet: the cohort, and those that are not saved."""
        return frozenset({COHORT, *self._problems})

    def _sweep(
        self, current: TeardownPlan, resources: Sequence[Resource], kept: Collection[str] = ()
    ) -> None:
        work = self._sweep_of(current, resources, kept)
        try:
            with self._timed(TeardownStep.STOP):
                work.stop_spending()
            with self._timed(TeardownStep.DELETE):
                work.delete()
        finally:
            self._note(work.results)

    def _sweep_of(
        self, current: TeardownPlan, resources: Sequence[Resource], kept: Collection[str] = ()
    ) -> sweep.Sweep:
        return sweep.Sweep(
            current.discovery.contexts,
            self._by_name,
            resources,
            self._say,
            self.waits,
            empty_stacks=current.choices.contents,
            unread=_unread(current),
            besides=current.cost_of_others,
            asked={
                resource.key
                for resource in resources
                if resource.created and self._is_called_gone(resource)
            },
            only_stop={resource.key for resource in resources if resource.seat in kept},
            clock=self.clock,
            pause=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        """Wait where no signal is heard, and raise KeyboardInterrupt once one has come."""
        end = self.clock() + seconds
        while (left := end - self.clock()) > 0:
            self.clients.go_on()
            self.pause(min(left, _SLICE))

    def _may_go(self, resource: Resource) -> bool:
        return resource.seat not in self._problems and self._shown.allows(resource)

    def _delete_stacks(self, current: TeardownPlan) -> None:
        where = list(current.discovery.contexts)
        delete = partial(self._delete_stacks_of, current)
        with ThreadPoolExecutor(max(1, len(where))) as pool:
            list(pool.map(delete, where))

    def _delete_stacks_of(self, current: TeardownPlan, place: AccountRegion) -> None:
        """Seats first; a role goes once nothing of its seat is left, the cohort after all seats."""
        found = current.discovery
        mine = [
            resource
            for resource in current.resources(PlannedAction.DELETE, PlannedAction.WITH_STACK)
            if resource.place == place
            and resource.resource_type in STACKS_AND_IDENTITIES
            and self._may_go(resource)
        ]
        engine = stacks.StackDeleter(
            self.clients,
            found.contexts[place],
            self._by_name,
            [resource for resource in found.of(Ownership.OWNED) if resource.place == place],
            self._say,
            abandon=current.choices.abandon,
            waits=self.stack_waits,
            clock=self.clock,
            pause=self._sleep,
        )
        own = [resource for resource in mine if resource.resource_type == STACK]
        last = [resource for resource in own if resource.seat == COHORT]
        kind = stack_that_makes("AWS::IAM::Role")
        access = [resource for resource in own if resource.id.endswith(f"-{kind}")]
        self._note(engine.delete([one for one in own if one not in access and one not in last]))
        self._await_interfaces(current, place)
        held = {} if current.choices.abandon else self._held_seats(current, place)
        free = [resource for resource in access if self._why_held(resource.seat, held) is None]
        names = [one for one in mine if one.resource_type == roles.ROLE]
        engine.prepare_roles_for_deletion(
            one.id for one in names if self._why_held(one.seat, held) is None
        )
        self._note(engine.delete(free))
        orphans = [one for one in names if not one.stack and self._why_held(one.seat, held) is None]
        self._note(engine.delete_orphans(orphans))
        kept = [resource for resource in access if resource not in free]
        kept += [one for one in names if not one.stack and one not in orphans]
        self._note(
            DeletionResult(
                resource, DeletionOutcome.STUCK, self._why_held(resource.seat, held) or ""
            )
            for resource in kept
        )
        stuck = [
            one
            for one in [*own, *names]
            if one.seat != COHORT and self._has_stayed(one) and one.place == place
        ]
        if not stuck and not kept and not self._problems and self.target.whole:
            shared = [one for one in self._swept(current) if one.seat == COHORT]
            self._sweep(current, [one for one in shared if one.place == place])
            self._note(engine.delete(last))
            policies = [one for one in mine if one.resource_type == roles.POLICY and not one.stack]
            self._note(engine.delete_orphans(policies))
        else:
            message = "waits until nothing of any seat is left"
            self._note(
                DeletionResult(resource, DeletionOutcome.STUCK, message) for resource in last
            )
        self._note(engine.abandoned)

    def _await_interfaces(self, current: TeardownPlan, place: AccountRegion) -> None:
        """Wait until SageMaker has given back its network interfaces, for which it needs roles."""
        found = current.discovery
        waiting = [one for one in found.resources.values() if one.place == place]
        waiting = [one for one in waiting if network_interfaces.goes_by_itself(one)]
        if waiting:
            message = f"{len(waiting)} network interfaces of SageMaker in {place} are waited for"
            self._emit(TeardownStep.STACKS, message)
            waits = self.waits.first_wait, self.waits.slowest_wait
            context, most = found.contexts[place], self.waits.deadline
            gone = network_interfaces.awaited(context, waiting, waits, most, self.pause)
            self._note(DeletionResult(one, DeletionOutcome.ALREADY_GONE) for one in gone)

    def _is_called_gone(self, resource: Resource) -> bool:
        result = self._results.get(resource.key)
        same = result is not None and result.resource.identity == resource.identity
        return same and result is not None and result.outcome in _GONE

    def _has_stayed(self, resource: Resource) -> bool:
        result = self._results.get(resource.key)
        return result is not None and result.outcome == DeletionOutcome.STUCK

    def _held_seats(self, current: TeardownPlan, place: AccountRegion) -> dict[str, str]:
        """Seats whose role has to stay, and why: SageMaker needs it to delete what they have.

        The seat "" stands for all of them.
        """
        held = dict.fromkeys(self._problems, "its work could not be saved")
        for one in current.unknown:
            if one.place == place and self._needs_role(one.resource_type):
                held[""] = f"{one.resource_type}s could not be listed, and may need the role"
        for resource, action in current.actions:
            if (
                resource.place != place
                or resource.resource_type in STACKS_AND_IDENTITIES
                or resource.stack
            ):
                continue
            if current.is_accepted(resource):
                continue
            if not self._needs_role(resource.resource_type) or self._is_called_gone(resource):
                continue
            if action in _LEFT and not verification.is_record(resource, self._by_name):
                held[resource.seat] = (
                    f"the {resource.resource_type} {resource.id} is left, and may need the role"
                )
        return held

    def _needs_role(self, resource_type: str) -> bool:
        """Whether SageMaker may need a seat's role for what is left of a resource type."""
        if resource_type in self._by_name:
            return self._by_name[resource_type].needs_role
        # What a stack holds that could not be read is nobody knows what.
        return resource_type in (STACK, STACK_RESOURCE, roles.ROLE)

    @staticmethod
    def _why_held(seat: str, held: dict[str, str]) -> str | None:
        return held.get(seat) or held.get("")

    def _has_come(self, resources: Iterable[Resource]) -> bool:
        """Whether something of ours was not tried yet, or was called gone.

        What waits for its stack, and that for what is stuck, is no reason to begin anew.
        """
        stayed = (DeletionOutcome.STUCK, DeletionOutcome.ABANDONED)
        stuck = {key for key, result in self._results.items() if result.outcome in stayed}
        return any(
            resource.ownership == Ownership.OWNED
            and not {resource.key, (STACK, resource.stack, resource.place)} & stuck
            for resource in resources
        )

    # --- what is told -------------------------------------------------------------------------

    def _report(
        self,
        plan: TeardownPlan,
        discovery: Discovery,
        scans: list[Scan],
        began: datetime,
    ) -> TeardownReport:
        last = TeardownPlan(discovery, self._by_name, plan.choices)
        results = dict(self._results)
        unread = {(one.resource_type, one.place) for one in discovery.unknown}
        for resource, action in plan.actions:
            gone = (
                resource.key not in discovery.resources
                and (resource.resource_type, resource.place) not in unread
            )
            if resource.key not in results and action == PlannedAction.WITH_STACK and gone:
                results[resource.key] = DeletionResult(
                    resource, DeletionOutcome.DELETED, f"with {resource.stack}"
                )
        for resource in discovery.of(Ownership.OWNED, Ownership.CLAIMED):
            if self._is_called_gone(resource):
                message = "still there, although its deletion was answered"
                results[resource.key] = DeletionResult(resource, DeletionOutcome.STUCK, message)
            if verification.is_record(resource, self._by_name):
                results[resource.key] = DeletionResult(resource, DeletionOutcome.UNDELETABLE)
        for resource in last.resources(PlannedAction.KEEP):
            results[resource.key] = DeletionResult(resource, DeletionOutcome.KEPT)
        return TeardownReport(
            target=self.target,
            choices=plan.choices,
            digest=plan.digest,
            began=began,
            ended=now(),
            results=tuple(
                one
                for one in results.values()
                if one.outcome != DeletionOutcome.STUCK
                or one.resource.key in discovery.resources
                or (one.resource.resource_type, one.resource.place) in unread
            ),
            scans=tuple(scans),
            foreign=tuple(
                resource
                for resource in last.resources(PlannedAction.LEAVE_FOREIGN)
                if resource.key not in results
            ),
            not_saved=dict(self._problems),
            saved=tuple(self._saved),
            stays=() if plan.choices.stacks else self._stays(last),
            not_frozen=self._not_frozen,
            not_offered=discovery.not_offered,
            seconds=dict(self._seconds),
            calls=self.clients.calls,
        )

    def _stays(self, last: TeardownPlan) -> tuple[Resource, ...]:
        """What a sweep leaves on purpose: stacks, and what they hold."""
        own = last.discovery.of(Ownership.OWNED)
        return tuple(one for one in own if last.action(one) not in _LEFT)

    def _note(self, results: Iterable[DeletionResult]) -> None:
        for one in results:
            self._results[one.resource.key] = one

    def _emit(self, step: TeardownStep, message: str) -> None:
        self._say(TeardownEvent(now(), step, message))

    @contextmanager
    def _timed(self, step: TeardownStep) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - began
            self._seconds[step] = round(self._seconds.get(step, 0) + taken, 2)


def _unread(plan: TeardownPlan) -> dict[tuple[AccountRegion, str], str]:
    """Return the types that could not be listed, or not be described in full, and why.

    What was read and tells nothing is no reason to keep what it might depend on: that is gone.
    """
    unread = {(one.place, one.resource_type): one.why for one in plan.unknown}
    for resource in plan.discovery.of(Ownership.UNKNOWN):
        if resource.is_unread and not plan.is_accepted(resource):
            unread.setdefault(
                (resource.place, resource.resource_type), f"{resource.id} {resource.why}"
            )
    return unread
