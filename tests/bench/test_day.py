"""A small day: five seats, an hour, and the watch over them, played from seeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
import pytest

from bench.day import faults, personas, report
from bench.day.play import Played, play
from bench.day.setting import Setting
from workshop.aws import clients
from workshop.pricing import prices

SMALL = Setting(seats=4, boxes=1, hours=1, seed=19, torn_down=False)
"""In which the miner asks for too many instances, and an endpoint is forgotten."""
OTHER = replace(SMALL, seed=49, watched=False)
SEATS = [f"seat{number:03}" for number in range(1, 101)]


@pytest.fixture(scope="module", autouse=True)
def _shipped_prices() -> Iterator[None]:
    prices.use({})
    yield
    prices.use({})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("day")


def day(setting: Setting, folder: Path) -> Played:
    """Play it; commands share a session, since each would read all service models anew."""
    session = boto3.Session()
    with mock.patch.object(clients, "boto3", SimpleNamespace(Session=lambda: session)):
        return play(setting, folder)


@pytest.fixture(scope="module")
def played(folder: Path) -> Played:
    return day(SMALL, folder)


@pytest.fixture(scope="module")
def made(played: Played) -> dict[str, Any]:
    return report.document(played)


def test_the_bill_of_every_seat_holds_what_its_events_say(made: dict[str, Any]) -> None:
    assert made["wrong"] == []
    assert made["faults"] > 0
    bill = made["bill"]
    kinds = {"EC2 disk", "EC2 instance", "disk", "endpoint", "notebook", "training"}
    assert kinds <= {*bill["by_kind"]}
    for kind in ("EC2 disk", "disk", "training"):
        told = bill["by_kind"][kind]
        assert told["least"] == told["most"] == pytest.approx(told["events"], abs=0.001)
    usd = bill["usd"]
    assert usd["least"] - 0.001 <= usd["events"] <= usd["most"] + 0.001


def test_a_miner_is_frozen_and_no_neighbour_is_touched_before_the_end(
    played: Played, made: dict[str, Any]
) -> None:
    [frozen] = made["freezes"]["early"]
    assert frozen["persona"] == "miner"
    assert frozen["deserved"]
    by_the_watch = {
        one.seat
        for one in played.day.stopped
        if one.at < played.setting.end.timestamp() and (one.at, one.name) not in played.asked
    }
    assert by_the_watch == {frozen["seat"]}
    assert made["refused"]["box"] == {"start-box: InsufficientInstanceCapacity": 1}
    assert made["freezes"]["at_the_end"] == SMALL.seats + SMALL.boxes - 1
    assert made["after_the_end"] == []


def test_the_status_knows_when_an_instance_was_last_used(played: Played) -> None:
    [(key, used)] = played.used.items()
    assert [*used] == ["box001"]
    [row] = [one for one in played.said[key].document["seats"] if one["seat"] == "box001"]
    assert row["active_known"]
    assert row["active"] == used["box001"]


@pytest.mark.long
def test_the_same_seed_gives_the_same_report(folder: Path, made: dict[str, Any]) -> None:
    assert json.dumps(report.document(day(SMALL, folder))) == json.dumps(made)


def test_another_seed_gives_another_day() -> None:
    assert personas.scripts(SEATS, 1, 480) == personas.scripts(SEATS, 1, 480)
    assert personas.scripts(SEATS, 1, 480) != personas.scripts(SEATS, 2, 480)
    assert faults.storms(1, 96) == faults.storms(1, 96)
    assert faults.storms(1, 96) != faults.storms(2, 96)


@pytest.mark.long
def test_a_day_without_the_watch_is_wrong_and_of_another_seed_another_one(
    folder: Path, made: dict[str, Any]
) -> None:
    alone = report.document(day(OTHER, folder))
    assert "not every seat was frozen at the end" in alone["wrong"]
    assert [one for one in alone["wrong"] if one.endswith("was above a cap and was not frozen")]
    assert [one for one in alone["wrong"] if one.startswith("after the end there was still: ")]
    assert alone["bill"]["seats"] != made["bill"]["seats"]
