"""What organisers ask and agents answer, on a local cloud that enforces IAM: the real program."""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.seats import ADA, BEN, Seats
from workshop.requests.ask import AgentWaits


def test_the_start_script_comes_from_the_parameters_with_the_seats_own_role(
    ada: LiveWorkbench,
) -> None:
    assert (ada.sandbox.root / "opt/workshop/lib/workshop/agent/run.py").exists()


def test_a_message_is_shown_in_the_next_round(ada: LiveWorkbench, organiser: Asker) -> None:
    told = organiser.command("tell", "Lunch until\n 13:15.")
    assert told.code == 0, told.err
    assert "machines of 2 seats show it within two minutes" in told.err
    assert ada.round() == ""
    assert "Lunch until 13:15." in ada.read("00-MESSAGES.txt")


def test_a_message_reaches_the_open_terminal_the_next_one_and_the_running_kernel(
    ada: LiveWorkbench, organiser: Asker
) -> None:
    root = ada.sandbox.root
    ours, theirs = os.openpty()
    (root / "dev/pts").mkdir(parents=True, exist_ok=True)
    (root / "dev/pts/7").symlink_to(os.ttyname(theirs))
    kernel = runpy.run_path(str(root / "opt/workshop/python/workshop_messages.py"))
    kernel["show"].__globals__["MESSAGES"] = root / "run/workshop-agent/messages.json"
    cells: dict[str, Callable[[], None]] = {}
    kernel["load_ipython_extension"](
        SimpleNamespace(events=SimpleNamespace(register=cells.setdefault))
    )

    assert organiser.command("tell", "Coffee is ready.").code == 0
    assert ada.round() == ""
    assert b"*** Coffee is ready. ***" in os.read(ours, 1000)
    assert "Coffee is ready." in (root / "run/workshop-agent/newest.txt").read_text()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        cells["post_run_cell"]()
        cells["post_run_cell"]()
    assert printed.getvalue().count("Coffee is ready.") == 1

    # The next round says nothing a second time, and comes half a minute later.
    os.set_blocking(ours, False)
    assert ada.round() == ""
    with pytest.raises(BlockingIOError):
        os.read(ours, 1000)
    timer = (root / "etc/systemd/system/workshop-agent.timer").read_text()
    assert "OnUnitInactiveSec=30\n" in timer
    (root / "dev/pts/7").unlink()
    os.close(ours)
    os.close(theirs)


def test_stop_has_files_saved_first_and_names_who_could_not(
    ada: LiveWorkbench, organiser: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.write("before-the-night.ipynb", "7")
    ada.round()
    ada.write("before-the-night.ipynb", "8")
    asked: list[str] = []

    def stopped(*_: object, **__: object) -> None:
        body = ada.cloud.client("s3").get_object(
            Bucket=ADA.bucket("data"), Key="saved/files/before-the-night.ipynb"
        )
        asked.append(body["Body"].read().decode())

    def pause(*_: object) -> bool:
        ada.round()
        return False

    monkeypatch.setattr("workshop.cli.start_stop._change", stopped)
    monkeypatch.setattr("threading.Event.wait", pause)
    ran = organiser.command("stop")
    monkeypatch.undo()
    assert ran.code == 0, ran.err
    assert asked == ["8"]
    assert "1 saved" in ran.err
    assert (
        "not saved first: ben: its agent has never reported; a machine saves once more" in ran.err
    )


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
    organiser: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = partial(AgentWaits, clock=partial(next, count(step=3.0)))
    monkeypatch.setattr("workshop.cli.save.AgentWaits", waits)
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
