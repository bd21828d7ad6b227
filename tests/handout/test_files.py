"""Files that hold links: all or none, never over others, for their owner's eyes alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from workshop import files as private
from workshop.errors import UsageError, WorkshopError
from workshop.handout import files


def test_files_and_a_new_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "hand"
    files.write({folder / "ada.html": "Zoë\n", folder / "ben.html": "b"}, force=False)
    assert (folder / "ada.html").read_bytes() == "Zoë\n".encode()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert sorted(path.name for path in folder.iterdir()) == ["ada.html", "ben.html"]
    assert (folder.parent / ".gitignore").read_text().endswith("\n*\n")


def test_a_folder_of_other_files_keeps_its_mode_and_one_of_pages_alone_is_closed(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    files.write({tmp_path / "ada.html": "a"}, force=False)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    files.write({tmp_path / "ben.html": "b"}, force=False, folder=tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ada.html").stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_when_one_of_many_is_there(tmp_path: Path) -> None:
    (tmp_path / "ben.html").write_text("mine")
    texts = {tmp_path / f"{seat}.html": "new" for seat in ("ada", "ben", "zoe")}
    for ask in (files.check, files.write):
        with pytest.raises(UsageError) as caught:
            ask(texts, force=False)
        assert str(caught.value).endswith(
            "ben.html is there already; add --force to write over, or give another --output"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["ben.html"]
    assert (tmp_path / "ben.html").read_text() == "mine"


def test_several_files_in_the_way_are_counted(tmp_path: Path) -> None:
    texts = {tmp_path / f"{seat}.html": "new" for seat in ("ada", "ben", "zoe")}
    files.write(texts, force=False)
    with pytest.raises(UsageError, match=r"ada\.html and 2 more are there already; add --force"):
        files.check(texts, force=False)


def test_force_writes_over_and_ends_an_open_mode(tmp_path: Path) -> None:
    target = tmp_path / "ada.html"
    target.write_text("old")
    target.chmod(0o644)
    files.write({target: "new"}, force=True)
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("new", 0o600)


def test_a_link_to_elsewhere_counts_as_there_and_is_never_followed(tmp_path: Path) -> None:
    elsewhere, target = tmp_path / "elsewhere", tmp_path / "ada.html"
    target.symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is there already"):
        files.check([target], force=False)
    files.write({target: "new"}, force=True)
    assert not elsewhere.exists()
    assert not target.is_symlink()


def test_a_folder_in_the_way_of_a_file_and_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "ada.html").mkdir()
    (tmp_path / "hand").write_text("a file")
    with pytest.raises(UsageError, match=r"ada\.html is a folder; give another --output"):
        files.check([tmp_path / "ada.html"], force=True)
    with pytest.raises(UsageError, match=r"hand is a file; give another --output"):
        files.check([tmp_path / "hand" / "ada.html"], force=True)


def test_a_disk_that_refuses_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = private.draft
    seen: list[Path] = []

    def full(path: Path) -> AbstractContextManager[Path]:
        seen.append(path)
        if len(seen) == 3:
            raise OSError(28, "No space left on device", str(path))
        return kept(path)

    monkeypatch.setattr(private, "draft", full)
    texts = {tmp_path / f"{seat}.html": "new" for seat in ("ada", "ben", "zoe")}
    with pytest.raises(WorkshopError, match=r"zoe\.html cannot be written \(No space left"):
        files.write(texts, force=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_appears_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = private.draft

    def slow(path: Path) -> AbstractContextManager[Path]:
        (tmp_path / "ada.html").write_text("theirs")
        return kept(path)

    monkeypatch.setattr(private, "draft", slow)
    with pytest.raises(UsageError, match="is there already"):
        files.write({tmp_path / "ada.html": "mine", tmp_path / "ben.html": "mine"}, force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["ada.html"]
    assert (tmp_path / "ada.html").read_text() == "theirs"


def test_a_file_that_git_would_offer_is_told_from_one_that_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "merge.csv"
    assert not files.is_offered(path)
    (tmp_path / ".git").mkdir()
    assert files.is_offered(path)
    (tmp_path / ".gitignore").write_text("/build/\n*.csv\n")
    assert not files.is_offered(path)
    assert files.is_offered(tmp_path / "out" / "ada.html")
    files.write({tmp_path / "out" / "ada.html": "x"}, force=False, folder=tmp_path / "out")
    assert not files.is_offered(tmp_path / "out" / "ada.html")
