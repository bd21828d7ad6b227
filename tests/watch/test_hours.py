"""The watch starts notebooks before class, some at a time, and stops them after it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.seats import BEN, two_seats
from tests.support.teardown_demo import ADA, role
from tests.support.watch_runs import PLENTY, SETTINGS, watch_without_stacks
from workshop.config.time_zones import changes
from workshop.naming import COHORT, FREEZE, Names
from workshop.policies.watch import watch_policy
from workshop.watch.hours import BETWEEN, keep_hours
from workshop.watch.messages import INBOX
from workshop.watch.work import Work

ZONE = timezone(timedelta(hours=5, minutes=30))
START = datetime(2026, 12, 1, 9, tzinfo=ZONE)
OPENS, CLOSES = START.replace(hour=8, minute=30), START.replace(hour=18)
IN_CLASS = replace(SETTINGS, hours="08:30-18:00", start=START.isoformat())


@pytest.fixture(autouse=True)
def _seats(cloud: Cloud) -> None:
    cloud.delays(notebook=0, stopping=0, tick=0)
    watch_without_stacks(cloud)


def notebooks(cloud: Cloud, count: int) -> list[str]:
    """As many notebooks, stopped."""
    client = cloud.client("sagemaker")
    names = [f"demo-seat{number:02}-notebook" for number in range(1, count + 1)]
    for name in names:
        client.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ADA.role_arn
        )
        client.stop_notebook_instance(NotebookInstanceName=name)
    return names


def running(cloud: Cloud) -> list[str]:
    pages = cloud.client("sagemaker").get_paginator("list_notebook_instances").paginate()
    return sorted(
        one["NotebookInstanceName"]
        for page in pages
        for one in page["NotebookInstances"]
        if one["NotebookInstanceStatus"] == "InService"
    )


def wake(cloud: Cloud, now: datetime) -> Work:
    work = Work(IN_CLASS, now, lambda: PLENTY, client=cloud.client)
    keep_hours(work)
    assert work.problems == []
    return work


def test_all_run_when_class_begins_and_not_all_start_at_once(cloud: Cloud) -> None:
    role(cloud, ADA)
    names = notebooks(cloud, 6)
    wake(cloud, OPENS - timedelta(minutes=31))
    assert running(cloud) == []
    seen = []
    now = OPENS - timedelta(minutes=30)
    while now < OPENS:
        wake(cloud, now)
        seen.append(len(running(cloud)))
        now += BETWEEN
    assert seen == [2, 4, 5, 6, 6, 6]
    assert running(cloud) == names


def test_in_class_nothing_is_started_or_stopped(cloud: Cloud) -> None:
    role(cloud, ADA)
    names = notebooks(cloud, 2)
    cloud.client("s3").create_bucket(Bucket=ADA.datasets_bucket)
    cloud.client("sagemaker").start_notebook_instance(NotebookInstanceName=names[0])
    for now in (OPENS, OPENS + timedelta(hours=4), CLOSES - timedelta(seconds=1)):
        assert not wake(cloud, now).done
    assert running(cloud) == names[:1]


def test_after_class_all_are_stopped_and_who_starts_one_late_goes_on(cloud: Cloud) -> None:
    role(cloud, ADA)
    names = notebooks(cloud, 2)
    client = cloud.client("sagemaker")
    for name in names:
        client.start_notebook_instance(NotebookInstanceName=name)
    assert wake(cloud, CLOSES).done == {"notebooks stopped": 2}
    client.start_notebook_instance(NotebookInstanceName=names[0])
    assert not wake(cloud, CLOSES + timedelta(minutes=30)).done
    assert running(cloud) == names[:1]


def test_before_class_ends_attendees_are_told_once_and_files_are_saved(cloud: Cloud) -> None:
    role(cloud, ADA)
    notebooks(cloud, 1)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=ADA.datasets_bucket)
    for minutes in (16, 15, 10, 5):
        wake(cloud, CLOSES - timedelta(minutes=minutes))
        there = s3.list_objects_v2(Bucket=ADA.datasets_bucket).get("Contents", [])
        assert len(there) == (minutes <= 15)
    inbox = json.loads(s3.get_object(Bucket=ADA.datasets_bucket, Key=INBOX)["Body"].read())
    [message], [request] = inbox["messages"], inbox["requests"]
    assert message["text"].startswith(
        "Class ends at 18:00: notebooks are stopped then, whatever KEEP-RUNNING says."
    )
    assert request["kind"] == "save"
    wake(cloud, CLOSES + timedelta(days=1, minutes=-10))
    inbox = json.loads(s3.get_object(Bucket=ADA.datasets_bucket, Key=INBOX)["Body"].read())
    assert len(inbox["messages"]) == len(inbox["requests"]) == 2


def test_where_nobody_can_be_asked_to_save_that_is_noted_and_notebooks_stop(cloud: Cloud) -> None:
    role(cloud, ADA)
    names = notebooks(cloud, 1)
    cloud.client("sagemaker").start_notebook_instance(NotebookInstanceName=names[0])
    work = Work(IN_CLASS, CLOSES - timedelta(minutes=10), lambda: PLENTY, client=cloud.client)
    keep_hours(work)
    [problem] = work.problems
    assert "files not saved before" in problem
    assert wake(cloud, CLOSES).done == {"notebooks stopped": 1}


def test_no_day_before_the_first_has_class(cloud: Cloud) -> None:
    role(cloud, ADA)
    notebooks(cloud, 1)
    assert not wake(cloud, OPENS - timedelta(days=1, minutes=10)).done
    assert wake(cloud, OPENS + timedelta(days=1, minutes=-10)).done == {"notebooks started": 1}
    assert not wake(cloud, CLOSES - timedelta(days=1)).done


def test_a_frozen_seat_is_not_started(cloud: Cloud) -> None:
    frozen = Names("demo", "seat01", ADA.account, ADA.region)
    role(cloud, ADA)
    role(cloud, frozen)
    names = notebooks(cloud, 2)
    cloud.client("iam").attach_role_policy(RoleName=frozen.role, PolicyArn=SETTINGS.freeze)
    wake(cloud, OPENS - timedelta(minutes=10))
    assert running(cloud) == names[1:]


def test_where_it_is_not_known_who_is_frozen_nobody_is_started(cloud: Cloud) -> None:
    role(cloud, ADA)
    notebooks(cloud, 1)
    cloud.faults({"effect": "denied", "operation": "iam:ListEntitiesForPolicy"})
    work = Work(IN_CLASS, OPENS - timedelta(minutes=10), lambda: PLENTY, client=cloud.client)
    keep_hours(work)
    assert running(cloud) == []
    assert work.problems[0].startswith("notebooks were not started: ")


def test_without_hours_nothing_is_asked_of_aws_and_nothing_may_be_started() -> None:
    def no_client(service: str) -> None:
        raise AssertionError(service)

    keep_hours(Work(SETTINGS, OPENS - timedelta(minutes=10), lambda: PLENTY, client=no_client))
    names = Names("demo", COHORT, ADA.account, ADA.region)
    start = "sagemaker:StartNotebookInstance"
    without, with_hours = (
        {action for one in watch_policy(names, starts=yes)["Statement"] for action in one["Action"]}
        for yes in (False, True)
    )
    assert start in with_hours
    assert start not in without


def test_its_own_rights_are_enough_and_start_only_the_workshops_notebooks(tmp_path: Path) -> None:
    with two_seats(tmp_path) as seats:
        iam, sagemaker = seats.root.client("iam"), seats.root.client("sagemaker")
        arn, rights = seats.root.role("watching"), json.dumps(watch_policy(ADA, starts=True))
        iam.put_role_policy(RoleName="watching", PolicyName="watch", PolicyDocument=rights)
        for names in (ADA, BEN):
            sagemaker.stop_notebook_instance(NotebookInstanceName=names.notebook)
        iam.attach_role_policy(RoleName=BEN.role, PolicyArn=BEN.cohort_policy_arn(FREEZE))
        watching = seats.root.as_role(arn)
        wake(watching, OPENS - timedelta(minutes=10))
        assert running(seats.root) == [ADA.notebook]
        assert wake(watching, CLOSES).done == {"notebooks stopped": 1}
        with pytest.raises(ClientError, match="AccessDenied"):
            watching.client("sagemaker").start_notebook_instance(
                NotebookInstanceName="other-ada-notebook"
            )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2027-03-27T09:00:00+01:00", "2027-03-28T23:00:00+02:00"),
        ("2027-10-30T09:00:00+02:00", "2027-10-31T23:00:00+01:00"),
    ],
)
def test_class_on_the_day_on_which_clocks_are_changed_is_by_the_new_clock(
    cloud: Cloud, start: str, end: str
) -> None:
    """The first day has the old clock, the second the new one; a day has 23 hours or 25."""
    role(cloud, ADA)
    [name] = notebooks(cloud, 1)
    cloud.client("s3").create_bucket(Bucket=ADA.datasets_bucket)
    zone = ZoneInfo("Europe/Berlin")
    saturday, sunday = (datetime.fromisoformat(moment) for moment in (start, end))
    told = replace(IN_CLASS, start=start, changes=changes("Europe/Berlin", saturday, sunday))

    def at(day: datetime, clock: str) -> tuple[dict[str, int], bool]:
        hour, minute = map(int, clock.split(":"))
        moment = day.replace(hour=hour, minute=minute, tzinfo=zone).astimezone(UTC)
        work = Work(told, moment, lambda: PLENTY, client=cloud.client)
        keep_hours(work)
        assert work.problems == []
        return dict(work.done), running(cloud) == [name]

    for day in (saturday, sunday):
        assert at(day, "7:55") == ({}, False)
        assert at(day, "8:25") == ({"notebooks started": 1}, True)
        assert at(day, "17:55") == ({}, True)
        assert at(day, "18:00") == ({"notebooks stopped": 1}, False)
    inbox = json.loads(
        cloud.client("s3").get_object(Bucket=ADA.datasets_bucket, Key=INBOX)["Body"].read()
    )
    assert [one["text"][:19] for one in inbox["messages"]] == ["Class ends at 18:00"] * 2
