"""``workshop fit``: labs are read, and a file is written that ``check`` passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.lab_files import (
    FEATURES,
    MONITOR,
    POOL,
    PUSH,
    REGISTER,
    SAMPLES,
    SELECT,
    SERVE,
    TRAIN,
    write_notebook,
)
from tests.support.workshop_command import run
from workshop.environments import loader

SECRET = "AKIA" + "ABCDEFGHIJKLMNOP"
ACCOUNT = ("--account", "111122223333")


@pytest.fixture(autouse=True)
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "labs"
    cells = (TRAIN, SERVE, POOL, SAMPLES, FEATURES, REGISTER, MONITOR, SELECT, PUSH)
    write_notebook(folder, "lab.ipynb", *cells, f"key = '{SECRET}'  # us-east-1")
    return folder


def test_a_new_environment_passes_check_and_says_why_each_key_is_there() -> None:
    made = run("fit", "labs", "-e", "vision", *ACCOUNT)
    assert made.code == 0
    assert made.err.endswith(
        """
next:
  1. set start and end in config/vision.yaml, and who comes
  2. check it:  workshop check -e vision
  3. rehearse it:  workshop rehearse -e vision --content labs --replace 'my-bucket=$WORKSHOP_BUCKET'
""",
    )
    assert "\nwrote config/vision.yaml\n" in made.out
    checked = run("check", "-e", "vision")
    assert checked.code == 0
    # What check warns of, fit has said.
    assert made.err.startswith(checked.err)
    text = Path("config/vision.yaml").read_text()
    assert (
        """\
      # jobs that keep their machine for the next one: lab.ipynb cell 3
      warm_pools: 10
"""
        in text
    )
    assert (
        "# - sagemaker:CreateDataQualityJobDefinition, sagemaker:CreateMonitoringSchedule," in text
    )
    assert "# To edit in the labs:" in text
    access = loader.load("vision").settings.profiles["attendee"].access
    assert access.training_instance_types == ("ml.g5.2xlarge", "ml.m5.4xlarge")
    assert access.public_buckets == ("sagemaker-sample-files",)


def test_it_prints_machines_with_quotas_what_stays_closed_and_what_it_costs() -> None:
    made = run("fit", "labs", "-e", "vision", *ACCOUNT, "--seats", "9")
    assert made.out.startswith("labs: 1 notebook, 0 other files\n")
    assert (
        "9 cells and programs call AWS; all that they ask for is allowed in 7 of them" in made.out
    )
    row = next(line for line in made.out.splitlines() if line.startswith("ml.g5.2xlarge"))
    assert row.split()[1:3] == ["training", "2"]
    assert row.endswith("20  ml.g5.2xlarge for training job usage")
    assert (
        "AWS closed S3 Select to new customers; read the object instead (lab.ipynb cell 8)"
        in made.out
    )
    assert "\nestimate: " in made.out
    assert "for 10 seats" in made.out


def test_nothing_that_stands_in_a_cell_is_repeated() -> None:
    made = run("fit", "labs", "-e", "vision", *ACCOUNT)
    as_json = run("fit", "labs", "-e", "other", *ACCOUNT, "--json")
    for text in (made.out, made.err, as_json.out, Path("config/vision.yaml").read_text()):
        assert SECRET not in text
    assert "holds what looks like an AWS access key: take it out, and revoke it" in made.out


def test_json_has_all_of_it_and_is_the_same_every_time() -> None:
    made = json.loads(run("fit", "labs", "-e", "vision", *ACCOUNT, "--json").out)
    Path("config/vision.yaml").unlink()
    again = json.loads(run("fit", "labs", "-e", "vision", *ACCOUNT, "--json").out)
    assert made == again
    assert made["cells"] == {"calling": 9, "running": 7}
    assert made["files"] == {"notebook": 1}
    assert made["written"] == "config/vision.yaml"
    closed = [each for each in made["calls"] if not each["runs"]]
    assert {each["action"] for each in closed} == {
        action for each in made["closed"] for action in each["actions"]
    }
    assert all(each["why"] for each in closed)
    assert made["estimate"]["usd_per_seat"]["least"] > 0
    keys = {each["key"] for each in made["settings"]}
    assert {"access.warm_pools", "notebook.root_access"} <= keys


def test_without_an_account_the_file_says_where_to_write_it() -> None:
    made = run("fit", "labs", "-e", "vision")
    assert "  1. write your account's 12 digits into config/vision.yaml\n" in made.err
    assert 'account: "YOUR-ACCOUNT-ID"' in Path("config/vision.yaml").read_text()


def test_an_environment_that_is_there_is_not_touched_and_gets_its_keys_shown() -> None:
    run("init", "vision", *ACCOUNT)
    before = Path("config/vision.yaml").read_bytes()
    Path("config/rosters/vision.csv").write_text("id,name\nada,Ada\n")
    made = run("fit", "labs", "-e", "vision")
    assert (made.code, made.err) == (0, "")
    assert Path("config/vision.yaml").read_bytes() == before
    shown = made.out.partition("in the place of those that are there:\n\n")[2]
    assert shown.startswith("  attendee:\n    access:\n")
    assert "training_instance_types: [ml.m5.large, ml.g5.2xlarge, ml.m5.4xlarge]\n" in shown


def test_keys_that_were_pasted_are_enough() -> None:
    run("init", "vision", *ACCOUNT)
    Path("config/rosters/vision.csv").write_text("id,name\nada,Ada\n")
    shown = run("fit", "labs", "-e", "vision").out.partition("that are there:\n\n")[2]
    path = Path("config/vision.yaml")
    head = path.read_text().partition("\nprofiles:\n")[0]
    path.write_text(f"{head}\nprofiles:\n{shown}")
    again = run("fit", "labs", "-e", "vision")
    assert again.code == 0, again.err
    assert "config/vision.yaml has all keys that they need\n" in again.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("nowhere", "-e", "vision"), "'nowhere' is no folder and no repository; name a folder"),
        (("labs", "-e", "a-b"), "'a-b' cannot be a workshop's name"),
        (("labs", "-e", "vision", "--account", "1"), "'1' is not an account id"),
        (("labs", "-e", "vision", "--region", "x"), "'x' is not a Region"),
        (("labs", "-e", "vision", "--ref", "x"), "'--ref' is for a repository"),
        (("labs", "-e", "vision", "--profile", "x"), "'--profile' is for an environment that is"),
    ],
)
def test_a_wrong_word_is_refused_before_anything_is_written(
    options: tuple[str, ...], message: str
) -> None:
    made = run("fit", *options)
    assert made.code == 2
    assert made.err.startswith(f"workshop: {message}")
    assert not Path("config").exists()


def test_an_environment_that_is_there_says_its_own_account_and_profiles() -> None:
    run("init", "vision", *ACCOUNT)
    Path("config/rosters/vision.csv").write_text("id,name\nada,Ada\n")
    assert (
        "leave '--account' and '--region' out" in run("fit", "labs", "-e", "vision", *ACCOUNT).err
    )
    wrong = run("fit", "labs", "-e", "vision", "--profile", "x")
    assert wrong.err.startswith("workshop: no profile 'x' in environment 'vision'")


def test_a_folder_without_code_is_no_labs(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    made = run("fit", "empty", "-e", "vision")
    assert (made.code, made.err) == (
        1,
        "workshop: empty holds no notebook, program or script; name the folder that does\n",
    )


def test_names_of_files_steer_nothing(labs: Path) -> None:
    name = "a\nprofiles: {evil: {}}\n\x1b[2J.ipynb"
    write_notebook(labs, name, POOL.replace("600", "60"), "!sudo ls")
    made = run("fit", "labs", "-e", "vision", *ACCOUNT)
    assert made.code == 0
    assert "\x1b" not in made.out
    assert set(loader.load("vision").settings.profiles) == {"attendee"}


def test_a_new_environment_is_in_the_region_that_its_labs_name_unless_told(labs: Path) -> None:
    write_notebook(labs, "regions.ipynb", "client(region_name='us-west-2')")
    run("fit", "labs", "-e", "vision", *ACCOUNT)
    run("fit", "labs", "-e", "north", *ACCOUNT, "--region", "eu-north-1")
    assert loader.load("vision").settings.region == "us-west-2"
    assert loader.load("north").settings.region == "eu-north-1"


def test_the_rehearsal_that_is_named_fills_in_what_the_labs_leave_open(labs: Path) -> None:
    write_notebook(labs, "open.ipynb", "bucket = 'your-bucket'")
    made = run("fit", "labs", "-e", "vision", *ACCOUNT)
    filled = "--content labs --replace 'your-bucket=$WORKSHOP_BUCKET' --replace"
    assert f"workshop rehearse -e vision {filled}" in made.err
