"""What people try at the door who should not be there, and what a flood of them costs."""

from __future__ import annotations

import html.parser
import json
import logging
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from tests.support.door_visits import (
    ADA,
    NOW,
    Door,
    Visitor,
    door_settings,
    door_without_stacks,
)
from tests.support.local_cloud import Cloud
from workshop.door import request, visit
from workshop.door.codes import CLASS, all_subjects, spelled
from workshop.door.pages import STYLE, STYLE_HASH
from workshop.door.seats import form_targets
from workshop.door.sessions import COOKIE
from workshop.door.state import HANDS, OPENED

POSTS = ("/open", "/start", "/hand", "/file", "/claim", "/taken", "/leave")
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def door(cloud: Cloud) -> Door:
    return door_without_stacks(cloud, "ada", "ben", languages=["en"])


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_sessions_token_does_nothing(door: Door, path: str) -> None:
    ada, ben = door.visitor("seat:ada"), door.visitor("seat:ben")
    for token in ("", "0" * 64, ben.get().token):
        answer = ada.post(path, token, up="1", word="x", path="x", seat="ada")
        assert answer.status == 403
        assert "This form was not sent from this page." in answer.words
    assert door.state.names(HANDS) == []
    assert door.state.names(OPENED) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_though_its_token_is_right(door: Door, site: str) -> None:
    ada = door.visitor("seat:ada")
    token = ada.get().token
    ada.headers["sec-fetch-site"] = site
    assert ada.post("/open", token).status == 403
    assert ada.post("/code", code=door.code("seat:ben")).status == 403
    ada.headers["sec-fetch-site"] = "same-origin"
    assert ada.post("/open", token).status == 303


def test_a_get_changes_nothing(door: Door) -> None:
    door.let_claim("ben")
    visitors = [door.visitor(subject) for subject in ("seat:ada", "helper:1", CLASS)]
    before = door.state.names("door/")
    for one in visitors:
        token = one.get().token
        for path in POSTS:
            assert one.get(f"{path}?token={token}&up=1&word=x").status == 404
    assert {*door.state.names("door/")} == {*before, "listing.json"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_no_other_method_passes_for_a_form(door: Door, method: str) -> None:
    """What a form has to prove is asked of every request that changes something."""
    ada = door.visitor("seat:ada")
    ada.headers["sec-fetch-site"] = "cross-site"
    for path in (*POSTS, "/code"):
        answer = ada.send(method, path, body=f"up=1&word=x&code={door.code('seat:ben')}")
        assert (answer.status, answer.to, answer.cookies) == (404, "", [])
    assert door.state.names(HANDS) == []
    assert door.state.names(OPENED) == []


def test_a_body_that_is_larger_than_any_form_is_not_taken_apart(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six megabytes of fields would take a function its whole time, for one request of anybody."""
    read: list[int] = []

    def noting(text: str, **_: Any) -> list[tuple[str, str]]:
        read.append(len(text))
        return []

    monkeypatch.setattr(request, "parse_qsl", noting)
    for body in ("a&" * 3_000_000, f"code={door.code('seat:ada')}&{'x' * 100_000}"):
        assert door.visitor().send("POST", "/code", body=body).status == 403
    assert max(read) == 0
    door.visitor().send("POST", "/code", body="code=x")
    assert max(read) == len("code=x")


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "seat.ada.0.1.0",
        "seat.ada.0.1790000000." + "0" * 64,
        "helper.1.0.1.x",
        "a" * 5000,
        "\x00",
    ],
)
def test_a_forged_cookie_opens_nothing(door: Door, cookie: str) -> None:
    visitor = Visitor(door, {COOKIE: cookie})
    assert "Open your notebook" in visitor.get().words
    assert visitor.post("/open", "0" * 64).to == "/?say=no_session"
    assert visitor.get("/files").to == "/?say=no_session"


def test_a_cookie_of_one_seat_opens_no_other(door: Door) -> None:
    ada = door.visitor("seat:ada")
    ada.cookies[COOKIE] = ada.cookies[COOKIE].replace("seat.ada", "seat.ben")
    assert "Open your notebook" in ada.get().words


def test_a_seat_that_left_the_roster_has_no_door(cloud: Cloud) -> None:
    door = door_without_stacks(cloud, "ada", "ben")
    ben, code = door.visitor("seat:ben"), door.code("seat:ben")
    smaller = Door(cloud, replace(door.settings, seats={"attendee": "ada"}), door.now)
    left = Visitor(smaller, dict(ben.cookies))
    assert "Open your notebook" in left.get().words
    assert Visitor(smaller).post("/code", code=code).status == 403


def test_a_seat_downloads_nothing_but_its_own_saved_files(door: Door) -> None:
    ada = door.visitor("seat:ada")
    for path in ("../../train/x", "/etc/passwd", "..%2f..%2fdata"):
        link = ada.post("/file", path=path).to
        assert f"/{ADA.bucket('data')}/saved/files/" in link or link.startswith(
            f"https://{ADA.bucket('data')}."
        )


def test_no_word_of_anybodys_becomes_a_part_of_a_page(door: Door, cloud: Cloud) -> None:
    inbox = {"messages": [{"id": "1", "time": 1.0, "text": SCRIPT}]}
    cloud.client("s3").put_object(
        Bucket=ADA.datasets_bucket, Key="workshop/inbox.json", Body=json.dumps(inbox).encode()
    )
    cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key=f"saved/files/{SCRIPT}", Body=b"x")
    ada, helper = door.visitor("seat:ada"), door.visitor("helper:1")
    ada.post("/hand", up="1", word=SCRIPT)
    for page in (
        ada.get(),
        ada.get("/files"),
        helper.get(),
        ada.get(f"/?say={SCRIPT}"),
        ada.get(f"/?lang={SCRIPT}"),
        ada.get(f"/files?after={SCRIPT}"),
        ada.get(f"/{SCRIPT}"),
    ):
        tags = Tags()
        tags.feed(page.body)
        assert not tags.seen & {"script", "img", "iframe", "object"}
        assert not any(name.startswith("on") for name in tags.attributes)
    assert SCRIPT in ada.get().words


class Tags(html.parser.HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_every_answer_forbids_browsers_what_no_page_needs(door: Door) -> None:
    ada = door.visitor("seat:ada")
    for answer in (ada.get(), ada.get("/nothing"), ada.post("/open"), Visitor(door).post("/code")):
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "base-uri 'none'; frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    local = urlsplit(door.cloud.endpoint)
    assert (
        f"form-action 'self' http://*.notebook.us-east-1.sagemaker.localhost:{local.port}"
        f" http://127.0.0.1:{local.port};"
    ) in ada.get().headers["Content-Security-Policy"]
    assert f"<style>{STYLE}</style>" in ada.get().body
    assert STYLE_HASH in ada.get().headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("region", "notebooks", "files"),
    [
        ("eu-west-1", "notebook.eu-west-1.sagemaker.aws", "s3.eu-west-1.amazonaws.com"),
        ("cn-north-1", "notebook.cn-north-1.sagemaker.com.cn", "s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_on_aws_forms_lead_to_notebooks_and_to_the_seats_own_bucket_alone(
    monkeypatch: pytest.MonkeyPatch, region: str, notebooks: str, files: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    def client(service: str) -> Any:
        given = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": region}
        return boto3.client(service, config=visit._CONFIG, **given)  # type: ignore[call-overload]

    settings = door_settings("ada")
    targets = form_targets(visit.Visit(settings, NOW, client=client), "ada")
    assert targets == [f"https://*.{notebooks}", f"https://{ADA.bucket('data')}.{files}"]


def test_cookies_are_for_this_host_and_its_forms_alone(door: Door) -> None:
    visitor = door.visitor()
    [cookie] = visitor.post("/code", code=door.code("seat:ada")).cookies
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure")
    visitor.headers["host"] = "127.0.0.1:4566"
    answer = visitor.post("/code", code=door.code("seat:ada"))
    assert answer.cookies[0].endswith("; Max-Age=43200")
    assert "Strict-Transport-Security" not in answer.headers


def test_a_flood_of_wrong_codes_costs_no_call_of_aws(door: Door) -> None:
    visitor = door.visitor()
    visitor.post("/code", code="first")
    door.calls.clear()
    for number in range(100):
        assert visitor.post("/code", code=f"{number:013}").status == 403
    assert door.calls == {}


@pytest.mark.parametrize("visitors", [60, pytest.param(300, marks=pytest.mark.long)])
def test_all_visitors_of_a_minute_cost_a_listing_every_five_seconds(
    cloud: Cloud, visitors: int
) -> None:
    """SageMaker is asked for all at once, and besides once for each notebook that is opened."""
    door = door_without_stacks(
        cloud, *(f"seat{number:03}" for number in range(visitors)), notebooks=False
    )
    people = [door.visitor(f"seat:seat{number:03}") for number in range(visitors)]
    door.calls.clear()
    for one in people:
        one.get()
        door.pass_by(milliseconds=60_000 / visitors)
    assert door.calls["sagemaker:list_notebook_instances"] <= 60 / 5 + 1
    asked = sum(count for what, count in door.calls.items() if what.startswith("sagemaker:"))
    assert asked <= 13


def test_nothing_in_the_log_opens_anything(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="door")
    door.let_claim("ben")
    ada, late = door.visitor("seat:ada"), door.visitor(CLASS)
    ada.post("/hand", up="1", word="my secret word")
    link = ada.post("/open").to
    ada.get(f"/c/{door.code('seat:ada')}")
    late.post("/claim")
    Visitor(door).post("/code", code="7Q2M-X40B-9TRKD")
    told = "\n".join(record.getMessage() for record in caplog.records if record.name == "door")
    lines = [json.loads(line) for line in told.splitlines()]
    opened = {"method": "POST", "route": "open", "status": 303, "seat": "ada"}
    assert any(opened.items() <= line.items() for line in lines)
    key = door.state.key()
    secrets = [door.code(subject) for subject in all_subjects(["ada", "ben"])]
    secrets += [*map(spelled, secrets), *ada.cookies.values(), *late.cookies.values()]
    secrets += [ada.get().token, link, "my secret word", "7Q2M", key.hex()]
    assert [secret for secret in secrets if secret in told] == []
    assert {key for line in lines for key in line} == {"method", "route", "status", "seat", "ms"}
    assert not re.search(r"/c/", told)


def test_a_path_of_somebodys_own_is_logged_as_other(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="door")
    Visitor(door).get("/7Q2M-X40B-9TRKD")
    assert '"route": "other"' in caplog.text
    assert "7Q2M" not in caplog.text
