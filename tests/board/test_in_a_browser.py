"""The board in a real browser: live, by keyboard, on a narrow screen, with hostile words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.support.accessibility import picture, violations
from tests.support.boards import (
    HOSTILE,
    ServedBoard,
    ServedSlips,
    board,
    board_of,
    class_of,
    counts,
    has_door,
    raises_hand,
    slips_of,
    tells,
)
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room, notebook, seat
from workshop.board import server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SEATS = 40
PATIENCE = 60_000
"""Milliseconds after which what should be seen never comes."""


@contextmanager
def visited(
    browser: Browser, served: ServedBoard | ServedSlips, *, expected: str = "pops up"
) -> Iterator[Page]:
    """The board in a browser in which nothing pops up and nothing goes wrong but ``expected``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    wrong: list[str] = []
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    page.set_default_timeout(PATIENCE)
    page.goto(served.address)
    yield page
    context.close()
    assert [words for words in wrong if expected not in words] == []


def shows(page: Page, seat_id: str, field: str, text: str) -> None:
    """Wait until a field of a tile has this in it."""
    page.locator(f'[data-seat="{seat_id}"] [data-field="{field}"]', has_text=text).wait_for()


def reach(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus."""
    called = "(document.activeElement.ariaLabel || document.activeElement.innerText).trim()"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(called) == name:
            return
    raise AssertionError(f"Tab does not lead to {name!r}")


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Two people with notebooks in service."""
    return people(cloud, tmp_path, monkeypatch, 2)


def people(cloud: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> Room:
    made = class_of(cloud, folder, monkeypatch, [f"Person {at}" for at in range(1, count + 1)])
    made.notebooks(range(1, count + 1))
    counts(cloud, {seat(1): 3.2, seat(2): 20})
    return made


def test_forty_seats_change_while_they_are_looked_at_and_hostile_words_stay_words(
    browser: Browser, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = people(cloud, tmp_path, monkeypatch, SEATS)
    with board_of(room) as served, visited(browser, served) as page:
        assert page.url == served.address
        assert page.locator(".tile").count() == SEATS
        page.evaluate("window.same = true")
        room.cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=notebook(7))
        raises_hand(room.cloud, seat(9), HOSTILE)
        tells(room.cloud, HOSTILE)
        shows(page, seat(7), "state", "Stopped")
        shows(page, seat(9), "hand", "<script>alert(1)</script>")
        page.locator("#told", has_text="<script>").wait_for()
        assert page.locator("#summary").inner_text().startswith("40 seats")
        assert page.locator("#tiles script, #tiles img").count() == 0
        page.get_by_role("button", name=f"Take the hand of {seat(9)}").wait_for()
        picture(page, "board")

        assert violations(page) == []

        page.get_by_label("Text").fill("person 4")
        visible = [tile.get_attribute("data-seat") for tile in page.locator(".tile:visible").all()]
        assert visible == [seat(4), seat(40)]
        page.get_by_label("Text").fill("")
        page.get_by_label("State").select_option("stopped")
        assert page.locator(".tile:visible").count() == 0
        page.get_by_label("State").select_option("all")

        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        picture(page, "board-320")
        assert violations(page) == []
        assert page.evaluate("window.same") is True


def test_a_notebook_is_stopped_with_the_keyboard_alone(browser: Browser, room: Room) -> None:
    with board_of(room) as served, visited(browser, served) as page:
        reach(page, f"Act on {seat(1)}")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        reach(page, f"Stop {seat(1)}")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Stop 1 seat").wait_for()
        picture(page, "board-confirm")
        assert violations(page) == []
        assert room.statuses()[notebook(1)] == "InService"
        reach(page, "Stop: 1 seat")
        page.keyboard.press("Enter")
        page.locator('[data-result="done"]').wait_for()
        assert violations(page) == []
        assert page.get_by_text(f"{seat(1)}: stopped").is_visible()
        page.get_by_text("Back to the seats").press("Enter")
        shows(page, seat(1), "state", "Stopped")


def test_open_leads_a_browser_to_the_notebook_and_the_board_stays(
    browser: Browser, room: Room
) -> None:
    with board_of(room) as served, visited(browser, served) as page:
        name = f"http://{notebook(1)}-"
        with page.context.expect_event(
            "request", lambda request: request.url.startswith(name)
        ) as asked:
            page.get_by_role("button", name=f"Open the notebook of {seat(1)}", exact=True).click()
        assert "authToken=" in asked.value.url
        assert str(served.port) not in asked.value.headers.get("referer", "")
        assert page.url == served.address


@contextmanager
def neighbour(body: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Serve a page as another program of this machine; yield its address and what it was sent."""
    seen: list[dict[str, str]] = []

    class Neighbour(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Neighbour) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}/", seen
        finally:
            listening.shutdown()
            thread.join()


@pytest.mark.parametrize("serves", [board_of, slips_of], ids=["board", "slips"])
def test_other_programs_of_the_machine_are_sent_nothing_that_opens_the_pages(
    serves: Callable[[Room], AbstractContextManager[ServedBoard | ServedSlips]],
    browser: Browser,
    room: Room,
) -> None:
    """A cookie of 127.0.0.1 would be sent to each of its ports, and a referrer to whom it leads."""
    with serves(room) as served, neighbour("hello") as (elsewhere, seen):
        key = served.keys.token
        with visited(browser, served) as page:
            assert page.context.cookies() == []
            page.evaluate("where => { location.href = where }", elsewhere)
            page.get_by_text("hello").wait_for()
            assert page.evaluate("document.referrer") == ""
            page.goto(elsewhere)
    assert len(seen) >= 2
    for headers in seen:
        assert "cookie" not in headers
        assert key not in str(headers)


def test_a_name_of_another_machine_and_a_form_of_another_page_get_nowhere_even_with_the_key(
    browser: Browser, room: Room
) -> None:
    with board_of(room) as served:
        # Browsers look no name below localhost up: as if somebody's DNS had pointed it here.
        rebound = served.address.replace("127.0.0.1", "evil.localhost")
        form = (
            f'<form method="post" action="{served.address}do/stop">'
            f'<input name="form" value="{served.keys.form_token}">'
            '<input name="seat" value="seat01"><button>Win a prize</button></form>'
        )
        with visited(browser, served, expected="resource") as page:
            answer = page.goto(rebound)
            assert answer is not None
            assert answer.status == 421
            assert "seat01" not in page.content()
            with neighbour(form) as (elsewhere, _):
                page.goto(elsewhere)
                page.get_by_role("button").click()
                page.get_by_text("this form came from another page").wait_for()
                page.goto(elsewhere)
                read = "where => fetch(where).then(() => 'read', () => 'refused')"
                assert page.evaluate(read, served.address) == "refused"
    assert set(room.statuses().values()) == {"InService"}


def test_the_button_of_a_slip_leads_a_browser_to_the_notebook(browser: Browser, room: Room) -> None:
    with slips_of(room) as served, visited(browser, served) as page:
        page.get_by_role("link", name=seat(2), exact=True).click()
        page.get_by_role("button", name="Open your notebook").wait_for()
        colour = page.evaluate(
            "getComputedStyle(document.querySelector('header')).borderBottomStyle"
        )
        assert colour == "solid"  # the page's own style is allowed
        picture(page, "slip")
        assert violations(page) == []
        name = f"http://{notebook(2)}-"
        with page.context.expect_event(
            "request", lambda request: request.url.startswith(name)
        ) as asked:
            page.get_by_role("button", name="Open your notebook").click()
        assert "authToken=" in asked.value.url


def test_every_other_page_can_be_used_by_everybody(browser: Browser, room: Room) -> None:
    with board_of(room) as served, visited(browser, served) as page:
        has_door(room)
        for path in ("actions", "day", "room", "confirm/tell", "confirm/swap?seat=seat01"):
            page.goto(f"{served.address}{path}")
            assert page.get_by_role("heading", level=2).count() == 1
            assert violations(page) == [], path


def test_a_page_that_lost_the_board_says_so_and_finds_it_again(
    browser: Browser, room: Room
) -> None:
    first, second = board(room), board(room)
    second.keys = first.keys
    listening = server.bound(0)
    port, running = server.port_of(listening), ExitStack()
    running.enter_context(server.served(first.app(), listening))
    with visited(browser, ServedBoard(room, first, port), expected="ERR_") as page:
        page.get_by_text(f"Act on {seat(1)}").wait_for()
        running.close()
        page.get_by_text("The board does not answer since").wait_for()
        room.cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=notebook(1))
        with server.served(second.app(), server.bound(port)):
            shows(page, seat(1), "state", "Stopped")
            assert page.locator("#link").inner_text() == ""
