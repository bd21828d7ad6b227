"""TAB: environments, seats and profiles by their names, as bash and zsh ask for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, write, write_roster

WORKSHOP = Path(sys.executable).with_name("workshop")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_roster(tmp_path / "config", "id\nada\nalan\ngrace\n")
    write(tmp_path / "config", "workshop: [", "broken")
    write(tmp_path / "mine", HEAD, "audio")
    return tmp_path


def completed(line: str) -> list[str]:
    """What bash offers at the end of the line."""
    words = line.split(" ")
    return answer(
        _WORKSHOP_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)
    )


def answer(**variables: str) -> list[str]:
    done = subprocess.run(
        [WORKSHOP],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("workshop ro", ["roster"]),
        ("workshop cloud re", ["reset"]),
        ("workshop status -e ", ["broken", "dev"]),
        ("workshop status --env d", ["dev"]),
        ("workshop check --config-dir mine -e ", ["audio"]),
        ("workshop stop -e dev --only ", ["ada", "alan", "grace"]),
        ("workshop stop -e dev --only a", ["ada", "alan"]),
        ("workshop stop -e dev --only ada,", ["ada,alan", "ada,grace"]),
        ("workshop deploy -e dev --profile i", ["instructor"]),
        ("workshop stop --only a", []),
        ("workshop stop -e nobody --only a", []),
        ("workshop stop -e broken --only a", []),
    ],
)
def test_bash_offers(line: str, offered: list[str]) -> None:
    assert completed(line) == offered


def test_zsh_offers_the_same() -> None:
    told = answer(
        _WORKSHOP_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS="workshop stop -e dev --only g"
    )
    assert told == ["_arguments", "'*:", ':(("grace"))\'']


@pytest.mark.parametrize("line", ["workshop ", "workshop check -e ", "workshop roster -e "])
def test_no_command_asks_aws_or_cdk_to_complete(line: str) -> None:
    program = """\
import os, sys
from workshop import cli
sys.argv = ["workshop"]
try:
    cli.main()
except SystemExit:
    print(*{"boto3", "aws_cdk", "localcloud.process"} & set(sys.modules), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **os.environ,
            "_WORKSHOP_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout
    assert done.stderr == "\n"
