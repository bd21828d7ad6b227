"""One run over all accounts and Regions: an engine for each, and what came of every seat."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.deploy.cloudformation import CloudFormation
from workshop.deploy.engine import DeployEngine
from workshop.deploy.events import DeployEvent, DeployStep, Sink
from workshop.deploy.jobs import ENDED, ENDED_BADLY, FailureTolerance, Limits, StackJob, Stage
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.events import now
from workshop.naming import COHORT

_PATIENCE = (
    "interrupted; waiting for the calls under way, or not even for these after another Ctrl-C"
)


class DeployOutcome(StrEnum):
    """What came of a seat, from good to bad."""

    UNCHANGED = "unchanged"
    DONE = "done"
    IN_PROGRESS = "in progress"
    """Interrupted; CloudFormation goes on with what it has begun."""
    NOT_BEGUN = "not begun"
    STUCK = "stuck"
    FAILED = "failed"


@dataclass(frozen=True)
class SeatResult:
    """One seat's outcome; ``message`` is the first reason, empty where all went well."""

    seat: str
    account_region: AccountRegion
    outcome: DeployOutcome
    message: str


class StackEngine(Protocol):
    """What makes stacks: directly in one account and Region, or by stack sets in many."""

    @property
    def stopped(self) -> str:
        """Why no new seats are begun, empty while they are."""

    @property
    def account_region(self) -> AccountRegion:
        """Where its calls go."""

    @property
    def by_seat(self) -> Mapping[str, Sequence[StackJob]]: ...

    @property
    def in_flight(self) -> Sequence[StackJob]: ...

    def run(self) -> None: ...

    def stop(self) -> None: ...


def engines(
    clients: Clients,
    plan: DeployPlan,
    sink: Sink,
    *,
    limits: Limits,
    failure_percent: int,
    clock: Callable[[], float] = time.monotonic,
) -> list[StackEngine]:
    """Return the engines that bring all stacks of a plan to where they should be."""
    seats = [seat for seat in plan.seats if seat.seat != COHORT]
    to_do = Counter(seat.account_region for seat in seats if seat.action != StackAction.UNCHANGED)
    return [
        DeployEngine(
            CloudFormation(clients, account_region),
            [stack for stack in plan.stacks if stack.desired.account_region == account_region],
            limits,
            FailureTolerance(to_do[account_region], failure_percent),
            sink,
            clock,
        )
        for account_region in dict.fromkeys(seat.account_region for seat in plan.seats)
    ]


class Deployment:
    """Runs engines side by side; ``run`` may be called once."""

    def __init__(self, clients: Clients, engines: Sequence[StackEngine], sink: Sink) -> None:
        self._errors: list[BaseException] = []
        self._tell = sink
        self._clients = clients
        self.engines = engines
        self.interrupted = False
        self.deserted = False
        """Whether calls are under way for whose answers nobody waits any more."""

    def run(self) -> None:
        """Return when nothing is left to do, soon after Ctrl-C, and at once after a second one.

        See ``interrupted`` and ``deserted``. What broke an engine is raised once all have ended.
        """
        # Not by joining threads: Python 3.11 takes a thread for ended once Ctrl-C interrupts that.
        ends = [threading.Event() for _ in self.engines]
        begun: list[threading.Event] = []
        try:
            for engine, end in zip(self.engines, ends, strict=True):
                name = str(engine.account_region)
                threading.Thread(target=self._run, args=(engine, end), name=name).start()
                begun.append(end)
            for end in begun:
                end.wait()
        except KeyboardInterrupt:
            self._break_off(begun)
        if self.broken is not None:
            raise self.broken

    def _break_off(self, begun: Iterable[threading.Event]) -> None:
        """Begin nothing more, and wait for the calls under way, unless there is another Ctrl-C."""
        self.interrupted = True
        try:
            for engine in self.engines:
                engine.stop()
                self._tell(
                    DeployEvent(now(), engine.account_region, DeployStep.STOPPED, message=_PATIENCE)
                )
            for end in begun:
                end.wait()
        except KeyboardInterrupt:
            self.deserted = True

    @property
    def throttles(self) -> int:
        """How many calls AWS has turned away as too many."""
        return self._clients.throttles

    @property
    def broken(self) -> BaseException | None:
        """What no engine should ever raise, if one did."""
        return self._errors[0] if self._errors else None

    @property
    def results(self) -> tuple[SeatResult, ...]:
        """What came of each seat and each cohort so far."""
        return tuple(
            _result(seat, jobs) for engine in self.engines for seat, jobs in engine.by_seat.items()
        )

    def _run(self, engine: StackEngine, end: threading.Event) -> None:
        try:
            engine.run()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self._errors.append(error)
        finally:
            end.set()


def counted(results: Iterable[SeatResult]) -> dict[DeployOutcome, int]:
    """Return how many seats there are of each outcome, the cohorts left out."""
    counts = Counter(result.outcome for result in results if result.seat != COHORT)
    return {outcome: counts[outcome] for outcome in DeployOutcome}


def _result(seat: str, jobs: Sequence[StackJob]) -> SeatResult:
    outcome = max((_outcome(job) for job in jobs), key=list(DeployOutcome).index)
    begun = any(job.stage in (Stage.CALLING, Stage.WATCHED) for job in jobs)
    if outcome == DeployOutcome.NOT_BEGUN and (
        begun or any(job.stage == Stage.DONE for job in jobs)
    ):
        outcome = DeployOutcome.IN_PROGRESS
    bad = [job for job in jobs if job.stage in ENDED_BADLY]
    account_region = jobs[0].plan.desired.account_region
    return SeatResult(
        seat, account_region, outcome, f"{bad[0].name}: {bad[0].cause}" if bad else ""
    )


def _outcome(job: StackJob) -> DeployOutcome:
    if job.stage in (Stage.CALLING, Stage.WATCHED):
        return DeployOutcome.IN_PROGRESS
    return DeployOutcome[job.stage.name] if job.stage in ENDED else DeployOutcome.NOT_BEGUN
