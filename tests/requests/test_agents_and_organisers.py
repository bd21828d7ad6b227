"""What organisers ask and agents answer, on a local cloud that enforces IAM: the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lifecycle_scripts import Sandbox, on_start
from tests.support.preflights import calling
from tests.support.seats import ADA, BEN, Seats, two_seats
from tests.support.workshop_command import Ran, run
from workshop.naming import Names
from workshop.requests import ask

ENVIRONMENT = """
workshop: demo
account: "000000000000"
region: us-east-1
start: 2026-01-01T09:00:00Z
end: 2099-12-31T17:00:00Z
roster:
  file: rosters/demo.csv
"""


@pytest.fixture(scope="module")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(tmp_path_factory.mktemp("cloud")) as made:
        yield made


class LiveWorkbench:
    """A notebook's file system, set up by the start script from the parameters in the cloud."""

    def __init__(self, root: Path, seats: Seats, names: Names) -> None:
        root.mkdir()
        self.sandbox = Sandbox(root)
        self.cloud = seats.ada if names.seat == "ada" else seats.ben
        self.names = names
        aws = Path(sys.executable).with_name("aws")
        given = self.cloud.credentials
        self.variables = {
            "AWS_ACCESS_KEY_ID": given["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": given["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": given["aws_session_token"],
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
        }
        exports = "; ".join(f"export {key}={value}" for key, value in self.variables.items())
        self.sandbox.command("aws", f'{exports}; exec {sys.executable} {aws} "$@"')
        metadata = root / "opt/ml/metadata/resource-metadata.json"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(
            json.dumps({"ResourceArn": names.notebook_arn, "ResourceName": names.notebook})
        )

    def start(self) -> subprocess.CompletedProcess[str]:
        values = {
            "region": self.names.region,
            "parameters_path": self.names.start_parameters,
            "role_arn": self.names.role_arn,
            "buckets": {"data": (self.names.bucket("data"), ())},
            "datasets_bucket": self.names.datasets_bucket,
            "content_repository": None,
            "packages": (),
        }
        return self.sandbox.run(on_start(**values))

    def round(self, *arguments: str) -> str:
        """One round of the agent that the start script wrote, with the seat's own role."""
        root = self.sandbox.root
        program = '. "$0/etc/profile.d/workshop.sh"; exec "$@"'
        ran = subprocess.run(
            [
                *("/bin/bash", "-c", program, str(root), sys.executable),
                *("-m", "workshop.agent.run", "--root", str(root), *arguments),
            ],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(root / "opt/workshop/lib"),
                "WORKSHOP_CONTENT": "",
                "WORKSHOP_PACKAGES": "",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                **self.variables,
            },
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return f"{ran.stdout}{ran.stderr}"

    def write(self, path: str, text: str) -> None:
        file = self.sandbox.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.sandbox.home / path).read_text()


@pytest.fixture(scope="module")
def ada(seats: Seats, tmp_path_factory: pytest.TempPathFactory) -> LiveWorkbench:
    notebook = LiveWorkbench(tmp_path_factory.mktemp("notebooks") / "ada", seats, ADA)
    done = notebook.start()
    assert (done.returncode, done.stderr) == (0, "")
    assert not (notebook.sandbox.home / "WORKSHOP-START.txt").exists()
    return notebook


@pytest.fixture
def organiser(seats: Seats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asker]:
    (tmp_path / "rosters").mkdir()
    (tmp_path / "demo.yaml").write_text(ENVIRONMENT)
    (tmp_path / "rosters/demo.csv").write_text("id,name\nada,Ada\nben,Ben\n")
    monkeypatch.setattr(ask, "POLL_SECONDS", 0.01)
    with calling(seats.root, **seats.root.environment()):
        yield Asker(tmp_path)


class Asker:
    def __init__(self, config: Path) -> None:
        self._config = config

    def command(self, *arguments: str) -> Ran:
        return run(*arguments, "-e", "demo", "--config-dir", str(self._config))


def test_the_start_script_comes_from_the_parameters_with_the_seats_own_role(
    ada: LiveWorkbench,
) -> None:
    assert (ada.sandbox.root / "opt/workshop/lib/workshop/agent/run.py").exists()


def test_a_message_is_shown_in_the_next_round(ada: LiveWorkbench, organiser: Asker) -> None:
    told = organiser.command("tell", "Lunch until\n 13:15.")
    assert told.code == 0, told.err
    assert "notebooks of 2 seats show it within two minutes" in told.err
    assert ada.round() == ""
    assert "Lunch until 13:15." in ada.read("00-MESSAGES.txt")


def test_shared_files_come_into_a_new_folder_each_time(
    ada: LiveWorkbench, organiser: Asker, tmp_path: Path
) -> None:
    file = tmp_path / "solutions.ipynb"
    file.write_text("first")
    assert organiser.command("share", str(file)).code == 0
    assert ada.round() == ""
    file.write_text("corrected")
    assert organiser.command("share", str(file)).code == 0
    assert ada.round() == ""
    brought = sorted(ada.sandbox.home.glob("shared/*/solutions.ipynb"))
    assert [path.read_text() for path in brought] == ["first", "corrected"]
    assert f"New in the folder shared/{brought[1].parent.name}" in ada.read("00-MESSAGES.txt")
    brought[0].unlink()
    assert ada.round() == ""
    assert not brought[0].exists()


def test_save_asks_all_running_notebooks_and_says_who_did(
    ada: LiveWorkbench, organiser: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.write("answers.ipynb", "42")
    rounds = []

    def pause(*_: object) -> bool:
        rounds.append(ada.round())
        return False

    monkeypatch.setattr("threading.Event.wait", pause)
    ran = organiser.command("save", "--only", "ada", "--json")
    monkeypatch.undo()
    assert ran.code == 0, ran.err
    (answer,) = json.loads(ran.out)
    assert (answer["seat"], answer["result"]) == ("ada", "done")
    assert answer["files"] >= 1
    body = ada.cloud.client("s3").get_object(
        Bucket=ADA.bucket("data"), Key="saved/files/answers.ipynb"
    )
    assert body["Body"].read() == b"42"


def test_a_notebook_that_does_not_answer_is_named_and_the_exit_code_is_1(
    organiser: Asker,
) -> None:
    ran = organiser.command("save", "--only", "ben", "--minutes", "0.1")
    assert ran.code == 1
    assert "its agent has never reported" in ran.out
    assert "0 saved, 1 not, 0 not running" in ran.err
    assert "try again with: workshop save -e demo " in ran.err
    assert "--only ben" in ran.err


def test_a_seat_can_neither_write_messages_nor_read_anothers_saved_files(
    seats: Seats,
) -> None:
    refused = pytest.raises(seats.ben.client("s3").exceptions.ClientError, match="AccessDenied")
    with refused:
        seats.ben.client("s3").put_object(
            Bucket=BEN.datasets_bucket, Key="workshop/inbox.json", Body=b"{}"
        )
    with refused:
        seats.ben.client("s3").get_object(
            Bucket=ADA.bucket("data"), Key="saved/files/answers.ipynb"
        )
    with refused:
        seats.ben.client("ssm").get_parameters_by_path(Path="/ws/other/on-start")


def test_a_notebook_that_is_made_anew_gets_its_work_back(
    seats: Seats, ada: LiveWorkbench, tmp_path: Path
) -> None:
    ada.write("folder/more.ipynb", "43")
    assert ada.round("--save") == ""
    new = LiveWorkbench(tmp_path / "new", seats, ADA)
    assert new.start().returncode == 0
    assert new.round() == ""
    assert new.read("folder/more.ipynb") == "43"
