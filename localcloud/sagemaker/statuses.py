"""The transitions of resources between statuses, and their effects.

The next request runs everything that is due (``run_due``), in its order and at its own moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud import ministack_adapter
from localcloud.sagemaker import outside
from localcloud.sagemaker.agenda import Agenda, Due

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.sagemaker.engine import SageMakerEngine
    from localcloud.sagemaker.resource_type import Record, SageMakerResourceType

MOST_MISSED_TICKS = 60
"""Ticks that are made up for after a long time without requests; earlier ones are lost."""

SHORTEST_HOLD = 1.0
"""Shortest time in seconds until a stuck resource is tried again."""


class Statuses:
    """The statuses of all resources of one engine."""

    def __init__(self, engine: SageMakerEngine) -> None:
        self.engine = engine
        self.agenda = Agenda()
        self.entered: Callable[[SageMakerResourceType, Record], None] = lambda _kind, _record: None
        """Called when a resource has entered a status."""
        self._running = False

    def run_due(self) -> None:
        """Run everything that is due by now, each entry at its own moment."""
        with self.engine.lock:
            if self._running:
                # Effects read other resources too, which are as they are at that moment.
                return
            self._running = True
            try:
                while (due := self.agenda.pop(self.engine.clock.now())) is not None:
                    with ministack_adapter.request_scope(due.account, due.region):
                        self._happen(due)
            finally:
                self._running = False

    def begin(self, kind: SageMakerResourceType, record: Record, moment: float) -> None:
        """Put a new resource into its first status."""
        self._affect(kind, record, "", moment)
        if kind.first_status is not None:
            self.enter(kind, record, kind.first_status, moment)

    def enter(
        self, kind: SageMakerResourceType, record: Record, status: str, moment: float
    ) -> None:
        """Put a resource into a status, with all effects."""
        record["status"] = status
        record["since"] = record["modified"] = moment
        record["held"] = None
        record["tick"] = moment if kind.on_tick.get(status) else None
        self._note_uses(kind, record)
        self._affect(kind, record, status, moment)
        self.entered(kind, record)
        # An effect may have changed the status again, and scheduled what follows.
        if record["status"] == status and record["since"] == moment:
            self._schedule(kind, record)

    def fail(self, kind: SageMakerResourceType, record: Record, reason: str, moment: float) -> None:
        """Put a resource into ``Failed`` with its FailureReason."""
        record["failure"] = reason
        self.enter(kind, record, kind.failed, moment)

    def remove(self, kind: SageMakerResourceType, record: Record, moment: float) -> None:
        """Remove a resource."""
        self._affect(kind, record, "gone", moment)
        self.engine.store.remove(kind, record)

    def next_change(self, kind: SageMakerResourceType, record: Record) -> float | None:
        """Return when the status of a record ends by itself, or None if it stays."""
        step = kind.steps.get(record["status"])
        if step is None:
            return None
        held: float | None = record["held"]
        if held is not None:
            return held
        seconds = step.seconds(self.engine, record) if step.seconds else None
        return float(
            record["since"] + (self.engine.delays[step.delay] if seconds is None else seconds)
        )

    def ask_at(self, kind: SageMakerResourceType, record: Record, moment: float) -> None:
        """Schedule the transition of a record for another moment than its step's."""
        record["held"] = moment
        self._schedule(kind, record)

    def reschedule(self) -> None:
        """Rebuild the agenda, after delays have changed or records were restored."""
        with self.engine.lock:
            self.agenda.clear()
            for account, region, noun, record in list(self.engine.store.everything()):
                with ministack_adapter.request_scope(account, region):
                    self._note_uses(self.engine.kinds[noun], record)
                    self._schedule(self.engine.kinds[noun], record)
        self.engine.clock.wake()

    def _happen(self, due: Due) -> None:
        kind = self.engine.kinds[due.noun]
        record = self.engine.store.table(kind).records.get(due.key)
        if record is None:
            return
        # An entry may be out of date: then another stands for the resource.
        with outside.acting_as(record["by"]):
            if due.what == "step" and self.next_change(kind, record) == due.moment:
                self._step(kind, record, due.moment)
            elif due.what == "tick" and self._next_tick(record) == due.moment:
                self._tick(kind, record, due.moment)

    def _step(self, kind: SageMakerResourceType, record: Record, moment: float) -> None:
        step = kind.steps[record["status"]]
        stuck = self.engine.faults.is_stuck(kind.noun, record["name"], record["status"])
        if stuck or (step.blocked is not None and step.blocked(self.engine, record)):
            # A transition that takes no time would otherwise be tried for ever.
            record["held"] = moment + max(self.engine.delays[step.delay], SHORTEST_HOLD)
            self._schedule(kind, record)
            return
        reason = self._no_capacity(kind, record) or (
            step.fails(self.engine, record) if step.fails is not None else None
        )
        if reason is not None:
            self.fail(kind, record, reason, moment)
            return
        to = (step.instead(self.engine, record) if step.instead is not None else None) or step.to
        if to is None:
            self.remove(kind, record, moment)
        else:
            self.enter(kind, record, to, moment)

    def _tick(self, kind: SageMakerResourceType, record: Record, moment: float) -> None:
        period = self.engine.delays["tick"]
        missed = int((self.engine.clock.now() - moment) / period)
        record["tick"] = moment + max(0, missed - MOST_MISSED_TICKS) * period
        for effect in kind.on_tick[record["status"]]:
            effect(self.engine, record, record["tick"])
        self._schedule_tick(kind, record)

    def _no_capacity(self, kind: SageMakerResourceType, record: Record) -> str | None:
        if kind.instance_types is None or record["status"] != kind.first_status:
            return None
        for instance_type in kind.instance_types(record["members"]):
            if self.engine.faults.lacks_capacity(instance_type):
                return kind.no_capacity.format(instance_type=instance_type)
        return None

    def _note_uses(self, kind: SageMakerResourceType, record: Record) -> None:
        if kind.uses is not None:
            uses = kind.uses(record) if record["status"] in kind.live else {}
            self.engine.store.table(kind).take(record["key"], uses)

    def _affect(
        self, kind: SageMakerResourceType, record: Record, status: str, moment: float
    ) -> None:
        for effect in kind.on_enter.get(status, ()):
            effect(self.engine, record, moment)

    def _next_tick(self, record: Record) -> float | None:
        tick: float | None = record["tick"]
        period = self.engine.delays["tick"]
        return None if tick is None or period <= 0 else tick + period

    def _schedule(self, kind: SageMakerResourceType, record: Record) -> None:
        change = self.next_change(kind, record)
        if change is not None:
            self._add(kind, record, change, "step")
        self._schedule_tick(kind, record)

    def _schedule_tick(self, kind: SageMakerResourceType, record: Record) -> None:
        tick = self._next_tick(record)
        if tick is not None:
            self._add(kind, record, tick, "tick")

    def _add(self, kind: SageMakerResourceType, record: Record, moment: float, what: str) -> None:
        here = (ministack_adapter.account(), ministack_adapter.region())
        self.agenda.add(Due(moment, *here, kind.noun, record["key"], what))
