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
