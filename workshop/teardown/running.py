"""A teardown from its first step to its last: freeze, discover, stop, delete, stacks, verify.

Nothing is remembered but what AWS says: after a crash, the same again goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from workshop.aws.clients import Clients
from workshop.naming import COHORT
from workshop.places import Place
from workshop.teardown import freeze, roles, stacks, sweep, verify
from workshop.teardown.discover import (
    NOT_KINDS,
    STACK,
    Discovery,
    Target,
    discover,
    with_proven,
)
from workshop.teardown.happenings import Happening, Outcome, Result, Sink, Step, now
from workshop.teardown.model import Kind, Memory, Ownership, Thing
from workshop.teardown.plan import Choices, Fate, Plan
from workshop.teardown.report import Report
from workshop.teardown.verify import Scan

ROUNDS = 4
"""Sweeps, the first included: each next one takes what came during the one before."""


@dataclass
class Teardown:
    """One teardown, or one sweep of a running workshop, of ``target``.

    ``save`` copies attendees' work and gives, by seat, why it could not: nothing of such a seat is
    deleted then.
    """

    clients: Clients
    target: Target
    kinds: Sequence[Kind]
    sink: Sink
    interval: float = verify.INTERVAL
    patience: sweep.Patience = field(default_factory=sweep.Patience)
    stack_patience: stacks.Patience = field(default_factory=stacks.Patience)
    save: Callable[[Discovery], dict[str, str]] | None = None
    pause: Callable[[float], object] = time.sleep
    proven: set[tuple[str, str, Place]] = field(default_factory=set)
    """What was proven the workshop's by an earlier look, such as that of the plan that was shown:
    it stays so although its proof, a job of which only the log is left, has gone since."""

    def __post_init__(self) -> None:
        self._lasting = Memory()
        self._lock = threading.Lock()
        self._by_name = {kind.name: kind for kind in self.kinds}
        self._results: dict[tuple[str, str, Place], Result] = {}
        self._seconds: dict[str, float] = {}

    def look(self) -> Discovery:
        """Look at everything once."""
        found = discover(self.clients, self.target, self.kinds, self._lasting)
        found = with_proven(found, self.proven)
        self.proven |= {thing.key for thing in found.of(Ownership.OWNED)}
        return found

    def plan(self, choices: Choices) -> Plan:
        """What would be done now."""
        with self._timed(Step.DISCOVER):
            return Plan(self.look(), self._by_name, choices)

    def apply(self, plan: Plan) -> Report:
        """Do what the plan says and prove it; what is claimed goes only if the plan showed it."""
        began = now()
        if plan.choices.stacks:
            with self._timed(Step.FREEZE):
                self._freeze(plan)
        approved = {thing.key for thing in plan.things(Fate.DELETE)}
        problems: dict[str, str] = {}
        scans: list[Scan] = []
        for number in range(ROUNDS):
            with self._timed(Step.DISCOVER):
                current = Plan(self.look(), self._by_name, plan.choices)
            if number == 0 and self.save is not None:
                with self._timed(Step.SAVE):
                    problems = self.save(current.discovery)
            self._sweep(current, approved, problems)
            if not plan.choices.stacks:
                break
            with self._timed(Step.STACKS):
                self._delete_stacks(current, approved, problems)
            with self._timed(Step.VERIFY):
                self._tell(Step.VERIFY, f"looking twice, {self.interval:g} seconds apart")
                discovery, scans = verify.twice(self.look, self._by_name, self.interval, self.pause)
            if all(scan.clean for scan in scans) or not self._came_since(scans[-1]):
                break
            self._tell(Step.VERIFY, "something came meanwhile; once more")
        if not plan.choices.stacks:
            discovery = self.look()
            scans = [verify.scan(discovery, self._by_name)]
        return self._report(plan, discovery, scans, problems, began)

    # --- steps --------------------------------------------------------------------------------

    def _freeze(self, plan: Plan) -> None:
        names: dict[Place, list[str]] = {}
        for thing in plan.discovery.of(Ownership.OWNED):
            if thing.kind == roles.ROLE:
                names.setdefault(thing.place, []).append(thing.id)
        for place, some in names.items():
            self._tell(Step.FREEZE, f"{len(some)} roles in {place} can make nothing new")
            for role, told in freeze.freeze(self.clients, place, some).items():
                self._tell(Step.FREEZE, f"role {role} is not frozen: {told}")

    def _sweep(
        self,
        current: Plan,
        approved: set[tuple[str, str, Place]],
        problems: dict[str, str],
    ) -> None:
        things = [
            thing
            for thing in current.things(Fate.DELETE, Fate.EMPTY, Fate.RECORD, Fate.WITH_STACK)
            if self._may_go(thing, approved, problems)
            and thing.kind not in NOT_KINDS
            and not (verify.is_record(thing, self._by_name))
        ]
        work = sweep.Sweep(
            current.discovery.worlds,
            self._by_name,
            things,
            self._say,
            self.patience,
            empty_stacks=current.choices.contents,
        )
        try:
            with self._timed(Step.STOP):
                work.stop_spending()
            with self._timed(Step.DELETE):
                work.delete()
        finally:
            self._note(work.results)

    @staticmethod
    def _may_go(
        thing: Thing, approved: set[tuple[str, str, Place]], problems: dict[str, str]
    ) -> bool:
        if thing.seat in problems:
            return False
        return thing.ownership == Ownership.OWNED or thing.key in approved

    def _delete_stacks(
        self,
        current: Plan,
        approved: set[tuple[str, str, Place]],
        problems: dict[str, str],
    ) -> None:
        where = list(current.discovery.worlds)
        delete = partial(self._delete_stacks_of, current, approved, problems)
        with ThreadPoolExecutor(max(1, len(where))) as pool:
            list(pool.map(delete, where))

    def _delete_stacks_of(
        self,
        current: Plan,
        approved: set[tuple[str, str, Place]],
        problems: dict[str, str],
        place: Place,
    ) -> None:
        """Seats first; a role goes once nothing of its seat is left, the cohort after all seats."""
        found = current.discovery
        mine = [
            thing
            for thing in current.things(Fate.DELETE, Fate.WITH_STACK)
            if thing.place == place
            and thing.kind in NOT_KINDS
            and self._may_go(thing, approved, problems)
        ]
        engine = stacks.Stacks(
            self.clients,
            found.worlds[place],
            self._by_name,
            [thing for thing in found.of(Ownership.OWNED) if thing.place == place],
            self._say,
            abandon=current.choices.abandon,
            patience=self.stack_patience,
        )
        own = [thing for thing in mine if thing.kind == STACK]
        last = [thing for thing in own if thing.seat == COHORT]
        access = [thing for thing in own if thing.id.endswith("-access")]
        self._note(engine.delete([one for one in own if one not in access and one not in last]))
        held = {} if current.choices.abandon else self._held_seats(current, place, problems)
        free = [thing for thing in access if self._why_held(thing.seat, held) is None]
        names = [one for one in mine if one.kind == roles.ROLE]
        engine.bury_roles(one.id for one in names if self._why_held(one.seat, held) is None)
        self._note(engine.delete(free))
        orphans = [one for one in names if not one.stack and self._why_held(one.seat, held) is None]
        self._note(engine.delete_orphans(orphans))
        kept = [thing for thing in access if thing not in free]
        self._note(
            Result(thing, Outcome.STUCK, self._why_held(thing.seat, held) or "") for thing in kept
        )
        stuck = [
            one
            for one in [*own, *names]
            if one.seat != COHORT and self._has_stayed(one) and one.place == place
        ]
        if not stuck and not kept and self.target.whole:
            self._note(engine.delete(last))
            boundary = [one for one in mine if one.kind == roles.BOUNDARY and not one.stack]
            self._note(engine.delete_orphans(boundary))
        else:
            told = "waits for the stacks and roles of all seats"
            self._note(Result(thing, Outcome.STUCK, told) for thing in last)
        self._note(engine.abandoned)

    def _has_stayed(self, thing: Thing) -> bool:
        result = self._results.get(thing.key)
        return result is not None and result.outcome == Outcome.STUCK

    def _held_seats(self, current: Plan, place: Place, problems: dict[str, str]) -> dict[str, str]:
        """Seats whose role has to stay, and why: SageMaker needs it to delete what they have.

        The seat "" stands for all of them.
        """
        held = dict.fromkeys(problems, "its work could not be saved")
        for one in current.discovery.unknown:
            if one.place == place:
                held[""] = f"{one.kind}s could not be listed, and may need the role"
        for thing, fate in current.fates:
            if thing.place != place or thing.kind in NOT_KINDS or thing.stack:
                continue
            left = fate in (Fate.LEAVE_CLAIMED, Fate.LEAVE_UNKNOWN) or self._has_stayed(thing)
            if left and not verify.is_record(thing, self._by_name):
                held[thing.seat] = f"the {thing.kind} {thing.id} is left, and may need the role"
        return held

    @staticmethod
    def _why_held(seat: str, held: dict[str, str]) -> str | None:
        return held.get(seat) or held.get("")

    def _came_since(self, scan: Scan) -> bool:
        """Whether a look shows something of ours that was not tried yet, or was called gone."""
        stayed = (Outcome.STUCK, Outcome.ABANDONED)
        return any(
            thing.ownership == Ownership.OWNED
            and (thing.key not in self._results or self._results[thing.key].outcome not in stayed)
            for thing in scan.left
        )

    # --- what is told -------------------------------------------------------------------------

    def _report(
        self,
        plan: Plan,
        discovery: Discovery,
        scans: list[Scan],
        problems: dict[str, str],
        began: datetime,
    ) -> Report:
        last = Plan(discovery, self._by_name, plan.choices)
        results = dict(self._results)
        for thing, fate in plan.fates:
            gone = thing.key not in discovery.things
            if thing.key not in results and fate == Fate.WITH_STACK and gone:
                results[thing.key] = Result(thing, Outcome.DELETED, f"with {thing.stack}")
        for thing in discovery.of(Ownership.OWNED, Ownership.CLAIMED):
            if verify.is_record(thing, self._by_name):
                results[thing.key] = Result(thing, Outcome.UNDELETABLE)
        for thing in last.things(Fate.KEEP):
            results[thing.key] = Result(thing, Outcome.KEPT)
        return Report(
            target=self.target,
            choices=plan.choices,
            digest=plan.digest,
            began=began,
            ended=now(),
            results=tuple(
                one
                for one in results.values()
                if one.outcome != Outcome.STUCK or one.thing.key in discovery.things
            ),
            scans=tuple(scans),
            foreign=tuple(last.things(Fate.LEAVE_FOREIGN)),
            not_saved=problems,
            not_offered=discovery.not_offered,
            seconds=dict(self._seconds),
        )

    def _note(self, results: Iterable[Result]) -> None:
        for one in results:
            self._results[one.thing.key] = one

    def _say(self, happening: Happening) -> None:
        with self._lock:
            self.sink(happening)

    def _tell(self, step: Step, told: str) -> None:
        self._say(Happening(now(), step, told))

    @contextmanager
    def _timed(self, step: Step) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - began
            self._seconds[step] = round(self._seconds.get(step, 0) + taken, 2)
