"""The board in a browser where each seat has an account of its own, of which one lets nobody in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.board.test_in_a_browser import shows, visited
from tests.support.accessibility import violations
from tests.support.boards import EVERY, ServedBoard
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room
from tests.support.own_accounts import (
    DOOR,
    ENVIRONMENT,
    OwnAccounts,
    founded,
    organiser_key,
)
from workshop.board import server
from workshop.cli.board import made_for
from workshop.cli.context import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOTEBOOK = "vision-seat-notebook"


@pytest.fixture
def own(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Ada and ben are deployed, cleo is not."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, "ada", "ben", "cleo", key=organiser_key(enforcing))
    made.write(DOOR)
    made.deploy("ada", "ben")
    return made


@pytest.fixture
def served(own: OwnAccounts) -> Iterator[ServedBoard]:
    with own.calling():
        work = opened(ENVIRONMENT, own.config)
        made = made_for(work, own.loaded, every=EVERY, readonly=False)
        listening = server.bound(0)
        with server.served(made.app(), listening):
            yield ServedBoard(
                Room(own.cloud, own.config, own.cloud.role()), made, server.port_of(listening)
            )
        made.runs.close()


@pytest.mark.long
def test_each_tile_is_of_an_account_and_a_button_reaches_that_one_alone(
    browser: Browser, own: OwnAccounts, served: ServedBoard
) -> None:
    """All notebooks have one name: which of them is meant, the account tells."""

    def notebook(seat: str) -> Any:
        return own.within("sagemaker", seat).describe_notebook_instance(
            NotebookInstanceName=NOTEBOOK
        )["NotebookInstanceStatus"]

    with visited(browser, served) as page:
        tiles = [tile.get_attribute("data-seat") for tile in page.locator(".tile").all()]
        assert tiles == ["ada", "ben", "cleo"]
        shows(page, "ada", "state", "InService")
        assert "nothing could be read" in page.locator("body").inner_text()
        assert violations(page) == []
        page.get_by_text("Act on ada").click()
        page.get_by_label("Stop ada").click()
        page.get_by_role("button", name="Stop: 1 seat").click()
        page.locator('[data-result="done"]').wait_for()
        assert page.get_by_text("ada: stopped").is_visible()
        assert (notebook("ada"), notebook("ben")) == ("Stopped", "InService")
        page.get_by_text("Back to the seats").click()
        shows(page, "ada", "state", "Stopped")
        shows(page, "ben", "state", "InService")
