"""The handout that is served: a page a seat, and a link at the click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.boards import ServedSlips, Visitor, class_of, slips_of
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room
from workshop import extras
from workshop.aws.clients import Clients
from workshop.board import server
from workshop.board.opening import notebook_origins
from workshop.environments import loader


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    made = class_of(cloud, tmp_path, monkeypatch, ("Ada Example", "<script>alert(2)</script>"))
    made.notebooks([1, 2])
    return made


@pytest.fixture
def served(room: Room) -> Iterator[ServedSlips]:
    with slips_of(room) as made:
        yield made


def test_each_seat_has_a_page_whose_button_leads_to_a_fresh_link(served: ServedSlips) -> None:
    organiser = served.organiser()
    page = organiser.get("/seat01.html")
    assert page.status == 200
    assert "Open your notebook" in page.text
    assert "authToken" not in page.text
    assert "Ada Example" not in page.text
    for another_way in ("AWS console", "workshop handout -e", "aws sagemaker"):
        assert another_way not in page.text.partition("What is yours")[0]
    fields = organiser.forms("/seat01.html")["open"]
    links = [organiser.post("/open", fields) for _ in range(2)]
    assert [answer.status for answer in links] == [303, 303]
    assert all("?authToken=" in answer.leads_to for answer in links)
    assert links[0].leads_to != links[1].leads_to


def test_the_page_of_the_room_opens_every_seat_and_leads_to_the_others(
    served: ServedSlips,
) -> None:
    page = served.organiser().get("/").text
    assert page.count('action="open"') == 2
    assert '<a href="seat01.html">' in page
    assert "script" not in page


def test_a_stopped_notebook_says_how_it_is_started(served: ServedSlips) -> None:
    organiser = served.organiser()
    fields = organiser.forms("/seat01.html")["open"]
    served.room.command("stop", "--only", "seat01")
    answer = organiser.post("/open", fields)
    assert answer.status == 409
    assert "the notebook is Stopped; if it is stopped, start it with: workshop start" in answer.text


def test_it_is_guarded_like_the_board(served: ServedSlips) -> None:
    organiser = served.organiser()
    fields = organiser.forms("/seat01.html")["open"]
    assert Visitor(served.port).get("/seat01.html").status == 403
    assert Visitor(served.port).post("/open", fields).status == 403
    assert organiser.post("/open", fields, Origin="https://evil.example").status == 403
    assert organiser.post("/open", [("seat", "seat01")]).status == 403
    assert organiser.get("/", Host=f"evil.example:{served.port}").status == 421
    assert organiser.get("/open").status == 405
    assert organiser.get("/mallory.html").status == 404
    assert organiser.post("/open", [("seat", "mallory"), fields[0]]).status == 404
    policy = organiser.get("/").headers["content-security-policy"]
    assert "style-src 'self' 'sha256-" in policy
    assert "form-action 'self' http://*.notebook.us-east-1.sagemaker.localhost:" in policy


def test_a_form_may_lead_to_notebooks_on_aws(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    loaded = loader.load("room", room.config)
    assert notebook_origins(Clients(loaded.home), loaded.seats) == (
        "https://*.notebook.us-east-1.sagemaker.aws",
    )


def test_what_is_for_files_does_not_go_with_serving(room: Room) -> None:
    for more in (("--format", "html"), ("--link", "console"), ("--output", "x"), ("--force",)):
        ran = room.command("handout", "--serve", *more)
        assert ran.code == 2
        assert "pages that are served have their link at the click; leave out" in ran.err


def test_without_its_extra_serving_says_how_to_install_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda _: False)
    ran = room.command("handout", "--serve")
    assert ran.code == 2
    assert ran.err.startswith(
        "workshop: handout --serve serves pages on this machine, and what that takes is not"
        " installed; "
    )
    assert "workshop-provisioner[board]" in ran.err


def test_a_port_that_is_taken_is_told_so(room: Room) -> None:
    with server.bound(0) as taken:
        taken.listen()
        ran = room.command("handout", "--serve", "--port", str(server.port_of(taken)))
    assert ran.code == 2
    assert "of 127.0.0.1 cannot be used (Address already in use); give another --port" in ran.err
