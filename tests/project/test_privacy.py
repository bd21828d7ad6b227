"""What docs/privacy.md says is kept about a person is what the code keeps."""

from __future__ import annotations

import re

import pytest

from stacks import door as door_stack
from stacks import watch as watch_stack
from tests.support import agent_reports as reports
from tests.support.assemblies import ROOT
from workshop.agent import saving
from workshop.config.profiles import Bucket
from workshop.door import claims, seats, sessions, state
from workshop.door.pages import WORD
from workshop.door.texts import TEXTS
from workshop.naming import Names
from workshop.watch import budget, messages, spending

TEXT = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
WORDS = " ".join(TEXT.split())


def test_every_place_in_which_the_door_keeps_something_is_named() -> None:
    places = {
        value
        for name, value in vars(state).items()
        if name.isupper() and isinstance(value, str) and value.startswith(state.PREFIX)
    } - {state.PREFIX}
    assert len(places) == 11
    assert {place for place in places if f"`{place}`" not in TEXT} == set()


def test_no_place_of_the_door_is_named_that_it_does_not_have() -> None:
    known = {value for value in vars(state).values() if isinstance(value, str)}
    assert set(re.findall(r"`(door/[^`]*)`", TEXT)) <= known


@pytest.mark.parametrize(
    "place",
    [
        *(messages.SAID, messages.STATE, messages.INBOX, budget.REFUSED, spending.SPENDING),
        *(reports.KEY, reports.BOX_KEY, saving.PREFIX),
    ],
)
def test_every_place_of_the_watch_and_the_agent_is_named(place: str) -> None:
    assert f"`{place}`" in TEXT


@pytest.mark.parametrize(
    "sentence",
    [
        f"{door_stack.DAYS_OF_LOGS} days, or the teardown",
        f"the log after {watch_stack.DAYS_OF_LOGS} days",
        f"its words ({WORD} characters)",
        f"`{sessions.COOKIE}`, for at most {sessions.HOURS} hours",
        f"replaced after {seats.FRESH:g} seconds",
        f"works for {seats.FILE_SECONDS} seconds",
        f"which {2**32 // 16**claims.SOURCE_LETTERS} addresses of IPv4 share",
        f"{Bucket().noncurrent_days} more days (`noncurrent_days`)",
    ],
)
def test_a_figure_is_that_of_the_code(sentence: str) -> None:
    assert sentence in WORDS


def test_the_doors_log_is_where_the_page_says() -> None:
    names = Names("<workshop>", "ada", "111122223333", "eu-west-1")
    assert f"`{names.cohort.door_log_group}`" in TEXT


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            (
                "opened or claimed",
                "network addresses",
                "idle",
                "costs",
                "hand and its words",
                "saved files",
            ),
        ),
        (
            "de",
            (
                "geöffnet oder übernommen",
                "Netzadressen",
                "nichts tat",
                "kostet",
                "ihren Worten",
                "Dateien",
            ),
        ),
    ],
)
def test_the_notice_on_the_door_names_all_that_is_kept_of_a_seat(
    language: str, words: tuple[str, ...]
) -> None:
    notice = TEXTS[language]["privacy_text"]
    assert [word for word in words if word not in notice] == []
    assert f"{sessions.HOURS} " in notice
