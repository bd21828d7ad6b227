"""Events of any run: written as one line of JSON, and told one after the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, What
from workshop.events import EventStream
from workshop.pricing.prices import Cost
from workshop.teardown.events import TeardownEvent, TeardownStep

AT = datetime(2098, 3, 8, 9, tzinfo=UTC)
HOME = AccountRegion("111122223333", "eu-west-1")


def test_a_line_holds_when_and_what_and_nothing_that_is_empty() -> None:
    assert DeployEvent(AT, HOME, What.SEAT_DONE, "ada").line() == {
        "at": "2098-03-08T09:00:00.000+00:00",
        "what": "seat done",
        "account": "111122223333",
        "region": "eu-west-1",
        "seat": "ada",
    }
    free = Cost(Decimal(0))
    assert TeardownEvent(AT, TeardownStep.STOP, "nothing runs", cost=free).line() == {
        "at": "2098-03-08T09:00:00.000+00:00",
        "step": "stop",
        "message": "nothing runs",
        "usd_per_hour": "0",
    }


def test_no_listener_hears_an_event_before_the_last_one_was_told_to_all() -> None:
    heard: list[tuple[str, int]] = []
    inside = threading.Lock()

    def first(number: int) -> None:
        assert inside.acquire(blocking=False)
        heard.append(("first", number))

    def second(number: int) -> None:
        heard.append(("second", number))
        inside.release()

    stream: EventStream[int] = EventStream(first)
    stream.listeners.append(second)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(stream, range(200)))
    assert sorted(number for name, number in heard if name == "first") == list(range(200))
    pairs = list(zip(heard[::2], heard[1::2], strict=True))
    assert all((one, other) == (("first", one[1]), ("second", one[1])) for one, other in pairs)
