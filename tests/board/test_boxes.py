"""What the board shows of seats with an EC2 instance: its state, and the lines that lead in."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.boards import ServedBoard, board_of
from tests.support.box_class import box_stack, terminal, write_boxes
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room
from workshop.connect.lines import BoxAddress


@pytest.fixture
def boxes(cloud: Cloud) -> dict[str, str]:
    """The instances of two seats, of which the second's is stopped."""
    made = {seat: box_stack(cloud, seat) for seat in ("ada", "ben")}
    cloud.client("ec2").stop_instances(InstanceIds=[made["ben"]])
    return made


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path, boxes: dict[str, str]) -> Iterator[ServedBoard]:
    assert boxes
    config = write_boxes(tmp_path / "config")
    (config / "dev.yaml").rename(config / "room.yaml")
    with (
        terminal(cloud.environment(), tmp_path),
        board_of(Room(cloud, config, cloud.role())) as found,
    ):
        yield found


def test_a_tile_says_what_the_instance_does(served: ServedBoard) -> None:
    tiles = {one["seat"]: one for one in served.organiser().event()["tiles"]}
    assert tiles["ada"]["fields"]["box"] == "running, t3.medium"
    assert tiles["ben"]["fields"]["box"] == "stopped, t3.medium"
    assert "box" not in tiles["dan"]["fields"]
    page = served.organiser().get("/").text
    assert page.count('aria-label="Connect to the EC2 instance of ') == 3
    assert "/connect/dan" not in page


def test_a_page_has_the_lines_for_each_system_and_no_secret(
    served: ServedBoard, boxes: dict[str, str]
) -> None:
    ada = BoxAddress("vision-ada-box", boxes["ada"], "us-east-1", "vision-ada")
    organiser = served.organiser()
    linux = html.unescape(organiser.get("/connect/ada").text)
    assert ada.ssh_config("linux") in linux
    assert "workshop credentials ada -e room --config-dir" in linux
    windows = html.unescape(organiser.get("/connect/ada?os=windows").text)
    assert ada.ssh_config("windows") in windows
    assert "ASIA" not in linux + windows
    assert organiser.get("/connect/ada?os=beos").status == 409


def test_a_stopped_instance_is_told_with_its_cure(served: ServedBoard) -> None:
    page = html.unescape(served.organiser().get("/connect/ben").text)
    assert "the EC2 instance is stopped; start it with: workshop start " in page
    assert "no EC2 instance" in served.organiser().get("/connect/dan").text
    assert served.organiser().get("/connect/nobody").status == 409
