"""What organisers ask of a seat that is frozen, that is off, or that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.seats import ADA, BEN, Seats
from tests.support.teardown_demo import is_frozen
from workshop.cli import ready as ready_command
from workshop.naming import FREEZE
from workshop.notebooks import start_stop
from workshop.requests.ask import AgentWaits


@pytest.fixture
def frozen(
    seats: Seats, ada: LiveWorkbench, organiser: Asker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Asker]:
    """Ada's seat is frozen, and her notebook runs; its agent works whenever a command waits."""

    def pause(*_: object) -> bool:
        ada.round()
        return False

    def waits(_: object, minutes: float) -> AgentWaits:
        ticks = count(step=30.0)
        return AgentWaits(pause, minutes, clock=lambda: next(ticks))

    iam, arn = seats.root.client("iam"), ADA.cohort_policy_arn(FREEZE)
    iam.attach_role_policy(RoleName=ADA.role, PolicyArn=arn)
    monkeypatch.setattr(ready_command, "AgentWaits", waits)
    monkeypatch.setattr("workshop.cli.save.AgentWaits", waits)
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    yield organiser
    if is_frozen(seats.root, ADA):
        iam.detach_role_policy(RoleName=ADA.role, PolicyArn=arn)


def test_a_frozen_seat_saves_its_work_and_gets_messages_and_files(
    frozen: Asker, ada: LiveWorkbench, tmp_path: Path
) -> None:
    ada.write("last.ipynb", "44")
    ran = frozen.command("save", "--only", "ada")
    assert ran.code == 0, ran.out
    assert frozen.command("tell", "You are frozen, come to the front").code == 0
    (tmp_path / "solutions.md").write_text("45")
    assert frozen.command("share", str(tmp_path / "solutions.md")).code == 0
    ada.round()
    assert "You are frozen, come to the front" in ada.read("00-MESSAGES.txt")
    shared = ada.sandbox.home / "shared"
    assert [one.read_text() for one in shared.glob("*/solutions.md")] == ["45"]


def test_a_frozen_seat_is_not_ready_until_it_is_reopened(frozen: Asker, seats: Seats) -> None:
    [told] = json.loads(frozen.command("ready", "--only", "ada", "--json").out)
    assert not told["ready"]
    assert told["reasons"][-1].startswith("it is frozen; reopen it with: workshop reopen -e demo")
    assert told["reasons"][-1].endswith("--only ada")
    assert frozen.command("reopen", "--only", "ada").code == 0
    [told] = json.loads(frozen.command("ready", "--only", "ada", "--json").out)
    assert "it is frozen" not in " ".join(told["reasons"])
    assert not is_frozen(seats.root, ADA)


def test_a_notebook_that_is_off_is_named_so_and_is_no_failure(
    organiser: Asker, seats: Seats
) -> None:
    client = seats.root.client("sagemaker")
    client.stop_notebook_instance(NotebookInstanceName=BEN.notebook)
    ran = organiser.command("save", "--only", "ben")
    client.start_notebook_instance(NotebookInstanceName=BEN.notebook)
    assert ran.code == 0
    assert "0 saved, 0 not, 1 not running" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("save", "--only", "ghost"),
        ("ready", "--only", "ghost"),
        ("reopen", "--only", "ghost"),
        ("swap", "ghost", "spare01", "--yes"),
        ("end", "demo-ghost-answer"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_seat_that_nobody_knows_is_named_and_nothing_is_done(
    organiser: Asker, seats: Seats, arguments: tuple[str, ...]
) -> None:
    ran = organiser.command(*arguments)
    assert ran.code == 2
    assert "ghost" in ran.err
    assert not is_frozen(seats.root, ADA)
