"""Ids made from names: readable, unique, valid, and the same for ever once they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop import naming
from workshop.config.roster import derived_ids
from workshop.config.roster.derived_ids import derive


@pytest.mark.parametrize(
    ("name", "seat"),
    [
        ("Zoë Müller", "zoe"),
        ("Müller, Zoë", "zoe"),
        ("  Dr. Ada   Lovelace ", "ada"),
        ("Dr", "dr"),
        ("O'Brien", "obrien"),
        ("D\u2019Arcy Wentworth", "darcy"),
        ("Łukasz Żak", "lukasz"),
        ("Søren Ægir", "soren"),
        ("Þóra Straße", "thora"),
        ("Straßer", "strasser"),
        ("İpek", "ipek"),
        ("Jean-Luc Picard", "jean"),
        ("Anne Marie", "anne"),
        ("J Smith", "js"),
        ("J", "j2"),
        ("3 Musketeers", "musketeers"),
        ("R2D2", "r2d2"),
        ("Bartholomewson Example", "bartholomews"),
        ("李雷", "guest1"),
        ("李 Wei", "wei"),
        ("", "guest1"),
        ("...", "guest1"),
        ("Cohort", "cohort2"),
        ("Seat01", "guest1"),
        ("Seat", "guest1"),
        ("Spare7 Tyre", "spare7t"),
        ("No", "no2"),
        ("On Lee", "onl"),
        ("True", "true2"),
        ("Null Island", "nulli"),
    ],
)
def test_an_id_is_the_first_name_in_plain_letters(name: str, seat: str) -> None:
    assert derive([name], set()) == [seat]


def test_equal_first_names_take_letters_of_the_rest_then_numbers() -> None:
    names = ["Zoë Müller", "Zoe Muir", "Zoé Mu", "Zoe", "Zoe", "Zoe Müller"]
    assert derive(names, set()) == ["zoe", "zoem", "zoemu", "zoe2", "zoe3", "zoemul"]


def test_nameless_guests_are_numbered_and_leave_taken_numbers_out() -> None:
    assert derive(["", "", "王"], {"guest2"}) == ["guest1", "guest3", "guest4"]


def test_long_names_are_cut_so_that_their_number_fits() -> None:
    ids = derive(["Bartholomewson"] * 12, set())
    assert ids[:2] == ["bartholomews", "bartholomew2"]
    assert ids[-1] == "bartholome12"


NAMES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["Zoë Müller", "Zoe Muller", "Ada", "Ada L", "No", "", "李", "Cohort", "Seat01"]
    ),
)
ROSTERS = st.lists(NAMES, max_size=40)
TAKEN = st.sets(st.from_regex(naming.SEAT_PATTERN, fullmatch=True), max_size=20)


@untimed
@given(names=ROSTERS, taken=TAKEN)
def test_derived_ids_are_valid_unique_and_never_a_taken_or_reserved_one(
    names: list[str], taken: set[str]
) -> None:
    ids = derive(names, taken)
    assert len(ids) == len(names)
    assert len({*ids} | taken) == len(ids) + len(taken)
    for seat in ids:
        assert naming.is_seat_id(seat)
        assert not derived_ids._AVOIDED.fullmatch(seat)


@untimed
@given(names=ROSTERS, taken=TAKEN)
def test_derived_ids_are_the_same_on_every_run(names: list[str], taken: set[str]) -> None:
    before = set(taken)
    assert derive(names, taken) == derive(names, taken)
    assert taken == before


@untimed
@given(names=ROSTERS)
def test_nobody_is_renumbered_by_whoever_comes_behind(names: list[str]) -> None:
    assert derive([*names, "Zoë Müller", ""], set())[: len(names)] == derive(names, set())
