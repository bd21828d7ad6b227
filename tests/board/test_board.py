"""What the board shows of a class on the local cloud, and what it never shows."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.boards import (
    DOOR_URL,
    HOSTILE,
    WATCH,
    board_of,
    class_of,
    counts,
    has_door,
    raises_hand,
    tells,
)
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room
from workshop import events
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.door.claims import Claiming
from workshop.errors import SignInError
from workshop.handout.doors import doors
from workshop.status.collector import StatusScan

PEOPLE = ("Xanthippe Quillfeather", "Ben Example", "<script>alert(2)</script>")


@pytest.fixture
def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Three seats that are there: one works, one is stopped, one has a hostile name."""
    made = class_of(cloud, tmp_path, monkeypatch, PEOPLE)
    made.notebooks([1, 2, 3])
    for number in (1, 2, 3):
        made.stacks(number)
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName="vision-seat02-notebook")
    cloud.delays(training=600)
    made.trains("vision-seat01-fit")
    made.serves("vision-seat01-answer")
    counts(cloud, {"seat01": 3.2})
    raises_hand(cloud, "seat01", "The kernel dies")
    raises_hand(cloud, "seat02", "Where?", taken="2")
    tells(cloud, "Lunch until 13:15")
    tells(cloud, "80 % of your money is used", "seat01")
    return made


def test_a_tile_says_what_a_seat_does_what_it_has_used_and_what_its_person_needs(
    room: Room,
) -> None:
    with board_of(room) as served:
        view = served.organiser().event()
        page = served.organiser().get("/").text
    first, second, _ = view["tiles"]
    at, _, word = first["fields"].pop("hand").partition(" ")
    assert len(at) == 5
    assert word == "The kernel dies"
    assert first == {
        "seat": "seat01",
        "kind": "runs",
        "waits": True,
        "fields": {
            "state": "InService",
            "idle": "0 min",
            "jobs": "1 training",
            "endpoints": "1",
            "name": "Xanthippe Quillfeather",
            "money": first["fields"]["money"],
            "message": "80 % of your money is used",
        },
    }
    assert first["fields"]["money"].startswith("3.20 of 25 USD, ")
    assert (second["kind"], second["fields"]["state"], second["waits"]) == (
        "rests",
        "Stopped",
        False,
    )
    assert second["fields"]["hand"].endswith("Where? (helper 2 sees to it)")
    assert view["told"] == "Lunch until 13:15"
    assert view["summary"] == "3 seats, 2 running, 1 stopped, 1 hand up"
    for shown in ("The kernel dies", "Xanthippe Quillfeather", "3.20 of 25 USD"):
        assert shown in page


def test_the_projector_shows_seats_and_states_and_nothing_of_people(room: Room) -> None:
    raises_hand(room.cloud, "seat03", HOSTILE)
    with board_of(room, readonly=True) as served:
        organiser = served.organiser()
        page, view = organiser.get("/").text, json.dumps(organiser.event())
        for text in (page, view):
            for secret in (
                *("Xanthippe", "Ben Example", "kernel", "Where", "helper", "USD", "3.20"),
                *("money", "Lunch", "alert", "hand", "000000000000", served.board.keys.form_token),
            ):
                assert secret not in text, secret
            assert "seat01" in text
            assert "InService" in text
        assert "<form" not in page.replace('<form id="filters"', "")
        assert "checkbox" not in page
        for path in ("/day", "/actions", "/room", "/confirm/stop?seat=seat01"):
            assert organiser.get(path).status == 404
        for path in ("/do/stop", "/open", "/take", "/do/tell"):
            fields = {"seat": "seat01", "form": served.board.keys.form_token, "text": "x"}
            refused = organiser.post(path, fields)
            assert refused.status == 403
            assert "without --readonly" in refused.text
    assert room.statuses()["vision-seat01-notebook"] == "InService"


def test_what_people_write_is_text_on_every_page(room: Room) -> None:
    raises_hand(room.cloud, "seat03", HOSTILE)
    tells(room.cloud, HOSTILE)
    tells(room.cloud, HOSTILE, "seat03")
    with board_of(room) as served:
        organiser = served.organiser()
        pages = [
            organiser.get(path)
            for path in ("/", "/day", "/actions", "/room", "/confirm/stop?seat=seat03")
        ]
        pages.append(organiser.get("/confirm/%3Cscript%3Ealert(1)%3C/script%3E?seat=seat01"))
        pages.append(organiser.get("/confirm/stop?seat=%3Cscript%3Ealert(1)%3C/script%3E"))
        pages.append(organiser.get("/?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"))
        stream = json.dumps(organiser.event())
    for page in pages:
        own = f'<script src="{served.board.keys.root}/static/board.js" defer>'
        assert page.text.count("<script") == page.text.count(own)
        assert "<img" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
    assert any("&lt;script&gt;alert(1)" in page.text for page in pages)
    # In a stream it is data of JSON, which becomes text by textContent.
    assert "\\\\u202e" in stream
    assert "\u202e" not in stream


def test_seats_are_found_by_state_and_by_text_without_any_script(room: Room) -> None:
    def shown(query: str) -> list[str]:
        page = organiser.get(f"/?{query}").text
        return [
            line.partition('data-seat="')[2].partition('"')[0]
            for line in page.splitlines()
            if "data-seat" in line and " hidden" not in line
        ]

    with board_of(room) as served:
        organiser = served.organiser()
        assert shown("") == ["seat01", "seat02", "seat03"]
        assert shown("kind=rests") == ["seat02"]
        assert shown("text=quillFEATHER") == ["seat01"]
        assert shown("kind=runs&text=ben") == []


def test_what_could_not_be_read_is_not_known_since_it_was_and_never_empty(room: Room) -> None:
    with board_of(room) as served:
        organiser = served.organiser()
        before = organiser.event()
        room.cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
        served.board.live.changed()
        partly = organiser.event_when(lambda view: view["tiles"][0]["kind"] == "unknown")
    first = partly["tiles"][0]
    assert first["kind"] == "unknown"
    assert first["fields"]["state"] == f"not known since {before['at']} (was InService)"
    assert any("notebooks could not be read" in problem for problem in partly["problems"])


def test_where_nothing_can_be_read_all_that_was_known_stays_with_its_time(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the network is gone")

    with board_of(room) as served:
        organiser = served.organiser()
        before = organiser.event()
        monkeypatch.setattr(served.board.source, "take", broken)
        served.board.live.changed()
        after = organiser.event_when(lambda view: view["problems"] != [])
        page = organiser.get("/").text
    since = f"not known since {before['at']}"
    assert after["problems"] == [since, "the network is gone"]
    states = [tile["fields"]["state"] for tile in after["tiles"]]
    assert states[:2] == [f"{since} (was InService)", f"{since} (was Stopped)"]
    assert since in page


def test_after_a_new_sign_in_the_board_goes_on_and_asks_whose_account_it_is(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board_of(room) as served:
        source, organiser = served.board.source, served.organiser()
        ended, take = source.clients, source.take
        connected: list[Clients] = []

        def taken(clients: Clients, loaded: LoadedEnvironment) -> StatusScan:
            if clients is ended:
                raise SignInError("has ended", "ExpiredToken", "sign in with: aws sso login")
            connected.append(clients)
            return take(clients, loaded)

        monkeypatch.setattr(source, "take", taken)
        told = organiser.event_when(lambda view: view["problems"] != [])
        assert "aws sso login" in told["problems"][-1]
        organiser.event_when(lambda view: view["problems"] == [])
        assert connected[0] is source.clients
        assert room.command("status").code == 0


def test_browsers_share_one_reader_and_nothing_is_read_while_nobody_looks(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[object] = []
    with board_of(room, every=10_000) as served:
        take = served.board.source.take

        def counted(clients: Clients, loaded: LoadedEnvironment) -> StatusScan:
            taken.append(loaded)
            return take(clients, loaded)

        monkeypatch.setattr(served.board.source, "take", counted)
        assert not taken
        views = [served.organiser().event() for _ in range(5)]
        assert served.organiser().get("/").status == 200
        assert len(taken) == 1
        assert all(view == views[0] for view in views)


def test_a_hand_is_taken_once_and_stays_what_it_was(room: Room) -> None:
    with board_of(room) as served:
        organiser = served.organiser()
        token = organiser.forms("/")["/take"][0]
        assert organiser.post("/take", [token, ("seat", "seat01")]).status == 303
        again = organiser.post("/take", [token, ("seat", "seat01")])
        other = organiser.post("/take", [token, ("seat", "seat02")])
        down = organiser.post("/take", [token, ("seat", "seat03")])
    body = room.cloud.client("s3").get_object(Bucket=WATCH, Key="door/hands/seat01.json")["Body"]
    hand = json.loads(body.read())
    assert (hand["word"], hand["taken"]) == ("The kernel dies", "organiser")
    assert "organiser sees to it already" in again.text
    assert "helper 2 sees to it already" in other.text
    assert "the hand is down" in down.text


def test_the_page_for_the_room_has_the_door_and_the_classs_code_only_while_claims_are_open(
    room: Room,
) -> None:
    with board_of(room) as served:
        organiser = served.organiser()
        missing = organiser.get("/room")
        assert missing.status == 409
        assert "the door of account 000000000000, us-east-1 is not there" in missing.text
        has_door(room)
        page = organiser.get("/room").text
        assert DOOR_URL in page
        assert "QR code of" in page
        assert "Claim a seat" not in page
        loaded = served.board.source.known
        there, _ = doors(served.board.source.clients, loaded, [loaded.home])
        (door,) = there.values()
        later = events.now() + timedelta(hours=1)
        code = door.let_claim(Claiming(later.timestamp(), ("seat03",)), renew=False).code
        assert code in organiser.get("/room").text
        door.let_claim(Claiming(), renew=False)
        assert code not in organiser.get("/room").text
