"""The CDK app loads before it is known what to make, and makes nothing where nobody asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from workshop.deploy import app_process
from workshop.errors import WorkshopError

ECHO = """\
import json, os, pathlib, sys
asked = sys.stdin.read()
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir()
(out / "one").write_text(f"{asked} by {os.getpid()}")
stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "one"}}
(out / "manifest.json").write_text(json.dumps({"artifacts": {"one": stack}}))
print("!!!!!!!!!!!!!!!", "!!           !!", "!!Node is old!!", "", sep="\\n", file=sys.stderr)
"""
"""An app whose only template is what it was asked for."""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an app that real processes run in place of ours."""
    file = tmp_path / "packages" / "stacks" / "__main__.py"
    file.parent.mkdir(parents=True)
    (file.parent / "__init__.py").touch()
    file.write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return file


@pytest.fixture(autouse=True)
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """All processes of the app that a test starts; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def popen(*arguments: object, **options: object) -> subprocess.Popen[str]:
        started.append(real(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    with mock.patch.object(subprocess, "Popen", popen):
        yield started
        app_process.stop_early()
    assert all(process.poll() is not None for process in started)


def _made(context: dict[str, str]) -> tuple[str, str]:
    made = app_process.run(context, app_process.variables(os.environ))
    text, protected = made.stacks["one"]
    assert not protected
    return text, made.said


@pytest.mark.usefixtures("stand_in")
def test_an_app_that_was_started_early_makes_what_it_is_asked_for_later(
    processes: list[subprocess.Popen[str]],
) -> None:
    app_process.begin_early()
    [early] = processes
    assert early.poll() is None
    assert _made({"env": "dev"}) == (f'{{"env": "dev"}} by {early.pid}', "Node is old")
    assert _made({"env": "prod"}) == (f'{{"env": "prod"}} by {processes[1].pid}', "Node is old")


def test_an_app_that_has_loaded_what_was_changed_since_is_not_used(
    stand_in: Path, processes: list[subprocess.Popen[str]]
) -> None:
    app_process.begin_early()
    stand_in.write_text(ECHO.replace("old", "new"))
    assert _made({"env": "dev"}) == (f'{{"env": "dev"}} by {processes[1].pid}', "Node is new")
    assert processes[0].poll() is not None


@pytest.mark.usefixtures("stand_in")
def test_an_app_of_other_variables_or_another_folder_is_not_used(
    processes: list[subprocess.Popen[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_process.begin_early()
    monkeypatch.setenv("CDK_DEBUG", "true")
    assert _made({})[0].endswith(f" by {processes[1].pid}")
    app_process.begin_early()
    monkeypatch.chdir(tmp_path)
    assert _made({})[0].endswith(f" by {processes[3].pid}")


@pytest.mark.usefixtures("stand_in")
def test_an_app_that_nobody_asks_is_ended_and_leaves_nothing(
    processes: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    app_process.begin_early()
    app_process.stop_early()
    assert processes[0].poll() is not None
    assert not [*tmp_path.glob("workshop-*")]


def test_what_an_app_says_that_fails_is_passed_on(stand_in: Path) -> None:
    stand_in.write_text("raise SystemExit('a finding')")
    with pytest.raises(WorkshopError) as refused:
        _made({"env": "dev" * 100_000})  # which nobody reads
    assert refused.value.details == ("a finding",)


def test_the_real_app_makes_nothing_where_nobody_asks(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, *app_process.APP],
        env={**app_process.variables(os.environ), "CDK_OUTDIR": str(tmp_path / "cdk.out")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert not (tmp_path / "cdk.out").exists()
