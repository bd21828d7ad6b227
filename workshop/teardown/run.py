"""A teardown from its first step to its last: freeze, discover, stop, save, delete, stacks, verify.

Nothing is remembered but what AWS says: after a crash, the same again goes on from there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.counting import count_of
from workshop.events import EventStream, Stopwatch, now
from workshop.naming import COHORT
from workshop.teardown import freeze, members, roles, sweep, verification
from workshop.teardown.discovery import AT_ONCE, STACKS_AND_IDENTITIES, Discovery, discover
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    DeletionResults,
    Sink,
    TeardownEvent,
    TeardownStep,
)
from workshop.teardown.held_roles import LEFT
from workshop.teardown.holders import STACK
from workshop.teardown.plan import DONE, Choices, PlannedAction, TeardownPlan
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Identity, Ownership, Resource, ScanCache
from workshop.teardown.resources import logs
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.saving import Saved
from workshop.teardown.scan_target import ScanTarget
from workshop.teardown.shown_plan import PlanSubject, ShownPlan
from workshop.teardown.stack_removal import StackRemoval
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
    proven_empty: Callable[[Sequence[AccountRegion], Sequence[Resource]], object] = lambda *_: None
    """Hears which seats' own accounts are shown to be empty but for what is kept there, and that,
    before the way into them goes."""

    def __post_init__(self) -> None:
        logs.remember_before(self.lasting, self.proven)
        self._say = EventStream(self.sink)
        self._by_name = {resource_type.name: resource_type for resource_type in self.resource_types}
        self._results = DeletionResults()
        self._watch = Stopwatch()
        self._not_frozen: dict[str, str] = {}
        self._saved: list[Saved] = []
        self._problems: dict[AccountRegion, dict[str, str]] = defaultdict(dict)
        """Where there are seats of which something was not saved: which, and what."""

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
                self._removal().delete(current)
            with self._watch.step(TeardownStep.VERIFY):
                self._emit(
                    TeardownStep.VERIFY,
                    f"scanning twice, {count_of(self.interval, 'second')} apart",
                )
                scanned = partial(self._scanned, plan.choices)
                current, scans = verification.scan_twice(
                    scanned, self.interval, self.pause, self.target.own_accounts
                )
            if all(scan.clean for scan in scans) or not self._has_come(scans[-1].left):
                break
            self._emit(
                TeardownStep.VERIFY, "something came meanwhile, or is not gone yet; once more"
            )
            # What AWS has deleted may be listed for some seconds more, by IAM above all.
            self._sleep(self.interval)
        if plan.choices.stacks and self.target.members:
            self._close(current, scans)
        return self._report(plan, current, scans, began)

    def _scan(self, current: TeardownPlan) -> Scan:
        """Return what a sweep has left behind, without what it leaves on purpose."""
        scan = Scan.of(current, with_last=False)
        if current.choices.stacks:
            return scan
        return replace(
            scan, left=tuple(resource for resource in scan.left if current.action(resource) in LEFT)
        )

    # --- steps --------------------------------------------------------------------------------

    def _freeze(self, plan: TeardownPlan) -> None:
        names: dict[AccountRegion, list[str]] = {}
        for resource in plan.discovery.of(Ownership.OWNED):
            if resource.resource_type == roles.ROLE and not plan.discovery.goes_last(resource):
                names.setdefault(resource.account_region, []).append(resource.id)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._freeze_roles, names, names.values()))
        left = freeze.close_notebooks(self.clients, plan.discovery.of(Ownership.OWNED))
        for arn, message in left.items():
            self._emit(TeardownStep.FREEZE, f"{arn} may stay open until it is stopped: {message}")

    def _freeze_roles(self, account_region: AccountRegion, some: Sequence[str]) -> None:
        self._emit(
            TeardownStep.FREEZE,
            f"{count_of(len(some), 'role')} in {account_region} can make nothing new; what is there"
            " goes on until it is stopped",
        )
        left = freeze.freeze(self.clients, self.target.workshop, account_region, some)
        for role, message in left.items():
            self._not_frozen[role] = message
            self._emit(TeardownStep.FREEZE, f"role {role} is not frozen: {message}")

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
        for saved in self._saved:
            self._emit(TeardownStep.SAVE, f"{saved.seat or 'of no seat'}: {saved.message}")
            if not saved.complete:
                self._problems[saved.account_region][saved.seat] = "; ".join(saved.problems)
        for resource in running:
            message = f"{resource.resource_type} {resource.id} still runs, and may write more"
            self._problems[resource.account_region].setdefault(resource.seat, message)
        return current

    def _sweep_all(self, current: TeardownPlan) -> TeardownPlan:
        """Sweep until a scan shows nothing that came meanwhile; what that scan shows.

        No role may go before: SageMaker could not delete a late endpoint without it.
        """
        for _ in range(ROUNDS):
            self._sweep(current, self._swept(current), self._is_kept_yet)
            current = self.plan(current.choices)
            mine = [
                resource
                for resource in self._swept(current)
                if current.action(resource) in (PlannedAction.DELETE, PlannedAction.RECORD)
                and not self._is_kept_yet(resource)
            ]
            if not self._has_come(mine):
                break
            self._emit(
                TeardownStep.DISCOVER, "something came meanwhile, or is not gone yet; once more"
            )
        return current

    def _swept(self, current: TeardownPlan, at: AccountRegion | None = None) -> list[Resource]:
        """Return what is stopped and deleted through its own API, without records of the past.

        What all seats share is stopped with them, and deleted after them.
        """
        return [
            resource
            for resource in current.resources(*_SWEPT, at=at)
            if self._shown.allows(resource)
            and resource.resource_type not in STACKS_AND_IDENTITIES
            and not current.is_record(resource)
        ]

    def _is_kept_yet(self, resource: Resource) -> bool:
        """Return whether it stays for now: it is the cohort's, or a seat's that is not saved."""
        return resource.seat == COHORT or self._is_not_saved(resource)

    def _is_not_saved(self, resource: Resource) -> bool:
        return resource.seat in self._problems.get(resource.account_region, ())

    def _sweep(
        self,
        current: TeardownPlan,
        resources: Sequence[Resource],
        kept: Callable[[Resource], bool] = lambda _: False,
        at: AccountRegion | None = None,
    ) -> None:
        work = self._sweep_of(current, resources, kept, at)
        try:
            with self._watch.step(TeardownStep.STOP):
                work.stop_spending()
            with self._watch.step(TeardownStep.DELETE):
                work.delete()
        finally:
            self._results.note(work.results)

    def _sweep_of(
        self,
        current: TeardownPlan,
        resources: Sequence[Resource],
        kept: Callable[[Resource], bool] = lambda _: False,
        at: AccountRegion | None = None,
    ) -> sweep.Sweep:
        return sweep.Sweep(
            current.discovery.contexts,
            self._by_name,
            resources,
            self._say,
            self.waits,
            empty_stacks=current.choices.contents,
            unread=current.unread,
            staying=current.resources(
                PlannedAction.LEAVE_CLAIMED, PlannedAction.LEAVE_UNKNOWN, at=at
            ),
            besides=current.cost_of_others,
            asked={
                resource.key
                for resource in resources
                if resource.created and self._results.is_gone(resource)
            },
            only_stop={resource.key for resource in resources if kept(resource)},
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
        return not self._is_not_saved(resource) and self._shown.allows(resource)

    def _removal(self) -> StackRemoval:
        return StackRemoval(
            self.clients,
            self.target,
            self._by_name,
            self._results,
            self._problems,
            self._may_go,
            self._sweep_shared,
            self._say,
            self.waits,
            self.stack_waits,
            clock=self.clock,
            pause=self._sleep,
        )

    def _sweep_shared(self, current: TeardownPlan, account_region: AccountRegion) -> None:
        shared = [
            resource for resource in self._swept(current, account_region) if resource.seat == COHORT
        ]
        self._sweep(current, shared, at=account_region)

    def _close(self, current: TeardownPlan, scans: Sequence[Scan]) -> None:
        """Let go of the accounts that are shown to be empty, and of the stack sets."""
        proven = verification.proven(scans, self.target.own_accounts)
        self.proven_empty(proven, current.resources(PlannedAction.KEEP))
        last = [
            resource
            for resource in current.resources(*DONE)
            if current.discovery.goes_last(resource) and self._shown.allows(resource)
        ]
        with self._watch.step(TeardownStep.STACKS):
            given_up = members.given_up(self.target.unlooked, current.choices.accept_unknown)
            self._results.note(self._removal().close(proven, given_up, last))

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
            if discovery.goes_last(resource):
                continue
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
            not_saved=self._not_saved(),
            last=tuple(
                resource
                for resource in discovery.of(Ownership.OWNED)
                if discovery.goes_last(resource) and not self._results.is_gone(resource)
            )
            if plan.choices.stacks
            else (),
            saved=tuple(self._saved),
            stays=() if plan.choices.stacks else self._stays(last),
            not_frozen=self._not_frozen,
            not_offered=discovery.not_offered,
            seconds=self._watch.seconds,
            calls=self.clients.calls,
        )

    def _not_saved(self) -> dict[str, str]:
        """Return the seats of which something was not saved, and what; of several, with where."""
        found: dict[str, str] = {}
        for account_region, seats in self._problems.items():
            for seat, why in seats.items():
                found[seat if seat not in found else f"{seat}, {account_region}"] = why
        return found

    def _stays(self, last: TeardownPlan) -> tuple[Resource, ...]:
        """Return what a sweep leaves on purpose: stacks, and what they hold."""
        own = last.discovery.of(Ownership.OWNED)
        return tuple(resource for resource in own if last.action(resource) not in LEFT)

    def _emit(self, step: TeardownStep, message: str) -> None:
        self._say(TeardownEvent(now(), step, message))
