"""Nobody sees or does anything on the board but whoever has its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.boards import ServedBoard, board_of
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import of_seats

HOSTILE = (
    "evil.example",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost.evil.example:{port}",
    "evil.example:{port}",
    "[::1]:{port}",
    "127.0.0.1:{port}.evil.example",
    "",
)
FOREIGN = (
    *("https://evil.example", "null", "", "http://localhost"),
    *("http://127.0.0.1", "http://127.0.0.1:1"),
)


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedBoard]:
    """The board of two seats."""
    room = of_seats(cloud, tmp_path, monkeypatch, 2)
    room.notebooks([1, 2])
    with board_of(room) as made:
        yield made


def test_without_the_key_in_its_path_nothing_is_shown_and_no_cookie_is_made(
    served: ServedBoard,
) -> None:
    stranger, key = served.stranger(), served.keys.token
    for path in (
        *("/", "//", "/x/", f"/{key}x/", f"/{key[:-1]}/", f"/?token={key}", f"/day?token={key}"),
        *("/events", "/static/board.js", "/day", "/run/1", f"//{key}/", f"/x/{key}/"),
    ):
        answer = stranger.get(path)
        assert (answer.status, "seat01" in answer.text) == (403, False), path
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert stranger.get(path, Cookie=f"workshop-{served.port}={key}").status == 403, path
    organiser = served.organiser()
    for path in ("/", "/events", "/static/board.js", "/day", "/confirm/stop?seat=seat01"):
        assert "set-cookie" not in organiser.ask("HEAD", path, {}).headers
    assert "seat01" in organiser.get("/").text


def test_the_address_without_its_last_slash_leads_to_the_page(served: ServedBoard) -> None:
    answer = served.organiser().get("")
    assert (answer.status, answer.leads_to) == (303, "/")


def test_a_name_that_somebodys_dns_points_here_is_refused(served: ServedBoard) -> None:
    organiser = served.organiser()
    for host in HOSTILE:
        answer = organiser.get("/", Host=host.format(port=served.port))
        assert answer.status == 421, host


def test_this_machine_has_two_names(served: ServedBoard) -> None:
    organiser = served.organiser()
    for name in ("localhost", "127.0.0.1"):
        assert organiser.get("/", Host=f"{name}:{served.port}").status == 200


def test_a_form_of_another_page_does_nothing(served: ServedBoard) -> None:
    organiser = served.organiser()
    fields = organiser.forms("/confirm/stop?seat=seat01")["/do/stop"]
    for origin in FOREIGN:
        assert organiser.post("/do/stop", fields, Origin=origin).status == 403, origin
        assert organiser.post("/open", fields, Origin=origin).status == 403, origin
    assert set(served.room.statuses().values()) == {"InService"}


def test_a_form_without_the_pages_own_token_does_nothing(served: ServedBoard) -> None:
    organiser = served.organiser()
    right = dict(organiser.forms("/confirm/stop?seat=seat01")["/do/stop"])["form"]
    for more in ({}, {"form": ""}, {"form": "x"}, {"form": f"{right}x"}):
        fields = {"seat": "seat01", **more}
        assert organiser.post("/do/stop", fields).status == 403, more
        assert organiser.post("/take", fields).status == 403, more
    assert set(served.room.statuses().values()) == {"InService"}


def test_what_is_only_looked_at_changes_nothing(served: ServedBoard) -> None:
    organiser = served.organiser()
    for path in ("/do/stop?seat=seat01", "/open?seat=seat01", "/take?seat=seat01"):
        assert organiser.get(path).status == 405
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert organiser.ask(method, "/", {}).status == 405
    assert organiser.get("/confirm/stop?seat=seat01").status == 200
    assert set(served.room.statuses().values()) == {"InService"}


def test_a_form_that_is_too_large_is_refused(served: ServedBoard) -> None:
    answer = served.organiser().post("/do/tell", {"text": "x" * 70_000})
    assert answer.status == 413


def test_no_file_beside_the_pages_own_is_served(served: ServedBoard) -> None:
    organiser = served.organiser()
    for path in ("/static/../app.py", "/static/..%2fapp.py", "/static/", "/static/%2e%2e/guard.py"):
        assert organiser.get(path).status == 404
    assert organiser.get("/static/board.css").status == 200


def test_seats_and_actions_that_there_are_not_are_told_so(served: ServedBoard) -> None:
    organiser = served.organiser()
    token = dict(organiser.forms("/confirm/stop?seat=seat01")["/do/stop"])["form"]
    for path, sentence in (
        ("/confirm/stop", "no seat is ticked; go back and tick the seats that it is for"),
        ("/confirm/teardown?seat=seat01", "the board has no action &#39;teardown&#39;"),
        ("/confirm/stop?seat=mallory", "mallory"),
        ("/confirm/swap?seat=seat01&seat=seat02", "this is for one seat at a time; tick one"),
    ):
        answer = organiser.get(path)
        assert answer.status == 400
        assert sentence in answer.text
    assert organiser.post("/open", {"seat": "mallory", "form": token}).status == 409
    assert organiser.get("/run/99").status == 404
