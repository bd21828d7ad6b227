"""A teardown from its first step to its last: freeze, discover, stop, save, delete, stacks, verify.

Nothing is remembered but what AWS says: after a crash, the same again goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.naming import COHORT
from workshop.teardown import freeze, roles, stacks, sweep, verification
from workshop.teardown.discovery import NOT_KINDS, Discovery, ScanTarget, discover
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    Sink,
    TeardownEvent,
    TeardownStep,
    now,
)
from workshop.teardown.holders import STACK, STACK_RESOURCE
from workshop.teardown.plan import Choices, PlannedAction, TeardownPlan
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Identity, Ownership, Resource, ResourceType, ScanCache
from workshop.teardown.resources import logs, network_interfaces
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
    kinds: Sequence[ResourceType]
    sink: Sink
    interval: float = verification.INTERVAL
    patience: sweep.SweepWaits = field(default_factory=sweep.SweepWaits)
    stack_patience: stacks.StackWaits = field(default_factory=stacks.StackWaits)
    save: Saver | None = None
    pause: Callable[[float], object] = time.sleep
    proven: dict[Identity, str] = field(default_factory=dict)
    """The seat of what was proven by an earlier look, such as that of the plan that was shown:
    it stays so although its proof, a job of which only the log is left, has gone since."""
    lasting: ScanCache = field(default_factory=ScanCache)
    """What earlier looks found out that stays true."""

    def __post_init__(self) -> None:
        logs.remember_before(self.lasting, self.proven)
        self._lock = threading.Lock()
        self._by_name = {kind.name: kind for kind in self.kinds}
        self._results: dict[tuple[str, str, AccountRegion], DeletionResult] = {}
        self._seconds: dict[str, float] = {}
        self._not_frozen: dict[str, str] = {}
        self._saved: list[Saved] = []
        self._problems: dict[str, str] = {}
        """Seats of which something was not saved, and what."""

    def look(self) -> Discovery:
        """Look at everything once."""
        found = discover(self.clients, self.target, self.kinds, self.lasting, dict(self.proven))
        self.proven.update((one.identity, one.seat) for one in found.of(Ownership.OWNED))
        return found

    def plan(self, choices: Choices) -> TeardownPlan:
        """What would be done now."""
        with self._timed(TeardownStep.DISCOVER):
            return TeardownPlan(self.look(), self._by_name, choices)

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
                self._tell(TeardownStep.VERIFY, f"looking twice, {self.interval:g} seconds apart")
                discovery, scans = verification.twice(
                    *(self.look, self._by_name, self.interval, self.pause),
                    accept_unknown=plan.choices.accept_unknown,
                )
            if all(scan.clean for scan in scans) or not self._has_come(scans[-1].left):
                break
            self._tell(
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
        return replace(seen, left=tuple(one for one in seen.left if current.fate(one) in _LEFT))

    # --- steps --------------------------------------------------------------------------------

    def _freeze(self, plan: TeardownPlan) -> None:
        names: dict[AccountRegion, list[str]] = {}
        for thing in plan.discovery.of(Ownership.OWNED):
            if thing.kind == roles.ROLE:
                names.setdefault(thing.place, []).append(thing.id)
        for place, some in names.items():
            roles_ = counted(len(some), "role")
            self._tell(
                TeardownStep.FREEZE,
                f"{roles_} in {place} can make nothing new; what is there goes on until it is"
                " stopped",
            )
            for role, told in freeze.freeze(
                self.clients, self.target.workshop, place, some
            ).items():
                self._not_frozen[role] = told
                self._tell(TeardownStep.FREEZE, f"role {role} is not frozen: {told}")

    def _stop_and_save(self, current: TeardownPlan, save: Saver) -> TeardownPlan:
        """Stop what costs and writes, so that nothing is written after it was saved; save it all.

        Return the plan of a scan made in between: what was stopped may have left something.
        """
        things = self._swept(current)
        work = self._sweep_of(current, things)
        with self._timed(TeardownStep.STOP):
            work.stop_spending()
            running = work.wait_until_stopped()
        current = self.plan(current.choices)
        with self._timed(TeardownStep.SAVE):
            self._saved = list(save(current))
        for one in self._saved:
            self._tell(TeardownStep.SAVE, f"{one.seat or 'of no seat'}: {one.told}")
            if not one.complete:
                self._problems[one.seat] = "; ".join(one.problems)
        for thing in running:
            told = f"{thing.kind} {thing.id} still runs, and may write more"
            self._problems.setdefault(thing.seat, told)
        return current

    def _sweep_all(self, current: TeardownPlan) -> TeardownPlan:
        """Sweep until a look shows nothing that came meanwhile; what that look shows.

        No role may go before: SageMaker could not delete a late endpoint without it.
        """
        for _ in range(ROUNDS):
            self._sweep(current, self._swept(current), self._kept_seats)
            current = self.plan(current.choices)
            mine = [
                thing
                for thing in self._swept(current)
                if current.fate(thing) in (PlannedAction.DELETE, PlannedAction.RECORD)
                and thing.seat not in self._kept_seats
            ]
            if not self._has_come(mine):
                break
            self._tell(
                TeardownStep.DISCOVER, "something came meanwhile, or is not gone yet; once more"
            )
        return current

    def _swept(self, current: TeardownPlan) -> list[Resource]:
        """What is stopped and deleted through its own API; records of what has ended are left out.

        What all seats share is stopped with them, and deleted after them.
        """
        return [
            thing
            for thing in current.things(*_SWEPT)
            if self._shown.allows(thing)
            and thing.kind not in NOT_KINDS
            and not verification.is_record(thing, self._by_name)
        ]

    @property
    def _kept_seats(self) -> frozenset[str]:
        """Seats of which nothing is deleted yet: the cohort, and those that are not saved."""
        return frozenset({COHORT, *self._problems})

    def _sweep(
        self, current: TeardownPlan, things: Sequence[Resource], kept: Collection[str] = ()
    ) -> None:
        work = self._sweep_of(current, things, kept)
        try:
            with self._timed(TeardownStep.STOP):
                work.stop_spending()
            with self._timed(TeardownStep.DELETE):
                work.delete()
        finally:
            self._note(work.results)

    def _sweep_of(
        self, current: TeardownPlan, things: Sequence[Resource], kept: Collection[str] = ()
    ) -> sweep.Sweep:
        return sweep.Sweep(
            current.discovery.worlds,
            self._by_name,
            things,
            self._say,
            self.patience,
            empty_stacks=current.choices.contents,
            unread=_unread(current),
            besides=current.cost_of_others,
            asked={thing.key for thing in things if thing.created and self._is_called_gone(thing)},
            only_stop={thing.key for thing in things if thing.seat in kept},
            pause=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        """Wait where no signal is heard, and raise KeyboardInterrupt once one has come."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.clients.go_on()
            time.sleep(min(left, _SLICE))

    def _may_go(self, thing: Resource) -> bool:
        return thing.seat not in self._problems and self._shown.allows(thing)

    def _delete_stacks(self, current: TeardownPlan) -> None:
        where = list(current.discovery.worlds)
        delete = partial(self._delete_stacks_of, current)
        with ThreadPoolExecutor(max(1, len(where))) as pool:
            list(pool.map(delete, where))

    def _delete_stacks_of(self, current: TeardownPlan, place: AccountRegion) -> None:
        """Seats first; a role goes once nothing of its seat is left, the cohort after all seats."""
        found = current.discovery
        mine = [
            thing
            for thing in current.things(PlannedAction.DELETE, PlannedAction.WITH_STACK)
            if thing.place == place and thing.kind in NOT_KINDS and self._may_go(thing)
        ]
        engine = stacks.StackDeleter(
            self.clients,
            found.worlds[place],
            self._by_name,
            [thing for thing in found.of(Ownership.OWNED) if thing.place == place],
            self._say,
            abandon=current.choices.abandon,
            patience=self.stack_patience,
            pause=self._sleep,
        )
        own = [thing for thing in mine if thing.kind == STACK]
        last = [thing for thing in own if thing.seat == COHORT]
        access = [thing for thing in own if thing.id.endswith("-access")]
        self._note(engine.delete([one for one in own if one not in access and one not in last]))
        self._await_interfaces(current, place)
        held = {} if current.choices.abandon else self._held_seats(current, place)
        free = [thing for thing in access if self._why_held(thing.seat, held) is None]
        names = [one for one in mine if one.kind == roles.ROLE]
        engine.bury_roles(one.id for one in names if self._why_held(one.seat, held) is None)
        self._note(engine.delete(free))
        orphans = [one for one in names if not one.stack and self._why_held(one.seat, held) is None]
        self._note(engine.delete_orphans(orphans))
        kept = [thing for thing in access if thing not in free]
        kept += [one for one in names if not one.stack and one not in orphans]
        self._note(
            DeletionResult(thing, DeletionOutcome.STUCK, self._why_held(thing.seat, held) or "")
            for thing in kept
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
            policies = [one for one in mine if one.kind == roles.POLICY and not one.stack]
            self._note(engine.delete_orphans(policies))
        else:
            told = "waits until nothing of any seat is left"
            self._note(DeletionResult(thing, DeletionOutcome.STUCK, told) for thing in last)
        self._note(engine.abandoned)

    def _await_interfaces(self, current: TeardownPlan, place: AccountRegion) -> None:
        """Wait until SageMaker has given back its network interfaces, for which it needs roles."""
        found = current.discovery
        waiting = [one for one in found.things.values() if one.place == place]
        waiting = [one for one in waiting if network_interfaces.goes_by_itself(one)]
        if waiting:
            told = f"{len(waiting)} network interfaces of SageMaker in {place} are waited for"
            self._tell(TeardownStep.STACKS, told)
            looks = self.patience.first_look, self.patience.slowest_look
            world, most = found.worlds[place], self.patience.deadline
            gone = network_interfaces.awaited(world, waiting, looks, most, self.pause)
            self._note(DeletionResult(one, DeletionOutcome.ALREADY_GONE) for one in gone)

    def _is_called_gone(self, thing: Resource) -> bool:
        result = self._results.get(thing.key)
        same = result is not None and result.thing.identity == thing.identity
        return same and result is not None and result.outcome in _GONE

    def _has_stayed(self, thing: Resource) -> bool:
        result = self._results.get(thing.key)
        return result is not None and result.outcome == DeletionOutcome.STUCK

    def _held_seats(self, current: TeardownPlan, place: AccountRegion) -> dict[str, str]:
        """Seats whose role has to stay, and why: SageMaker needs it to delete what they have.

        The seat "" stands for all of them.
        """
        held = dict.fromkeys(self._problems, "its work could not be saved")
        for one in current.unknown:
            if one.place == place and self._needs_role(one.kind):
                held[""] = f"{one.kind}s could not be listed, and may need the role"
        for thing, fate in current.fates:
            if thing.place != place or thing.kind in NOT_KINDS or thing.stack:
                continue
            if current.is_accepted(thing):
                continue
            if not self._needs_role(thing.kind) or self._is_called_gone(thing):
                continue
            if fate in _LEFT and not verification.is_record(thing, self._by_name):
                held[thing.seat] = f"the {thing.kind} {thing.id} is left, and may need the role"
        return held

    def _needs_role(self, kind: str) -> bool:
        """Whether SageMaker may need a seat's role for what is left of a kind."""
        if kind in self._by_name:
            return self._by_name[kind].needs_role
        # What a stack holds that could not be read is nobody knows what.
        return kind in (STACK, STACK_RESOURCE, roles.ROLE)

    @staticmethod
    def _why_held(seat: str, held: dict[str, str]) -> str | None:
        return held.get(seat) or held.get("")

    def _has_come(self, things: Iterable[Resource]) -> bool:
        """Whether something of ours was not tried yet, or was called gone.

        What waits for its stack, and that for what is stuck, is no reason to begin anew.
        """
        stayed = (DeletionOutcome.STUCK, DeletionOutcome.ABANDONED)
        stuck = {key for key, result in self._results.items() if result.outcome in stayed}
        return any(
            thing.ownership == Ownership.OWNED
            and not {thing.key, (STACK, thing.stack, thing.place)} & stuck
            for thing in things
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
        unread = {(one.kind, one.place) for one in discovery.unknown}
        for thing, fate in plan.fates:
            gone = thing.key not in discovery.things and (thing.kind, thing.place) not in unread
            if thing.key not in results and fate == PlannedAction.WITH_STACK and gone:
                results[thing.key] = DeletionResult(
                    thing, DeletionOutcome.DELETED, f"with {thing.stack}"
                )
        for thing in discovery.of(Ownership.OWNED, Ownership.CLAIMED):
            if self._is_called_gone(thing):
                told = "still there, although its deletion was answered"
                results[thing.key] = DeletionResult(thing, DeletionOutcome.STUCK, told)
            if verification.is_record(thing, self._by_name):
                results[thing.key] = DeletionResult(thing, DeletionOutcome.UNDELETABLE)
        for thing in last.things(PlannedAction.KEEP):
            results[thing.key] = DeletionResult(thing, DeletionOutcome.KEPT)
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
                or one.thing.key in discovery.things
                or (one.thing.kind, one.thing.place) in unread
            ),
            scans=tuple(scans),
            foreign=tuple(
                thing
                for thing in last.things(PlannedAction.LEAVE_FOREIGN)
                if thing.key not in results
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
        return tuple(one for one in own if last.fate(one) not in _LEFT)

    def _note(self, results: Iterable[DeletionResult]) -> None:
        for one in results:
            self._results[one.thing.key] = one

    def _say(self, happening: TeardownEvent) -> None:
        with self._lock:
            self.sink(happening)

    def _tell(self, step: TeardownStep, told: str) -> None:
        self._say(TeardownEvent(now(), step, told))

    @contextmanager
    def _timed(self, step: TeardownStep) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - began
            self._seconds[step] = round(self._seconds.get(step, 0) + taken, 2)


def _unread(plan: TeardownPlan) -> dict[tuple[AccountRegion, str], str]:
    """Kinds that could not be listed, or of which something could not be described, and why.

    What was read and tells nothing is no reason to keep what it might depend on: that is gone.
    """
    unread = {(one.place, one.kind): one.why for one in plan.unknown}
    for thing in plan.discovery.of(Ownership.UNKNOWN):
        if thing.is_unread and not plan.is_accepted(thing):
            unread.setdefault((thing.place, thing.kind), f"{thing.id} {thing.why}")
    return unread
