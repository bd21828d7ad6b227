"""A teardown from its first step to its last: freeze, discover, stop, save, delete, stacks, verify.

Nothing is remembered but what AWS says: after a crash, the same again goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.counting import count_of
from workshop.events import EventStream, Stopwatch, now
from workshop.naming import COHORT, DOOR, WATCH
from workshop.teardown import freeze, roles, stacks, sweep, verification
from workshop.teardown.discovery import STACKS_AND_IDENTITIES, Discovery, discover
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    DeletionResults,
    Sink,
    TeardownEvent,
    TeardownStep,
)
from workshop.teardown.held_roles import LEFT, held_seats, makes_role, why_held
from workshop.teardown.holders import STACK
from workshop.teardown.plan import Choices, PlannedAction, TeardownPlan
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Identity, Ownership, Resource, ScanCache
from workshop.teardown.resources import logs, network_interfaces
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.saving import Saved
from workshop.teardown.scan_target import ScanTarget
from workshop.teardown.shown_plan import PlanSubject, ShownPlan
from workshop.teardown.verification import Scan
from workshop.teardown.waits import RESOURCES, STACKS, WaitPolicy

_SWEPT = (
    PlannedAction.DELETE,
    PlannedAction.EMPTY,
    PlannedAction.RECORD,
    PlannedAction.STOP,
    PlannedAction.WITH_STACK,
)
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
    waits: WaitPolicy = RESOURCES
    stack_waits: WaitPolicy = STACKS
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
        self._results = DeletionResults()
        self._watch = Stopwatch()
        self._not_frozen: dict[str, str] = {}
        self._saved: list[Saved] = []
        self._problems: dict[str, str] = {}
        """Seats of which something was not saved, and what."""

    def discover(self) -> Discovery:
        """Scan everything once."""
        found = discover(
            self.clients, self.target, self.resource_types, self.lasting, dict(self.proven)
        )
        self.proven.update(
            (resource.identity, resource.seat) for resource in found.of(Ownership.OWNED)
        )
        return found

    def plan(self, choices: Choices) -> TeardownPlan:
        """Return what would be done now."""
        with self._watch.step(TeardownStep.DISCOVER):
            return self._scanned(choices)

    def _scanned(self, choices: Choices) -> TeardownPlan:
        return TeardownPlan(self.discover(), self._by_name, choices)

    def apply(self, plan: TeardownPlan, shown: ShownPlan | None = None) -> TeardownReport:
        """Do what the plan says and prove it; ``shown`` is what it is held to, else itself.

        What seats of the plan have made since then goes along where it is owned; what is claimed
        goes only if it was shown.
        """
        began = now()
        subject = PlanSubject("", self.target.workshop, self.target.environment)
        self._shown = shown or ShownPlan.of(plan, subject)
        if plan.choices.stacks:
            with self._watch.step(TeardownStep.FREEZE):
                self._freeze(plan)
        scans: list[Scan] = []
        current = self.plan(plan.choices)
        if self.save is not None:
            current = self._stop_and_save(current, self.save)
        for _ in range(ROUNDS):
            current = self._sweep_all(current)
            scans = [self._scan(current)]
            if not plan.choices.stacks:
                break
            with self._watch.step(TeardownStep.STACKS):
                self._delete_stacks(current)
            with self._watch.step(TeardownStep.VERIFY):
                self._emit(
                    TeardownStep.VERIFY,
                    f"scanning twice, {count_of(self.interval, 'second')} apart",
                )
                scanned = partial(self._scanned, plan.choices)
                current, scans = verification.twice(scanned, self.interval, self.pause)
            if all(scan.clean for scan in scans) or not self._has_come(scans[-1].left):
                break
            self._emit(
                TeardownStep.VERIFY, "something came meanwhile, or is not gone yet; once more"
            )
            # What AWS has deleted may be listed for some seconds more, by IAM above all.
            self._sleep(self.interval)
        return self._report(plan, current, scans, began)

    def _scan(self, current: TeardownPlan) -> Scan:
        """Return what a sweep has left behind, without what it leaves on purpose."""
        scan = Scan.of(current)
        if current.choices.stacks:
            return scan
        return replace(
            scan, left=tuple(resource for resource in scan.left if current.action(resource) in LEFT)
        )

    # --- steps --------------------------------------------------------------------------------

    def _freeze(self, plan: TeardownPlan) -> None:
        names: dict[AccountRegion, list[str]] = {}
        for resource in plan.discovery.of(Ownership.OWNED):
            if resource.resource_type == roles.ROLE:
                names.setdefault(resource.account_region, []).append(resource.id)
        for account_region, some in names.items():
            roles_ = count_of(len(some), "role")
            self._emit(
                TeardownStep.FREEZE,
                f"{roles_} in {account_region} can make nothing new; what is there goes on until"
                " it is stopped",
            )
            for role, message in freeze.freeze(
                self.clients, self.target.workshop, account_region, some
            ).items():
                self._not_frozen[role] = message
                self._emit(TeardownStep.FREEZE, f"role {role} is not frozen: {message}")
        left = freeze.close_notebooks(self.clients, plan.discovery.of(Ownership.OWNED))
        for arn, message in left.items():
            self._emit(TeardownStep.FREEZE, f"{arn} may stay open until it is stopped: {message}")

    def _stop_and_save(self, current: TeardownPlan, save: Saver) -> TeardownPlan:
        """Stop what costs and writes, so that nothing is written after it was saved; save it all.

        Return the plan of a scan made in between: what was stopped may have left something.
        """
        resources = self._swept(current)
        work = self._sweep_of(current, resources)
        with self._watch.step(TeardownStep.STOP):
            work.stop_spending()
            running = work.wait_until_stopped()
        current = self.plan(current.choices)
        with self._watch.step(TeardownStep.SAVE):
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
        """Return what is stopped and deleted through its own API, without records of the past.

        What all seats share is stopped with them, and deleted after them.
        """
        return [
            resource
            for resource in current.resources(*_SWEPT)
            if self._shown.allows(resource)
            and resource.resource_type not in STACKS_AND_IDENTITIES
            and not current.is_record(resource)
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
            with self._watch.step(TeardownStep.STOP):
                work.stop_spending()
            with self._watch.step(TeardownStep.DELETE):
                work.delete()
        finally:
            self._results.note(work.results)

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
            unread=current.unread,
            staying=current.resources(PlannedAction.LEAVE_CLAIMED, PlannedAction.LEAVE_UNKNOWN),
            besides=current.cost_of_others,
            asked={
                resource.key
                for resource in resources
                if resource.created and self._results.is_gone(resource)
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

    def _delete_stacks_of(self, current: TeardownPlan, account_region: AccountRegion) -> None:
        """Seats first; a role goes once nothing of its seat is left, the cohort after all seats."""
        discovery = current.discovery
        here = [
            resource
            for resource in current.resources(PlannedAction.DELETE, PlannedAction.WITH_STACK)
            if resource.account_region == account_region
            and resource.resource_type in STACKS_AND_IDENTITIES
            and self._may_go(resource)
        ]
        engine = stacks.StackDeleter(
            self.clients,
            discovery.contexts[account_region],
            self._by_name,
            [
                resource
                for resource in discovery.of(Ownership.OWNED)
                if resource.account_region == account_region
            ],
            self._say,
            abandon=current.choices.abandon,
            waits=self.stack_waits,
            clock=self.clock,
            pause=self._sleep,
        )
        own = [resource for resource in here if resource.resource_type == STACK]
        cohort = [stack for stack in own if stack.seat == COHORT]
        access = [stack for stack in own if stack not in cohort and makes_role(stack)]
        self._results.note(
            engine.delete([stack for stack in own if stack not in cohort and stack not in access])
        )
        self._await_interfaces(current, account_region)
        held = held_seats(current, account_region, self._problems, self._results)
        seats_roles = [resource for resource in here if resource.resource_type == roles.ROLE]
        engine.prepare_roles_for_deletion(
            role.id for role in seats_roles if why_held(role.seat, held) is None
        )
        orphans = [role for role in seats_roles if not role.stack]
        self._results.note(
            engine.delete([stack for stack in access if not why_held(stack.seat, held)])
        )
        self._results.note(
            engine.delete_orphans(one for one in orphans if not why_held(one.seat, held))
        )
        kept = [(one, why_held(one.seat, held)) for one in (*access, *orphans)]
        kept_roles = [
            DeletionResult(one, DeletionOutcome.STUCK, why) for one, why in kept if why is not None
        ]
        self._results.note(kept_roles)
        stuck = self._results.stuck()
        stays = any(one.seat != COHORT and one.key in stuck for one in (*own, *seats_roles))
        if stays or kept_roles or self._problems or not self.target.whole:
            why = "waits until nothing of any seat is left"
            self._results.note(
                DeletionResult(stack, DeletionOutcome.STUCK, why) for stack in cohort
            )
        else:
            shared = [one for one in self._swept(current) if one.seat == COHORT]
            self._sweep(
                current,
                [resource for resource in shared if resource.account_region == account_region],
            )
            # The door keeps what it knows in the watch's bucket, and the watch attaches a policy of
            # the cohort's.
            beside = [
                [stack for stack in cohort if stack.id.endswith(f"-{kind}")]
                for kind in (DOOR, WATCH)
            ]
            for some in beside:
                self._results.note(engine.delete(some))
            rest = [one for one in cohort if not any(one in some for some in beside)]
            self._results.note(engine.delete(rest))
            policies = [
                resource
                for resource in here
                if resource.resource_type == roles.POLICY and not resource.stack
            ]
            self._results.note(engine.delete_orphans(policies))
        self._results.note(engine.abandoned)

    def _await_interfaces(self, current: TeardownPlan, account_region: AccountRegion) -> None:
        """Wait until SageMaker has given back its network interfaces, for which it needs roles."""
        waiting = [
            resource
            for resource in current.discovery.resources.values()
            if resource.account_region == account_region
            and network_interfaces.goes_by_itself(resource)
        ]
        if waiting:
            message = (
                f"waiting for {count_of(len(waiting), 'network interface')} of SageMaker in"
                f" {account_region}"
            )
            self._emit(TeardownStep.STACKS, message)
            context = current.discovery.contexts[account_region]
            gone = network_interfaces.awaited(context, waiting, self.waits, self.pause)
            self._results.note(DeletionResult(one, DeletionOutcome.ALREADY_GONE) for one in gone)

    def _has_come(self, resources: Iterable[Resource]) -> bool:
        """Return whether something of ours was not tried yet, or was called gone.

        What waits for its stack, and that for what is stuck, is no reason to begin anew.
        """
        stuck = self._results.stuck(DeletionOutcome.ABANDONED)
        return any(
            resource.ownership == Ownership.OWNED
            and not {resource.key, (STACK, resource.stack, resource.account_region)} & stuck
            for resource in resources
        )

    # --- events and the report ----------------------------------------------------------------

    def _report(
        self, plan: TeardownPlan, last: TeardownPlan, scans: list[Scan], began: datetime
    ) -> TeardownReport:
        discovery = last.discovery
        results = dict(self._results)
        unread = {(unknown.resource_type, unknown.account_region) for unknown in discovery.unknown}
        for resource, action in plan.actions:
            gone = (
                resource.key not in discovery.resources
                and (resource.resource_type, resource.account_region) not in unread
            )
            if resource.key not in results and action == PlannedAction.WITH_STACK and gone:
                results[resource.key] = DeletionResult(
                    resource, DeletionOutcome.DELETED, f"with {resource.stack}"
                )
        for resource in discovery.of(Ownership.OWNED, Ownership.CLAIMED):
            if self._results.is_gone(resource):
                message = "still there, although its deletion was answered"
                results[resource.key] = DeletionResult(resource, DeletionOutcome.STUCK, message)
            if last.is_record(resource):
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
                result
                for result in results.values()
                if result.outcome != DeletionOutcome.STUCK
                or result.resource.key in discovery.resources
                or (result.resource.resource_type, result.resource.account_region) in unread
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
            seconds=self._watch.seconds,
            calls=self.clients.calls,
        )

    def _stays(self, last: TeardownPlan) -> tuple[Resource, ...]:
        """Return what a sweep leaves on purpose: stacks, and what they hold."""
        own = last.discovery.of(Ownership.OWNED)
        return tuple(resource for resource in own if last.action(resource) not in LEFT)

    def _emit(self, step: TeardownStep, message: str) -> None:
        self._say(TeardownEvent(now(), step, message))
