"""``workshop roster --import``: registrations become seats, and nobody gets another's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest import mock

import pytest

from tests.support.config_folder import HEAD, SEATS, write, write_roster
from tests.support.workbooks import workbook
from tests.support.workshop_command import Ran, run
from workshop.cli import console
from workshop.errors import WorkshopError
from workshop.ledger import Ledger

EXPORT = """\
First Name,Last Name,Email,Attendee Status
Zoë,Example,zoe@example.com,Attending
Ada,Second,ada2@example.com,Attending
Ben,Sample,ben@example.com,Cancelled
"""
ROSTER = "id,name,email,profile\nada,Ada Example,ada@example.com,instructor\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def imported(folder: Path, export: str | bytes = EXPORT, *options: str) -> Ran:
    file = folder / "export.csv"
    file.write_bytes(export if isinstance(export, bytes) else export.encode())
    more = ("--config-dir", str(folder), "--import", str(file), *options)
    return run("roster", "-e", "dev", *more)


def test_new_people_come_behind_those_who_are_there_with_ids_of_their_own(tmp_path: Path) -> None:
    path = write_roster(tmp_path, ROSTER)
    path.chmod(0o640)
    shown = imported(tmp_path, EXPORT, "--yes")
    assert shown.code == 0
    assert path.read_text() == (
        f"{ROSTER}zoe,Zoë Example,zoe@example.com,\nadas,Ada Second,ada2@example.com,\n"
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert (
        shown.out
        == """\
line  plan      id    name         email             why
2     new       zoe   Zoë Example  zoe@example.com
3     new       adas  Ada Second   ada2@example.com  is adas, because ada is or was somebody else's
4     left out        Ben Sample   ben@example.com   is cancelled

registrations: 2 new, 0 on the roster already, 1 left out, 1 on the roster and not in this file, \
who stay
"""
    )
    assert shown.err == (
        "export.csv: UTF-8; first name from 'First Name'; last name from 'Last Name'; e-mail from"
        " 'Email'; status from 'Attendee Status'; columns not used: 0\n"
        "people.csv: 2 new rows written\n"
    )


def test_the_same_file_once_more_changes_nothing(tmp_path: Path) -> None:
    path = write_roster(tmp_path, ROSTER)
    imported(tmp_path, EXPORT, "--yes")
    once, changed = path.read_bytes(), path.stat().st_mtime_ns
    again = imported(tmp_path)  # nothing to agree to
    assert (again.code, path.read_bytes(), path.stat().st_mtime_ns) == (0, once, changed)
    assert "registrations: 0 new, 2 on the roster already, 1 left out" in again.out
    assert again.err.endswith("people.csv: nothing to write\n")


def test_a_late_registration_adds_one_row_and_moves_nobody(tmp_path: Path) -> None:
    path = write_roster(tmp_path, ROSTER)
    imported(tmp_path, EXPORT, "--yes")
    before = path.read_text()
    first, rest = EXPORT.split("\n", 1)
    imported(tmp_path, f"{first}\nZoë,Later,zl@example.com,Attending\n{rest}", "--yes")
    assert path.read_text() == f"{before}zoel,Zoë Later,zl@example.com,\n"


def test_nothing_is_written_until_somebody_agrees(tmp_path: Path) -> None:
    path = write_roster(tmp_path, ROSTER)
    shown = imported(tmp_path)
    assert (shown.code, path.read_text()) == (3, ROSTER)
    assert shown.err.endswith(
        "workshop: nobody is there to agree, and nothing was written; agree with --yes\n"
    )


@pytest.mark.parametrize(("answer", "code", "rows"), [("yes", 0, 4), ("y", 0, 4), ("no", 3, 2)])
def test_on_a_terminal_it_asks(tmp_path: Path, answer: str, code: int, rows: int) -> None:
    path = write_roster(tmp_path, ROSTER)
    with (
        mock.patch.object(sys.stdin, "isatty", return_value=True),
        mock.patch.object(console, "ask", return_value=answer) as asked,
    ):
        shown = imported(tmp_path)
    assert asked.call_args.args == ("Write 2 new rows into people.csv? Type yes to go on",)
    assert (shown.code, len(path.read_text().splitlines())) == (code, rows)


def test_json_says_the_same_and_whether_it_was_written(tmp_path: Path) -> None:
    write_roster(tmp_path, ROSTER)
    refused = imported(tmp_path, EXPORT, "--json")
    assert (refused.code, json.loads(refused.out)["written"]) == (3, False)
    document = json.loads(imported(tmp_path, EXPORT, "--json", "--yes").out)
    assert document["written"] is True
    assert document["new"][1] == {
        "id": "adas",
        "line": 3,
        "name": "Ada Second",
        "email": "ada2@example.com",
        "notes": ["is adas, because ada is or was somebody else's"],
    }
    assert [each["why"] for each in document["left_out"]] == ["is cancelled"]
    assert document["columns"]["e-mail"] == ["Email"]


def test_the_id_of_a_seat_that_was_taken_down_is_nobody_elses(tmp_path: Path) -> None:
    path = write_roster(tmp_path, "id,name,email\nada,Ada Example,ada@example.com\n")
    ledger = Ledger("dev")
    ledger.path.parent.mkdir(parents=True)
    gone = {"account": "111122223333", "region": "eu-west-1", "seat": "zoe"}
    ledger.path.write_text(json.dumps({**gone, "stack": "vision-zoe-storage"}) + "\n")
    shown = imported(tmp_path, EXPORT, "--yes")
    assert "is zoee, because zoe is or was somebody else's" in shown.out
    assert "zoee,Zoë Example" in path.read_text()


def test_an_id_written_without_an_import_is_no_earlier_seats_either(tmp_path: Path) -> None:
    path = write_roster(tmp_path, "name\nZoë\n")
    ledger = Ledger("dev")
    ledger.path.parent.mkdir(parents=True)
    ledger.path.write_text('{"seat": "zoe", "stack": "vision-zoe-storage"}\n')
    shown = run("roster", "-e", "dev", "--config-dir", str(tmp_path), "--write")
    assert path.read_text() == "id,name\nzoe2,Zoë\n"
    assert shown.err.startswith(
        "warning: seats of earlier people keep their ids to themselves; whoever had one and comes"
        " again gets it back when you write it into the column 'id'\n"
    )


def test_who_is_on_the_roster_and_cancelled_stays_and_the_way_to_end_the_seat_is_told(
    tmp_path: Path,
) -> None:
    path = write_roster(tmp_path, "id,name,email\nben,Ben Sample,BEN@example.com\n")
    shown = imported(tmp_path, EXPORT, "--yes")
    assert (
        "is cancelled and has a seat; end it with 'workshop teardown -e dev --config-dir"
        " . --early --only ben', and only then its row" in shown.out
    )
    assert path.read_text().startswith("id,name,email\nben,Ben Sample,BEN@example.com\nzoe,")


def test_a_namesake_without_an_address_on_the_roster_is_asked_about(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,name,email\nzoe,Zoë Example,\n")
    shown = imported(tmp_path, EXPORT, "--yes", "--json")
    (zoe, _) = json.loads(shown.out)["left_out"]
    assert zoe["why"] == (
        "has the name of line 2 of the roster, which has no e-mail address; write into that row"
        " the address of whoever sits there"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("id;name\r\nada;Ada\r\n", "id;name;email\r\nada;Ada\r\nzoe;Zoë;z@example.com\r\n"),
        ("id,email\n", "id,email,name\nzoe,z@example.com,Zoë\n"),
        ("name,email\nAda,a@example.com",
         "id,name,email\nada,Ada,a@example.com\nzoe,Zoë,z@example.com\n"),
        ("\ufeffid\tName\tE-Mail\n", "\ufeffid\tName\tE-Mail\nzoe\tZoë\tz@example.com\n"),
        ("sep=;\nid;name;email\n", "sep=;\nid;name;email\nzoe;Zoë;z@example.com\n"),
    ],
)  # fmt: skip
def test_a_csv_roster_keeps_its_form(tmp_path: Path, before: str, after: str) -> None:
    path = write_roster(tmp_path, before.encode())
    assert imported(tmp_path, "name,email\nZoë,z@example.com\n", "--yes").code == 0
    assert path.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# who\n- id: ada\n  name: Ada # teaches\n",
            '# who\n- id: ada\n  name: Ada # teaches\n- id: zoe\n  name: "Zoë"\n'
            '  email: "z@example.com"\n',
        ),
        (
            "  - id: ada\n    name: Ada",
            '  - id: ada\n    name: Ada\n  - id: zoe\n    name: "Zoë"\n'
            '    email: "z@example.com"\n',
        ),
        ("[{id: ada}]\n", '[{id: ada}, {id: zoe, name: "Zoë", email: "z@example.com"}]\n'),
        ("[]\n", '[{id: zoe, name: "Zoë", email: "z@example.com"}]\n'),
        (
            "---\n- id: ada\n...\n",
            '---\n- id: ada\n- id: zoe\n  name: "Zoë"\n  email: "z@example.com"\n...\n',
        ),
    ],
)
def test_a_yaml_roster_keeps_its_form(tmp_path: Path, before: str, after: str) -> None:
    path = write_roster(tmp_path, before, "people.yaml")
    assert imported(tmp_path, "name,email\nZoë,z@example.com\n", "--yes").code == 0
    assert path.read_text() == after


def test_a_name_is_data_in_either_form(tmp_path: Path) -> None:
    export = 'name,email\n"A ""b"": {c}, #d",a@example.com\n'
    for file in ("people.csv", "people.yaml"):
        write_roster(tmp_path, "id,name\n" if file.endswith("csv") else "[]\n", file)
        assert imported(tmp_path, export, "--yes").code == 0
        (seat,) = json.loads(
            run("roster", "-e", "dev", "--config-dir", str(tmp_path), "--json").out
        )
        assert (seat["name"], seat["email"]) == ('A "b": {c}, #d', "a@example.com")


def test_encodings_that_are_guessed_are_told(tmp_path: Path) -> None:
    write_roster(tmp_path, ROSTER)
    shown = imported(tmp_path, EXPORT.encode("mac_roman"), "--yes")
    assert "Zoë Example" in shown.out
    assert shown.err.startswith(
        "warning: export.csv does not say its encoding; its letters fit Mac Roman best: look at"
        " the names\n"
    )


@pytest.mark.parametrize(
    ("roster", "message"),
    [
        (None, "dev.yaml has numbered seats and no roster file; write 'roster: {file: dev.csv}'"
               " there and a file of that name beside it with the line 'id,name,email', and import"
               " again"),
        ("id,name,profile\nada,Ada,cook\n",
         "people.csv:2: profile: unknown profile; known: attendee, instructor"),
    ],
)  # fmt: skip
def test_a_roster_that_takes_nobody_is_refused(
    tmp_path: Path, roster: str | None, message: str
) -> None:
    if roster is None:
        write(tmp_path, f"{HEAD}{SEATS}")
    else:
        write_roster(tmp_path, roster)
    shown = imported(tmp_path, EXPORT, "--yes")
    assert (shown.code, shown.out) == (2, "")
    assert message in shown.err


def test_the_cure_for_numbered_seats_works(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{file: dev.csv}}\n")
    (tmp_path / "dev.csv").write_text("id,name,email\n")
    assert imported(tmp_path, EXPORT, "--yes").code == 0


def test_a_packed_file_is_refused_with_the_way_out_as_export_and_a_workbook_as_roster(
    tmp_path: Path,
) -> None:
    write_roster(tmp_path, ROSTER)
    cure = (
        "is a workbook and no CSV; open it, save it as CSV (in Excel: File, Save As, 'CSV UTF-8')"
    )
    assert f"export.csv:1: {cure}" in imported(tmp_path, b"PK\x03\x04\x00", "--yes").err
    write_roster(tmp_path, workbook({"A1": "name", "B1": "email"}))
    assert f"people.csv:1: {cure}" in run("roster", "-e", "dev", "--config-dir", str(tmp_path)).err


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    write_roster(tmp_path, ROSTER)
    shown = run("roster", "-e", "dev", "--config-dir", str(tmp_path), "--import", "none.csv")
    assert (shown.code, shown.err) == (
        2,
        "workshop: none.csv cannot be read (No such file or directory); name the file that the"
        " registration tool exported\n",
    )


def test_a_disk_that_fails_leaves_the_roster_as_it_was(tmp_path: Path) -> None:
    path = write_roster(tmp_path, ROSTER)
    with mock.patch("workshop.files.os.fsync", side_effect=OSError(28, "No space")):
        shown = imported(tmp_path, EXPORT, "--yes")
    assert (shown.code, path.read_text()) == (WorkshopError.exit_code, ROSTER)
    assert "cannot be written (No space)" in shown.err
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_yes_without_an_import_is_no_command(tmp_path: Path) -> None:
    write_roster(tmp_path, ROSTER)
    shown = run("roster", "-e", "dev", "--config-dir", str(tmp_path), "--yes")
    assert (shown.code, shown.err) == (
        2,
        "workshop: '--yes' goes with '--import FILE', which asks before it writes\n",
    )
