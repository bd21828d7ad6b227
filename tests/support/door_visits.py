"""Visitors of a door: each keeps cookies and sends forms as a browser does, without a browser.

The code of the function runs in this process, against a local cloud; ``Door.send`` is all that
knows that, so that the same visitors can call at a function's URL.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.config import Config

from tests.support.local_cloud import Cloud, root
from workshop.door import handler
from workshop.door.claims import Claiming
from workshop.door.codes import code_of
from workshop.door.seats import state_of
from workshop.door.state import CLAIMING, DoorState
from workshop.door.visit import DoorSettings, Visit
from workshop.naming import Names

ADA = Names("demo", "ada", "000000000000", "us-east-1")
PLACES = Names("demo", "{seat}", ADA.account, ADA.region)
NOW = datetime(2026, 12, 3, 9, tzinfo=UTC)
END = datetime(2026, 12, 4, 16, tzinfo=UTC)
HOST = "abc.lambda-url.us-east-1.on.aws"
PROFILE = {
    "buckets": ["data"],
    "saved": "data",
    "repositories": ["training"],
    "types": {"training": ["ml.m5.large"], "processing": ["ml.m5.large"], "endpoint": []},
    "hours": 24,
    "idle": 60,
}


def door_settings(*seats: str, **more: Any) -> DoorSettings:
    """What the stack of ``demo`` tells a door of these seats."""
    given = {
        "title": "Computer vision & <b>more</b>",
        "zone": 60,
        "languages": ["en", "de"],
        "seats": {"attendee": " ".join(seats)},
        "profiles": {"attendee": PROFILE},
        **more,
    }
    return DoorSettings(
        workshop=ADA.workshop,
        account=ADA.account,
        end=f"{END:%Y-%m-%dT%H:%M:%SZ}",
        bucket=ADA.watch_bucket,
        datasets=ADA.datasets_bucket,
        notebook=PLACES.notebook,
        seat_bucket=PLACES.bucket("{key}"),
        repository=PLACES.repository_uri("{key}"),
        role=PLACES.role,
        **given,
    )


@dataclass(frozen=True)
class Answer:
    """What a browser sees."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: str

    @property
    def to(self) -> str:
        return self.headers.get("Location", "")

    @property
    def token(self) -> str:
        """The token of the page's forms."""
        found = re.search(r'name="token" value="([0-9a-f]+)"', self.body)
        return found[1] if found else ""

    @property
    def words(self) -> str:
        """The text of the page."""
        bare = re.sub(r"<style>.*?</style>|<[^>]+>", " ", self.body, flags=re.DOTALL)
        return " ".join(html.unescape(bare).split())


@dataclass
class Door:
    """One door, and the function's memory while it stays warm."""

    cloud: Cloud
    settings: DoorSettings
    now: datetime = NOW
    memory: dict[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    """The calls of AWS that visits made, by service and operation."""
    _clients: dict[str, Any] = field(default_factory=dict)

    def visit(self, memory: dict[str, Any] | None = None) -> Visit:
        remembered = self.memory if memory is None else memory
        return Visit(self.settings, self.now, client=self._client, memory=remembered)

    def _client(self, service: str) -> Any:
        return _Counted(self._signing(service), service, self.calls)

    def _signing(self, service: str) -> Any:
        """Return a client that signs links as the function's does."""
        if service != "s3":
            return self.cloud.client(service)
        if "s3" not in self._clients:
            self._clients["s3"] = boto3.client(  # type: ignore[call-overload]
                "s3",
                region_name=ADA.region,
                endpoint_url=self.cloud.endpoint,
                config=Config(
                    signature_version="s3v4", proxies={}, retries={"total_max_attempts": 1}
                ),
                **root(self.cloud.running),
            )
        return self._clients["s3"]

    def send(self, event: dict[str, Any], memory: dict[str, Any] | None = None) -> Answer:
        reply = handler.serve(self.visit(memory), event)
        return Answer(reply["statusCode"], reply["headers"], reply["cookies"], reply["body"])

    @property
    def state(self) -> DoorState:
        return state_of(Visit(self.settings, self.now, client=self.cloud.client))

    def code(self, subject: str) -> str:
        generation = self.state.generations().get(subject, 0)
        return code_of(self.state.key(), subject, generation)

    def let_claim(self, *seats: str, minutes: float = 15, **more: Any) -> None:
        """Open claiming, as the organiser does."""
        until = (self.now + timedelta(minutes=minutes)).timestamp()
        _, condition = self.state.read(CLAIMING)
        document = Claiming(until, seats, **more).document()
        assert self.state.write(CLAIMING, document, condition)
        self.memory.pop("claiming", None)

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)

    def visitor(self, subject: str = "") -> Visitor:
        """Return somebody at the door, who has typed the code of a subject if one is named."""
        found = Visitor(self)
        if subject:
            answer = found.post("/code", code=self.code(subject))
            assert answer.status == 303, (answer.status, answer.body)
        return found


@dataclass
class Visitor:
    """A browser's cookies and headers."""

    door: Door
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    address: str = "192.0.2.1"
    """Where AWS sees the browser's requests come from."""
    memory: dict[str, Any] | None = None
    """That of another warm function than the door's own."""

    def get(self, path: str = "/") -> Answer:
        path, _, query = path.partition("?")
        return self.send("GET", path, query, "")

    def post(self, path: str, token: str | None = None, /, **form: str) -> Answer:
        """Send a form with the token of the front page, or with another."""
        given = self.get().token if token is None and "door" in self.cookies else token or ""
        body = urlencode({"token": given, **form})
        return self.send("POST", path, "", body)

    def send(self, method: str, path: str, query: str = "", body: str = "") -> Answer:
        """Send any request with the visitor's cookies and headers."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "cookies": [f"{name}={value}" for name, value in self.cookies.items()],
            "headers": {"host": HOST, **self.headers},
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": self.address},
                "timeEpoch": int(self.door.now.timestamp() * 1000),
            },
            "body": body,
            "isBase64Encoded": False,
        }
        answer = self.door.send(event, self.memory)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


@dataclass
class DoorAtUrl(Door):
    """A door whose code runs as the function of its stack, with its role's rights alone."""

    url: str = ""

    def send(self, event: dict[str, Any], memory: dict[str, Any] | None = None) -> Answer:
        del memory  # the function has its own
        parts = urlsplit(self.url)
        method, query = event["requestContext"]["http"]["method"], event["rawQueryString"]
        headers = {**event["headers"], "host": parts.netloc}
        if event["cookies"]:
            headers["Cookie"] = "; ".join(event["cookies"])
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = event["rawPath"] + (f"?{query}" if query else "")
        connection = HTTPConnection("127.0.0.1", parts.port or 80)
        connection.request(method, target, event["body"].encode(), headers)
        got = connection.getresponse()
        body = got.read().decode()
        connection.close()
        named = {
            "-".join(map(str.capitalize, name.split("-"))): value
            for name, value in got.headers.items()
        }
        return Answer(got.status, named, got.headers.get_all("set-cookie") or [], body)


class _Counted:
    """A client that counts what is called."""

    def __init__(self, client: Any, service: str, calls: Counter[str]) -> None:
        self._client, self._service, self._calls = client, service, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in ("meta", "exceptions", "generate_presigned_url"):
            return found
        return partial(self._call, name, found)

    def _call(self, name: str, call: Any, *given: Any, **named: Any) -> Any:
        what = str(given[0]) if name == "get_paginator" else name
        self._calls[f"{self._service}:{what}"] += 1
        return call(*given, **named)


def door_without_stacks(cloud: Cloud, *seats: str, notebooks: bool = True, **more: Any) -> Door:
    """Make what a door needs: two buckets, and the seats' buckets and notebooks."""
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    s3.create_bucket(Bucket=ADA.watch_bucket)
    s3.create_bucket(Bucket=ADA.datasets_bucket)
    role = cloud.role() if notebooks else ""
    for seat in seats:
        names = Names(ADA.workshop, seat, ADA.account, ADA.region)
        s3.create_bucket(Bucket=names.bucket("data"))
        if notebooks:
            sagemaker.create_notebook_instance(
                NotebookInstanceName=names.notebook, InstanceType="ml.t3.medium", RoleArn=role
            )
    return Door(cloud, door_settings(*seats, **more))
