"""Events of any run: written as one line of JSON, and told one after the other."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import workshop
from workshop.account_region import AccountRegion
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.events import EventStream
from workshop.pricing.prices import Cost
from workshop.teardown.events import TeardownEvent, TeardownStep

WORKSHOP = Path(workshop.__file__).parent
AT = datetime(2098, 3, 8, 9, tzinfo=UTC)
HOME = AccountRegion("111122223333", "eu-west-1")


def test_a_line_holds_when_and_what_and_nothing_that_is_empty() -> None:
    assert DeployEvent(AT, HOME, DeployStep.SEAT_DONE, "ada").line() == {
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


def test_commands_ask_what_time_it_is_in_one_place() -> None:
    """So that a workshop can be played, to its end and beyond, by the local cloud's clock."""
    asking = {
        path.relative_to(WORKSHOP).as_posix()
        for path in WORKSHOP.rglob("*.py")
        if re.search(r"datetime\.now\(|\btime\.time\(", path.read_text(encoding="utf-8"))
        and not path.is_relative_to(WORKSHOP / "agent")
        and not path.is_relative_to(WORKSHOP / "watch")
        and not path.is_relative_to(WORKSHOP / "door")
        and not path.is_relative_to(WORKSHOP / "rehearse" / "programs")
    }
    # The loader stands below events, and only warns; a link's time is AWS's.
    assert asking == {"events.py", "environments/loader.py", "handout/notebooks.py"}
