"""The door as it runs: its stack's function, at its URL, with the rights of its role alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest
from botocore.exceptions import ClientError

from localcloud import process
from tests.support.door_stacks import doored_seats
from tests.support.door_visits import ADA, DoorAtUrl
from tests.support.seats import Seats
from tests.support.watched import watched_seats
from workshop import tags
from workshop.door.codes import CLASS
from workshop.door.state import CLAIMS, KEY, OPENED


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seats, DoorAtUrl]]:
    with doored_seats(tmp_path_factory.mktemp("door")) as made:
        yield made


@pytest.fixture
def seats(place: tuple[Seats, DoorAtUrl]) -> Seats:
    return place[0]


@pytest.fixture
def door(place: tuple[Seats, DoorAtUrl]) -> DoorAtUrl:
    """The door, once its function remembers nothing of another test."""
    seats, door = place
    seats.root.advance(6)
    door.now = now_of(seats)
    return door


def now_of(seats: Seats) -> datetime:
    return datetime.fromtimestamp(process.set_clock(seats.root.running)["now"], UTC)


def browser() -> OpenerDirector:
    return build_opener(HTTPCookieProcessor())


def status_of(opener: OpenerDirector, url: str) -> int:
    """Return how a page is answered."""
    host = url.partition("://")[2].partition("?")[0].partition("/")[0]
    port = host.partition(":")[2]
    request = Request(url.replace(host, f"127.0.0.1:{port}", 1), headers={"Host": host})  # noqa: S310
    try:
        with opener.open(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def freeze(seats: Seats, *, frozen: bool) -> None:
    """Put the tag of a frozen seat on its notebook, or take it off."""
    sagemaker = seats.root.client("sagemaker")
    if frozen:
        tag = {"Key": tags.FROZEN, "Value": tags.FROZEN_VALUE}
        sagemaker.add_tags(ResourceArn=ADA.notebook_arn, Tags=[tag])
    else:
        sagemaker.delete_tags(ResourceArn=ADA.notebook_arn, TagKeys=[tags.FROZEN])


def test_a_link_of_the_door_opens_until_the_seat_is_frozen_and_again_when_it_is_not(
    seats: Seats, door: DoorAtUrl
) -> None:
    ada = door.visitor("seat:ada")
    assert "It is running." in ada.get().words
    link = ada.post("/open").to
    opened = browser()
    assert status_of(opened, link) == 200
    assert "ada" in door.state.names(OPENED)
    freeze(seats, frozen=True)
    try:
        assert status_of(opened, link.partition("?")[0]) == 403
        assert ada.post("/open").to == link  # for five seconds, and it leads nowhere
        assert status_of(browser(), link) == 403
        seats.root.advance(6)
        assert ada.post("/open").to == "/?say=closed"
        assert ada.post("/start").to == "/?say=closed"
        assert "This seat is closed at the moment" in ada.get("/?say=closed").words
    finally:
        freeze(seats, frozen=False)
    seats.root.advance(6)
    assert status_of(browser(), ada.post("/open").to) == 200


def test_a_stopped_notebook_is_started(seats: Seats, door: DoorAtUrl) -> None:
    sagemaker = seats.root.client("sagemaker")
    name = ADA.notebook.replace("ada", "ben")
    sagemaker.stop_notebook_instance(NotebookInstanceName=name)
    ben = door.visitor("seat:ben")
    seats.root.advance(6)
    page = ben.get()
    assert "Start the notebook" in page.words
    assert ben.post("/start", page.token).to == "/"
    told = sagemaker.describe_notebook_instance(NotebookInstanceName=name)
    assert told["NotebookInstanceStatus"] in ("Pending", "InService")


def test_two_people_claim_the_last_seat_and_one_gets_it(door: DoorAtUrl) -> None:
    door.let_claim("ben")
    people = [door.visitor(CLASS) for _ in range(2)]
    tokens = [one.get().token for one in people]
    with ThreadPoolExecutor(2) as pool:
        pairs = zip(people, tokens, strict=True)
        got = sorted(pool.map(lambda pair: pair[0].post("/claim", pair[1]).to, pairs))
    assert got == ["/?say=claim_none", "/?say=claimed"]
    assert door.state.names(CLAIMS) == ["ben"]
    door.state.undo("ben")


def test_a_hand_a_message_and_saved_files_come_through(seats: Seats, door: DoorAtUrl) -> None:
    s3 = seats.root.client("s3")
    inbox = {"messages": [{"id": "1", "time": 1.0, "text": "Lunch at one"}]}
    body = json.dumps(inbox).encode()
    s3.put_object(Bucket=ADA.datasets_bucket, Key="workshop/inbox.json", Body=body)
    s3.put_object(Bucket=ADA.bucket("data"), Key="saved/files/a b.txt", Body=b"work")
    ada = door.visitor("seat:ada")
    ada.post("/hand", up="1", word="stuck")
    page = ada.get()
    assert "Your hand is up" in page.words
    assert "Lunch at one" in page.words
    with build_opener().open(ada.post("/file", page.token, path="a b.txt").to) as download:
        assert download.read() == b"work"
    helper = door.visitor("helper:1")
    assert "stuck" in helper.get().words


def test_a_wrong_code_a_forged_cookie_and_another_seats_token_open_nothing(
    door: DoorAtUrl,
) -> None:
    assert door.visitor().post("/code", code="0" * 13).status == 403
    ada, ben = door.visitor("seat:ada"), door.visitor("seat:ben")
    assert ada.post("/open", ben.get().token).status == 403
    ada.cookies["door"] = ada.cookies["door"].replace("seat.ada", "seat.ben")
    assert "Open your notebook" in ada.get().words


def test_no_seat_reads_what_the_door_keeps_or_touches_its_function(
    seats: Seats, door: DoorAtUrl
) -> None:
    door.state.key()
    cohort = ADA.cohort
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "get_object", {"Bucket": ADA.watch_bucket, "Key": KEY}),
        ("s3", "put_object", {"Bucket": ADA.watch_bucket, "Key": f"{CLAIMS}x", "Body": b""}),
        ("s3", "list_objects_v2", {"Bucket": ADA.watch_bucket, "Prefix": "door/"}),
        ("lambda", "invoke", {"FunctionName": cohort.door}),
        ("lambda", "get_function", {"FunctionName": cohort.door}),
        ("lambda", "update_function_configuration", {"FunctionName": cohort.door, "Timeout": 1}),
        ("sts", "assume_role", {"RoleArn": cohort.door_role_arn, "RoleSessionName": "seat"}),
    ]
    for service, method, request in tries:
        with pytest.raises(ClientError) as refused:
            getattr(seats.ada.client(service), method)(**request)
        assert "AccessDenied" in refused.value.response["Error"]["Code"], method


def test_after_the_end_the_role_opens_nothing_and_gives_saved_work(tmp_path: Path) -> None:
    with doored_seats(tmp_path) as (seats, door):
        seats.root.client("s3").put_object(
            Bucket=ADA.bucket("data"), Key="saved/files/a.txt", Body=b"work"
        )
        ada = door.visitor("seat:ada")
        token, link, opened = ada.get().token, ada.post("/open").to, browser()
        assert status_of(opened, link) == 200
        seats.root.advance(timedelta(minutes=51).total_seconds())
        assert status_of(opened, link.partition("?")[0]) == 403
        page = ada.get()
        assert "The workshop is over." in page.words
        assert ada.post("/open", token).to == "/"
        assert "Download a.txt" in ada.get("/files").words


def organisers_link(seats: Seats) -> str:
    """A link that the board or the handout makes, by the organiser's rights."""
    asked = {"NotebookInstanceName": ADA.notebook, "SessionExpirationDurationInSeconds": 43_200}
    answer = seats.root.client("sagemaker").create_presigned_notebook_instance_url(**asked)
    return str(answer["AuthorizedUrl"])


def test_what_an_organisers_link_has_open_ends_with_its_notebook_and_not_with_a_freeze(
    tmp_path: Path,
) -> None:
    with watched_seats(tmp_path) as watched:
        seats, opened = watched.seats, browser()
        link = organisers_link(seats)
        page = link.partition("?")[0]
        assert status_of(opened, link) == 200
        freeze(seats, frozen=True)
        assert status_of(opened, page) == 200
        freeze(seats, frozen=False)
        watched.go_to(watched.end)
        assert ADA.notebook not in watched.running()  # the watch has stopped it
        assert status_of(opened, page) == 503
