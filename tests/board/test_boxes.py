"""What the board shows of seats with an EC2 instance: its state, and the lines that lead in."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.board.test_in_a_browser import reach, shows, visited
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


@pytest.mark.parametrize(
    "seat",
    ["ADA", "ada;id", "ada%2f..%2fben", "%3Cimg%20src=x%20onerror=alert(1)%3E", "%00", "a" * 3000],
)
def test_an_odd_seat_is_none_and_stays_a_word(served: ServedBoard, seat: str) -> None:
    answer = served.organiser().get(f"/connect/{seat}?os=%3Cscript%3E")
    assert answer.status in (404, 409)
    assert not re.search(r"<img|<script>|aws ssm|Traceback", answer.text)


def test_a_folder_of_any_name_is_a_word_of_the_page_and_one_of_the_shell(
    cloud: Cloud, tmp_path: Path
) -> None:
    folder = tmp_path / "<img src=x onerror=alert(1)> & 'it' $(id)"
    config = write_boxes(folder)
    (config / "dev.yaml").rename(config / "room.yaml")
    box_stack(cloud, "ada")
    with (
        terminal(cloud.environment(), tmp_path),
        board_of(Room(cloud, config, cloud.role())) as served,
    ):
        page = served.organiser().get("/connect/ada").text
    assert "<img" not in page
    [line] = re.findall(r"credential_process = (.*)", html.unescape(page))
    words = shlex.split(line)
    assert words[words.index("--config-dir") + 1] == str(folder)


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
        assert not re.search(r"ASIA|AKIA|Secret|token", page.content(), re.IGNORECASE)

        page.get_by_role("link", name="Back to the seats").click()
        for action, state in (("Stop", "stopped"), ("Start", "running")):
            page.get_by_text("Act on ada").click()
            page.get_by_role("link", name=f"{action} ada").click()
            page.get_by_role("button", name=f"{action}: 1 seat").click()
            page.locator('[data-result="done"]').wait_for()
            page.get_by_role("link", name="Back to the seats").click()
            shows(page, "ada", "box", f"{state}, t3.medium")


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
STICKING_OUT = """
[...document.querySelectorAll("main *")].filter((element) => {
  const inner = element.getBoundingClientRect();
  const outer = (element.closest(".tile, .copied") || document.body).getBoundingClientRect();
  return inner.width && (inner.right > outer.right + 0.5 || inner.left < outer.left - 0.5);
}).map((element) => element.outerHTML)
"""
"""What is wider than the tile, the lines or the page that it belongs to."""


def test_tiles_and_lines_fit_every_width_in_light_and_dark(
    served: ServedBoard, browser: Browser
) -> None:
    with visited(browser, served) as page:
        for path, shown in (("", "Seats"), ("connect/ada?os=windows", "Connect to ada")):
            page.goto(f"{served.address}{path}")
            assert shown in page.title()
            papers = set()
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
                for width in (1280, 768, 360, 320):
                    page.set_viewport_size({"width": width, "height": 800})
                    assert page.evaluate("document.documentElement.scrollWidth") == width
                    assert page.evaluate(STICKING_OUT) == []
                picture(page, f"board-boxes-{path[:7] or 'tiles'}-{scheme}")
                assert violations(page) == []
            assert len(papers) == 2


def test_the_keyboard_alone_leads_to_the_lines_and_copies_them(
    served: ServedBoard, boxes: dict[str, str], browser: Browser
) -> None:
    ada = BoxAddress("vision-ada-box", boxes["ada"], "us-east-1", "vision-ada")
    with visited(browser, served) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        reach(page, "Connect to the EC2 instance of ada")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="The EC2 instance of ada").wait_for()
        reach(page, "windows")
        page.keyboard.press("Enter")
        page.locator("[aria-current]", has_text="windows").wait_for()
        page.get_by_role("button", name="Copy").last.wait_for()
        text = ada.ssh_config("windows")
        for _ in range(page.get_by_role("button", name="Copy").count()):
            reach(page, "Copy")
            page.keyboard.press("Enter")
            page.locator(":focus", has_text="Copied").wait_for()
            if page.evaluate("navigator.clipboard.readText()") == text:
                break
        else:
            raise AssertionError("no button copies the block of ~/.ssh/config")
