"""``workshop door`` and the slips that lead to it, with a small workshop in the local cloud."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import small_workshop
from tests.support.door_visits import DoorAtUrl, door_settings
from tests.support.local_cloud import IAM, Cloud
from tests.support.small_workshop import Fleet, cohort_text
from tests.support.workshop_command import Ran
from workshop.door.state import FIRST, SOURCES, DoorState
from workshop.naming import DOOR, WATCH, Names

HERE = Names("demo", "cohort", small_workshop.ACCOUNT, small_workshop.REGION)


@pytest.fixture
def fleet(cloud: Cloud, tmp_path: Path) -> Fleet:
    made = Fleet(cloud, tmp_path)
    roster = "roster: {file: people.csv, spares: 1}"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "dev.yaml").write_text(small_workshop.text(0, "door: {}", roster=roster))
    (tmp_path / "config" / "people.csv").write_text(
        "id,name,email\nada,Ada Example,ada@example.com\nbob,,\n"
    )
    for kind in (WATCH, DOOR):
        assert cloud.deploy(HERE.stack(kind), cohort_text(kind), **IAM) == "CREATE_COMPLETE"
    return made


def document(ran: Ran) -> Any:
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def address(cloud: Cloud) -> str:
    [stack] = cloud.client("cloudformation").describe_stacks(StackName=HERE.door)["Stacks"]
    return str(stack["Outputs"][0]["OutputValue"])


def test_codes_of_the_command_open_the_door(fleet: Fleet, cloud: Cloud) -> None:
    rows = document(fleet.run("door codes", "--helpers", "1", "--json"))
    codes = {row["for"]: row["code"] for row in rows}
    assert [*codes] == ["ada", "bob", "spare01", "class", "helper:1"]
    assert {row["address"] for row in rows} == {address(cloud)}
    door = DoorAtUrl(cloud, door_settings("ada"), url=address(cloud))
    ada, helper = door.visitor(), door.visitor()
    assert ada.post("/code", code=codes["ada"]).to == "/"
    assert "Seat ada" in ada.get().words
    assert helper.post("/code", code=codes["helper:1"]).to == "/"
    assert "Helper 1" in helper.get().words


def test_seats_without_a_person_can_be_claimed_until_it_is_closed(fleet: Fleet) -> None:
    [told] = document(fleet.run("door claims", "--for", "15m", "--json"))
    assert told["seats"] == ["bob", "spare01"]
    [shown] = document(fleet.run("door", "--json"))
    assert shown["claims_until"] == told["until"][:19] + shown["claims_until"][19:]
    assert (shown["answers"], shown["opened"], shown["seats"]) == (True, 0, 3)
    document(fleet.run("door claims", "--close", "--json"))
    [shown] = document(fleet.run("door", "--json"))
    assert shown["claims_until"] is None


def test_undo_gives_a_seat_a_new_code(fleet: Fleet) -> None:
    before = document(fleet.run("door codes", "--only", "bob", "--json"))
    undone = document(fleet.run("door undo", "bob", "--json"))
    after = document(fleet.run("door codes", "--only", "bob", "--json"))
    assert undone["was_claimed"] is False
    assert [row["code"] for row in after] == [undone["code"]]
    assert before != after


def test_claims_since_a_time_are_undone_in_one_go_and_claiming_is_closed(
    fleet: Fleet, cloud: Cloud
) -> None:
    """A script with the class's code took every seat: it takes none of them again."""
    document(fleet.run("door claims", "--for", "15m", "--json"))
    before = {row["for"]: row["code"] for row in document(fleet.run("door codes", "--json"))}
    state = DoorState(cloud.client("s3"), HERE.watch_bucket, HERE.account)
    for seat in ("bob", "spare01"):  # as the function writes what one script claims
        assert state.write(f"{SOURCES}3f2a1/{seat}", b"", FIRST)
        assert state.claim(seat, seat, f"3f2a1/{seat}")
    [shown] = document(fleet.run("door", "--json"))
    assert shown["claims"] == ["bob", "spare01"]
    pace = {"claims": 2, "last_minute": 2, "addresses": 1, "most": 2}
    assert shown["claim_pace"] == pace
    assert "2 seats claimed, 2 in the last minute; 1 network address, at most 2 seats from one" in (
        " ".join(fleet.run("door").out.split())
    )
    ran = fleet.run("door undo", "--since", "0:00", "--json")
    assert [one["seat"] for one in document(ran)] == ["bob", "spare01"]
    after = {row["for"]: row["code"] for row in document(fleet.run("door codes", "--json"))}
    assert {who for who in after if after[who] != before[who]} == {"bob", "spare01", "class"}
    [shown] = document(fleet.run("door", "--json"))
    assert (shown["claims"], shown["claims_until"]) == ([], None)
    assert state.names(SOURCES) == []


def test_what_is_undone_is_named(fleet: Fleet) -> None:
    which = "name a seat, or the time since which claims are undone: '--since 10:05'"
    for options, sentence in (
        ((), which),
        (("bob", "--since", "0:00"), which),
        (("--since", "10"), "'10' is no time of today; write it as 10:05, by the workshop's clock"),
        (("--since", "24:00"), "'24:00' is no time of today"),
    ):
        ran = fleet.run("door undo", *options)
        assert (ran.code, sentence in ran.err) == (2, True), ran.err


def test_how_many_are_let_in_is_kept_for_the_door(fleet: Fleet, cloud: Cloud) -> None:
    fleet.run("door claims", "--for", "15m", "--a-minute", "20", "--per-address", "2")
    body = cloud.client("s3").get_object(Bucket=HERE.watch_bucket, Key="door/claiming.json")["Body"]
    kept = json.loads(body.read())
    assert (kept["a_minute"], kept["per_address"]) == (20, 2)


def test_claims_want_a_time_or_an_end(fleet: Fleet) -> None:
    for options in ((), ("--for", "1m", "--close")):
        ran = fleet.run("door claims", *options)
        assert (ran.code, "say how long" in ran.err) == (2, True)
    ran = fleet.run("door claims", "--for", "soon")
    assert "'--for' takes minutes or hours, such as 15m or 2h, and not 'soon'" in ran.err


def test_without_a_door_the_command_says_how_to_get_one(fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "config" / "dev.yaml"
    path.write_text(path.read_text().replace("door: {}\n", ""))
    ran = fleet.run("door codes")
    assert ran.code == 2
    assert "has no door; write 'door: {}' into it, and make it with: workshop deploy" in ran.err


def test_a_door_that_is_not_deployed_is_told(fleet: Fleet, cloud: Cloud) -> None:
    cloud.destroy(HERE.door)
    ran = fleet.run("door")
    assert ran.code == 1
    assert "is not there; make it with: workshop deploy -e dev" in ran.err


def test_slips_carry_the_code_and_no_presigned_link(fleet: Fleet, tmp_path: Path) -> None:
    codes = {row["for"]: row for row in document(fleet.run("door codes", "--json"))}
    fleet.run("handout", "--format", "html", "--output", str(tmp_path / "slips"))
    page = (tmp_path / "slips" / "ada.html").read_text()
    assert codes["ada"]["code"] in page
    assert codes["ada"]["address"] in page
    assert "authToken" not in page
    assert "aws sagemaker create-presigned" not in page
    room = (tmp_path / "slips" / "the-room.html").read_text()
    assert all(codes[seat]["code"] in room for seat in ("ada", "bob", "spare01"))
    refused = fleet.run(
        *("handout", "--format", "html", "--output", str(tmp_path / "x"), "--link", "presigned")
    )
    assert refused.code == 2
    assert "a presigned link on paper opens nothing after five minutes" in refused.err


def test_mail_merge_has_the_address_and_the_code(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "merge.csv"
    fleet.run("handout", "--format", "csv", "--with-names", "--output", str(file))
    rows = {row["seat"]: row for row in csv.DictReader(io.StringIO(file.read_text()))}
    codes = {row["for"]: row for row in document(fleet.run("door codes", "--json"))}
    ada = rows["ada"]
    assert (ada["email"], ada["code"]) == ("ada@example.com", codes["ada"]["code"])
    assert ada["door"] == codes["ada"]["address"]
    assert ada["link"] == f"{ada['door']}c/{ada['code'].replace('-', '')}"
    assert ada["open_before"] == ""
