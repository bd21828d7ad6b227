"""A board on this machine, served as ``workshop board`` serves it, and a browser's part of HTTP."""

from __future__ import annotations

import csv
import http.client
import io
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support import notebook_workshop
from tests.support.local_cloud import Cloud, template
from tests.support.notebook_workshop import Room
from workshop.agent.inbox import KEY
from workshop.board import server
from workshop.board.app import Board
from workshop.board.guard import PageKeys, address
from workshop.board.slips import SlipPages
from workshop.cli.board import made_for
from workshop.cli.context import opened
from workshop.environments import loader
from workshop.naming import COHORT, DOOR, DOOR_ADDRESS, Names
from workshop.watch.messages import STATE
from workshop.watch.spending import SPENDING

COHORT_NAMES = Names("vision", COHORT, "000000000000", "us-east-1")
WATCH, DATASETS = COHORT_NAMES.watch_bucket, COHORT_NAMES.datasets_bucket
EVERY = 1.0
"""Seconds between two reads."""


@dataclass(frozen=True)
class Answer:
    """What a request got."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def leads_to(self) -> str:
        return self.headers.get("location", "")


@dataclass(frozen=True)
class Visitor:
    """Whoever speaks HTTP to a server of this machine; ``root`` is the address that opens it."""

    port: int
    root: str = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers)

    def post(self, path: str, fields: Any = (), **headers: str) -> Answer:
        """A form, with the Origin that a browser gives unless the headers have another."""
        sent = {"Origin": self.origin, "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, {**sent, **headers}, urlencode(fields, doseq=True))

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: str = "") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, f"{self.root}{path}", body or None, dict(headers))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            where = found.get("location", "")
            found["location"] = where.removeprefix(self.root)
            return Answer(answer.status, found, answer.read().decode())
        finally:
            connection.close()

    def forms(self, path: str) -> dict[str, list[tuple[str, str]]]:
        """Return the fields of the forms of a page that are posted, by where they lead to."""
        found = Forms(self.get(path).text).found
        return {action.removeprefix(self.root): fields for action, fields in found.items()}

    def event(self) -> dict[str, Any]:
        """Return the first view of the stream of events."""
        return self.event_when(lambda _: True)

    def event_when(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first view of the stream of events that fits."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"{self.root}/events")
            answer = connection.getresponse()
            assert answer.headers["content-type"].startswith("text/event-stream")
            while True:
                line = answer.readline().decode()
                if line.startswith("data: "):
                    found: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    if fits(found):
                        return found
        finally:
            connection.close()


class Forms(HTMLParser):
    """The fields of the forms of a page that are posted, by their action."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[tuple[str, str]]] = {}
        self._at = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._at = given.get("action", "") if given.get("method") == "post" else ""
            if self._at:
                self.found[self._at] = []
        elif tag == "input" and self._at and "name" in given:
            self.found[self._at].append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._at = ""


@dataclass
class ServedBoard:
    """A board that runs, and the address that opens it."""

    room: Room
    board: Board
    port: int

    @property
    def keys(self) -> PageKeys:
        return self.board.keys

    @property
    def address(self) -> str:
        return address(self.port, self.board.keys)

    def stranger(self) -> Visitor:
        """Somebody who knows the port alone."""
        return Visitor(self.port)

    def organiser(self) -> Visitor:
        return Visitor(self.port, self.board.keys.root)

    def does(self, name: str, *seats: str, **words: str) -> str:
        """Press a button, agree, and return the page of what became of it."""
        visitor = self.organiser()
        query = urlencode([("seat", seat) for seat in seats])
        asked = visitor.forms(f"/confirm/{name}?{query}")
        fields = [pair for pair in asked[f"/do/{name}"] if pair[0] not in words]
        begun = visitor.post(f"/do/{name}", [*fields, *words.items()])
        assert begun.status == 303, begun.text
        return self.done(visitor, begun.leads_to)

    def done(self, visitor: Visitor, where: str) -> str:
        """Wait for an action and return its page."""
        run = self.board.runs.get(int(where.rpartition("/")[2]))
        assert run is not None
        run.ended.wait()
        return visitor.get(where).text


def result(page: str) -> str:
    (found,) = re.findall(r'data-result="([^"]*)"', page)
    return str(found)


def board(room: Room, *, readonly: bool = False, every: float = EVERY) -> Board:
    """Make the board of a small workshop."""
    work = opened("room", room.config)
    return made_for(work, lambda: loader.load("room", room.config), every=every, readonly=readonly)


@contextmanager
def board_of(room: Room, *, readonly: bool = False, every: float = EVERY) -> Iterator[ServedBoard]:
    """Serve the board of a small workshop."""
    made = board(room, readonly=readonly, every=every)
    listening = server.bound(0)
    with server.served(made.app(), listening):
        yield ServedBoard(room, made, server.port_of(listening))
    made.runs.close()


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>\u202e\x1b[2J'
"""A name, a word or a message of somebody who wants more than to be read."""


def class_of(
    cloud: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch, people: Sequence[str]
) -> Room:
    """A workshop with a cap of 25 USD a seat and a roster of people at seat01, seat02, ..."""
    made = notebook_workshop.room(
        cloud,
        folder,
        monkeypatch,
        "roster: {file: people.csv}\nbudget: {per_seat_usd: 25}\ndoor: {}\n",
    )
    rows = io.StringIO()
    writer = csv.writer(rows)
    writer.writerow(["id", "name"])
    writer.writerows([notebook_workshop.seat(at), name] for at, name in enumerate(people, 1))
    (made.config / "people.csv").write_text(rows.getvalue(), encoding="utf-8")
    for bucket in (WATCH, DATASETS):
        cloud.client("s3").create_bucket(Bucket=bucket)
    return made


def raises_hand(cloud: Cloud, seat: str, word: str, **more: Any) -> None:
    """What the door writes when somebody raises a hand."""
    hand = {"word": word, "at": time.time(), **more}
    cloud.client("s3").put_object(
        Bucket=WATCH, Key=f"door/hands/{seat}.json", Body=json.dumps(hand).encode()
    )


def counts(cloud: Cloud, usd: Mapping[str, float], **state: str) -> None:
    """What the watch writes when it has counted."""
    ran = {"ran": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **state}
    spent = {"usd": {seat: {"notebook": used} for seat, used in usd.items()}}
    for key, document in ((STATE, ran), (SPENDING, spent)):
        cloud.client("s3").put_object(Bucket=WATCH, Key=key, Body=json.dumps(document).encode())


def tells(cloud: Cloud, text: str, *seats: str) -> None:
    """A message of the organisers or the watch, to all or to some seats."""
    to = {"seats": list(seats)} if seats else {}
    message = {"id": f"m{time.time()}", "time": time.time(), "text": text, **to}
    s3, where = cloud.client("s3"), {"Bucket": DATASETS, "Key": KEY}
    try:
        document = json.loads(s3.get_object(**where)["Body"].read())
    except s3.exceptions.NoSuchKey:
        document = {"messages": []}
    document["messages"].append(message)
    s3.put_object(Body=json.dumps(document).encode(), **where)


@dataclass
class ServedSlips:
    """Pages of a handout that are served, and the address that opens them."""

    room: Room
    keys: PageKeys
    port: int

    @property
    def address(self) -> str:
        return address(self.port, self.keys)

    def organiser(self) -> Visitor:
        return Visitor(self.port, self.keys.root)


@contextmanager
def slips_of(room: Room) -> Iterator[ServedSlips]:
    """Serve the handout of a small workshop."""
    work, keys = opened("room", room.config), PageKeys()
    listening = server.bound(0)
    with server.served(SlipPages(work.clients, work.loaded, work.seats, keys).app(), listening):
        yield ServedSlips(room, keys, server.port_of(listening))


DOOR_URL = "https://abc.lambda-url.us-east-1.on.aws/"


def has_door(room: Room) -> None:
    """The stack of a door, as far as it tells where the door is."""
    outputs = {DOOR_ADDRESS: {"Value": DOOR_URL}}
    resources = {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    room.cloud.deploy(COHORT_NAMES.stack(DOOR), template(resources, Outputs=outputs))
