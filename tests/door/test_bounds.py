"""What a script gets at the door that has a code: seats and links at a pace, not all at once."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.door_visits import Door, Visitor, door_without_stacks
from tests.support.local_cloud import Cloud
from workshop.door.claims import A_MINUTE, SOURCE_LETTERS, source
from workshop.door.codes import CLASS
from workshop.door.state import CLAIMS, SOURCES

SEATS = ("ada", "ben", "cy", "dee")


@pytest.fixture
def door(cloud: Cloud) -> Door:
    """A door at this moment: what S3 says of the times of claims is by the cloud's clock."""
    made = door_without_stacks(cloud, *SEATS)
    made.now = datetime.now(UTC)
    later = f"{made.now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    made.settings = dataclasses.replace(made.settings, end=later)
    return made


def claims(door: Door, address: str = "192.0.2.1", **headers: str) -> str:
    """Return what somebody new is told who claims a seat from an address."""
    visitor = Visitor(door, headers=headers, address=address)
    visitor.post("/code", code=door.code(CLASS))
    return visitor.post("/claim").to.removeprefix("/?say=")


def openings(door: Door) -> int:
    return door.calls["sagemaker:create_presigned_notebook_instance_url"]


# --- links ---------------------------------------------------------------------------------------


def test_clicks_within_five_seconds_get_one_link_and_later_ones_another(door: Door) -> None:
    ada = door.visitor("seat:ada")
    token = ada.get().token
    first = ada.post("/open", token, view="lab").to
    assert ada.post("/open", token, view="lab").to == first
    assert ada.post("/open", token, view="tree").to == first.replace("view=lab", "view=tree")
    assert openings(door) == 1
    door.pass_by(seconds=6)
    later = ada.post("/open", token, view="lab").to
    assert "authToken=" in later
    assert later != first


def test_a_script_of_one_seat_asks_sagemaker_once_in_five_seconds_however_many_functions(
    door: Door,
) -> None:
    """Its rate is the account's: else nobody of the class would get in."""
    ada, ben = door.visitor("seat:ada"), door.visitor("seat:ben")
    token = ada.get().token
    many = [Visitor(door, dict(ada.cookies), memory={}) for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        told = [*pool.map(lambda one: one.post("/open", token).to, many)]
    assert openings(door) == 1
    assert sorted({to.partition("?")[2].partition("=")[0] for to in told}) == ["authToken", "say"]
    assert told.count("/?say=soon") == 15
    assert "Wait five seconds and press the button again." in ada.get("/?say=soon").words
    assert "authToken=" in ben.post("/open").to  # which is another seat's


def test_a_script_starts_a_notebook_once_in_five_seconds(door: Door, cloud: Cloud) -> None:
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName="demo-ada-notebook")
    ada = door.visitor("seat:ada")
    token = ada.get().token
    for _ in range(10):
        assert ada.post("/start", token).to == "/"
    assert door.calls["sagemaker:start_notebook_instance"] == 1


# --- seats ---------------------------------------------------------------------------------------


def test_no_more_seats_are_given_within_a_minute_than_the_organiser_lets_go(door: Door) -> None:
    door.let_claim(*SEATS, a_minute=2, minutes=120)
    assert [claims(door) for _ in range(3)] == ["claimed", "claimed", "claim_wait"]
    assert (
        "Wait a minute and press the button again."
        in door.visitor(CLASS).get("/?say=claim_wait").words
    )
    door.pass_by(hours=1)
    assert [claims(door) for _ in range(2)] == ["claimed", "claimed"]


def test_a_whole_class_behind_one_address_gets_in_within_a_minute(door: Door) -> None:
    door.let_claim(*SEATS)
    assert A_MINUTE >= 300
    assert [claims(door) for _ in SEATS] == ["claimed"] * len(SEATS)


def test_one_address_gets_no_more_seats_than_the_organiser_lets_one_have(door: Door) -> None:
    door.let_claim(*SEATS, per_address=2)
    # No header of a visitor's own is an address.
    told = [claims(door, **{"x-forwarded-for": f"192.0.2.{number}"}) for number in range(3)]
    assert told == ["claimed", "claimed", "claim_most"]
    assert claims(door, "192.0.2.2") == "claimed"
    [seat, *_] = door.state.names(CLAIMS)
    door.state.undo(seat)
    door.state.undo(door.state.names(CLAIMS)[0])
    assert len(door.state.names(SOURCES)) == 1
    assert door.state.names(CLAIMS) != []


def test_of_many_claims_of_one_address_at_once_no_more_pass(door: Door) -> None:
    door.let_claim(*SEATS, per_address=2)
    people = [door.visitor(CLASS) for _ in range(8)]
    tokens = [one.get().token for one in people]
    for one in people:
        one.memory = dict(door.memory)
    with ThreadPoolExecutor(8) as pool:
        pairs = zip(people, tokens, strict=True)
        told = [*pool.map(lambda pair: pair[0].post("/claim", pair[1]).to, pairs)]
    assert sorted(told) == ["/?say=claim_most"] * 6 + ["/?say=claimed"] * 2


def test_who_asks_where_no_seat_is_free_uses_up_no_place_of_the_address(door: Door) -> None:
    door.let_claim("ada", per_address=2)
    assert [claims(door) for _ in range(3)] == ["claimed", "claim_none", "claim_none"]
    assert len(door.state.names(SOURCES)) == 1


def test_an_address_is_a_few_letters_of_the_day_and_of_ipv6_its_network(door: Door) -> None:
    def letters(address: str) -> str:
        return source(bytes(32), door.visit(), address)

    assert letters("192.0.2.1") != letters("192.0.2.2")
    assert letters("2001:db8::1") == letters("2001:db8::ffff:1")
    assert letters("2001:db8::1") != letters("2001:db8:0:1::1")
    assert letters("") == letters("no address")
    today = letters("192.0.2.1")
    assert len(today) == SOURCE_LETTERS
    door.pass_by(days=1)
    assert letters("192.0.2.1") != today


def test_no_address_is_kept(door: Door, cloud: Cloud) -> None:
    door.let_claim(*SEATS)
    claims(door, "203.0.113.77")
    s3, bucket = cloud.client("s3"), door.settings.bucket
    listed: list[Any] = s3.list_objects_v2(Bucket=bucket)["Contents"]
    kept = [one["Key"].encode() for one in listed]
    kept += [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]
    assert [text for text in kept if b"203.0.113" in text] == []
    assert any(text.startswith(SOURCES.encode()) for text in kept)


def test_a_claim_heeds_at_once_that_claiming_was_closed_or_the_code_renewed(door: Door) -> None:
    """What else is remembered for seconds: a script would go on through all of them."""
    door.let_claim(*SEATS)
    late = door.visitor(CLASS)
    token = late.get().token
    door.state.renew(CLASS)
    assert late.post("/claim", token).to == "/?say=claim_closed"
    assert door.state.names(CLAIMS) == []
