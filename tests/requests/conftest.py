"""Two seats in a local cloud that enforces IAM, ada's notebook, and who organises them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.preflights import calling
from tests.support.seats import ADA, Seats, two_seats
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


@pytest.fixture(scope="package")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(tmp_path_factory.mktemp("cloud")) as made:
        yield made


@pytest.fixture(scope="package")
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
    monkeypatch.chdir(tmp_path)
    with calling(seats.root, **seats.root.environment()):
        yield Asker(tmp_path)
