"""What organisers ask and agents answer, on a local cloud that enforces IAM: the real program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.seats import ADA, BEN, Seats


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
