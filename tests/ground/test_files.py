"""What holds names, links or people's work is for its owner's eyes alone, and for no repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop import files


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_no_umask_opens_or_closes_a_file_or_any_folder_above_it(umask: int, tmp_path: Path) -> None:
    folder = files.make_folder(tmp_path / "saved" / "ada" / "data")
    files.write(folder / "written", "text\r\n")
    files.create(folder / "created", b"bytes")
    files.append(folder / "appended", "line")
    with files.open_private(folder / "opened", "w") as file:
        file.write("log")
    with files.draft(folder / "drafted") as draft:
        draft.write_bytes(b"work")
    above = (folder, folder.parent, folder.parent.parent)
    assert {mode(one) for one in above} == {0o700}, oct(umask)
    held = {one.name: (mode(one), one.read_bytes()) for one in folder.iterdir()}
    assert held == {
        "written": (0o600, b"text\r\n"),
        "created": (0o600, b"bytes"),
        "appended": (0o600, b"line\n"),
        "opened": (0o600, b"log"),
        "drafted": (0o600, b"work"),
    }


def test_what_was_open_before_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / ".workshop" / "prod"
    folder.mkdir(parents=True)
    for name in ("written", "appended", "opened"):
        (folder / name).write_text("old\n")
    for path in (folder.parent, folder, *folder.iterdir()):
        path.chmod(0o777)
    files.make_folder(folder)
    files.write(folder / "written", "new")
    files.append(folder / "appended", "new")
    with files.open_private(folder / "opened", "w") as file:
        assert mode(folder / "opened") == 0o600, "before anything is written"
        file.write("new")
    assert {mode(one) for one in folder.iterdir()} == {0o600}
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)
    assert mode(tmp_path) == 0o700, "made so by pytest, and nobody's state"


def test_a_folder_that_others_use_as_well_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, team = tmp_path / "project", tmp_path / "team"
    for folder, bits in ((project, 0o755), (team, 0o2775)):
        folder.mkdir()
        folder.chmod(bits)
    monkeypatch.chdir(project)
    for root in (project, team):
        files.make_folder(root)
        files.make_folder(root / "ada", root=root)
    assert (mode(project), mode(team)) == (0o755, 0o2775)
    assert not (team / ".gitignore").exists()
    assert mode(project / "ada") == 0o700
    assert mode(team / "ada") & 0o777 == 0o700


def test_no_repository_offers_what_is_in_such_a_folder(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *arguments],  # noqa: S607 - wherever it is
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    git("init", "--quiet")
    (tmp_path / "empty").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mine.md").write_text("x")
    for folder in (".workshop/prod", "handouts", "saved/ada/data", "empty", "docs"):
        made = files.make_folder(tmp_path / folder)
        files.write(made / "people", "Zoë")
    offered = git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert offered == ["?? docs/mine.md", "?? docs/people"], "a folder of other files stays theirs"


def test_a_file_that_cannot_be_finished_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    files.write(path, "old")

    def fill(draft: Path) -> None:
        draft.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), files.draft(path) as draft:
        fill(draft)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_a_files_place_is_replaced_and_never_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    (tmp_path / "report").symlink_to(elsewhere)
    files.write(tmp_path / "report", "ours")
    assert (elsewhere.read_text(), (tmp_path / "report").read_text()) == ("theirs", "ours")
    with pytest.raises(FileExistsError):
        files.create(tmp_path / "report")


def test_a_lone_surrogate_is_written_as_an_escape(tmp_path: Path) -> None:
    files.write(tmp_path / "report", "a\udcffb")
    assert (tmp_path / "report").read_text() == "a\\udcffb"


@pytest.mark.parametrize(("mode", "is_read"), [(0o600, True), (0o644, True), (0o660, False)])
def test_a_file_that_others_could_have_written_is_not_read(
    tmp_path: Path, mode: int, is_read: object
) -> None:
    path = tmp_path / "plan"
    path.write_bytes(b"text")
    path.chmod(mode)
    assert files.own_content(path) == (b"text" if is_read else None)


def test_neither_a_link_nor_a_pipe_nor_nothing_is_a_file_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"text")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    names = ("link", "pipe", "nothing", ".")
    assert [files.own_content(tmp_path / name) for name in names] == [None] * 4


def test_a_folder_that_others_write_to_is_not_ones_own(tmp_path: Path) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir(0o700)
    shared.mkdir()
    shared.chmod(0o770)
    assert [files.is_own_folder(each) for each in (own, shared, tmp_path / "none")] == [
        True,
        False,
        False,
    ]


def test_a_new_file_takes_no_name_that_something_else_has_come_to_have(tmp_path: Path) -> None:
    path = tmp_path / "work"

    def write_while_another_does() -> None:
        with files.draft(path, new=True) as draft:
            draft.write_bytes(b"new")
            path.write_bytes(b"old")

    with pytest.raises(FileExistsError) as refused:
        write_while_another_does()
    assert refused.value.filename == str(path)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("work", b"old")]
