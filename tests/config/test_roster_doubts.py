"""What of a roster is possible and may not be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop.config import roster
from workshop.config.roster import doubts


def said(text: str) -> list[str]:
    return [str(each) for each in doubts.warnings(roster.parse(text, Path("a.csv")), "a.csv")]


@pytest.mark.parametrize(
    "name", ["TBD", "tba", "N.N.", "n. n.", "?", "???", "xxx", "-", "To be confirmed"]
)
def test_a_placeholder_is_warned_of_and_not_repeated(name: str) -> None:
    assert said(f"id,name\nada,Ada\ntbd,{name}\n") == [
        "a.csv:3: name: holds a placeholder, and a seat keeps its id for good: name the person, or"
        " leave the row out and have a spare instead ('roster.spares')"
    ]


@pytest.mark.parametrize("name", ["Na Li", "Xu", "Todd", "An Nguyen", "X Æ", "Bo"])
def test_short_names_of_people_are_names(name: str) -> None:
    assert said(f"id,name\nada,{name}\n") == []


def test_rows_without_a_name_are_said_once() -> None:
    assert said("name,email\nAda,a@b.example\n,c@d.example\n,e@f.example\n,g@h.example\n") == [
        "a.csv:3: name: is missing, so the id is a number behind 'guest'; add the name, here and in"
        " 2 more rows"
    ]
    assert said("id\nada\nben\n") == []
