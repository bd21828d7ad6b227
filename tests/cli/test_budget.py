"""``workshop status`` and ``workshop bill`` with caps: what the watch has counted of each seat."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from localcloud import process
from tests.support.local_cloud import Cloud, template
from tests.support.notebook_workshop import EMPTY, Room, room
from workshop import events
from workshop.account_region import AccountRegion
from workshop.bill import so_far, spending_export
from workshop.bill.spending_export import CountedSpending
from workshop.cli.context import CommandContext, opened
from workshop.naming import COHORT, Names
from workshop.pricing.amounts import Bill
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


def test_a_watch_that_has_never_run_is_not_fine(capped: Room, cloud: Cloud) -> None:
    cloud.client("s3").delete_object(Bucket=BUCKET, Key=STATE)
    assert "the watch has never run, so nothing ends the workshop" in capped.command("status").err


def test_a_watch_without_caps_is_looked_at_as_well_and_has_a_quarter_of_an_hour_to_begin(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = room(cloud, tmp_path, monkeypatch, "roster: {seats: 1}\n")
    cloud.freeze()
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    assert cloud.deploy("vision-cohort-watch", EMPTY) == "CREATE_COMPLETE"
    assert "the watch" not in made.command("status").err
    long_ago = events.now() - timedelta(minutes=16)
    writes(cloud, STATE, {"ran": long_ago.isoformat(), "problems": ["a", "b"]})
    ran = made.command("status")
    assert "the watch has not run since" in ran.err
    assert "at its last run the watch could not do all: a and 1 more" in ran.err


def test_status_says_by_which_prices_the_watch_counts(capped: Room, cloud: Cloud) -> None:
    basis = "AWS's price list for us-east-1, read on 2026-11-20"
    writes(cloud, STATE, {"ran": events.now().isoformat(), "basis": basis})
    assert f"as the watch counts by {basis}: seat01 3.50\n" in capped.command("status").err
    assert [*capped.told("status")["watch"]["prices"].values()] == [basis]


@pytest.fixture
def mailing(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A workshop whose watch is to tell somebody, and has a topic."""
    text = "roster: {seats: 1}\nbudget: {per_seat_usd: 25, notify: SOME_MAILS}\n"
    made = room(cloud, tmp_path, monkeypatch, text)
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    writes(cloud, STATE, {"ran": events.now().isoformat()})
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "vision-cohort-watch"}}
    assert cloud.deploy("topic", template({"Topic": topic})) == "CREATE_COMPLETE"
    return made


def test_status_says_that_nobody_is_told_by_e_mail(mailing: Room) -> None:
    ran = mailing.command("status")
    assert "the watch tells nobody by e-mail; set SOME_MAILS and deploy again" in ran.err


def test_status_says_when_an_address_is_unconfirmed_and_does_not_print_it(
    mailing: Room, cloud: Cloud
) -> None:
    arn = Names("vision", COHORT, "000000000000", "us-east-1").watch_topic_arn
    mails = {
        name: {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": arn,
                "Protocol": "email",
                "Endpoint": f"{name.lower()}@example.org",
            },
        }
        for name in ("Ann", "Bea")
    }
    assert cloud.deploy("mails", template(mails)) == "CREATE_COMPLETE"
    process.post(cloud.running, "/_localcloud/subscriptions", {"confirm": "ann@example.org"})
    ran = mailing.command("status")
    assert "b***@example.org is unconfirmed (PendingConfirmation)" in ran.err
    assert "bea@" not in ran.err + ran.out
    assert [*mailing.told("status")["watch"]["unconfirmed"].values()] == [1]
    process.post(cloud.running, "/_localcloud/subscriptions", {"confirm": "bea@example.org"})
    assert "unconfirmed" not in mailing.command("status").err


def test_that_nobody_knows_who_is_told_is_not_fine(mailing: Room, cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "sns:ListSubscriptionsByTopic"})
    ran = mailing.command("status")
    assert "whom the watch tells by e-mail could not be read" in ran.err
    assert [*mailing.told("status")["watch"]["unconfirmed"].values()] == [None]


def test_a_watch_that_cannot_be_asked_is_told_and_is_not_0(capped: Room, cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "s3:GetObject"})
    ran = capped.command("status")
    assert "what the watch has counted could not be read" in ran.err
    assert "used of 25 USD" not in ran.err


def test_an_endpoint_that_nobody_looked_at_is_on_the_bill(capped: Room) -> None:
    [first, _] = capped.told("bill")["seats"]
    assert first["by_kind"]["endpoint"] == {"least": 3.1, "most": 3.1}


def test_what_only_a_watch_knows_that_cannot_be_asked_is_not_nothing(
    capped: Room, cloud: Cloud
) -> None:
    capped.notebooks([1])
    cloud.faults({"effect": "denied", "operation": "s3:GetObject"})
    ran = capped.command("bill")
    assert "what the watch has counted could not be read" in ran.err
    assert ran.code == 1
    [first, second] = capped.told("bill")["seats"]
    assert first["usd"]["most"] is None
    assert second["by_kind"]["endpoint"] == {"least": None, "most": None}
    # A disk that was never made bigger costs what AWS tells, whatever a watch has counted.
    assert first["by_kind"]["disk"]["most"] is not None


def bill_before_deletion(work: CommandContext) -> Bill | None:
    return so_far.bill_before_deletion(
        work.clients, work.loaded, work.account_regions, lambda _: None
    )


def test_a_teardown_tells_what_the_watch_has_counted_before_it_deletes_that(capped: Room) -> None:
    work = opened("room", capped.config)
    made = bill_before_deletion(work)
    assert made is not None
    assert made.unread == ()
    assert str(made.seats[0].of("endpoint")) == "3.10"


def test_a_teardown_keeps_what_the_watch_has_counted_before_its_bucket_goes(
    capped: Room, cloud: Cloud
) -> None:
    basis = "AWS's price list for us-east-1, read on 2026-11-20"
    writes(cloud, STATE, {"ran": events.now().isoformat(), "basis": basis})
    work = opened("room", capped.config)
    bill_before_deletion(work)
    [watch] = json.loads(spending_export.path("room").read_text())["watches"]
    assert watch["prices"] == basis
    assert watch["usd"] == {"seat01": {"notebook": "0.4", "endpoint": "3.1"}}
    for key in (STATE, SPENDING):
        cloud.client("s3").delete_object(Bucket=BUCKET, Key=key)
    cloud.client("s3").delete_bucket(Bucket=BUCKET)
    # A teardown that is gone on with, and a bill of what is gone.
    made = bill_before_deletion(work)
    assert made is not None
    assert made.unread == ()
    assert str(made.seats[0].of("endpoint")) == "3.10"
    told = capped.told("bill")
    assert told["seats"][0]["by_kind"]["endpoint"] == {"least": 3.1, "most": 3.1}
    assert basis in told["prices"]


def test_a_new_edition_forgets_what_the_watch_of_the_last_had_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here, there = AccountRegion("1" * 12, "us-east-1"), AccountRegion("1" * 12, "eu-west-1")
    counts = {"ada": {"notebook": Decimal("1.5")}}
    spending_export.write(CountedSpending({here: counts, there: counts}), "room")
    spending_export.forget("room", {here})
    assert spending_export.read("room").usd == {there: counts}


def test_a_teardown_of_a_watch_that_was_never_read_says_so(capped: Room, cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "s3:GetObject"})
    work = opened("room", capped.config)
    made = bill_before_deletion(work)
    assert made is not None
    assert "what the watch has counted could not be read" in made.unread[0]
    assert not spending_export.path("room").exists()
