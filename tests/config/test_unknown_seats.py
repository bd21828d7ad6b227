"""Which seat is meant by an id that is on no roster."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop.config import unknown_seats
from workshop.config.roster import Seat


def seat(seat_id: str, name: str = "") -> Seat:
    return Seat(seat_id, "attendee", "000000000000", "us-east-1", "ml.t3.medium", 20, name)


MANY = [seat(f"seat{number:02}") for number in range(1, 201)]
PEOPLE = [seat("li", "Li Wei"), seat("zoe", "Zoë Example"), seat("ada", "Ada Example"), seat("ali")]


@pytest.mark.parametrize("typed", ["seat1", "seat001", "Seat1", "seat-1", "seta01"])
def test_the_seat_of_the_same_number_is_meant_and_no_neighbour(typed: str) -> None:
    assert unknown_seats.likely(typed, MANY) == ["seat01"]


@pytest.mark.parametrize("typed", ["seat300", "seat0", "nobody"])
def test_no_seat_of_another_number_is_ever_suggested(typed: str) -> None:
    assert unknown_seats.likely(typed, MANY) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Li Wei", ["li"]), ("li  wei", ["li"]), ("ZOË EXAMPLE", ["zoe"]), ("adda", ["ada"])],
)
def test_a_persons_name_is_understood(typed: str, meant: list[str]) -> None:
    assert unknown_seats.likely(typed, PEOPLE) == meant


def test_two_people_of_one_name_are_both_named() -> None:
    twice = [*PEOPLE, seat("li2", "Li Wei")]
    said = unknown_seats.message(["Li Wei"], twice, "dev", Path("config/dev.yaml"))
    assert said == (
        "no seat 'Li Wei' in environment 'dev'; did you mean 'li' or 'li2'?"
        " known: li, zoe, ada, ali, li2; see all with: workshop roster -e dev"
    )


def test_five_ids_are_listed_and_the_command_that_lists_all() -> None:
    said = unknown_seats.message(["seat1"], MANY, "dev", Path("elsewhere/dev.yaml"))
    assert said == (
        "no seat 'seat1' in environment 'dev'; did you mean 'seat01'? known: seat01, seat02,"
        " seat03, seat04, seat05 and 195 more; see all with:"
        " workshop roster -e dev --config-dir elsewhere"
    )
