"""How fast calls follow one another, and how many seats may fail."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop.aws.rate_limit import FASTEST, SLOWEST, MinInterval, RateLimiter
from workshop.deploy.jobs import FailureTolerance, Limits
from workshop.deploy.polling import FIRST_POLL, PollSchedule


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

    def pace(self, rate: float = FASTEST) -> RateLimiter:
        return RateLimiter(rate, clock=self.clock, pause=self.pause)

    def spacing(self, seconds: float) -> MinInterval:
        return MinInterval(seconds, clock=self.clock, pause=self.pause)


STEPS = st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.3, 2.0]), min_size=2, max_size=60)


@untimed
@given(rate=st.sampled_from([0.5, 1.0, 3.0, 10.0, 200.0]), steps=STEPS)
def test_calls_never_come_faster_than_the_rate(rate: float, steps: list[float]) -> None:
    time = Time()
    pace = time.pace(rate)
    at = []
    for step in steps:
        time.now += step
        pace.wait()
        at.append(time.now)
    for first, second in itertools.pairwise(at):
        assert second - first >= 1 / rate - 1e-9


@untimed
@given(steps=STEPS, throttled=st.sets(st.integers(min_value=0, max_value=59)))
def test_throttling_halves_the_rate_at_most_once_a_second(
    steps: list[float], throttled: set[int]
) -> None:
    time = Time()
    pace = time.pace()
    halved_at = float("-inf")
    for number, step in enumerate(steps):
        time.now += step
        before = pace.rate
        if number in throttled:
            pace.throttled()
            if time.now - halved_at >= 1:
                assert pace.rate == max(SLOWEST, before / 2)
                halved_at = time.now
            else:
                assert pace.rate == before
        assert SLOWEST <= pace.rate <= FASTEST
    assert pace.throttles == len([number for number in throttled if number < len(steps)])


def test_the_rate_never_falls_below_the_slowest_and_grows_back_slowly() -> None:
    time = Time()
    pace = time.pace(8)
    for _ in range(10):
        pace.throttled()
        time.now += 1
    assert pace.rate == SLOWEST
    began, calls = time.now, 0
    while pace.rate < 8:
        pace.wait()
        calls += 1
    # Half a call a second is gained each second, however fast calls follow.
    assert 13 <= time.now - began <= 18
    assert calls == len(time.pauses) + 1
    for _ in range(50):
        pace.wait()
    assert pace.rate == 8


def test_a_rest_earns_no_burst() -> None:
    time = Time()
    pace = time.pace(2)
    pace.wait()
    time.now += 60
    for _ in range(3):
        pace.wait()
    assert time.pauses == [0.5, 0.5]


def test_threads_share_one_pace() -> None:
    time = Time()
    taken: list[float] = []
    pace = RateLimiter(10, clock=time.clock, pause=taken.append)
    threads = [threading.Thread(target=pace.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [round(one, 3) for one in sorted(taken)] == [0.1, 0.2, 0.3, 0.4]


@untimed
@given(steps=STEPS)
def test_polls_are_never_closer_than_their_spacing(steps: list[float]) -> None:
    time = Time()
    spacing = time.spacing(0.5)
    at = []
    for step in steps:
        time.now += step
        due = time.now + spacing.ready_in()
        spacing.wait()
        assert abs(time.now - due) < 1e-9
        at.append(time.now)
    for first, second in itertools.pairwise(at):
        assert second - first >= 0.5 - 1e-9


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


def test_polls_come_soon_after_the_last_stack_and_ever_more_seldom_while_nothing_moves() -> None:
    rhythm = PollSchedule(LIMITS)
    rhythm.begun(100, first=True, last=False)
    assert rhythm.next == 100.5
    rhythm.begun(100.1, first=False, last=False)
    assert rhythm.next == 100.5
    rhythm.begun(100.2, first=False, last=True)
    assert rhythm.next == 100.2 + FIRST_POLL
    rhythm.begun(200, first=False, last=False)  # what is due stays due
    assert rhythm.next == 100.2 + FIRST_POLL
    at = []
    for _ in range(7):
        began = rhythm.next
        rhythm.polled(began, moved=False)
        at.append(round(rhythm.next - began, 3))
    assert at == [0.75, 1.125, 1.688, 2.531, 3.797, 4, 4]
    rhythm.polled(200, moved=True)
    assert rhythm.next == 200.5
    rhythm.polled(300, moved=False)
    rhythm.begun(300.1, first=False, last=False)
    assert rhythm.next == 300.6
