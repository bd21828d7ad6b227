"""``--write`` adds ids to a roster file and changes nothing else in it, or nothing at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.properties import untimed
from workshop.config import roster
from workshop.config.roster.write import write_ids, write_other_id
from workshop.errors import WorkshopError


def written(folder: Path, text: str | bytes, file: str = "people.csv") -> str:
    """The file's text after its ids were written; line ends as they are."""
    path = folder / file
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    write_ids(path, roster.read(path))
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name\nAda\nBob\n", "id,name\nada,Ada\nbob,Bob\n"),
        ("name;email\r\nAda;a@example.com\r\n", "id;name;email\r\nada;Ada;a@example.com\r\n"),
        ("\ufeffName\tE-Mail\nAda\t\n", "\ufeffid\tName\tE-Mail\nada\tAda\t\n"),
        ("name\nAda", "id,name\nada,Ada"),
        ("id,name\n,Ada\nbob,Bob\n,Eve\n", "id,name\nada,Ada\nbob,Bob\neve,Eve\n"),
        ("name,ID\nAda,\nBob\n", "name,ID\nAda,ada\nBob,bob\n"),
        ("name,email,id\nAda\nBob,b@x.y\n", "name,email,id\nAda,,ada\nBob,b@x.y,bob\n"),
        ('name,id,email\n"Ada, A",,\n', 'name,id,email\n"Ada, A",aa,\n'),
        ('name,id,email\n"B ""b"" B","",\n', 'name,id,email\n"B ""b"" B",bb,\n'),
        ('name,id\n"Ada\n\nExample", \nBob,\n', 'name,id\n"Ada\n\nExample",ada\nBob,bob\n'),
        ("id, name\n, Ada\n", "id, name\nada, Ada\n"),
        ("\n\nid,name,,\n\n,Ada,,,\n,,\n,Bob\n\n", "\n\nid,name,,\n\nada,Ada,,,\n,,\nbob,Bob\n\n"),
        ("name,\n\n,,\nAda,\n", "id,name,\n\n,,\nada,Ada,\n"),
        ("id,name\r,Ada\r,Bob\r", "id,name\rada,Ada\rbob,Bob\r"),
    ],
)  # fmt: skip
def test_only_ids_come_into_a_csv_file(tmp_path: Path, before: str, after: str) -> None:
    assert written(tmp_path, before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- name: Ada\n- name: Bob\n", "- id: ada\n  name: Ada\n- id: bob\n  name: Bob\n"),
        (
            "# who\n- name: Ada # teaches\n\n  # and more\n  email: a@example.com\n",
            "# who\n- id: ada\n  name: Ada # teaches\n\n  # and more\n  email: a@example.com\n",
        ),
        ("  -   name: Ada\r\n", "  -   id: ada\r\n      name: Ada\r\n"),
        ("-\n    name: Ada", "-\n    id: ada\n    name: Ada"),
        ("- {name: Ada}\n- { name: Bob }\n", "- {id: ada, name: Ada}\n- {id: bob,  name: Bob }\n"),
        ("[{name: Ada}, {name: Bob}]", "[{id: ada, name: Ada}, {id: bob, name: Bob}]"),
        ("- id:\n  name: Ada\n", "- id: ada\n  name: Ada\n"),
        ("- id: # none yet\n  name: Ada\n", "- id: ada # none yet\n  name: Ada\n"),
        ("- id: ~\n  name: Ada\n", "- id: ada\n  name: Ada\n"),
        ('- name: Ada\n  ID: ""\n', "- name: Ada\n  ID: ada\n"),
        ("- id: no\n- name: No\n", "- id: no\n- id: no2\n  name: No\n"),
        ("\ufeff- name: Zoë\n- name: 😀 Bo\n- name: Eve\n",
         "\ufeff- id: zoe\n  name: Zoë\n- id: bo\n  name: 😀 Bo\n- id: eve\n  name: Eve\n"),
        ("---\n- ? name\n  : Ada\n...\n", "---\n- id: ada\n  ? name\n  : Ada\n...\n"),
    ],
)  # fmt: skip
def test_only_ids_come_into_a_yaml_file(tmp_path: Path, before: str, after: str) -> None:
    assert written(tmp_path, before, "people.yaml") == after


def test_a_file_with_all_its_ids_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("id,name\nada,Ada\n")
    path.chmod(0o400)
    identity = path.stat().st_ino
    assert write_ids(path, roster.read(path)) == 0
    assert path.stat().st_ino == identity


def test_a_form_that_takes_no_ids_is_refused_and_left_alone(tmp_path: Path) -> None:
    with pytest.raises(WorkshopError) as raised:
        written(tmp_path, "- {id, name: Ada}\n", "people.yaml")
    assert str(raised.value).endswith(
        "people.yaml is written in a way that ids cannot be added to; add them by hand, as shown by"
        " the command without --write"
    )
    assert (tmp_path / "people.yaml").read_text() == "- {id, name: Ada}\n"
    assert [file.name for file in tmp_path.iterdir()] == ["people.yaml"]


def test_a_file_that_changed_since_it_was_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name\nAda\n")
    sheet = roster.read(path)
    path.write_text("name\nBob\n")
    with pytest.raises(WorkshopError, match="changed while it was read; run the command again"):
        write_ids(path, sheet)
    assert path.read_text() == "name\nBob\n"


def test_a_failed_write_leaves_the_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name\nAda\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WorkshopError) as raised:
        write_ids(path, roster.read(path))
    assert str(raised.value).endswith(
        "people.csv cannot be written (No space left on device); check its folder"
    )
    assert path.read_text() == "name\nAda\n"
    assert [file.name for file in tmp_path.iterdir()] == ["people.csv"]


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    target = tmp_path / "real.csv"
    target.write_text("name\nAda\n")
    target.chmod(0o640)
    link = tmp_path / "people.csv"
    link.symlink_to(target)
    write_ids(link, roster.read(link))
    assert link.is_symlink()
    assert target.read_text() == "id,name\nada,Ada\n"
    assert target.stat().st_mode & 0o777 == 0o640


# --- any roster -----------------------------------------------------------------------------

CELL = st.text(st.sampled_from("aZë ,;\t\"'#:-\n李"), max_size=8).map(str.strip)
TABLE = st.lists(st.tuples(CELL, st.sampled_from(["", "ab", "cd"]), CELL), min_size=1, max_size=8)


def _csv(rows: list[tuple[str, ...]], delimiter: str, line_end: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return out.getvalue()


def _unique(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """The rows with each id only once, so that the roster is sound."""
    seen: set[str] = set()
    made = []
    for name, seat, other in rows:
        made.append((name, "" if seat in seen else seat, other))
        seen.add(seat)
    return made


@untimed
@given(
    rows=TABLE.map(_unique),
    delimiter=st.sampled_from(",;\t"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    position=st.sampled_from([0, 1, 2, None]),
)
def test_writing_ids_loses_nothing_of_any_csv(
    rows: list[tuple[str, str, str]],
    delimiter: str,
    line_end: str,
    bom: bytes,
    position: int | None,
) -> None:
    def placed(name: str, seat: str, other: str) -> tuple[str, ...]:
        cells = [name, other]
        if position is not None:
            cells.insert(position, seat)
        return tuple(cells)

    table = [placed("name", "id", "name 2"), *(placed(*row) for row in rows)]
    # The second column has no meaning for us and must survive all the same.
    table[0] = tuple("email" if cell == "name 2" else cell for cell in table[0])
    before = _csv(table, delimiter, line_end)
    with TemporaryDirectory() as folder:
        path = Path(folder, "people.csv")
        path.write_bytes(bom + before.encode())
        sheet = roster.read(path)
        assert not sheet.diagnostics
        ids = roster.ids(sheet)
        added = write_ids(path, sheet)
        raw = path.read_bytes()
        again = roster.read(path)
    after = raw.removeprefix(bom).decode()
    assert raw.startswith(bom)
    assert [row.get("id") for row in again.rows] == ids
    assert [{**row.cells, "id": ""} for row in again.rows] == [
        {**row.cells, "id": ""} for row in sheet.rows
    ]
    own = [row.get("id") for row in sheet.rows]
    assert added == own.count("")
    assert all(new == old for new, old in zip(ids, own, strict=True) if old)
    # What is new is ids and their delimiters, character for character.
    new = sum(len(seat) for seat, old in zip(ids, own, strict=True) if not old)
    if position is None and added:
        new += len("id") + len(delimiter) * (1 + added)
    blank = before.count('""')
    assert len(before) + new - 2 * blank <= len(after) <= len(before) + new
    # Written once, nothing is left to write: nobody is ever renumbered.
    assert roster.ids(again) == ids


@untimed
@given(
    names=st.lists(
        st.sampled_from(["Zoe", "Zoë M", "Ada", "", "李", "Zoe Z"]), min_size=2, max_size=9
    ),
    leaver=st.integers(0, 8),
    comer=st.sampled_from(["Zoe", "Ada", ""]),
    account_region=st.integers(0, 8),
)
def test_after_writing_whoever_leaves_or_comes_changes_nobody_else_s_id(
    names: list[str], leaver: int, comer: str, account_region: int
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "people.csv")
        rows = "".join(f"{name},{number}\n" for number, name in enumerate(names))
        path.write_text(f"name,volume_gb\n{rows}", encoding="utf-8")
        write_ids(path, roster.read(path))
        head, *lines = path.read_text(encoding="utf-8").splitlines()
        before = {line.split(",")[2]: line.split(",")[0] for line in lines}
        del lines[leaver % len(lines)]
        lines.insert(account_region % (len(lines) + 1), f",{comer},99")
        path.write_text("\n".join([head, *lines]), encoding="utf-8")
        write_ids(path, roster.read(path))
        _, *lines = path.read_text(encoding="utf-8").splitlines()
    after = {line.split(",")[2]: line.split(",")[0] for line in lines}
    newcomer = after.pop("99")
    assert after == {key: before[key] for key in after}
    assert newcomer not in after.values()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("people.csv", 'id,name\r\n"ada","Ada, A"\r\nben,\r\n', 'id,name\r\nspare01,"Ada, A"\r\n'),
        ("people.csv", "name;id\nAda;ada\nBen;ben\n", "name;id\nAda;spare01\nBen;ben\n"),
        ("people.yaml", "- name: Ada\n  id: ada # hers\n", "- name: Ada\n  id: spare01 # hers\n"),
        ("people.yaml", "[{id: ada, name: Ada}]\n", "[{id: spare01, name: Ada}]\n"),
    ],
)
def test_another_id_changes_one_cell_alone(
    tmp_path: Path, file: str, before: str, after: str
) -> None:
    path = tmp_path / file
    path.write_bytes(before.encode())
    write_other_id(path, roster.read(path), "ada", "spare01")
    assert path.read_bytes().decode().startswith(after)
