"""What of a roster is possible and may not be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import load, write_roster
from tests.support.workshop_command import run
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


@pytest.mark.parametrize(
    "heading", ["note", "Notes", "note (diet)", "x-diet", "X_seat near", "Remarks", "Bemerkung"]
)
def test_notes_are_taken_not_read_and_not_repeated(tmp_path: Path, heading: str) -> None:
    write_roster(tmp_path, f"id,name,{heading},profile\nada,Ada,no nuts,instructor\n")
    loaded = load(tmp_path)
    assert loaded.seats[0].profile == "instructor"
    assert loaded.remarks == (
        f"{tmp_path}/people.csv:1: column 3: notes, which stay in the file and are not read",
    )


def test_notes_in_yaml_may_be_of_any_form(tmp_path: Path) -> None:
    text = "- id: ada\n  notes: [no nuts, sits with Maria]\n- {id: ben, x-diet: vegan}\n"
    write_roster(tmp_path, text, "people.yaml")
    loaded = load(tmp_path)
    assert [seat.id for seat in loaded.seats] == ["ada", "ben"]
    assert loaded.remarks == (
        f"{tmp_path}/people.yaml:2: 2 keys: notes, which stay in the file and are not read",
    )


def test_ids_are_written_beside_notes_which_stay_as_they_are(tmp_path: Path) -> None:
    path = write_roster(tmp_path, 'Remarks,name\n"no, nuts",Ada\n')
    assert run("roster", "-e", "dev", "--config-dir", str(tmp_path), "--write").code == 0
    assert path.read_text() == 'id,Remarks,name\nada,"no, nuts",Ada\n'
