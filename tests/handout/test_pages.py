"""The pages: whole in themselves, well formed, and harmless whatever a text holds."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
import segno

from tests.support.handouts import LINK, MADE, made
from workshop.handout.notebooks import MISSING, HandoutNotebook
from workshop.handout.pages import ROOM_FILE, SHEETS_FILE, room_page, seat_page, sheets_page
from workshop.naming import is_seat_id

CONSOLE = (
    "https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1"
    "#/notebook-instances/openNotebook/vision-ada-notebook?view=lab"
)
GONE = HandoutNotebook(MISSING, "there is no such notebook")
TWO = (
    "attendee: {storage: {buckets: {data: {}, results: {prefixes: [reports/]}}},"
    " registry: {repositories: {training: {}, serving: {}}}}"
)


class Page(HTMLParser):
    """Elements with their attributes, the text of all, and whether every one was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def pages(folder: Path, **more: object) -> tuple[str, str]:
    """The page of the first seat and that of the room."""
    handout = made(folder, **more)  # type: ignore[arg-type]
    return seat_page(handout, handout.slips[0]), room_page(handout)


def every_page(folder: Path, **more: object) -> tuple[str, str, str]:
    """The page of the first seat, that of the room, and the sheets of slips."""
    handout = made(folder, **more)  # type: ignore[arg-type]
    return (*pages(folder, **more), sheets_page(handout))


def test_the_sheets_have_a_slip_for_each_seat_that_is_not_torn_over_two(tmp_path: Path) -> None:
    rows = ("ada,Xanthippe Quill,quill@example.com,", "ben,,,")
    text = sheets_page(made(tmp_path, rows, with_names=True))
    sheets = Page(text)
    assert [one.get("class") for one in sheets.all("li")] == ["slip", "slip"]
    assert re.findall(r"seat (\w+)", sheets.words) == ["ada", "ben"]
    assert "Xanthippe Quill" in sheets.words
    assert "Xanthippe Quill" not in sheets_page(made(tmp_path, rows))
    shown = [unquote(image["src"]) for image in sheets.all("img")]
    assert len({*shown}) == 2
    printed = text.partition("@media print")[2]
    assert ".slip { break-inside: avoid; }" in printed


def test_a_seats_page_says_what_an_attendee_needs(tmp_path: Path) -> None:
    seat = Page(pages(tmp_path, title="Computer vision", profiles=TWO)[0])
    for told in (
        "Computer vision",
        "ada",
        "Sat 8 March 2098, 09:00 (UTC+01:00) to Mon 9 March 2099, 17:00 (UTC+01:00)",
        "Sign in to the AWS console, account 000000000000.",
        CONSOLE,
        "Ask the organiser for a link, which has to be opened within five minutes.",
        "s3://vision-ada-data-000000000000-us-east-1/ with train/, val/, models/, output/",
        "s3://vision-ada-results-000000000000-us-east-1/ with reports/",
        "s3://vision-cohort-datasets-000000000000-us-east-1/",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/vision/ada/training",
        "000000000000.dkr.ecr.us-east-1.amazonaws.com/vision/ada/serving",
        "docker push 000000000000.dkr.ecr.us-east-1.amazonaws.com/vision/ada/training:1",
        "Python on your notebook puts vision-ada- before the names of what you make.",
        "begin names so yourself: only then can you read the logs.",
        "Training onml.m5.large, ml.g5.xlarge",
        "Processing onml.m5.large, ml.m5.xlarge",
        "The longest job24 hours",
        "give the tags attendee=ada and workshop=vision yourself, or AWS refuses",
        "minutes in which nothing runs, and after 12 hours without a pause, whatever runs.",
        "All of it is removed after Mon 9 March 2099, 17:00 (UTC+01:00)",
    ):
        assert told in seat.words
    dashboard = "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
    addresses = {attributes["href"] for attributes in seat.all("a")}
    for organisers in ("workshop handout", "aws sagemaker"):
        assert organisers not in seat.words
    assert addresses == {CONSOLE, f"{dashboard}#dashboards/dashboard/vision-ada-us-east-1"}


def test_what_a_profile_opens_changes_what_its_page_says(tmp_path: Path) -> None:
    open_logs = Page(
        pages(
            tmp_path,
            profiles="attendee: {access: {logs: shared, model_prefix: true, console_organisers:"
            " ['arn:aws:iam::000000000000:role/in']}, notebook: {idle_stop_minutes: null},"
            " registry: {repositories: {training: {immutable_tags: false}}}}",
        )[0]
    ).words
    assert "begin names so yourself, so that everybody sees whose they are." in open_logs
    assert "with the role vision-ada-us-east-1-console." in open_logs
    assert "in which nothing runs" not in open_logs
    assert "once pushed" not in open_logs
    managed = Page(pages(tmp_path / "m", profiles="attendee: {access: {mode: managed}}")[0]).words
    assert "Tag what you make in a terminal with attendee=ada and workshop=vision." in managed
    assert "or AWS refuses" not in managed


def test_the_code_to_scan_is_the_consoles_address(tmp_path: Path) -> None:
    (image,) = Page(pages(tmp_path)[0]).all("img")
    assert image["alt"] == "QR code of the address that opens notebook vision-ada-notebook"
    drawn = unquote(image["src"])
    (path,) = re.findall(r"d='(M4 4\.5[^']*)'", drawn)
    assert _modules(path) == [
        [bool(module) for module in row] for row in segno.make(CONSOLE, error="m").matrix
    ]
    assert "viewBox='0 0 57 57'" in drawn  # 49 modules and four of white on each side
    assert "fill='#fff'" in drawn


def _modules(path: str) -> list[list[bool]]:
    """The dark modules that an SVG's path of horizontal strokes draws, without the border."""
    grid = [[False] * 57 for _ in range(57)]
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", path):
        values = [float(number) for number in re.findall(r"-?[0-9]*\.?[0-9]+", numbers)]
        if command == "h":
            for column in range(int(x), int(x + values[0])):
                grid[int(y)][column] = True
            x += values[0]
        else:
            base = (x, y) if command == "m" else (0.0, 0.0)
            x, y = base[0] + values[0], base[1] + values[1]
    return [row[4:-4] for row in grid[4:-4]]


def test_a_presigned_link_stands_first_and_says_until_when(tmp_path: Path) -> None:
    seat, room = map(Page, pages(tmp_path, presigned=True))
    assert [attributes["href"] for attributes in seat.all("a")][:2] == [LINK, CONSOLE]
    assert "Open your notebook before 08:05:00 UTC." in seat.words
    assert LINK in {attributes["href"] for attributes in room.all("a")}
    assert "open before 08:05:00 UTC" in room.words


def test_a_notebook_that_is_not_there_is_told_on_both_pages(tmp_path: Path) -> None:
    seat, room = map(Page, pages(tmp_path, found={"ada": GONE}, presigned=True))
    assert "As of Sat 8 March 2098, 08:00 (UTC): there is no such notebook." in seat.words
    assert "there is no such notebook" in room.words
    assert "1 seat, 0 with an open notebook" in room.words


HOSTILE = "</title><script>alert(1)</script><img src=x onerror=alert(1)> & \"quoted\" 'so'"


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    rows = ('ada,<b>Ada</b> & Co,"a&i@example.com",',)
    for text in every_page(tmp_path, rows=rows, title=HOSTILE, with_names=True):
        page = Page(text)
        assert HOSTILE in page.words
        assert "<b>Ada</b> & Co" in page.words
        assert {tag for tag, _ in page.elements}.isdisjoint({"script", "b", "i"})
        assert all("onerror" not in attributes for _, attributes in page.elements)
    with_link = GONE.__class__("InService", f"the notebook is {HOSTILE}")
    assert HOSTILE in Page(pages(tmp_path, found={"ada": with_link})[0]).words


def test_a_page_asks_nothing_of_any_network(tmp_path: Path) -> None:
    for text in every_page(tmp_path, presigned=True):
        page = Page(text)
        sources = {
            attributes[key]
            for _, attributes in page.elements
            for key in ("src", "srcset", "data", "action", "poster")
            if key in attributes
        }
        assert all(source.startswith("data:image/svg+xml") for source in sources)
        assert {tag for tag, _ in page.elements}.isdisjoint({"script", "link", "iframe", "form"})
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        assert not re.search(r"@import|url\(|@font-face", style)
        policies = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
        assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_a_page_can_be_heard_and_steered_by_headings(tmp_path: Path) -> None:
    for text in every_page(tmp_path, presigned=True):
        page = Page(text)
        assert text.startswith('<!DOCTYPE html>\n<html lang="en">')
        assert [tag for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)][:1] == ["h1"]
        assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
        assert all(image["alt"] for image in page.all("img"))
        assert all(cell["scope"] in {"col", "row"} for cell in page.all("th"))
        assert all(anchor.get("aria-label") or anchor["href"] for anchor in page.all("a"))


def test_the_rooms_page_has_a_row_for_each_seat_and_a_heading_on_each_sheet(tmp_path: Path) -> None:
    ids = [f"seat{number:02d}" for number in range(1, 27)]
    _, text = pages(tmp_path, rows=[f"{seat},,," for seat in ids])
    room = Page(text)
    files = [anchor["href"] for anchor in room.all("a") if anchor["href"].endswith(".html")]
    assert files == [f"{seat}.html" for seat in ids]
    assert len(room.all("thead")) == 1
    assert "break-inside: avoid" in text
    assert "All seats are in account 000000000000, Region us-east-1." in room.words


def test_the_room_names_places_only_where_they_differ(tmp_path: Path) -> None:
    _, text = pages(tmp_path, rows=("ada,,,", "ben,,,eu-west-1"))
    room = Page(text)
    assert "All seats are in" not in room.words
    assert "000000000000 eu-west-1" in room.words


def test_a_seat_in_another_partition_has_that_partitions_names(tmp_path: Path) -> None:
    seat = Page(pages(tmp_path, rows=("ada,,,cn-north-1",))[0])
    uri = "000000000000.dkr.ecr.cn-north-1.amazonaws.com.cn/vision/ada/training"
    assert f"docker push {uri}:1" in seat.words
    assert "https://cn-north-1.console.amazonaws.cn/sagemaker/home" in seat.words


@pytest.mark.parametrize("with_names", [False, True])
def test_people_are_on_the_pages_only_when_asked_for(tmp_path: Path, *, with_names: bool) -> None:
    rows = ("ada,Xanthippe Quill,quill@example.com,",)
    seat, room = pages(tmp_path, rows=rows, with_names=with_names)
    assert ("Xanthippe Quill" in seat, "Xanthippe Quill" in room) == (with_names, with_names)
    assert ("quill@example.com" in seat, "quill@example.com" in room) == (False, with_names)


def test_no_seats_page_can_have_the_name_of_the_rooms(tmp_path: Path) -> None:
    for name in (ROOM_FILE, SHEETS_FILE):
        assert not is_seat_id(name.removesuffix(".html"))
    assert made(tmp_path).made == MADE


def test_a_page_shows_what_aws_says_and_obeys_none_of_it(tmp_path: Path) -> None:
    reason = "no\x1b]0;x\x07\u202e<script>\x9b\nnext"
    found = {"ada": HandoutNotebook("InService", reason)}
    for text in pages(tmp_path, found=found):
        assert r"no\x1b]0;x\x07\u202e&lt;script&gt;\x9b\nnext" in text
        assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text) == []
