"""``workshop demo --stay``: a door with codes that open it, until Ctrl-C."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib import request

import pytest

from tests.support.door_stacks import doored_seats
from tests.support.door_visits import DoorAtUrl
from tests.support.doored import with_door as shipped_with_door
from tests.support.seats import Seats
from workshop.aws.clients import Clients
from workshop.cli import demo, stay
from workshop.environments import loader
from workshop.errors import UsageError


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seats, DoorAtUrl]]:
    with doored_seats(tmp_path_factory.mktemp("stay")) as made:
        yield made


def test_it_shows_the_door_and_codes_that_open_it_and_goes_on_at_ctrl_c(
    place: tuple[Seats, DoorAtUrl],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seats, door = place
    for name, value in seats.root.environment().items():
        monkeypatch.setenv(name, value)
    loaded = shipped_with_door("demo")
    shown = []

    def wait() -> None:
        shown.append(capsys.readouterr())
        [board] = re.findall(r"^http://127\.0\.0\.1:\d+/\S+$", shown[0].out, re.MULTILINE)
        opener = request.build_opener(request.HTTPCookieProcessor())
        with opener.open(board, timeout=60) as answer:
            page = answer.read().decode()
        assert "Page for the room" in page
        raise KeyboardInterrupt

    stay.stay(loaded, Clients(loaded.home), "workshop cloud env", wait)
    [before] = shown
    assert door.url in before.out
    rows = re.findall(r"^(\S+) +([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}) ", before.out, re.MULTILINE)
    codes = dict(rows)
    assert [*codes] == [*(seat.id for seat in loaded.seats), "class", "helper:1"]
    for code, word in ((codes["ada"], "Seat ada"), (codes["helper:1"], "Helper 1")):
        visitor = door.visitor()
        assert visitor.post("/code", code=code).status == 303
        assert word in visitor.get().words
    assert 'eval "$(workshop cloud env)"' in before.err
    assert "Ctrl-C goes on with the teardown" in before.err
    assert capsys.readouterr().out == ""


def test_an_environment_without_a_door_gets_one_in_a_copy(tmp_path: Path) -> None:
    loaded = loader.load("demo", demo.SHIPPED)
    assert loaded.settings.door is None
    copy = stay.with_door(loaded, tmp_path / "config")
    assert copy.settings.door is not None
    assert copy.seats == loaded.seats
    assert copy.path == tmp_path / "config" / "demo.yaml"
    assert stay.with_door(copy, tmp_path / "other") is copy
    assert "door" not in loaded.path.read_text(encoding="utf-8")


def test_a_roster_elsewhere_is_not_copied_and_not_written_over(tmp_path: Path) -> None:
    roster = tmp_path / "people.csv"
    roster.write_text("id,name,email\nada,,\n")
    folder = tmp_path / "config"
    folder.mkdir()
    text = (demo.SHIPPED / "demo.yaml").read_text(encoding="utf-8")
    for place in ("../people.csv", str(roster)):
        (folder / "demo.yaml").write_text(text.replace("rosters/demo.csv", place))
        with pytest.raises(
            UsageError, match=r"and its roster .* lies elsewhere; put it beside it$"
        ):
            stay.with_door(loader.load("demo", folder), tmp_path / "copy")
    assert roster.read_text() == "id,name,email\nada,,\n"
    assert not (tmp_path / "copy").exists()
