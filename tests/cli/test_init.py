"""``workshop init``: files to start from, which pass ``check`` as soon as the account is right."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.lab_files import IMAGING, write_notebook
from tests.support.workshop_command import run
from workshop.config import scaffold
from workshop.environments import loader


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_with_an_account_the_files_pass_check_at_once() -> None:
    made = run("init", "vision", "--account", "111122223333", "--region", "us-east-1")
    assert (made.code, made.out) == (0, "")
    assert (
        made.err
        == """\
wrote config/vision.yaml
wrote config/rosters/vision.csv
wrote config/schema.json
wrote cdk.json

next:
  1. set start and end in config/vision.yaml, and list the people in config/rosters/vision.csv
  2. give them ids:  workshop roster -e vision --write
  3. check it:       workshop check -e vision
"""
    )
    checked = run("check", "-e", "vision")
    assert (checked.code, checked.err) == (0, "")
    loaded = loader.load("vision")
    assert (loaded.settings.account, loaded.settings.region) == ("111122223333", "us-east-1")
    assert [seat.id for seat in loaded.seats] == ["ada", "alan", "grace", "spare01"]


def test_jobs_and_endpoints_get_no_gpu_unless_somebody_writes_one() -> None:
    run("init", "vision", "--account", "111122223333")
    text = Path("config/vision.yaml").read_text()
    profiles = loader.load("vision").settings.profiles
    assert text.count("training_instance_types: [") == len(profiles) == 2
    for profile in profiles.values():
        assert not profile.access.training_gpu
        assert not profile.access.processing_gpu
        assert profile.access.endpoint_instance_types == ("ml.m5.large",)


def test_without_an_account_check_names_the_line_to_fill_in() -> None:
    made = run("init", "vision")
    assert "  1. write your account's 12 digits into config/vision.yaml\n" in made.err
    checked = run("check", "-e", "vision")
    assert checked.code == 2
    line = (
        Path("config/vision.yaml")
        .read_text()
        .splitlines()
        .index(f'account: "{scaffold.ACCOUNT_PLACEHOLDER}"')
    )
    assert checked.err.splitlines()[0] == (
        f"config/vision.yaml:{line + 1}: account: 'YOUR-ACCOUNT-ID' is not an account id; write its"
        " 12 digits in quotes"
    )
    assert len(checked.err.splitlines()) == 2


def test_every_next_step_works_as_printed() -> None:
    made = run("init", "vision", "--account", "111122223333", "--config-dir", "mine")
    commands = [line.rpartition("workshop ")[2] for line in made.err.splitlines() if "-e " in line]
    assert len(commands) == 2
    for command in commands:
        assert run(*command.split()).code == 0


def test_nothing_that_is_there_is_overwritten() -> None:
    run("init", "vision", "--account", "111122223333")
    Path("config/vision.yaml").write_text("mine")
    again = run("init", "vision")
    assert again.code == 2
    assert again.err == (
        "workshop: config/vision.yaml is there already; choose another name or remove it\n"
    )
    assert Path("config/vision.yaml").read_text() == "mine"


def test_a_roster_that_is_there_keeps_the_environment_from_being_written() -> None:
    Path("config/rosters").mkdir(parents=True)
    Path("config/rosters/vision.csv").write_text("id\nada\n")
    assert run("init", "vision").code == 2
    assert not Path("config/vision.yaml").exists()
    assert Path("config/rosters/vision.csv").read_text() == "id\nada\n"


def test_a_schema_that_is_there_is_kept() -> None:
    Path("config").mkdir()
    Path("config/schema.json").write_text("{}")
    assert run("init", "vision").code == 0
    assert Path("config/schema.json").read_text() == "{}"


def test_cdk_runs_the_installed_app_in_the_folder() -> None:
    run("init", "vision", "--config-dir", "mine")
    told = json.loads(Path("cdk.json").read_text())
    assert told["app"] == f"{sys.executable} -P -m stacks"
    assert told["context"] == {"config": "mine"}
    Path("cdk.json").write_text("{}")
    assert run("init", "audio").code == 0
    assert Path("cdk.json").read_text() == "{}"


def test_a_python_inside_the_folder_is_named_by_its_place_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "a venv" / "bin" / "python"))
    run("init", "vision")
    assert json.loads(Path("cdk.json").read_text())["app"] == "'a venv/bin/python' -P -m stacks"


def test_editors_find_the_schema_beside_the_file() -> None:
    run("init", "vision")
    first = Path("config/vision.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema.json"
    assert json.loads(Path("config/schema.json").read_text())["title"] == "workshop environment"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["My-Shop"], "'My-Shop' cannot be a workshop's name; use 2 to 12 lower-case letters and"
         " digits, a letter first, no hyphen (sthree and amzn are reserved by S3)"),
        (["../x"], "'../x' cannot be a workshop's name; use 2 to 12 lower-case letters and digits,"
         " a letter first, no hyphen (sthree and amzn are reserved by S3)"),
        (["vision", "--account", "12"], "'12' is not an account id; write its 12 digits in"
         " quotes"),
        (["vision", "--region", "Ireland"], "'Ireland' is not a Region; write its code, such as"
         " 'eu-west-1'"),
    ],
)  # fmt: skip
def test_words_that_check_would_refuse_are_refused_before_anything_is_written(
    arguments: list[str], told: str
) -> None:
    made = run("init", *arguments)
    assert (made.code, made.err) == (2, f"workshop: {told}\n")
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told() -> None:
    Path("config").write_text("a file in the way")
    made = run("init", "vision")
    assert made.code == 1
    assert made.err.startswith("workshop: config/vision.yaml cannot be written (")


def test_the_dates_are_four_weeks_ahead_in_full_hours() -> None:
    text = scaffold.environment_text(
        "vision",
        account=None,
        region="eu-west-1",
        today=datetime(2026, 12, 10, 22, 41, 7, 5, tzinfo=UTC),
    )
    assert "start: 2027-01-07T09:00:00+00:00\nend: 2027-01-08T17:00:00+00:00\n" in text


LIKE = ("init", "scans", "--like", "imaging", "--account", "111122223333")


def test_an_example_passes_check_under_any_name_with_seats_in_place_of_a_roster() -> None:
    made = run(*LIKE)
    assert (made.code, made.out) == (0, "")
    assert (
        made.err
        == """\
wrote config/scans.yaml
wrote config/schema.json
wrote cdk.json

next:
  1. set start and end in config/scans.yaml, and who comes
  2. check it:  workshop check -e scans
"""
    )
    checked = run("check", "-e", "scans")
    assert (checked.code, checked.err) == (0, "")
    settings = loader.load("scans").settings
    assert (settings.workshop, settings.account, settings.region) == (
        "scans",
        "111122223333",
        "us-east-1",
    )


@pytest.mark.parametrize("example", scaffold.examples())
def test_every_example_is_right_but_for_the_account_and_has_what_nobody_should_forget(
    example: str, tmp_path: Path
) -> None:
    assert run("init", "mine", "--like", example).code == 0
    checked = run("check", "-e", "mine")
    assert checked.code == 2
    assert "account: 'YOUR-ACCOUNT-ID' is not an account id" in checked.err.splitlines()[0]
    assert len(checked.err.splitlines()) == 2
    text = (tmp_path / "config" / "mine.yaml").read_text()
    (tmp_path / "config" / "mine.yaml").write_text(
        text.replace(scaffold.ACCOUNT_PLACEHOLDER, "111122223333")
    )
    settings = loader.load("mine", pinned=False).settings
    profile = settings.profiles["attendee"]
    assert settings.title
    assert settings.hours
    assert settings.budget.per_seat_usd
    assert profile.notebook.content
    assert profile.access.training_instance_types != type(profile.access)().training_instance_types


def test_all_steps_of_the_imaging_labs_are_allowed_and_no_key_is_missing() -> None:
    """The notebook is of our own writing, with the calls that the published labs make."""
    run(*LIKE)
    write_notebook(Path("labs"), "steps.ipynb", *IMAGING)
    told = json.loads(run("fit", "labs", "-e", "scans", "--json").out)
    assert told["cells"] == {"calling": len(IMAGING), "running": len(IMAGING)}
    assert [each for each in told["calls"] if not each["runs"]] == []
    assert told["settings"] == []
    actions = {each["action"].partition(":")[2] for each in told["calls"]}
    assert actions >= {
        "CreateTrainingJob",
        "CreateHyperParameterTuningJob",
        "CreateProcessingJob",
        "CreateEndpoint",
        "CreateExperiment",
        "GetLogEvents",
        "InvokeEndpoint",
        "PutObject",
    }


def test_with_less_the_imaging_labs_lack_keys() -> None:
    """The check above looks: in a usual environment the same notebook is denied its machines."""
    run("init", "vision", "--account", "111122223333", "--region", "us-east-1")
    write_notebook(Path("labs"), "steps.ipynb", *IMAGING)
    told = json.loads(run("fit", "labs", "-e", "vision", "--json").out)
    lacking = {each["key"] for each in told["settings"]}
    assert {"access.training_instance_types", "access.processing_instance_types"} < lacking
    assert {"access.warm_pools", "mlflow"} < lacking


def test_an_example_takes_another_region_and_lasts_as_long_as_it_is_written() -> None:
    today = datetime(2026, 12, 10, 22, 41, 7, 5, tzinfo=UTC)
    text = scaffold.example_text(
        "imaging", "scans", account=None, region="eu-central-1", today=today
    )
    assert "\nregion: eu-central-1\n" in text
    assert "\nstart: 2027-01-07T09:00:00+00:00\nend: 2027-01-07T18:00:00+00:00\n" in text


def test_an_example_that_is_not_there_is_told_with_those_that_are() -> None:
    made = run("init", "vision", "--like", "imagin")
    assert (made.code, made.err) == (
        2,
        "workshop: no example 'imagin'; did you mean 'imaging'? known: gpu, imaging\n",
    )
    assert list(Path().iterdir()) == []
