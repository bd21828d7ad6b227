"""``workshop roster``: the seats with their people, and ids that are written once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.config_folder import HEAD, write, write_roster
from tests.support.workshop_command import Ran, run


def roster(folder: Path, *options: str) -> Ran:
    return run("roster", "-e", "dev", "--config-dir", str(folder), *options)


def test_seats_are_shown_with_their_people_and_what_is_special(tmp_path: Path) -> None:
    write_roster(
        tmp_path,
        "id,name,email,profile,volume_gb,region\n"
        "ada,Ada Example,ada@example.com,instructor,,\n"
        "zoe,Zoë Example,,,50,us-east-1\n",
    )
    shown = roster(tmp_path)
    assert (shown.code, shown.err) == (0, "")
    assert (
        shown.out
        == """\
id   name         email            profile     overrides
ada  Ada Example  ada@example.com  instructor
zoe  Zoë Example                   attendee    50 GB, us-east-1
"""
    )


def test_ids_that_are_not_written_yet_are_marked_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_roster(tmp_path, "id,name\n,Ada\nbob,Bob\n")
    before = path.read_bytes()
    shown = roster(tmp_path)
    assert shown.code == 0
    assert [line.split()[0] for line in shown.out.splitlines()] == ["id", "ada*", "bob"]
    assert shown.err.startswith("warning: ")
    assert shown.err.endswith("--write\n")
    assert path.read_bytes() == before


def test_write_puts_ids_into_the_file_and_says_how_many(tmp_path: Path) -> None:
    path = write_roster(tmp_path, "name\nAda\nBob\n")
    shown = roster(tmp_path, "--write")
    assert shown.code == 0
    # Nothing of missing ids: they have just been written.
    assert shown.err == f"{path}: 2 new ids written: ada, bob\n"
    assert path.read_text() == "id,name\nada,Ada\nbob,Bob\n"
    assert "*" not in shown.out
    again = roster(tmp_path, "--write")
    assert again.err.endswith("people.csv: every row has its id\n")
    assert path.read_text() == "id,name\nada,Ada\nbob,Bob\n"


def test_many_new_ids_are_counted_and_ten_named(tmp_path: Path) -> None:
    path = write_roster(tmp_path, "name\n" + "".join(f"Ann{chr(97 + n)}\n" for n in range(12)))
    assert roster(tmp_path, "--write").err == (
        f"{path}: 12 new ids written: anna, annb, annc, annd, anne, annf, anng, annh, anni, annj"
        " and 2 more\n"
    )


def test_placeholders_are_warned_of_before_they_have_an_id(tmp_path: Path) -> None:
    write_roster(tmp_path, "name\nAda\nTBD\n")
    assert "people.csv:3: name: holds a placeholder, and a seat keeps its id for good" in (
        roster(tmp_path).err
    )


def test_write_refuses_a_file_with_other_mistakes(tmp_path: Path) -> None:
    path = write_roster(tmp_path, "name,profile\nAda,\nBob,cook\n")
    shown = roster(tmp_path, "--write")
    assert (shown.code, shown.out) == (2, "")
    assert "people.csv:3: profile: unknown profile; known: attendee, instructor" in shown.err
    assert path.read_text() == "name,profile\nAda,\nBob,cook\n"


def test_numbered_seats_have_nothing_to_write(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 2, spares: 1}}\n")
    shown = roster(tmp_path, "--write")
    assert shown.code == 0
    assert shown.err == "numbered seats have their ids already; nothing to write\n"
    assert [line.split()[0] for line in shown.out.splitlines()] == [
        "id",
        "seat01",
        "seat02",
        "spare01",
    ]


def test_json_lists_the_seats(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,name,email\nada,Zoë Example,z@example.com\n,Bob,\n")
    shown = roster(tmp_path, "--json")
    assert "Zoë" in shown.out
    zoe, bob = json.loads(shown.out)
    assert zoe == {
        "id": "ada",
        "name": "Zoë Example",
        "email": "z@example.com",
        "profile": "attendee",
        "instance_type": "ml.t3.medium",
        "volume_gb": 20,
        "account": "111122223333",
        "region": "eu-west-1",
        "written": True,
    }
    assert (bob["id"], bob["written"]) == ("bob", False)


def test_json_and_write_go_together(tmp_path: Path) -> None:
    write_roster(tmp_path, "name\nAda\n")
    (ada,) = json.loads(roster(tmp_path, "--write", "--json").out)
    assert (ada["id"], ada["written"]) == ("ada", True)


def test_markup_in_names_is_shown_as_it_is(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,name\nada,[bold]Ada[/bold] :smile:\n")
    assert "[bold]Ada[/bold] :smile:" in roster(tmp_path).out
