"""A time zone by its name: which moments are of it, and when its clocks are changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from workshop.config import time_zones
from workshop.config.models import Environment

BERLIN = "Europe/Berlin"
SATURDAY, SUNDAY = "2027-03-27T09:00:00+01:00", "2027-03-28T17:00:00+02:00"


def made(**given: Any) -> Environment:
    return Environment.model_validate(
        {
            "workshop": "vision",
            "account": "111122223333",
            "region": "eu-west-1",
            "start": SATURDAY,
            "end": SUNDAY,
            "roster": {"seats": 2},
            **given,
        }
    )


def changes(name: str | None, start: str, end: str) -> dict[str, int]:
    return time_zones.changes(name, datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_clocks_are_changed_in_march_and_in_october_and_not_between() -> None:
    assert changes(BERLIN, SATURDAY, SUNDAY) == {"2027-03-28T01:00:00Z": 120}
    october = ("2027-10-30T09:00:00+02:00", "2027-10-31T17:00:00+01:00")
    assert changes(BERLIN, *october) == {"2027-10-31T01:00:00Z": 60}
    assert changes(BERLIN, "2027-04-01T09:00:00+02:00", "2027-10-30T09:00:00+02:00") == {}
    assert changes(
        "America/New_York", "2027-03-13T09:00:33-05:00", "2027-03-15T09:00:00-04:00"
    ) == {"2027-03-14T07:00:00Z": -240}
    assert changes("Asia/Kolkata", SATURDAY, "2030-03-28T17:00:00+02:00") == {}
    assert changes(None, SATURDAY, SUNDAY) == {}


def test_what_never_ends_names_the_changes_of_its_first_years() -> None:
    found = changes(BERLIN, SATURDAY, "2099-12-31T17:00:00+01:00")
    assert len(found) == 8
    assert [*found][-1] == "2030-10-27T01:00:00Z"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timezone": "Berlin"}, "is no time zone by its name; write one such as 'Europe/Berlin'"),
        ({"timezone": "../etc/passwd"}, "is no time zone by its name"),
        (
            {"timezone": BERLIN, "end": "2027-03-28T17:00:00+01:00"},
            "has not the offset of 'Europe/Berlin' on that day; write 2027-03-28T17:00:00\\+02:00,"
            " or 2027-03-28T18:00:00\\+02:00 for the same moment",
        ),
    ],
)
def test_a_wrong_name_or_offset_is_refused_with_what_to_write(
    given: dict[str, str], message: str
) -> None:
    assert made(timezone=BERLIN).zone is not None
    with pytest.raises(ValidationError, match=message):
        made(**given)
