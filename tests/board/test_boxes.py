"""What the board shows of seats with an EC2 instance: its state, and the lines that lead in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.board.test_in_a_browser import shows, visited
from tests.support.accessibility import picture, violations
from tests.support.boards import ServedBoard, board_of
from tests.support.box_class import box_stack, terminal, write_boxes
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room
from workshop.connect.lines import JUPYTER, BoxAddress

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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


def test_a_seat_with_a_notebook_as_well_gets_in_with_a_browser_alone(
    served: ServedBoard, cloud: Cloud
) -> None:
    box_stack(cloud, "cleo")
    assert "<pre><code>workshop-box</code></pre>" in served.organiser().get("/connect/cleo").text
    assert "workshop-box" not in served.organiser().get("/connect/ada").text


def test_a_stopped_instance_is_told_with_its_cure(served: ServedBoard) -> None:
    page = html.unescape(served.organiser().get("/connect/ben").text)
    assert "the EC2 instance is stopped; start it with: workshop start " in page
    assert "no EC2 instance" in served.organiser().get("/connect/dan").text
    assert served.organiser().get("/connect/nobody").status == 409


def test_a_seat_without_a_notebook_has_none_to_open_whatever_else_is_wrong_with_it(
    served: ServedBoard,
) -> None:
    page = served.organiser().get("/").text
    tile = page.partition('data-seat="ada"')[2].partition("</li>")[0]
    assert ">no notebook; stacks 0/5<" in tile
    assert "Open the notebook of ada" not in tile


def test_a_browser_copies_the_lines_and_stops_and_starts_an_instance(
    served: ServedBoard, boxes: dict[str, str], browser: Browser
) -> None:
    ada = BoxAddress("vision-ada-box", boxes["ada"], "us-east-1", "vision-ada")
    with visited(browser, served) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copied = "navigator.clipboard.readText()"
        shows(page, "ada", "box", "running, t3.medium")
        picture(page, "board-boxes")
        page.get_by_role("link", name="Connect to the EC2 instance of ada").click()
        page.get_by_role("heading", name="The EC2 instance of ada").wait_for()
        for text in (ada.forwarding(JUPYTER), ada.ssh_config("linux")):
            page.locator(".copied", has_text=re.compile(re.escape(text))).get_by_role(
                "button"
            ).click()
            assert page.evaluate(copied) == text
        page.get_by_role("link", name="windows").click()
        page.locator("[aria-current]", has_text="windows").wait_for()
        assert ada.ssh_config("windows") in page.content().replace("&amp;", "&")
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 640})
            picture(page, f"board-connect-{width}")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert violations(page) == []
        assert not re.search(r"ASIA|AKIA|Secret|token", page.content(), re.IGNORECASE)

        page.get_by_role("link", name="Back to the seats").click()
        for action, state in (("Stop", "stopped"), ("Start", "running")):
            page.get_by_text("Act on ada").click()
            page.get_by_role("link", name=f"{action} ada").click()
            page.get_by_role("button", name=f"{action}: 1 seat").click()
            page.locator('[data-result="done"]').wait_for()
            page.get_by_role("link", name="Back to the seats").click()
            shows(page, "ada", "box", f"{state}, t3.medium")
