"""Slips speak the door's languages: each says everything, and nothing is left in another."""

from __future__ import annotations

import dataclasses
import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.support.handouts import made
from workshop.door import texts as door
from workshop.handout import pages
from workshop.handout.doors import DoorCode
from workshop.handout.slips import Handout
from workshop.handout.texts import TEXTS

ADDRESS = "https://abc.lambda-url.us-east-1.on.aws/"
MANAGED = "attendee: {access: {mode: managed}, notebook: {busy_stop_hours: 9}}"


def spoken(folder: Path, *languages: str, by_door: bool, profiles: str) -> Handout:
    handout = made(folder, ("ada,Ada,,",), with_names=True, profiles=profiles)
    code = DoorCode("seat:ada", "7Q2M-X40B-9TRKD") if by_door else None
    slips = tuple(
        dataclasses.replace(one, door=ADDRESS if by_door else "", code=code)
        for one in handout.slips
    )
    return dataclasses.replace(handout, slips=slips, by_door=by_door, languages=languages)


def words(page: str) -> str:
    bare = re.sub(r"<style>.*?</style>|<pre>.*?</pre>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(bare.split())


def test_slips_have_the_doors_languages_and_each_says_everything() -> None:
    def values(text: str) -> set[str]:
        return {*re.findall(r"\{([a-z]\w*)\}", text)}

    assert TEXTS.keys() == door.TEXTS.keys()
    english = {name: values(text) for name, text in TEXTS["en"].items()}
    for language, texts in TEXTS.items():
        assert {name: values(text) for name, text in texts.items()} == english, language


def test_no_text_is_there_that_no_page_shows() -> None:
    templates = files("workshop.handout").joinpath("templates").iterdir()
    source = "".join(path.read_text() for path in templates if path.name.endswith(".j2"))
    assert [name for name in TEXTS["en"] if f'"{name}"' not in source] == []


@pytest.mark.parametrize("by_door", [True, False], ids=["door", "console"])
@pytest.mark.parametrize("profiles", ["attendee: {}", MANAGED], ids=["scoped", "managed"])
def test_a_german_page_has_no_english_sentence(
    tmp_path: Path, *, by_door: bool, profiles: str
) -> None:
    handout = spoken(tmp_path, "de", by_door=by_door, profiles=profiles)
    page = pages.seat_page(handout, handout.slips[0])
    assert '<html lang="de">' in page
    told = words(page)
    for text in (told, words(pages.sheets_page(handout)).partition("to its seat.")[2]):
        assert not re.search(r"\b(the|your|you|with|and|is|of|after)\b", text, re.IGNORECASE), text
        assert not re.search(r"[{}]", text)
    assert "8.3.2098, 09:00 (UTC+01:00) bis 9.3.2099, 17:00 (UTC+01:00)" in told
    assert "Für Ada" in told
    assert "Gut zu wissen" in told


def test_a_slip_to_cut_out_says_it_in_each_language_with_one_code(tmp_path: Path) -> None:
    handout = spoken(tmp_path, "de", "en", by_door=True, profiles="attendee: {}")
    page = pages.sheets_page(handout)
    assert '<p lang="de">Öffnen Sie <code>' in page
    assert '<p lang="en">Open <code>' in page
    assert page.count("7Q2M-X40B-9TRKD") == 1
    assert page.index("Ihr Code:") < page.index("Your code:") < page.index("7Q2M-X40B-9TRKD")
    assert '<html lang="de">' in pages.seat_page(handout, handout.slips[0])
    assert '<html lang="en">' in pages.room_page(handout)
