"""In which order stacks are begun."""

from __future__ import annotations

from tests.support.small_workshop import desired
from workshop.deploy.jobs import ReadyQueue, StackJob
from workshop.deploy.plan import StackAction, StackPlan


def job(seat: str, kind: str, needs: str = "") -> StackJob:
    stack = desired(f"demo-{seat}-{kind}", seat=seat, needs=needs)
    return StackJob(StackPlan(stack, None, StackAction.CREATE))


def anything(_: StackJob) -> bool:
    return True


def names(backlog: ReadyQueue, now: float = 0.0) -> list[str]:
    taken = iter(lambda: backlog.take(now, anything), None)
    return [one.name for one in taken if one]


def seat(name: str) -> list[StackJob]:
    access = job(name, "access")
    return [job(name, "storage"), access, job(name, "notebook", access.name)]


def all_ready(at_once: int) -> ReadyQueue:
    """A queue of three seats, in which all are put."""
    jobs = [*seat("b"), *seat("a"), *seat("c")]
    backlog = ReadyQueue(jobs, at_once)
    for one in reversed(jobs):
        backlog.put(one)
    return backlog


def test_it_goes_seat_by_seat_and_first_comes_what_others_wait_for() -> None:
    backlog = all_ready(at_once=2)
    assert names(backlog) == [
        *("demo-b-access", "demo-b-notebook", "demo-b-storage"),
        *("demo-a-access", "demo-a-notebook", "demo-a-storage"),
        *("demo-c-access", "demo-c-notebook", "demo-c-storage"),
    ]
    assert names(backlog) == []


def test_of_the_last_seats_what_nobody_waits_for_is_begun_while_the_others_are_made() -> None:
    assert names(all_ready(at_once=6)) == [
        *("demo-b-access", "demo-b-notebook", "demo-b-storage"),
        *("demo-a-access", "demo-c-access"),
        *("demo-a-notebook", "demo-c-notebook"),
        *("demo-a-storage", "demo-c-storage"),
    ]


def test_what_is_not_allowed_is_held_until_others_are() -> None:
    first, second = job("a", "storage"), job("b", "storage")
    backlog = ReadyQueue([first, second], 1)
    backlog.put(first)
    backlog.put(second)
    assert backlog.take(0, lambda one: one.seat == "b") is second
    assert backlog.take(0, anything) is None
    assert not backlog.holds(anything)
    backlog.reopen()
    assert backlog.holds(anything)
    assert not backlog.holds(lambda one: one.seat == "b")
    assert backlog.take(0, anything) is first


def test_an_attempt_with_its_time_waits_for_it() -> None:
    first, second, third = job("a", "storage"), job("b", "storage"), job("c", "storage")
    backlog = ReadyQueue([first, second, third], 1)
    assert not backlog.next_time
    backlog.put_later(second, 20)
    backlog.put_later(first, 30)
    backlog.put_later(third, 20)
    assert backlog.next_time == 20
    assert backlog.holds(anything)
    assert names(backlog, 19.9) == []
    assert names(backlog, 20) == [second.name, third.name]
    assert names(backlog, 30) == [first.name]
    assert not backlog.holds(anything)
