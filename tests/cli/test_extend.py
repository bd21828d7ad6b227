"""``workshop extend``, ``freeze`` and ``reopen``: a later end touches what is shared alone."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

from localcloud import process
from tests.support.small_workshop import Fleet
from tests.support.teardown_demo import is_frozen, is_marked
from workshop.config import end as ends
from workshop.errors import UsageError
from workshop.naming import FREEZE, Names
from workshop.policies.freeze import end_of
from workshop.watch.spending import SPENDING

OLD = datetime(2027, 3, 9, 17, tzinfo=timezone(timedelta(hours=1)))
SEAT = Names("demo", "seat01", "000000000000", "us-east-1")


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("18:30", "2027-03-09T18:30:00+01:00"),
        ("+3h", "2027-03-09T20:00:00+01:00"),
        ("+45min", "2027-03-09T17:45:00+01:00"),
        ("2027-03-10T09:00:00Z", "2027-03-10T09:00:00+00:00"),
    ],
)
def test_a_time_is_one_of_the_last_day_later_than_planned_or_whole(until: str, end: str) -> None:
    assert ends.moment(until, OLD).isoformat() == end


@pytest.mark.parametrize("until", ["25:00", "tomorrow", "2027-03-10T09:00:00", "+3d"])
def test_any_other_time_is_refused_with_what_to_write(until: str) -> None:
    with pytest.raises(UsageError, match="write 18:00 for that time of the last day"):
        ends.moment(until, OLD)


CHANGES = (
    *(f"cloudformation:{verb}Stack" for verb in ("Create", "Delete", "Update")),
    *(f"sagemaker:{verb}NotebookInstance" for verb in ("Create", "Delete", "Start", "Stop")),
    "sagemaker:UpdateNotebookInstance",
)


def stacks_of_seats(fleet: Fleet) -> dict[str, str]:
    """When each stack of a seat was made or changed last, and what it was made from."""
    stacks = fleet.cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {
        one["StackId"]: f"{one.get('LastUpdatedTime')} {one['StackStatus']}"
        for page in stacks
        for one in page["Stacks"]
        if "-cohort" not in one["StackName"]
    }


def notebooks(fleet: Fleet) -> dict[str, tuple[str, datetime]]:
    pages = fleet.cloud.client("sagemaker").get_paginator("list_notebook_instances").paginate()
    return {
        one["NotebookInstanceName"]: (one["NotebookInstanceStatus"], one["LastModifiedTime"])
        for page in pages
        for one in page["NotebookInstances"]
    }


@pytest.mark.parametrize("seats", [3, pytest.param(100, marks=pytest.mark.long)])
def test_a_later_end_updates_two_stacks_and_touches_no_seat(fleet: Fleet, seats: int) -> None:
    fleet.write(seats)
    assert fleet.deploy().good
    before = stacks_of_seats(fleet), notebooks(fleet)
    assert (len(before[0]), len(before[1])) == (5 * seats, seats)
    # The rules count what they would let fail later.
    counted = {"effect": "throttle", "after": 1_000_000}
    fleet.cloud.faults(*({**counted, "operation": operation} for operation in CHANGES))
    ran = fleet.run("extend", "--until", "+3h")
    assert ran.code == 0, ran.err
    rules = process.post(fleet.cloud.running, "/_localcloud/faults", {})["rules"]
    asked = {rule["operation"]: rule["seen"] for rule in rules}
    assert {one: count for one, count in asked.items() if count} == {
        "cloudformation:UpdateStack": 2
    }
    assert (stacks_of_seats(fleet), notebooks(fleet)) == before
    assert fleet.run("plan").out == f"seats: {seats} unchanged\n"


def test_a_later_end_is_in_what_is_updated_and_keeps_the_comments_of_the_file(
    fleet: Fleet,
) -> None:
    fleet.write(1)
    path = fleet.config / "dev.yaml"
    text = path.read_text().replace("17:00:00+00:00\nroster", "17:00:00+00:00  # at last\nroster")
    path.write_text(text)
    assert fleet.deploy().good
    ran = fleet.run("extend", "--until", "+3h")
    assert ran.code == 0, ran.err
    assert "the workshop's end: Thu 31 Dec 2099 17:00 to 20:00; machines go on running;" in ran.out
    assert path.read_text() == text.replace("31T17:00", "31T20:00")
    updated = {name for name, status in fleet.statuses().items() if status == "UPDATE_COMPLETE"}
    assert updated == {"demo-cohort", "demo-cohort-watch"}
    iam = fleet.cloud.client("iam")
    arn = SEAT.cohort_policy_arn("end")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert str(end_of(document)) == "2099-12-31 20:00:00+00:00"
    given = fleet.cloud.client("lambda").get_function_configuration(FunctionName=SEAT.watch)
    assert json.loads(given["Environment"]["Variables"]["WATCH"])["end"] == "2099-12-31T20:00:00Z"


def test_an_end_that_is_past_changes_nothing(fleet: Fleet) -> None:
    fleet.write(1)
    path = fleet.config / "dev.yaml"
    before = path.read_text()
    ran = fleet.run("extend", "--until", "2026-01-02T09:00:00Z")
    assert (ran.code, path.read_text()) == (2, before)
    assert "is past; name a time that is still to come" in ran.err


def test_a_frozen_seat_gets_back_what_it_may_do_and_no_other(fleet: Fleet) -> None:
    fleet.write(2)
    assert fleet.deploy().good
    other = Names("demo", "seat02", SEAT.account, SEAT.region)
    for names in (SEAT, other):
        fleet.cloud.client("iam").attach_role_policy(
            RoleName=names.role, PolicyArn=names.cohort_policy_arn(FREEZE)
        )
        mark(fleet, names)
    ran = fleet.run("reopen", "--only", "seat01")
    assert ran.code == 0, ran.err
    assert [line.split() for line in ran.out.splitlines()][1] == ["seat01", "reopened"]
    assert (is_frozen(fleet.cloud, SEAT), is_frozen(fleet.cloud, other)) == (False, True)
    assert (is_marked(fleet.cloud, SEAT), is_marked(fleet.cloud, other)) == (False, True)
    again = fleet.run("reopen", "--only", "seat01")
    assert (again.code, "was not frozen" in again.out) == (0, True)


@pytest.mark.parametrize(
    ("budget", "above"),
    [
        ("per_seat_usd: 25", "it used 26.10 USD, and the cap is 25.00 USD, so the watch freezes it"
         " again within five minutes; raise budget.per_seat_usd in the YAML, run workshop deploy"
         " -e dev, and reopen it then"),
        ("max_instances: 2", "it ran 3 instances in jobs and endpoints, and may have 2, so the"
         " watch freezes it again within five minutes; stop it with workshop end -e dev NAME, or"
         " raise budget.max_instances in the YAML, run workshop deploy -e dev, and reopen it then"),
        ("per_seat_usd: 27", ""),
        ("per_seat_usd: 25, on_cap: stop", ""),
    ],
)  # fmt: skip
def test_a_seat_that_is_still_above_a_cap_is_told_with_what_to_raise(
    fleet: Fleet, budget: str, above: str
) -> None:
    fleet.write(1, f"budget: {{{budget}}}")
    iam, s3 = fleet.cloud.client("iam"), fleet.cloud.client("s3")
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    name, path = SEAT.cohort_policy(FREEZE), SEAT.iam_path
    iam.create_policy(PolicyName=name, Path=path, PolicyDocument=policy)
    assumed = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": "*"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [assumed]})
    iam.create_role(RoleName=SEAT.role, AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(RoleName=SEAT.role, PolicyArn=SEAT.cohort_policy_arn(FREEZE))
    s3.create_bucket(Bucket=SEAT.watch_bucket)
    endpoint = {"seat": "seat01", "kind": "endpoint", "instances": 3, "hourly": 1.0, "runs": True}
    spent = {"usd": {"seat01": {"endpoint": 26.1}}, "resources": {"arn 1": endpoint}}
    s3.put_object(Bucket=SEAT.watch_bucket, Key=SPENDING, Body=json.dumps(spent).encode())
    ran = fleet.run("reopen", "--json")
    (told,) = json.loads(ran.out)
    assert (told["result"], told["reason"], ran.code) == ("reopened", above, int(bool(above)))


def test_a_seat_is_frozen_by_hand_until_it_is_reopened_and_no_other_is(fleet: Fleet) -> None:
    fleet.write(2)
    assert fleet.deploy().good
    other = Names("demo", "seat02", SEAT.account, SEAT.region)
    ran = fleet.run("freeze", "--only", "seat01")
    assert (ran.code, [line.split() for line in ran.out.splitlines()][1]) == (
        0,
        ["seat01", "frozen"],
    )
    assert [is_frozen(fleet.cloud, one) for one in (SEAT, other)] == [True, False]
    assert [is_marked(fleet.cloud, one) for one in (SEAT, other)] == [True, False]
    assert fleet.run("reopen", "--only", "seat01").code == 0
    assert not is_frozen(fleet.cloud, SEAT)
    fleet.cloud.faults({"effect": "denied", "operation": "iam:AttachRolePolicy"})
    denied = fleet.run("freeze", "--only", "seat01", "--json")
    (told,) = json.loads(denied.out)
    assert (denied.code, told["frozen"]) == (1, False)
    assert "AccessDenied" in told["problems"][0]


def mark(fleet: Fleet, names: Names) -> None:
    fleet.cloud.client("sagemaker").add_tags(
        ResourceArn=names.notebook_arn, Tags=[{"Key": "frozen", "Value": "true"}]
    )


def test_a_notebook_that_stays_closed_is_told_and_the_seat_is_open_all_the_same(
    fleet: Fleet,
) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    fleet.cloud.client("iam").attach_role_policy(
        RoleName=SEAT.role, PolicyArn=SEAT.cohort_policy_arn(FREEZE)
    )
    mark(fleet, SEAT)
    fleet.cloud.faults({"effect": "denied", "operation": "sagemaker:DeleteTags"})
    ran = fleet.run("reopen", "--json")
    assert ran.code == 1
    (told,) = json.loads(ran.out)
    assert told["result"] == "reopened"
    assert told["reason"].startswith("its notebook keeps the tag of a freeze: ")
    assert not is_frozen(fleet.cloud, SEAT)
    fleet.cloud.faults()
    assert fleet.run("reopen").code == 0
    assert not is_marked(fleet.cloud, SEAT)


def test_a_workshop_that_is_over_is_extended_first(fleet: Fleet) -> None:
    fleet.write(1)
    path = fleet.config / "dev.yaml"
    path.write_text(path.read_text().replace("2099-12-31T17", "2026-02-01T17"))
    ran = fleet.run("reopen")
    assert ran.code == 3
    assert "let it go on with: workshop extend -e dev --until TIME" in ran.err
