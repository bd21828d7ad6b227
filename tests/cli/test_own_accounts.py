"""Commands where each seat has an account of its own, and nobody can be in some of them.

Of four seats, ada and ben are deployed; the way into cleo's account is lost, and dora's was never
deployed. To AWS all are one name; to people each is the roster's id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import started
from tests.support.own_accounts import DOOR, REGION, SETTINGS, OwnAccounts, founded, organiser_key
from tests.support.workshop_command import Ran
from workshop.aws.clients import Clients
from workshop.board.reading import BoardSource
from workshop.board.tiles import Tiles
from workshop.config.environment import LoadedEnvironment
from workshop.status.collector import StatusScan, scan
from workshop.status.describe import DescribeCache

SEATS = ("ada", "ben", "cleo", "dora")
LOST = "2 accounts (cleo, dora): nothing could be read: AssumeRole: AccessDenied"
CURE = (
    "see how these accounts are with: workshop accounts -e vision; have the organiser's role made"
    " there, or made again where somebody has changed or deleted it, with: workshop deploy"
    " -e vision --only cleo,dora"
)
ANSWER = "vision-seat-answer"


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAccounts]:
    with started(tmp_path_factory.mktemp("cloud"), enforce_iam=True) as cloud:
        made = founded(cloud, tmp_path_factory.mktemp("four"), *SEATS, key=organiser_key(cloud))
        made.write(DOOR)
        made.deploy("ada", "ben", "cleo", principals="arn:aws:iam::000000000000:user/organiser")
        lose(made, "cleo")
        for seat in ("ada", "ben"):
            endpoint(made, seat)
        yield made


def lose(made: OwnAccounts, seat: str) -> None:
    """Delete the role by which the organiser is in an account."""
    iam, role = made.within("iam", seat), "vision-cohort-organiser"
    iam.detach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_role(RoleName=role)


def endpoint(made: OwnAccounts, seat: str) -> None:
    """Have an endpoint of the same name as everybody's who does the same lab."""
    client, account = made.within("sagemaker", seat), made.account(seat)
    role = f"arn:aws:iam::{account}:role/ws/vision/vision-seat-{REGION}-execution"
    image = f"{account}.dkr.ecr.{REGION}.amazonaws.com/vision/seat/training"
    client.create_model(ModelName=ANSWER, ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    variant = {"VariantName": "all", "ModelName": ANSWER, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(
        EndpointConfigName=ANSWER, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    client.create_endpoint(EndpointName=ANSWER, EndpointConfigName=ANSWER)


def warned(ran: Ran) -> list[str]:
    lines = [line.removeprefix("warning: ") for line in ran.err.splitlines()]
    return [line for line in lines if "AssumeRole" in line or line.startswith("see how these")]


def test_a_deleted_role_is_planned_anew_and_leftovers_tell_that_cure(four: OwnAccounts) -> None:
    """As its set has it, the stack is as it should be."""
    planned = " ".join(four.run("plan", "--only", "cleo").out.split())
    assert "somebody has changed or deleted the organiser's role" in planned
    (told,) = [
        line
        for line in four.run("leftovers").err.splitlines()
        if f"nobody can look into account {four.account('cleo')}" in line
    ]
    assert "made again, and let you in, with: workshop deploy -e vision --only cleo" in told


def document(made: OwnAccounts, command: str, *arguments: str) -> Any:
    return json.loads(made.run(command, *arguments, "--json").out)


def rows(ran: Ran, width: int = 1) -> list[list[str]]:
    return [line.split()[:width] for line in ran.out.splitlines()[1:] if line.split()]


def test_status_has_a_row_for_each_seat_and_says_once_what_is_not_known(
    four: OwnAccounts,
) -> None:
    ran = four.run("status")
    assert ran.code == 1
    assert warned(ran) == [LOST, CURE]
    assert "2 of 4 seats ready; not ready: cleo (not known), dora (not known)" in ran.err
    told = document(four, "status")
    assert [row["seat"] for row in told["seats"]] == [*SEATS]
    assert [row["account"] for row in told["seats"]] == [four.account(seat) for seat in SEATS]
    assert [row["endpoints"] for row in told["seats"]] == [1, 1, None, None]
    assert told["of_no_seat"] == []


def test_the_bill_is_by_seat_and_keeps_what_others_have_cost(four: OwnAccounts) -> None:
    ran = four.run("bill")
    assert ran.code == 1
    assert [row[:2] for row in rows(ran, 2)[:-1]] == [[seat, four.account(seat)] for seat in SEATS]
    assert warned(ran) == [LOST, CURE]
    used = {one["seat"]: one["by_kind"] for one in document(four, "bill")["seats"]}
    assert "endpoint" in used["ada"]
    assert "endpoint" in used["ben"]
    # What was never read is not nothing, and the sums are no less than so much.
    for seat in ("cleo", "dora"):
        assert used[seat]
        assert all(one == {"least": None, "most": None} for one in used[seat].values())
    lines = {line.split()[0]: line.split() for line in ran.out.splitlines()}
    assert {*lines["cleo"][2:], *lines["dora"][2:]} == {"?"}
    assert "?" not in lines["ada"]
    assert not any(one == "0.00" for one in lines["together"])
    # A look of status is kept by the same ids.
    four.run("status")
    kept = json.loads((four.folder / ".workshop" / "vision" / "bill.json").read_text())
    assert {one["seat"] for one in kept["usages"]} == {"ada", "ben"}


def billed(four: OwnAccounts, **usd: str) -> None:
    """What accounts have cost today: another's of the same organization, and of none, too."""
    tagged = {"workshop": "vision", "attendee": "seat"}
    one = {"day": datetime.now(UTC).date().isoformat(), "tags": tagged}
    costs = [{**one, "account": four.account(seat), "usd": each} for seat, each in usd.items()]
    four.cloud.billing(costs=[*costs, {**one, "account": REGION, "usd": "100"}])


def test_what_was_billed_is_asked_once_of_the_account_that_pays(four: OwnAccounts) -> None:
    """It tells of accounts in which nobody can be, too."""
    billed(four, ada="1.5", ben="2.25", cleo="3")
    ran = four.run("bill", "--reconcile")
    assert "Cost Explorer took 0.01 USD for 1 question\n" in ran.err
    told = document(four, "bill", "--reconcile")["reconciliation"]
    assert {row["seat"]: row["billed_usd"] for row in told["seats"]} == {
        "ada": 1.5,
        "ben": 2.25,
        "cleo": 3.0,
        "dora": None,
    }
    assert (told["unread"], told["billed_usd"], told["questions_usd"]) == ([], 6.75, 0.01)
    # Of what may have cost anything, nobody knows how much more or less that is.
    rows = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()[1:]}
    assert rows["cleo"] == ["?", "3.00", "?"]
    assert rows["dora"] == ["?", "-"]


def test_each_account_is_asked_where_the_environments_does_not_pay(four: OwnAccounts) -> None:
    billed(four, ada="1.5", ben="2.25", cleo="3")
    four.cloud.faults({"effect": "denied", "operation": "organizations:DescribeOrganization"})
    told = document(four, "bill", "--reconcile")["reconciliation"]
    assert {row["seat"]: row["billed_usd"] for row in told["seats"]} == {
        "ada": 1.5,
        "ben": 2.25,
        "cleo": None,
        "dora": None,
    }
    assert (len(told["unread"]), told["billed_usd"], told["questions_usd"]) == (2, None, 0.02)
    ran = four.run("bill", "--reconcile")
    four.cloud.faults()
    rows = {line.split()[0]: line.split()[1:] for line in ran.out.splitlines()[1:]}
    assert rows["cleo"] == ["?", "?"]
    assert rows["together"][-3:] == ["at", "least", "3.75"]


@pytest.mark.parametrize("command", ["tell hello", "share", "content refresh"])
def test_what_all_are_told_reaches_whoever_can_be_reached(
    four: OwnAccounts, command: str, tmp_path: Path
) -> None:
    file = tmp_path / "solutions.txt"
    file.write_text("42")
    if command == "content refresh":
        content = "{notebook: {content: [{s3: 'datasets/first/'}]}}"
        four.write(DOOR, settings=SETTINGS.replace("attendee: {}", f"attendee: {content}"))
    ran = four.run(command, *([str(file)] if command == "share" else []))
    four.write(DOOR)
    assert ran.code == 1
    assert f"2 accounts of 4 have it; {LOST}; {CURE}" in ran.err
    for seat in ("ada", "ben"):
        bucket = f"vision-cohort-datasets-{four.account(seat)}-{REGION}"
        body = four.within("s3", seat).get_object(Bucket=bucket, Key="workshop/inbox.json")
        assert json.loads(body["Body"].read())["messages"]


def test_stop_and_start_move_those_who_can_be_reached(four: OwnAccounts) -> None:
    for verb, after in (("stop", "Stopped"), ("start", "InService")):
        ran = four.run(verb)
        assert ran.code == 1
        assert [row[0] for row in rows(ran)] == [*SEATS]
        assert ran.out.count("its notebook could not be read: AssumeRole: AccessDenied") == 2
        for seat in ("ada", "ben"):
            found = four.within("sagemaker", seat).describe_notebook_instance(
                NotebookInstanceName="vision-seat-notebook"
            )
            assert found["NotebookInstanceStatus"] == after
    # Two accounts that nobody can read do not hide what runs in the others.
    assert "running now: at least 2 notebooks, at least 2 endpoints, an unknown number" in ran.err
    # What still runs is told with the command that ends it, and nobody else's of the same name.
    assert f"ada's endpoint {ANSWER}" in ran.err
    assert f"workshop end -e vision {ANSWER} --only ada" in ran.err


def test_each_seat_has_a_door_of_its_own_and_its_slip_names_that(four: OwnAccounts) -> None:
    ran = four.run("door")
    assert (ran.code, warned(ran)) == (1, [LOST, CURE])
    assert [row[0] for row in rows(ran)] == ["ada", "ben"]
    addresses = {row[0]: row[1] for row in rows(ran, 2)}
    assert len({*addresses.values()}) == 2
    codes = document(four, "door codes")
    assert [(one["for"], one["address"]) for one in codes] == [*addresses.items()]
    handed = four.run("handout", "--format", "csv")
    assert handed.code == 1
    assert "2 seats left out; see to those above, then hand them out with:" in handed.err
    for seat, address in addresses.items():
        [row] = [line for line in handed.out.splitlines() if line.startswith(f"{seat},")]
        assert address in row
    four.run("handout", "--format", "html", "--output", "slips", "--force")
    assert "attendee=seat" in (four.folder / "slips/ada.html").read_text()
    undone = four.run("door undo", "ada")
    assert undone.code == 0
    new = {one["for"]: one["code"] for one in document(four, "door codes", "--only", "ada")}
    assert new["ada"] in undone.out
    assert new["ada"] != codes[0]["code"]


def test_the_board_has_a_tile_for_each_seat_and_says_once_what_is_not_known(
    four: OwnAccounts,
) -> None:
    to_ada = {"id": "2026-1", "time": 0, "text": "save now", "seats": ["seat"]}
    four.within("s3", "ada").put_object(
        Bucket=f"vision-cohort-datasets-{four.account('ada')}-{REGION}",
        Key="workshop/inbox.json",
        Body=json.dumps({"messages": [to_ada]}),
    )

    def take(clients: Clients, loaded: LoadedEnvironment) -> StatusScan:
        return scan(loaded, loaded.seats, clients, DescribeCache())

    with four.calling():
        reading = BoardSource(four.clients(), four.loaded, take, four.clients).read()
    view = Tiles().of(reading)
    assert {tile.seat: (tile.kind, tile.endpoints, tile.message) for tile in view.tiles} == {
        "ada": ("runs", "1", "save now"),
        "ben": ("runs", "1", ""),
        "cleo": ("unknown", "?", ""),
        "dora": ("unknown", "?", ""),
    }
    assert view.problems == (
        LOST,
        CURE.replace("-e vision", f"-e vision --config-dir {four.config}"),
    )


def test_nobody_claims_anothers_seat_at_a_door_of_ones_own(four: OwnAccounts) -> None:
    ran = four.run("door claims", "--for", "15m")
    assert ran.code == 2
    assert "it has a door of its own, at which nobody can claim another; hand seats out" in ran.err


def test_datasets_are_brought_to_every_account_that_can_be_reached(
    four: OwnAccounts, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    ran = four.run("data push", str(tmp_path))
    assert ran.code == 1
    assert "2 accounts (ada, ben): 1 file to send" in ran.err
    assert "2 accounts left out; see to those above, and run this again" in ran.err
    listed = four.run("data list")
    assert (listed.code, warned(listed)) == (1, [LOST, CURE])
    assert [row[0] for row in rows(listed)] == [four.account("ada"), four.account("ben")]


def test_freezing_and_reopening_is_by_seat(four: OwnAccounts) -> None:
    ran = four.run("freeze", "--only", "ada,cleo")
    assert ran.code == 1
    assert rows(ran, 3)[0] == ["ada", "frozen"]
    assert "AssumeRole: AccessDenied" in ran.out
    assert warned(ran) == [CURE.replace("cleo,dora", "cleo")]
    role = four.within("iam", "ada").list_attached_role_policies(
        RoleName=f"vision-seat-{REGION}-execution"
    )
    assert any("freeze" in one["PolicyName"] for one in role["AttachedPolicies"])
    again = four.run("reopen")
    assert {row[0]: row[1] for row in rows(again, 2)} == {
        "ada": "reopened",
        "ben": "was",
        "cleo": "not",
        "dora": "not",
    }


def test_tokens_and_content_are_shown_of_those_who_can_be_reached(four: OwnAccounts) -> None:
    ran = four.run("token show")
    assert ran.code == 1
    assert [row[0] for row in rows(ran)] == ["ada", "ben"]
    assert "warning: the tokens of cleo could not be read" in ran.err
    assert warned(ran)[-1] == CURE
    shown = four.run("content show")
    assert (shown.code, warned(shown)) == (1, [CURE])
    assert len(re.findall("AssumeRole: AccessDenied", shown.out)) == 2


def test_who_left_the_roster_is_known_by_the_file_of_accounts(four: OwnAccounts) -> None:
    four.seats = ("ada", "cleo", "dora")
    try:
        four.write(DOOR)
        ran = four.run("status")
        assert (
            f"'ben' is not on the roster any more, but has 5 stacks in {four.account('ben')}"
            f" {REGION}: access, monitoring, notebook, registry, storage; end it with: workshop"
            " teardown -e vision --early --only ben"
        ) in ran.err
        [off] = document(four, "status")["off_roster"]
        assert (off["seat"], off["notebook"], off["endpoints"]) == ("ben", "InService", 1)
        stopped = four.run("stop", "--only", "ben")
        assert stopped.code == 0, stopped.err
        assert four.run("start", "--only", "ben").code == 0
    finally:
        four.seats = SEATS
        four.write(DOOR)


def test_an_account_that_is_nobodys_and_not_empty_is_told(four: OwnAccounts) -> None:
    before = four.accounts_file.read_text()
    four.seats = ("ada", "cleo", "dora")
    ledger = four.folder / ".workshop" / "vision" / "ledger.jsonl"
    noted = ledger.read_text() if ledger.is_file() else ""
    place = {"account": four.account("ben"), "region": REGION}
    try:
        four.write(DOOR)
        four.accounts_file.write_text(before.replace(",ben", ","))
        ledger.parent.mkdir(parents=True, exist_ok=True)
        ledger.write_text(
            json.dumps({"at": "2026-01-01T00:00:00+00:00", "seat": "ben", **place}) + "\n"
        )
        ran = four.run("status")
        assert (
            f"account {four.account('ben')} is nobody's in config/vision.accounts.csv, but has 5"
            " stacks of the workshop: access, monitoring, notebook, registry, storage; write there"
            " whose it is, or end all with: workshop teardown -e vision --early"
        ) in ran.err
    finally:
        ledger.write_text(noted)
        four.accounts_file.write_text(before)
        four.seats = SEATS
        four.write(DOOR)


def test_a_name_that_several_seats_gave_is_ended_of_whom_is_named_alone(
    four: OwnAccounts,
) -> None:
    ran = four.run("end", ANSWER)
    assert ran.code == 2
    assert (
        f"'{ANSWER}' runs at several seats (ada, ben), and nothing was ended; say whose with:"
        f" workshop end -e vision {ANSWER} --only ID,..."
    ) in ran.err
    ran = four.run("end", "another")
    assert ran.code == 2
    assert "of a seat that runs and could be read is called 'another'" in ran.err
    ran = four.run("end", ANSWER, "--only", "ben")
    assert (ran.code, ran.out.partition(",")[0]) == (0, f"ben's endpoint {ANSWER}: ended")
    listed = four.within("sagemaker", "ada").list_endpoints(StatusEquals="InService")
    assert [one["EndpointName"] for one in listed["Endpoints"]] == [ANSWER]
    listed = four.within("sagemaker", "ben").list_endpoints(StatusEquals="InService")
    assert listed["Endpoints"] == []


def test_work_is_not_copied_between_accounts_and_the_spare_is_handed_out(
    four: OwnAccounts,
) -> None:
    four.profiles = {}
    four.write(DOOR, settings=SETTINGS.replace("people.csv}", "people.csv, spares: 1}"))
    before = four.accounts_file.read_text()
    four.accounts_file.write_text(f"{before}222222222222,spare01\n")
    try:
        ran = four.run("swap ada spare01", "--yes")
        assert ran.code == 3
        assert (
            "ada and spare01 have accounts of their own, between which no work is copied; hand"
            " spare01 out (workshop handout -e vision --only spare01), and whoever has ada takes"
            " the saved files along, from its bucket or by its door"
        ) in ran.err
    finally:
        four.accounts_file.write_text(before)
        four.write(DOOR)


def test_another_end_is_told_to_what_stands_beside_the_seats_own_stacks(
    four: OwnAccounts,
) -> None:
    four.edits = {"2099-12-31T17:00:00Z": "2099-12-30T12:00:00Z"}
    ran = four.run("extend", "--until", "2099-12-30T12:00:00+00:00")
    assert ran.code == 0, ran.err
    assert "left out, since nothing is deployed there yet: dora" in ran.err
    for seat in ("ada", "cleo"):
        iam = four.within("iam", seat)
        arn = f"arn:aws:iam::{four.account(seat)}:policy/ws/vision/vision-cohort-{REGION}-end"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        read = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        assert "2099-12-30T12:00:00Z" in json.dumps(read["PolicyVersion"]["Document"])
    stacks = four.administrator.stacks(four.account("ada"))
    updated = {one["StackName"] for one in stacks if one["StackStatus"] == "UPDATE_COMPLETE"}
    assert updated
    assert not [name for name in updated if "vision-seat" in name]


@pytest.mark.long
def test_saving_and_readiness_are_told_by_seat_and_keep_who_cannot_be_reached_apart(
    four: OwnAccounts,
) -> None:
    """No agent runs on the local cloud: whoever can be reached has not answered."""
    saved = four.run("save", "--minutes", "0.1")
    assert saved.code == 1
    assert [row[:3] for row in rows(saved, 3)] == [
        *([seat, "no", "answer"] for seat in ("ada", "ben")),
        *([seat, "not", "known"] for seat in ("cleo", "dora")),
    ]
    assert saved.out.count("AssumeRole: AccessDenied") == 2
    ready = four.run("ready", "--minutes", "0.1", "--only", "ada,cleo")
    assert ready.code == 1
    reasons = dict(line.split(maxsplit=1) for line in ready.out.splitlines()[1:])
    assert reasons["ada"].split(maxsplit=1)[1] == "its agent has never reported"
    assert "its notebook could not be read: AssumeRole: AccessDenied" in reasons["cleo"]


def test_an_account_that_was_lost_and_came_back_is_given_to_nobody_with_what_is_in_it(
    four: OwnAccounts,
) -> None:
    """Ben's account leaves the units, he gets another one, and it comes back with his work."""
    before = four.accounts_file.read_text()
    four.organization.add_unit("away")
    four.organization.move("ben", "seats", "away")
    four.organization.add_member("spare", "seats")
    ran = four.run("accounts", "--replace", "ben")
    assert ran.err == (
        "nothing was written; assign with: workshop accounts -e vision --replace ben --write\n"
    )
    assert four.run("accounts", "--replace", "ben", "--write").code == 0
    four.organization.move("ben", "away", "seats")
    (row,) = [
        one
        for one in document(four, "accounts")["accounts"]
        if one["account"] == four.account("ben")
    ]
    assert not row["is_free"]
    assert row["note"] == "has a workbench still: free once a teardown has proven it empty"
    four.accounts_file.write_text(before)
