"""The table of workshops: what is read, what was run, and where it comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab_files import MONITOR, SERVE, TRAIN, write_notebook
from tools import generated_files, labs_table

COMMIT = "0123456789abcdef"
FITTED: dict[str, Any] = {}


@pytest.fixture
def fit_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fit says of the labs of all these tests is asked for once."""
    fitted = labs_table.fitted

    def remembered(folder: Path, config: Path) -> dict[str, Any]:
        if not FITTED:
            FITTED.update(fitted(folder, config))
        return FITTED

    monkeypatch.setattr(labs_table, "fitted", remembered)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "someone+labs"
    write_notebook(made, "one.ipynb", TRAIN, SERVE, MONITOR, "x = 1")
    return made


PROGRAM = """
import json, sys
from pathlib import Path

if sys.argv[1] == "fit":
    from workshop.cli import main
    sys.exit(main())
profile = Path(sys.argv[sys.argv.index("--config-dir") + 1], "labs.yaml").read_text()
print(json.dumps({"cells": [], "asked": sys.argv[1:], "profile": profile}))
sys.exit(1)  # as where a cell failed
"""
"""Reads labs as the command does, and runs none."""


def cell(number: int, result: str, *services: str, notebook: str = "one.ipynb") -> dict[str, Any]:
    calls = [{"service": service, "operation": "x"} for service in services]
    return {"notebook": notebook, "cell": number, "result": result, "calls": calls}


RAN = {
    "cells": [
        cell(1, "ok", "sagemaker"),
        # It asks for data that is made up, and calls nothing of AWS.
        cell(4, "ok", "made-up"),
        # What fit reads in it was never called: something before it failed.
        cell(2, "failed"),
        cell(3, "denied", "sagemaker"),
        cell(1, "ok", "s3", "made-up", notebook="two.ipynb"),
        cell(2, "not played", "sagemaker", notebook="two.ipynb"),
    ],
    "minutes": 1.26,
    "of a core": 0.9,
    "date": "2026-11-30",
    "commit": COMMIT,
}


@pytest.mark.usefixtures("fit_runs_once")
def test_a_row_has_what_fit_reads_and_what_was_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "results" / "someone+labs"
    kept.mkdir(parents=True)
    (kept / labs_table.RESULT).write_text(json.dumps(RAN), encoding="utf-8")
    assert labs_table.main([f"{folder}@{COMMIT}", "--rehearsed", str(kept.parent)]) == 0
    *_, line = capsys.readouterr().out.splitlines()
    assert line == (
        f"| someone/labs | [`0123456`](https://github.com/someone/labs/tree/{COMMIT}) | 1 | 3 |"
        " 2 (66 %) | 2, 2026-11-30 | 5 | 2 (40 %) | 1 | 1 | 1 | 1 | 1.3 | 0.9 |"
    )


@pytest.mark.usefixtures("fit_runs_once")
def test_the_notebooks_that_were_chosen_are_named_below_the_table(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = tmp_path / "results" / "someone+labs"
    kept.mkdir(parents=True)
    (kept / labs_table.RESULT).write_text(json.dumps(RAN), encoding="utf-8")
    monkeypatch.setattr(labs_table, "CHOSEN", {"someone/labs": ("o*", "t*")})
    arguments = ["--rehearsed", str(kept.parent)]
    assert labs_table.main([f"{folder}@{COMMIT}", *arguments]) == 0
    assert capsys.readouterr().out.endswith(
        "\n\nRehearsed were of labs `o*`, `t*`; of the others all notebooks.\n"
    )
    assert labs_table.main([f"{folder}@89abcdef", *arguments]) == 1
    assert capsys.readouterr().err == f"someone/labs was rehearsed at {COMMIT}, not at 89abcdef\n"


@pytest.mark.usefixtures("fit_runs_once")
def test_a_workshop_that_was_not_rehearsed_has_dashes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labs_table.main([f"{folder}@{COMMIT}", "--rehearsed", str(tmp_path / "none")]) == 0
    assert capsys.readouterr().out.endswith(f"2 (66 %) |{' - |' * 9}\n")


def test_the_notebooks_are_run_with_the_profile_and_the_replacements_of_fit(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(folder, "two.ipynb", "bucket = 'your-bucket-name-here'")
    program = tmp_path / "workshop"
    program.write_text(f"#!{sys.executable}\n{PROGRAM}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(labs_table, "_program", lambda: program)
    monkeypatch.setattr(labs_table, "CHOSEN", {"someone/labs": ("on*",)})
    results = tmp_path / "results"
    arguments = [f"{folder}@{COMMIT}", "--rehearse", str(results), "--minutes", "2"]
    assert labs_table.main(arguments) == 0
    ran = json.loads((results / "someone+labs" / labs_table.RESULT).read_text(encoding="utf-8"))
    assert ran["asked"][-8:] == [
        *("--content", str(folder), "--minutes", "2.0"),
        *("--replace", "your-bucket-name-here=$WORKSHOP_BUCKET", "--notebook", "on*"),
    ]
    assert labs_table.ACCOUNT in ran["profile"]
    assert ran["commit"] == COMMIT


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
    ],
)
def test_what_is_wrong_is_told_before_anything_is_counted(
    folder: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert labs_table.main([one.format(folder=folder) for one in arguments]) == 1
    assert capsys.readouterr().err == told.format(folder=folder) + "\n"


@pytest.mark.usefixtures("fit_runs_once")
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
