"""The command line as a whole: version, help, wrong commands, and errors without a traceback."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from tests.support.config_folder import HEAD, SEATS, write
from tests.support.workshop_command import run
from workshop import cli
from workshop.cli import COMMANDS, GROUPS, application, wrong_usage
from workshop.errors import UsageError


def test_the_version_is_the_package_s() -> None:
    shown = run("--version")
    assert (shown.code, shown.out) == (0, f"workshop {version('workshop-provisioner')}\n")


@pytest.mark.parametrize("command", ["check", "roster", "init"])
def test_help_shows_examples(command: str) -> None:
    shown = run(command, "--help")
    assert shown.code == 0
    assert "For example:" in shown.out
    assert f"workshop {command} " in shown.out


def test_the_overview_lists_every_command() -> None:
    shown = run("-h")
    assert shown.code == 0
    for command in ("init", "check", "roster", "cloud"):
        assert command in shown.out


def test_a_mistyped_command_is_guessed() -> None:
    shown = run("chek")
    assert shown.code == 2
    assert "Did you mean 'check'?" in shown.err


@pytest.mark.parametrize(
    ("word", "command"), [("destroy", "teardown"), ("delete", "teardown"), ("ls", "status")]
)
def test_a_word_of_another_program_leads_to_the_command_and_never_to_its_opposite(
    word: str, command: str
) -> None:
    shown = run(word, "-e", "dev")
    assert shown.code == 2
    assert shown.err == (
        f"workshop: there is no command {word!r}; it is called: workshop {command} (see: workshop"
        f" {command} -h)\n"
    )


def test_every_word_of_other_programs_leads_to_a_command_and_is_none() -> None:
    assert set(wrong_usage.OTHER_WORDS.values()) <= cli.COMMANDS.keys()
    assert not wrong_usage.OTHER_WORDS.keys() & {*cli.COMMANDS, *cli.GROUPS}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("stop", "-e", "dev", "ada", "ben"), "workshop: name seats with: --only ada,ben"),
        (("teardown", "ada", "-e", "dev"), "workshop: name seats with: --only ada"),
    ],
)
def test_whoever_names_seats_without_an_option_hears_the_option(
    command: tuple[str, ...], said: str
) -> None:
    shown = run(*command)
    assert shown.code == 2
    assert shown.err.splitlines()[-1] == said


def test_an_environment_named_by_its_file_is_guessed(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS)
    shown = run("check", "-e", "config/dev.yaml", "--config-dir", str(tmp_path))
    assert "did you mean 'dev'?" in shown.err


def test_a_missing_environment_is_bad_usage() -> None:
    shown = run("check")
    assert (shown.code, shown.out) == (2, "")
    assert "--env" in shown.err


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["demo", "dev", "mlday"], "your environment is mlday: add -e mlday"),
        (["demo"], "your environment is demo: add -e demo"),
        (["demo", "mlday", "vision"], "add -e with one of: mlday, vision"),
        ([], "go to the folder that holds your workshop"),
    ],
)
@pytest.mark.parametrize("command", [("status",), ("access", "show", "ada"), ("stop", "--json")])
def test_whoever_left_out_the_environment_hears_which_there_are(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: list[str],
    said: str,
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in names:
        write(tmp_path / "config", HEAD + SEATS, name)
    shown = run(*command)
    assert shown.code == 2
    assert shown.err.splitlines()[-1].endswith(said)


def test_other_wrong_usage_says_nothing_of_environments(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS)
    wrong = run("check", "-e", "dev", "--config-dir", str(tmp_path), "--nothing")
    assert wrong.code == 2
    assert "add -e" not in wrong.err + run("chek").err + run("cloud", "nothing").err


def test_an_error_is_a_sentence_and_debug_shows_where_it_came_from(tmp_path: Path) -> None:
    write(tmp_path, HEAD + SEATS)
    wrong = ("check", "-e", "prod", "--config-dir", str(tmp_path))
    shown = run(*wrong)
    assert "Traceback" not in shown.err
    assert shown.err.startswith("workshop: no environment 'prod'")
    for arguments in (("--debug", *wrong), (*wrong, "--debug")):
        with pytest.raises(UsageError):
            run(*arguments)


def test_a_command_is_not_kept_waiting_by_the_others() -> None:
    program = (
        "import sys; from workshop.cli import application; application('cloud');"
        "print(*sorted({'boto3', 'pydantic', 'workshop.cli.deploy'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert told.stdout.split() == []


def test_every_command_can_be_imported_alone() -> None:
    names = [*COMMANDS, *GROUPS]
    made = [typer.main.get_group(application(name)).commands for name in names]
    assert [list(commands) for commands in made] == [[name] for name in names]
    assert set(typer.main.get_group(application()).commands) == set(names)
