"""Nobody sees or does anything on the board but whoever has its address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.boards import ServedBoard, board_of, forms
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


def test_without_the_token_nothing_is_shown_and_with_it_the_address_forgets_it(
    served: ServedBoard,
) -> None:
    stranger = served.stranger()
    for path in ("/", "/?token=", "/?token=x", "/events", "/static/board.js", "/day", "/run/1"):
        answer = stranger.get(path)
        assert (answer.status, "seat01" in answer.text) == (403, False), path
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert stranger.get(f"/day?token={served.board.keys.token}").status == 403
    let_in = stranger.get(f"/?token={served.board.keys.token}")
    assert (let_in.status, let_in.leads_to) == (303, "/")
    cookie = let_in.headers["set-cookie"]
    assert "; HttpOnly; SameSite=Strict; Path=/" in cookie
    assert served.board.keys.token not in cookie
    assert "seat01" in stranger.get("/").text


def test_another_cookie_lets_nobody_in(served: ServedBoard) -> None:
    (name, value), *_ = served.organiser().cookies.items()
    for cookie in (f"{name}=x", f"{name}=", f"other={value}", f'{name}="\\', "=;=,"):
        assert served.stranger().get("/", Cookie=cookie).status == 403, cookie


def test_a_name_that_somebodys_dns_points_here_is_refused(served: ServedBoard) -> None:
    organiser = served.organiser()
    for host in HOSTILE:
        for path in ("/", f"/?token={served.board.keys.token}"):
            answer = organiser.get(path, Host=host.format(port=served.port))
            assert answer.status == 421, host
            assert "set-cookie" not in answer.headers


def test_this_machine_has_two_names(served: ServedBoard) -> None:
    organiser = served.organiser()
    for name in ("localhost", "127.0.0.1"):
        assert organiser.get("/", Host=f"{name}:{served.port}").status == 200


def test_a_form_of_another_page_does_nothing(served: ServedBoard) -> None:
    organiser = served.organiser()
    fields = forms(organiser.get("/confirm/stop?seat=seat01").text)["/do/stop"]
    for origin in FOREIGN:
        assert organiser.post("/do/stop", fields, Origin=origin).status == 403, origin
        assert organiser.post("/open", fields, Origin=origin).status == 403, origin
    assert set(served.room.statuses().values()) == {"InService"}


def test_a_form_without_the_pages_own_token_does_nothing(served: ServedBoard) -> None:
    organiser = served.organiser()
    right = dict(forms(organiser.get("/confirm/stop?seat=seat01").text)["/do/stop"])["form"]
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
    token = dict(forms(organiser.get("/confirm/stop?seat=seat01").text)["/do/stop"])["form"]
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
