"""What the load of the door counts: ways in, how long they take, and which failed."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from bench import __main__ as program
from bench import door
from bench.door import AttendeesWay, minute

URL = "http://door.lambda-url.eu-west-1.localhost:1/"


def test_a_way_without_a_link_and_one_that_was_refused_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(door, "MINUTE", 0.0)

    def way(attendee: AttendeesWay, code: str) -> str:
        refused = code == "refused"
        attendee.statuses.append(HTTPStatus.SERVICE_UNAVAILABLE if refused else HTTPStatus.OK)
        return "" if code == "no link" else "https://notebook"

    seen = minute(URL, ["good", "refused", "no link", "good"], way)
    assert (len(seen.seconds), seen.errors) == (4, 2)
    assert seen.percentile >= min(seen.seconds)


def test_a_door_that_nobody_answers_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MINUTE", 0.0)
    assert minute(URL, ["a", "b"], AttendeesWay.wait).errors == 2


def test_it_is_one_of_the_measurements() -> None:
    assert program.ENTRIES["door-load"] is door.load
