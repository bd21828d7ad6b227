"""Rosters as people write them: any delimiter, any spreadsheet, or YAML; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, PROFILES, load, mistakes, write, write_roster
from workshop.config.roster import Seat, csv_file
from workshop.config.roster.sheet import COLUMNS, MAX_ROWS

OWN = "a heading that begins with 'note' or 'x-' is yours alone"


def ids(folder: Path) -> list[str]:
    return [seat.id for seat in load(folder).seats]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_csv_is_read_as_any_spreadsheet_writes_it(
    tmp_path: Path, delimiter: str, line_end: str, bom: str
) -> None:
    lines = (
        ("id", "name", "email", "profile"),
        ("ada", f'"Example{delimiter} Ada"', "ada@example.com", ""),
        ("bob", '"Bob ""B"" Example"', "", "instructor"),
    )
    text = line_end.join(delimiter.join(cells) for cells in lines)
    write_roster(tmp_path, (bom + text).encode())
    ada, bob = load(tmp_path).seats
    assert (ada.id, ada.profile, ada.instance_type) == ("ada", "attendee", "ml.t3.medium")
    # Blanks of any kind and number are one blank: a name is one line.
    assert ada.name == " ".join(f"Example{delimiter} Ada".split())
    assert (ada.email, ada.volume_gb) == ("ada@example.com", 20)
    assert (ada.account, ada.region) == ("111122223333", "eu-west-1")
    assert (bob.id, bob.profile, bob.instance_type) == ("bob", "instructor", "ml.t3.large")
    assert (bob.name, bob.email) == ('Bob "B" Example', "")


def test_a_row_overrides_its_profile_and_environment(tmp_path: Path) -> None:
    write_roster(
        tmp_path,
        "id,instance_type,volume_gb,account,region\n"
        "ada,ml.g4dn.xlarge,500,001122223333,us-gov-west-1\n",
    )
    assert load(tmp_path).seats == (
        Seat(
            id="ada",
            profile="attendee",
            account="001122223333",
            region="us-gov-west-1",
            instance_type="ml.g4dn.xlarge",
            volume_gb=500,
        ),
    )


@pytest.mark.parametrize(
    "heading",
    ["instance_type", "Instance Type", " INSTANCE-TYPE ", "instancetype", "instance\xa0type"],
)
def test_headings_may_differ_in_case_blanks_and_hyphens(tmp_path: Path, heading: str) -> None:
    write_roster(tmp_path, f"ID,{heading}\nada,ml.t3.large\n")
    assert load(tmp_path).seats[0].instance_type == "ml.t3.large"


def test_blank_lines_blank_rows_and_trailing_columns_are_passed_over(tmp_path: Path) -> None:
    write_roster(tmp_path, "\n,,\nid,name,,\n\nada,Ada,,,,\n , ,\nbob,Bob\n\n\n")
    assert ids(tmp_path) == ["ada", "bob"]


def test_one_column_is_enough(tmp_path: Path) -> None:
    write_roster(tmp_path, "id\nada\nbob\n")
    assert ids(tmp_path) == ["ada", "bob"]


def test_the_lines_of_mistakes_are_true_below_cells_of_several_lines(tmp_path: Path) -> None:
    write_roster(
        tmp_path,
        'id,name\r\n\r\nada,"Ada\r\nof\r\nExample"\r\nBOB,Bob\r\neve,"E\r\nve"\r\nada,\r\n',
    )
    assert mistakes(tmp_path) == [
        "6: id: cannot be an id; use 2 to 12 lower-case letters and digits, a letter first",
        "9: id: stands in line 3 too; every seat has its own",
    ]


def test_a_blank_before_a_quotation_mark_does_no_harm(tmp_path: Path) -> None:
    write_roster(tmp_path, 'id, name\nada, "Example, Ada"\n')
    assert load(tmp_path).seats[0].name == "Example, Ada"


def test_the_name_of_a_csv_file_does_not_decide_its_delimiter(tmp_path: Path) -> None:
    write_roster(tmp_path, "id;name\nada;Ada\n", "people.tsv")
    assert ids(tmp_path) == ["ada"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: is empty; write a first line such as 'name,email'"),
        ("\n\n", "1: is empty; write a first line such as 'name,email'"),
        ("id,name\n", "1: has no rows; add people, or give a number as 'roster.seats'"),
        ("ada,Ada Example,ada@example.com\n", "1: has to name the columns, such as 'name,email';"
         f" known: {', '.join(COLUMNS)}"),
        ("id,nmae\nada,Ada\n", "1: column 2: unknown column; did you mean 'name'? known:"
         f" {', '.join(COLUMNS)}; {OWN}"),
        ("id,seat number\nada,1\n", f"1: column 2: unknown column; known: {', '.join(COLUMNS)};"
         f" {OWN}"),
        ("id,Disk (GB)\nada,50\n", "1: column 2: unknown column; did you mean 'volume_gb'? known:"
         f" {', '.join(COLUMNS)}; {OWN}"),
        ("id,name,ID\nada,Ada,\n", "1: column 3: is named 'id' like an earlier column; keep one of"
         " them"),
        ("id,name,\nada,Ada,x\n", "2: column 3: holds text, but the first line gives the column no"
         " name; add one"),
        ("id,name\nada,Example, Ada\n", "2: has more cells than the first line has columns; put"
         " text that holds the delimiter in quotes"),
        ('id,name\nada,"Ada\n', "2: has a quotation mark that is not closed, or text after one;"
         " correct the quotes"),
        ('id,name\nbob,\nada,"A"da\n', "3: has a quotation mark that is not closed, or text after"
         " one; correct the quotes"),
        (b"id,name\nada,Zo\xeb\n", "2: is not UTF-8 text; save the file as UTF-8 (in"
         " Excel: File, Save As, 'CSV UTF-8')"),
        (b"id,name\nada,A\x00da\n", "2: holds a control character; remove it"),
        ("id\nA\n", "2: id: cannot be an id; use 2 to 12 lower-case letters and digits, a letter"
         " first"),
        ("id\na-b\n", "2: id: cannot be an id; use 2 to 12 lower-case letters and digits, a letter"
         " first"),
        ("id\nabcdefghijklm\n", "2: id: cannot be an id; use 2 to 12 lower-case letters and digits,"
         " a letter first"),
        ("id\ncohort\n", "2: id: is reserved for what all share; choose another id"),
        ("id\nada\nbob\nada\n", "4: id: stands in line 2 too; every seat has its own"),
        ("id,email\nada,ada@example.com\nbob,ADA@Example.com\n", "3: email: stands in line 2 too;"
         " every person has one row"),
        ("id,email\nada,ada at example.com\n", "2: email: is not an e-mail address; write one, and"
         " nothing else"),
        (f"id,name\nada,{'x' * 201}\n", "2: name: is longer than 200 characters; cut it"),
        ("id,profile\nada,instructr\n", "2: profile: unknown profile; did you mean 'instructor'?"
         " known: attendee, instructor"),
        ("id,profile\nada,cook\n", "2: profile: unknown profile; known: attendee, instructor"),
        ("id,instance_type\nada,t3.large\n", "2: instance_type: is not a SageMaker instance type;"
         " write one such as 'ml.t3.medium'"),
        ("id,volume_gb\nada,4\n", "2: volume_gb: is not a whole number from 5 to 16384; write the"
         " disk's GB as digits only"),
        ("id,volume_gb\nada,20 GB\n", "2: volume_gb: is not a whole number from 5 to 16384; write"
         " the disk's GB as digits only"),
        ("id,volume_gb\nada,٣٠\n", "2: volume_gb: is not a whole number from 5 to 16384; write the"
         " disk's GB as digits only"),
        ("id,account\nada,1.11E+11\n", "2: account: is not an account id; write its 12 digits"
         " (spreadsheets drop leading zeros: format the column as text)"),
        ("id,region\nada,Ireland\n", "2: region: is not a Region; write its code, such as"
         " 'eu-west-1'"),
    ],
)  # fmt: skip
def test_a_wrong_csv_roster_is_told_with_its_cure(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    write_roster(tmp_path, text)
    assert mistakes(tmp_path) == [told]


def test_as_many_rows_as_make_sense_are_read_and_no_more(tmp_path: Path) -> None:
    rows = [f"a{number}" for number in range(MAX_ROWS)]
    assert len(csv_file.read("\n".join(["id", *rows])).rows) == MAX_ROWS
    sheet = csv_file.read("\n".join(["id", *rows, "one", "two"]))
    (diagnostic,) = sheet.diagnostics
    assert (diagnostic.line, diagnostic.message) == (MAX_ROWS + 2, "is row 2001; split the roster")
    write_roster(tmp_path, "\n".join(f"- id: {row}" for row in ["one", *rows]), "people.yaml")
    assert mistakes(tmp_path) == [f"{MAX_ROWS + 1}: is row 2001; split the roster"]


# --- YAML -----------------------------------------------------------------------------------


def test_a_yaml_list_is_read_like_csv(tmp_path: Path) -> None:
    write_roster(
        tmp_path,
        "# who comes\n"
        "- id: ada\n"
        "  Name: Ada Example  # teaches\n"
        "  e-mail: ada@example.com\n"
        "  profile: instructor\n"
        "  volume_gb: 50\n"
        '- {id: bob, name: "Bob", account: 001122223333}\n',
        "people.yaml",
    )
    ada, bob = load(tmp_path).seats
    assert (ada.name, ada.email, ada.volume_gb) == ("Ada Example", "ada@example.com", 50)
    assert (ada.profile, ada.instance_type) == ("instructor", "ml.t3.large")
    assert (bob.name, bob.account) == ("Bob", "001122223333")


def test_yaml_words_and_numbers_are_text_in_a_roster(tmp_path: Path) -> None:
    text = "- id: no\n- id: yes\n- id: true\n- {id: on, name: 2026}\n- {id: off, name: no}\n"
    write_roster(tmp_path, text, "people.yml")
    assert [(seat.id, seat.name) for seat in load(tmp_path).seats] == [
        ("no", ""),
        ("yes", ""),
        ("true", ""),
        ("on", "2026"),
        ("off", "no"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1: is empty; write at least the keys it must have"),
        ("[]\n", "1: has no rows; add people, or give a number as 'roster.seats'"),
        ("ada: Ada Example\n", "1: has to be a list; write each person as '- name: ...'"),
        ("# people\n- Ada Example\n", "2: is not a row; write keys such as 'name: ...' after the"
         " '- '"),
        ("- id: ada\n  nmae: Ada\n", "2: unknown column; did you mean 'name'? known:"
         f" {', '.join(COLUMNS)}; {OWN}"),
        ("- id: ada\n  name: [Ada]\n", "2: name: holds more than one value; write one"),
        ("- id: ada\n  id: bob\n", "2: id: repeats line 1; keep one of them"),
        ("- id: ada\n  ID: bob\n", "2: id: names 'id' a second time; keep one of them"),
        ("- id: &a ada\n", "1: id: is an anchor or alias ('&', '*'); write the values out"),
        ("- id: ada\n\tname: Ada\n", "2: is indented with a tab; use spaces"),
        ("- id: ada\n- id: Bob\n", "2: id: cannot be an id; use 2 to 12 lower-case letters and"
         " digits, a letter first"),
        ("- id: 007\n", "1: id: cannot be an id; use 2 to 12 lower-case letters and digits, a"
         " letter first"),
    ],
)  # fmt: skip
def test_a_wrong_yaml_roster_is_told_with_its_cure(tmp_path: Path, text: str, told: str) -> None:
    write_roster(tmp_path, text, "people.yaml")
    assert mistakes(tmp_path) == [told]


# --- numbers and spares ---------------------------------------------------------------------


def test_numbered_seats_keep_their_ids_when_more_come(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 100}}\n")
    many = ids(tmp_path)
    assert [many[0], many[8], many[98], many[99]] == ["seat01", "seat09", "seat99", "seat100"]
    write(tmp_path, f"{HEAD}roster: {{seats: 99}}\n")
    assert ids(tmp_path) == many[:99]


def test_spares_follow_the_seats_in_any_mode(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 1, spares: 2}}\n")
    assert ids(tmp_path) == ["seat01", "spare01", "spare02"]
    write_roster(tmp_path, "id\nada\n")
    write(tmp_path, f"{HEAD}roster: {{file: people.csv, spares: 2}}\n")
    assert ids(tmp_path) == ["ada", "spare01", "spare02"]


def test_numbered_seats_and_spares_have_the_roster_s_profile(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}roster: {{seats: 1, spares: 1, profile: instructor}}\n{PROFILES}")
    assert {seat.profile for seat in load(tmp_path).seats} == {"instructor"}
    assert {seat.instance_type for seat in load(tmp_path).seats} == {"ml.t3.large"}


def test_a_row_may_take_a_numbered_seat_or_a_spare(tmp_path: Path) -> None:
    write_roster(tmp_path, "id,name\nseat07,Ada\nspare01,Bob\n")
    write(tmp_path, f"{HEAD}roster: {{file: people.csv, spares: 2}}\n")
    assert [(seat.id, seat.name) for seat in load(tmp_path).seats] == [
        ("seat07", "Ada"),
        ("spare01", "Bob"),
        ("spare02", ""),
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("محمد\u200cعلی رضایی", "נֹעַם בֶּן־עָמִי", "ณัฐวุฒิ ผู้ใหญ่", "ක්\u200dරිෂ්ණා", "र्\u200dयान"),
        *("Zoë \u2018Z\u2019 O\u2019Brien-Łuk", "Ann 👩🏽\u200d🔬", "葛\U000e0100城 太郎"),
    ],
)
def test_a_name_in_any_script_is_kept_with_the_joiners_that_it_needs(
    tmp_path: Path, name: str
) -> None:
    write_roster(tmp_path, f"id,name\nada,{name}\n")
    assert load(tmp_path).seats[0].name == name


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("\u202eadA", "U+202E, right-to-left override"),
        ("Ada\u2069", "U+2069, pop directional isolate"),
        ("A\u200bda", "U+200B, zero width space"),
        ("A\u200dda", "U+200D, zero width joiner"),
        ("Ada\u200f", "U+200F, right-to-left mark"),
        ("A\ufeffda", "U+FEFF, zero width no-break space"),
        ("A\xadda", "U+00AD, soft hyphen"),
        ("Ada\U000e0041", "U+E0041, tag latin capital letter a"),
        ("Ada\x9b2J", "U+009B"),
        ("\u3164", "U+3164, hangul filler"),
        ("A" + "\u0335" * 9, "U+0335, combining short stroke overlay"),
    ],
)
def test_what_is_obeyed_or_hidden_is_refused_with_its_line_and_column(
    tmp_path: Path, cell: str, code: str
) -> None:
    told = f"holds a character that is obeyed or hidden, not shown ({code}); type the cell anew"
    for column in ("name", "email", "profile", "id"):
        write_roster(tmp_path, f"id,name,email,profile\nbob,,,\n,,,\n{_row(column, cell)}")
        assert mistakes(tmp_path) == [f"4: {column}: {told}"]
    escaped = cell.encode("unicode_escape").decode()
    write_roster(tmp_path, f'- id: bob\n- name: "{escaped}"\n  id: ada\n', "people.yaml")
    assert mistakes(tmp_path) == [f"2: name: {told}"]


def _row(column: str, cell: str) -> str:
    cells = {"id": "ada", "name": "Ada", "email": "ada@example.com", "profile": "attendee"}
    return ",".join({**cells, column: cell}.values())


def test_escapes_of_yaml_smuggle_no_control_into_a_name(tmp_path: Path) -> None:
    write_roster(tmp_path, '- id: ada\n  name: "Ada\\e[2J"\n', "people.yaml")
    (told,) = mistakes(tmp_path)
    assert told.startswith("1: name: holds a character")
    assert "(U+001B)" in told


def test_unseen_marks_in_a_heading_do_not_hide_its_column(tmp_path: Path) -> None:
    write_roster(tmp_path, "\u200bid,\u200ename\u200e\nada,Zoë\n")
    assert load(tmp_path).seats[0].name == "Zoë"
