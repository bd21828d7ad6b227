"""The table of workshops: what is read, what was run, and where it comes from."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.lab_files import MONITOR, SERVE, TRAIN, write_notebook
from tools import generated_files, labs_table
from workshop.rehearse import judging

COMMIT = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "someone+labs"
    write_notebook(made, "one.ipynb", TRAIN, SERVE, MONITOR, "x = 1")
    return made


def rehearsal(path: Path, **counts: int) -> str:
    """Write what a rehearsal prints, and return the argument that names it."""
    more = {"calling AWS": 5, "calling AWS and ok": 3, "denied": 1, "not played": 1, "failed": 7}
    path.write_text(json.dumps({"cells": [], "summary": {**more, **counts}}), encoding="utf-8")
    return f"labs={path}"


def test_a_row_has_what_fit_reads_and_what_was_run_in_all_parts(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = rehearsal(tmp_path / "first.json")
    second = rehearsal(tmp_path / "second.json", denied=0)
    parts = ["--rehearsed", first, "--rehearsed", second]
    assert labs_table.main([f"{folder}@{COMMIT}", *parts]) == 0
    *_, line = capsys.readouterr().out.splitlines()
    assert line == (
        f"| someone/labs | [`0123456`](https://github.com/someone/labs/tree/{COMMIT}) | 1 | 3 |"
        " 2 (66 %) | 10 | 6 (60 %) | 1 | 2 |"
    )


def test_the_sums_are_those_that_a_rehearsal_prints() -> None:
    """The names of its counts are in no schema: here they are held to what makes them."""
    counts = judging.summary([])
    assert labs_table.rehearsed([{"summary": counts}]) == labs_table.RehearsedCells(0, 0, 0, 0)


def test_a_clone_tells_its_name_and_its_commit(folder: Path) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    git("remote", "add", "origin", "https://github.com/another/name.git")
    git("add", ".")
    git("commit", "-qm", "labs")
    found = labs_table.workshop(str(folder))
    assert (found.name, found.commit) == ("another/name", git("rev-parse", "HEAD"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{folder}"], "{folder} is no git repository; name its commit: {folder}@0123abc"),
        (["{folder}-gone"], "{folder}-gone is no folder"),
        (
            ["{folder}@0123456", "--rehearsed", "other=other.json"],
            "no workshop is called 'other'; there are: labs",
        ),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_counted(
    folder: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labs_table.main([one.format(folder=folder) for one in arguments]) == 1
    assert capsys.readouterr().err == told.format(folder=folder) + "\n"


def test_it_is_written_between_its_comments(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "labs.md"
    begin, end = generated_files.marks(labs_table.PART, "tools.labs_table")
    page.write_text(f"before\n{begin}old\n{end}after\n", encoding="utf-8")
    monkeypatch.setattr(labs_table, "PAGE", page)
    assert labs_table.main([f"{folder}@{COMMIT}", "--write"]) == 0
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    written, _, after = rest.partition(end)
    assert (before, after) == ("before\n", "after\n")
    assert "| someone/labs |" in written
    assert "old" not in written
