"""How fast calls follow one another, and how many seats may fail."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop.aws.rate_limit import MinInterval
from workshop.deploy.jobs import FailureTolerance, Limits
from workshop.deploy.polling import PollSchedule


@dataclass
class Time:
    """A clock that only a pause or a test moves."""

    now: float = 1000.0
    pauses: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def spacing(self, seconds: float, burst: int = 0) -> MinInterval:
        return MinInterval(seconds, burst=burst, clock=self.clock, pause=self.pause)


STEPS = st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.3, 2.0]), min_size=2, max_size=60)


@untimed
@given(steps=STEPS, burst=st.integers(0, 5))
def test_polls_are_never_closer_than_their_spacing_but_for_a_burst(
    steps: list[float], burst: int
) -> None:
    time = Time()
    spacing = time.spacing(0.5, burst)
    at = []
    for step in steps:
        time.now += step
        due = time.now + spacing.ready_in()
        spacing.wait()
        assert abs(time.now - due) < 1e-9
        at.append(time.now)
    for (first, begin), (last, end) in itertools.combinations(enumerate(at), 2):
        assert end - begin >= 0.5 * (last - first - burst) - 1e-9


def test_after_a_rest_a_burst_follows_at_once_and_no_call_more() -> None:
    time = Time()
    spacing = time.spacing(0.5, burst=2)
    time.now += 60
    for _ in range(5):
        spacing.wait()
    assert time.pauses == [0.5, 0.5]


def fail(tolerance: FailureTolerance, seats: int) -> list[bool]:
    return [tolerance.failed(f"seat{number}") for number in range(seats)]


def test_a_part_of_the_seats_may_fail_rounded_down() -> None:
    tolerance = FailureTolerance(100, 30)
    tolerance.begin()
    assert fail(tolerance, 31) == [False] * 30 + [True]
    assert tolerance.message == (
        "31 seats have failed, more than 30 % of all; no new ones are begun. Mend the cause and run"
        " the command again"
    )
    few = FailureTolerance(3, 30)
    few.begin()
    assert fail(few, 1) == [True]
    none = FailureTolerance(100, 0)
    none.begin()
    assert fail(none, 1) == [True]
    every = FailureTolerance(5, 100)
    every.begin()
    assert fail(every, 5) == [False] * 5


def test_a_seat_counts_once_and_none_before_the_first_came_up() -> None:
    tolerance = FailureTolerance(10, 10)
    assert fail(tolerance, 3) == [False, False, False]
    tolerance.begin()
    assert [tolerance.failed("a"), tolerance.failed("a"), tolerance.failed("b")] == [
        False,
        False,
        True,
    ]


LIMITS = Limits(fastest_poll=0.5, slowest_poll=4)


def test_polls_come_at_once_after_the_last_stack_and_ever_more_seldom_while_nothing_moves() -> None:
    rhythm = PollSchedule(LIMITS)
    rhythm.begun(100, first=True, last=False)
    assert rhythm.next == 100.5
    rhythm.begun(100.1, first=False, last=False)
    assert rhythm.next == 100.5
    rhythm.begun(100.2, first=False, last=True)
    assert rhythm.next == 100.2
    rhythm.begun(200, first=False, last=False)  # what is due stays due
    assert rhythm.next == 100.2
    assert unmoved(rhythm, 7) == [0.75, 1.125, 1.688, 2.531, 3.797, 4, 4]
    rhythm.sent()
    rhythm.polled(200, moved=True)
    assert rhythm.next == 200.5
    rhythm.begun(400, first=True, last=True)
    assert rhythm.next == 400
    assert unmoved(rhythm, 4) == [0.075, 0.113, 0.169, 0.253]


def test_what_is_begun_while_a_poll_is_under_way_is_not_put_off_by_it() -> None:
    rhythm = PollSchedule(LIMITS)
    rhythm.begun(100, first=True, last=False)
    rhythm.sent()
    rhythm.begun(100.6, first=False, last=True)
    rhythm.polled(100.5, moved=True)
    assert rhythm.next == 100.6
    rhythm.sent()
    rhythm.begun(100.7, first=False, last=False)
    rhythm.polled(100.6, moved=False)
    assert rhythm.next == pytest.approx(101.2)


def unmoved(rhythm: PollSchedule, polls: int) -> list[float]:
    """The seconds between polls that see nothing move."""
    between = []
    for _ in range(polls):
        began = rhythm.next
        rhythm.sent()
        rhythm.polled(began, moved=False)
        between.append(round(rhythm.next - began, 3))
    return between
