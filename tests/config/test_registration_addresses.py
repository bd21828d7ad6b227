"""People of an export are known by their e-mail address, however it is written."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import untimed
from tests.support.registration_exports import left, people
from workshop.config import roster
from workshop.config.roster import registrations
from workshop.config.roster.merge import merged
from workshop.config.roster.write import write_merge


def test_two_people_under_one_address_are_named_and_one_is_left_out() -> None:
    text = "name,email\nAda,team@example.com\nBen,team@example.com\n"
    assert left(text) == {
        3: "line 2 has the same e-mail address and another name; give everybody an address of"
        " their own"
    }


PERSON = st.tuples(st.text(max_size=30), st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}", fullmatch=True))


@untimed
@given(people=st.lists(PERSON, max_size=8), form=st.sampled_from(["csv", "yaml"]))
def test_whoever_registers_has_one_seat_however_often_the_file_is_read(
    people: list[tuple[str, str]], form: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("name", "email"), *people])
    export = registrations.read(text.getvalue().encode("utf-8", "replace"))
    if export.diagnostics:
        return  # a line break in a name that csv does not quote
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"people.{form}"
        path.write_text("[]\n" if form == "yaml" else "id,name,email\n")
        sheet = roster.read(path)
        merge = merged(sheet, export.registrations)
        write_merge(path, sheet, merge)
        again = roster.read(path)
        assert not again.diagnostics
        assert not [
            each for each in roster.check(again, "f", None) if each.message != roster.NO_ROWS
        ]
        assert [row.get("id") for row in again.rows] == [each.id for each in merge.new]
        assert merged(again, export.registrations).new == ()


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("MAILTO:ada@example.com", "ada@example.com"),
        ("mailto:ada@example.com?subject=ML", "ada@example.com"),
        ("Ada Example <ada@example.com>", "ada@example.com"),
        ("<ada@example.com>", "ada@example.com"),
        ("ada@example.com;", "ada@example.com"),
        ("ada\uff20example.com", "ada@example.com"),
        ("Ada@Example.COM", "Ada@Example.COM"),
    ],
)
def test_an_address_is_read_out_of_what_programs_write_around_it(cell: str, address: str) -> None:
    (one,) = registrations.read(f'name,email\nAda,"{cell}"\n'.encode()).registrations
    assert (one.email, one.left_out) == (address, "")


def test_a_second_column_of_addresses_counts_where_the_first_says_nothing() -> None:
    text = (
        "Name,Work email,Personal email,Manager email\n"
        "Ada,,ada@example.com,pia@example.com\n"
        "Ben,ben@example.com,other@example.com,\n"
        "Cleo,,,pia@example.com\n"
    )
    assert people(text) == [(2, "Ada", "ada@example.com"), (3, "Ben", "ben@example.com")]
    assert left(text) == {4: "has no e-mail address; people are told apart by it"}


def test_a_column_in_which_nobody_has_an_address_is_none_of_addresses() -> None:
    text = "Email,Name,Your private e-mail\nanonymous,Ada,ada@example.com\n"
    assert people(text) == [(2, "Ada", "ada@example.com")]
