"""TAB: environments, seats and profiles by their names, as bash and zsh ask for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click import Context
from typer.main import get_command

from tests.support.config_folder import HEAD, write, write_roster
from tests.support.workshop_command import run
from workshop.cli import application


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_roster(tmp_path / "config", "id\nada\nalan\ngrace\n")
    write(tmp_path / "config", "workshop: [", "broken")
    write(tmp_path / "mine", HEAD, "audio")
    return tmp_path


def answer(**variables: str) -> list[str]:
    """What a shell is offered that asks with these variables."""
    with mock.patch.dict(os.environ, variables):
        told = run()
    assert told.err == ""
    return told.out.split()


def bash(line: str) -> dict[str, str]:
    """How bash asks for what may stand at the end of the line."""
    return {
        "_WORKSHOP_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }


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
        ("workshop swap -e dev ada a", ["ada", "alan"]),
        ("workshop access show -e dev ada,", []),
        ("workshop stop --only a", []),
        ("workshop stop -e nobody --only a", []),
        ("workshop stop -e broken --only a", []),
    ],
)
def test_bash_offers(line: str, offered: list[str]) -> None:
    assert answer(**bash(line)) == offered


def parameters(command: Any, *path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every parameter of a command and of those below it, with the words that lead to it."""
    for parameter in command.params:
        yield " ".join((*path, parameter.name)), command, parameter
    for name, below in getattr(command, "commands", {}).items():
        yield from parameters(below, *path, name)


def test_whatever_names_an_environment_a_seat_or_a_profile_is_completed() -> None:
    """Each such option and argument of each command, but for the name of a new environment."""
    named = {"env": "dev", "seat": "ada", "spare": "ada", "only": "ada", "profile": "instructor"}
    asked = []
    for path, command, parameter in parameters(get_command(application())):
        if parameter.name in named:
            context = Context(command)
            context.params["env"] = "dev"
            offered = [item.value for item in parameter.shell_complete(context, "")]
            assert named[parameter.name] in offered, path
            asked.append(path)
    assert {"swap spare", "door undo seat", "access show seat", "fit env"} <= set(asked)


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
        env={**os.environ, **bash(line)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout
    assert done.stderr == "\n"
