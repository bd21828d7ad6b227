"""``workshop status`` and ``workshop bill`` with caps: what the watch has counted of each seat."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room, room
from workshop import events
from workshop.bill import so_far
from workshop.cli.context import opened
from workshop.naming import COHORT, Names
from workshop.watch.messages import STATE
from workshop.watch.spending import SPENDING

BUCKET = Names("vision", COHORT, "000000000000", "us-east-1").watch_bucket


@pytest.fixture
def capped(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Two seats with a cap, and a watch that has counted."""
    text = "roster: {seats: 2}\nbudget: {per_seat_usd: 25}\n"
    made = room(cloud, tmp_path, monkeypatch, text)
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    writes(cloud, SPENDING, {"usd": {"seat01": {"notebook": 0.4, "endpoint": 3.1}}})
    writes(cloud, STATE, {"ran": events.now().isoformat()})
    return made


def writes(cloud: Cloud, key: str, document: dict[str, object]) -> None:
    body = json.dumps(document).encode()
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


def test_status_says_how_much_of_the_cap_is_used(capped: Room) -> None:
    ran = capped.command("status")
    assert "used of 25 USD a seat, as the watch counts: seat01 3.50\n" in ran.err
    assert "the watch has not run" not in ran.err
    told = capped.told("status")["watch"]
    assert told["used_usd"] == {"seat01": 3.5, "seat02": None}


def test_status_says_when_the_watch_has_not_run_for_a_quarter_of_an_hour(
    capped: Room, cloud: Cloud
) -> None:
    long_ago = events.now() - timedelta(minutes=16)
    writes(cloud, STATE, {"ran": long_ago.isoformat()})
    ran = capped.command("status")
    assert f"the watch has not run since {long_ago:%Y-%m-%d %H:%M} UTC" in ran.err


def test_a_watch_that_cannot_be_asked_is_told_and_is_not_0(capped: Room, cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "s3:GetObject"})
    ran = capped.command("status")
    assert "what the watch has counted could not be read" in ran.err
    assert "used of 25 USD" not in ran.err


def test_an_endpoint_that_nobody_looked_at_is_on_the_bill(capped: Room) -> None:
    [first, _] = capped.told("bill")["seats"]
    assert first["by_kind"]["endpoint"] == {"least": 3.1, "most": 3.1}


def test_a_teardown_tells_what_the_watch_has_counted_before_it_deletes_that(capped: Room) -> None:
    work = opened("room", capped.config)
    made = so_far.bill_before_deletion(
        work.clients, work.loaded, work.account_regions, lambda _: None
    )
    assert made is not None
    assert made.unread == ()
    assert str(made.seats[0].of("endpoint")) == "3.10"
