"""How long a deployment takes where each call does, in simulated seconds: nobody waits for them."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self, cast

import pytest

from tests.support.small_workshop import HOME, desired, found
from workshop.aws.rate_limit import MinInterval
from workshop.aws.stacks import StackSummary
from workshop.deploy import plan
from workshop.deploy.cloudformation import (
    POLL_BURST,
    POLL_SPACING,
    Answer,
    CallResult,
    CloudFormation,
    PollResult,
)
from workshop.deploy.desired import DesiredStack
from workshop.deploy.engine import DeployEngine
from workshop.deploy.jobs import FailureTolerance, Limits, Stage
from workshop.deploy.templates import Template
from workshop.naming import COHORT

NOW = datetime(2098, 3, 8, 9, tzinfo=UTC)
SECONDS = 0.2
"""What each call takes."""

COHORT_STACK = f"demo-{COHORT}"
LEAVES = ("storage", "registry", "monitoring")
"""A seat's stacks that wait for none, and that none waits for."""


@dataclass
class SimulatedThreads:
    """Calls in simulated time, each of which is done at its end."""

    count: int
    now: float = 1000.0
    polls: MinInterval = field(init=False)
    polled: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.polls = MinInterval(
            POLL_SPACING, burst=POLL_BURST, clock=self.clock, pause=lambda _: None
        )
        self._free = [self.now] * self.count
        self._ends: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def clock(self) -> float:
        return self.now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert not self._ends

    def call(
        self, ask: Callable[[], Any], answered: Callable[[Any], None], *, polls: bool = False
    ) -> None:
        if polls:
            begins = self.now + self.polls.ready_in()
            self.polls.wait()
            self.polled.append(begins)
        else:
            begins = max(self.now, heapq.heappop(self._free))
            heapq.heappush(self._free, begins + SECONDS)
        end = (begins + SECONDS, next(self._order), lambda: answered(ask()))
        heapq.heappush(self._ends, end)

    def take(self, seconds: float) -> None:
        due = self._ends[0][0] if self._ends else math.inf
        self.now = min(due, self.now + seconds)
        while self._ends and self._ends[0][0] <= self.now:
            heapq.heappop(self._ends)[2]()


class SimulatedCloudFormation:
    """Makes each stack within so many seconds; knows when it was asked for one, and when it was."""

    account_region = HOME

    def __init__(self, threads: SimulatedThreads, takes: Callable[[str], float]) -> None:
        self.threads = threads
        self.polls = threads.polls
        self.began: dict[str, float] = {}
        self.complete: dict[str, float] = {}
        self.stacks: dict[str, StackSummary] = {}
        self._takes = takes

    def create(self, one: DesiredStack, template: Template) -> CallResult:
        self.began[one.name] = self.threads.now - SECONDS
        self.complete[one.name] = self.threads.now + self._takes(one.name)
        self.stacks[one.name] = found(one, tags=one.tagged(template))
        return CallResult(Answer.ACCEPTED, self.stacks[one.name].id)

    def seen(self, names: Collection[str], *, whole: bool) -> PollResult:
        assert not whole
        now = self.threads.now
        under_way = {name for name in names if self.complete[name] > now}
        there = {
            name: replace(self.stacks[name], status="CREATE_IN_PROGRESS")
            if name in under_way
            else self.stacks[name]
            for name in names
        }
        return PollResult(there, complete=True)


def workshop(seats: int) -> list[DesiredStack]:
    """A cohort's stack, and five of each seat."""
    made = [desired(COHORT_STACK, seat=COHORT)]
    for seat in (f"seat{number}" for number in range(1, seats + 1)):
        made += [desired(f"demo-{seat}-{kind}", seat=seat) for kind in LEAVES]
        access = f"demo-{seat}-access"
        made.append(desired(access, seat=seat, needs=COHORT_STACK))
        made.append(desired(f"demo-{seat}-notebook", seat=seat, needs=access))
    return made


def deployed(
    stacks: Iterable[DesiredStack],
    takes: Callable[[str], float] = lambda _: 0.0,
    limits: Limits | None = None,
) -> tuple[float, SimulatedCloudFormation]:
    """Return how many calls in series a deployment took, and the CloudFormation it was made by."""
    limits = limits or Limits(concurrency=100)
    threads = SimulatedThreads(limits.threads)
    aws = SimulatedCloudFormation(threads, takes)
    plans = [plan.decide(one, None, NOW) for one in stacks]
    engine = DeployEngine(
        cast("CloudFormation", aws),
        plans,
        limits,
        FailureTolerance(len(plans), 100),
        lambda _: None,
        threads.clock,
    )
    engine._threads = cast("Any", threads)
    began = threads.now
    engine.run()
    assert {job.stage for job in engine.jobs.values()} == {Stage.DONE}
    return (threads.now - began) / SECONDS, aws


def test_a_hundred_seats_take_seven_calls_in_series_besides_those_that_fill_all_threads() -> None:
    series, aws = deployed(workshop(100))
    first_of_others = min(at for name, at in aws.began.items() if is_of_others(name))
    chain = (first_of_others - 1000) / SECONDS  # three stacks are made and seen, one by one
    assert chain == pytest.approx(6)
    to_begin = math.ceil(sum(map(is_of_others, aws.began)) / Limits().threads)
    assert series == pytest.approx(chain + to_begin + 1)  # and one call sees the last of them


def test_nothing_of_other_seats_is_begun_before_the_first_one_stands() -> None:
    _, aws = deployed(workshop(3), lambda name: 30.0 if "seat1-" in name else 5.0)
    stands = max(at for name, at in aws.complete.items() if "seat1-" in name)
    assert min(at for name, at in aws.began.items() if is_of_others(name)) > stands
    assert aws.complete[COHORT_STACK] < aws.began["demo-seat1-access"]


def test_what_a_begun_seat_still_lacks_does_not_wait_behind_new_seats() -> None:
    _, aws = deployed(workshop(100))
    for seat in range(2, 101):
        access = aws.complete[f"demo-seat{seat}-access"]
        seen = access + POLL_SPACING + 2 * SECONDS  # a poll just missed it
        at_hand = 2 * SECONDS
        assert aws.began[f"demo-seat{seat}-notebook"] <= seen + at_hand


def test_polls_keep_their_rate_whatever_is_awaited() -> None:
    _, aws = deployed(workshop(30), lambda _: 3.0)
    polled = aws.threads.polled
    for number, began in enumerate(polled):
        later = polled[number + POLL_BURST + 1 :]
        assert all(at - began >= POLL_SPACING * (step + 1) - 1e-9 for step, at in enumerate(later))


def is_of_others(name: str) -> bool:
    """Return whether a stack is neither the cohort's nor the canary's."""
    return name != COHORT_STACK and "-seat1-" not in name
