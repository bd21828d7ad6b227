"""The door in a real browser: by keyboard, on a phone, for those who listen, without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.accessibility import picture, violations
from tests.support.door_stacks import DOOR, address, doored_seats
from tests.support.door_visits import ADA, DoorAtUrl, door_settings, door_without_stacks
from tests.support.doored import doored_for
from tests.support.local_cloud import IAM, Cloud
from tests.support.preflights import calling
from workshop import tags
from workshop.board import guard, server
from workshop.cli import context
from workshop.cli.board import made_for
from workshop.door.codes import CLASS, spelled
from workshop.door.state import CLAIMS
from workshop.door.texts import TEXTS
from workshop.environments import loader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ENVIRONMENT = """
workshop: demo
account: "000000000000"
region: us-east-1
start: 2026-01-01T09:00:00Z
end: 2099-12-31T17:00:00Z
door: {}
roster: {file: people.csv}
"""
PHONE = {"width": 320, "height": 640}
SEEN = {("en", "dark"), ("de", "light")}
"""In every run; other pages differ in nothing that these have not."""
Open = Callable[..., "Page"]


@pytest.fixture
def door(cloud: Cloud) -> DoorAtUrl:
    """A door whose function runs in the local cloud, and what it needs."""
    door_without_stacks(cloud, "ada", "ben")
    status = cloud.deploy(DOOR, doored_for("ada", "ben").text(DOOR), **IAM)
    assert status == "CREATE_COMPLETE", cloud.reasons(DOOR, "CREATE_FAILED")
    return DoorAtUrl(cloud, door_settings("ada", "ben"), url=address(cloud))


@pytest.fixture
def opened(browser: Browser, door: DoorAtUrl) -> Iterator[Open]:
    """Open pages at the door, each in a profile of its own; no script of a page runs there."""
    contexts = []

    def page(subject: str = "", **options: Any) -> Page:
        profile = browser.new_context(locale="en-GB", **options)
        contexts.append(profile)
        found = profile.new_page()
        found.goto(door.url)
        if subject:
            found.get_by_label("The code of your slip").fill(door.code(subject))
            found.keyboard.press("Enter")
            found.wait_for_url(door.url)
        return found

    yield page
    for one in contexts:
        one.close()


def test_an_attendee_opens_the_notebook_by_keyboard_alone(opened: Open, door: DoorAtUrl) -> None:
    page = opened(java_script_enabled=False)
    reached(page, "Code")
    page.keyboard.type(spelled(door.code("seat:ada")).lower())
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Seat ada").wait_for()
    reached(page, "Open JupyterLab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"http://demo-ada-notebook-\w+\.notebook\..*"))
    assert "JupyterLab" in page.content()


def reached(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(20):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if name in focused.inner_text() or (
            name == "Code" and focused.get_attribute("id") == "code"
        ):
            return
    raise AssertionError(f"no Tab leads to {name}")


def test_the_focus_is_seen_and_the_skip_link_appears(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.bounding_box()["x"] >= 0  # type: ignore[index]
    outline = skip.evaluate("element => getComputedStyle(element).outlineWidth")
    assert outline == "3px"


def test_a_scanned_code_opens_the_seat_though_another_page_led_there(
    opened: Open, door: DoorAtUrl
) -> None:
    """A strict cookie does not travel with a link of another site, so the page itself leads on."""
    page = opened()
    page.goto("about:blank")
    page.set_content(f'<a href="{door.url}c/{door.code("seat:ada")}">slip</a>')
    page.get_by_text("slip").click()
    page.get_by_role("heading", name="Seat ada").wait_for()
    assert page.url == door.url
    assert page.evaluate("document.cookie") == ""


def test_a_wrong_code_is_told_to_those_who_listen_and_the_field_says_so(opened: Open) -> None:
    page = opened()
    page.get_by_label("The code of your slip").fill("0000-0000-00000")
    page.keyboard.press("Enter")
    assert "No seat has this code." in page.get_by_role("alert").inner_text()
    field = page.get_by_label("The code of your slip")
    assert field.get_attribute("aria-invalid") == "true"
    assert violations(page) == []


def test_a_stopped_notebook_is_started(opened: Open, cloud: Cloud) -> None:
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=ADA.notebook)
    cloud.advance(1)
    page = opened("seat:ada")
    page.get_by_role("button", name="Start the notebook").click()
    cloud.advance(6)
    page.goto(page.url)
    page.get_by_role("button", name="Open JupyterLab").wait_for()


def test_a_seat_is_claimed_and_a_hand_is_raised_and_taken(opened: Open, door: DoorAtUrl) -> None:
    door.now = door.visit().now
    door.let_claim("ben", minutes=60 * 24 * 365)
    late, helper = opened(CLASS), opened("helper:1")
    late.get_by_role("button", name="Claim a seat").click()
    late.get_by_role("heading", name="Seat ben").wait_for()
    assert re.search(
        r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}", late.get_by_role("status").inner_text()
    )
    late.get_by_label("What is it about?").fill("<b>kernel</b> dies")
    late.get_by_role("button", name="Raise a hand").click()
    late.get_by_text("Your hand is up").wait_for()
    helper.goto(door.url)
    assert "<b>kernel</b> dies" in helper.get_by_role("table").inner_text()
    helper.get_by_role("button", name="I go to ben").click()
    helper.get_by_text("seen by helper 1").wait_for()
    late.goto(door.url)
    late.get_by_text("Your hand was seen").wait_for()


def test_two_people_claim_the_last_seat_at_once(opened: Open, door: DoorAtUrl) -> None:
    door.now = door.visit().now
    door.let_claim("ben", minutes=60 * 24 * 365)
    people = [opened(CLASS), opened(CLASS)]
    for page in people:
        page.get_by_role("button", name="Claim a seat").click(no_wait_after=True)
    told = [
        page.locator("h1, .bad", has_text=re.compile("Seat ben|No seat is free")) for page in people
    ]
    for one in told:
        one.wait_for()
    assert sorted(one.inner_text().partition(" any")[0] for one in told) == [
        "No seat is free",
        "Seat ben",
    ]
    assert door.state.names(CLAIMS) == ["ben"]


def test_a_hand_that_is_raised_at_the_door_is_seen_and_taken_at_the_board(
    opened: Open, door: DoorAtUrl, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo.yaml").write_text(ENVIRONMENT)
    (tmp_path / "people.csv").write_text("id,name\nada,Ada\nben,Ben\n")
    monkeypatch.chdir(tmp_path)
    with calling(cloud, **cloud.environment()):
        work = context.opened("demo", tmp_path)
        board = made_for(work, lambda: loader.load("demo", tmp_path), every=1, readonly=False)
        listening = server.bound(0)
        with server.served(board.app(), listening):
            organiser, ada = opened(), opened("seat:ada")
            organiser.goto(guard.address(server.port_of(listening), board.keys))
            ada.get_by_label("What is it about?").fill("The kernel dies")
            ada.get_by_role("button", name="Raise a hand").click()
            tile = organiser.locator('[data-seat="ada"] [data-field="hand"]')
            tile.filter(has_text="The kernel dies").wait_for()
            organiser.get_by_role("button", name="Take the hand of ada").click()
            tile.filter(has_text="organiser sees to it").wait_for()
            ada.goto(door.url)
            ada.get_by_text("Your hand was seen").wait_for()
        board.runs.close()


def test_a_message_a_freeze_a_reopened_seat_and_the_end_are_seen(
    browser: Browser, tmp_path: Path
) -> None:
    with doored_seats(tmp_path) as (seats, door):
        inbox = {"messages": [{"id": "1", "time": 1.0, "text": "Lunch until one"}]}
        s3, sagemaker = seats.root.client("s3"), seats.root.client("sagemaker")
        body = json.dumps(inbox).encode()
        s3.put_object(Bucket=ADA.datasets_bucket, Key="workshop/inbox.json", Body=body)
        s3.put_object(Bucket=ADA.bucket("data"), Key="saved/files/a.txt", Body=b"work")
        page = browser.new_page(locale="en-GB")
        page.goto(f"{door.url}c/{door.code('seat:ada')}")
        page.get_by_text("Lunch until one").wait_for()
        frozen = {"Key": tags.FROZEN, "Value": tags.FROZEN_VALUE}
        sagemaker.add_tags(ResourceArn=ADA.notebook_arn, Tags=[frozen])
        page.get_by_role("button", name="Open JupyterLab").click()
        page.get_by_text("This seat is closed at the moment").wait_for()
        assert violations(page) == []
        sagemaker.delete_tags(ResourceArn=ADA.notebook_arn, TagKeys=[tags.FROZEN])
        seats.root.advance(6)
        page.get_by_role("button", name="Open JupyterLab").click()
        page.wait_for_url(re.compile(r"http://demo-ada-notebook-\w+\.notebook\..*"))
        page.go_back()
        seats.root.advance(60 * 60)
        page.goto(door.url)
        page.get_by_text("The workshop is over.").wait_for()
        assert page.get_by_role("button", name="Open JupyterLab").count() == 0
        picture(page, "door-end")
        assert violations(page) == []
        page.get_by_role("link", name="Download what was saved").click()
        page.get_by_role("button", name="Download a.txt").wait_for()
        page.close()


def test_a_saved_file_is_downloaded(opened: Open, cloud: Cloud) -> None:
    cloud.client("s3").put_object(
        Bucket=ADA.bucket("data"), Key="saved/files/été & notes.txt", Body=b"work"
    )
    page = opened("seat:ada")
    page.get_by_role("link", name="Download what was saved").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download été & notes.txt").click()
    assert download.value.suggested_filename == "été & notes.txt"
    assert download.value.path().read_bytes() == b"work"


@pytest.mark.parametrize(
    ("language", "scheme"),
    [
        pytest.param(language, scheme, marks=[pytest.mark.long] * ((language, scheme) not in SEEN))
        for language in TEXTS
        for scheme in ("light", "dark")
    ],
)
def test_every_page_is_accessible_and_fits_a_phone(
    opened: Open, door: DoorAtUrl, cloud: Cloud, language: str, scheme: str
) -> None:
    message = {"id": "1", "time": 1.0, "text": "A message with averylongwordwithoutanyblank" * 3}
    cloud.client("s3").put_object(
        Bucket=ADA.datasets_bucket,
        Key="workshop/inbox.json",
        Body=json.dumps({"messages": [message]}).encode(),
    )
    cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key="saved/files/a.txt", Body=b"x")
    door.let_claim("ben", minutes=60 * 24 * 365)
    look = {"viewport": PHONE, "color_scheme": scheme}
    ada, helper, late, nobody = (
        opened(subject, **look) for subject in ("seat:ada", "helper:1", CLASS, "")
    )
    ada.get_by_label("What is it about?").fill("a long word without an end " * 5)
    ada.get_by_role("button", name="Raise a hand").click()
    pages = {
        "seat": (ada, ""),
        "files": (ada, "files"),
        "check": (nobody, "check"),
        "sign-in": (nobody, ""),
        "claim": (late, ""),
        "helper": (helper, ""),
    }
    for name, (page, path) in pages.items():
        page.goto(f"{door.url}?lang={language}")
        page.goto(f"{door.url}{path}")
        assert page.get_attribute("html", "lang") == language
        picture(page, f"door-{name}-{language}-{scheme}")
        assert violations(page) == [], name
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], name
