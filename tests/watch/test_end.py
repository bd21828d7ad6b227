"""The end of a workshop on the local cloud: the clock is moved, and no organiser does anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.preflights import calling
from tests.support.seats import ADA, BEN, attempt, endpoint, experiment, tagged, training
from tests.support.teardown_demo import is_frozen, is_marked
from tests.support.watched import TICK, Watched, watched_seats
from tests.support.workshop_command import Ran, run
from workshop.naming import END, FREEZE
from workshop.watch.handler import WARNING

ENVIRONMENT = """
workshop: demo
account: "000000000000"
region: us-east-1
start: 2026-01-01T09:00:00Z
end: 2026-01-01T17:00:00Z
roster: {file: roster.csv}
"""
ENDPOINT_QUOTAS = ("ml.m5.large for endpoint usage", "Number of instances across active endpoints")
NUMBERS = count()
OVER = ["workshop demo: the end", "workshop demo: nothing runs any more"]
EMPTY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:X","Resource":"*"}]}'


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_seats(tmp_path_factory.mktemp("watched")) as made:
        yield made


def test_nothing_bills_after_the_end_but_disks(watched: Watched) -> None:
    assert {"demo-ada-own", "demo-ada-notebook", "demo-ben-own"} <= set(watched.running())
    inbox = {"Bucket": ADA.datasets_bucket, "Key": "workshop/inbox.json"}
    watched.go_to(watched.end - WARNING)
    told = json.loads(watched.root.client("s3").get_object(**inbox)["Body"].read())
    assert [one["kind"] for one in told["requests"]] == ["save"]
    assert told["messages"][0]["text"].startswith(f"The workshop ends at {watched.end:%H:%M} UTC: ")
    assert watched.messages == []
    watched.go_to(watched.end)
    assert watched.state["done"]["roles frozen"] == 2
    watched.pass_by()
    watched.pass_by()
    assert watched.running() == []
    assert watched.messages == [
        "workshop demo: the end",
        "workshop demo: nothing runs any more",
    ]
    attached = watched.root.client("iam").list_attached_role_policies(RoleName=BEN.role)
    arns = [one["PolicyArn"] for one in attached["AttachedPolicies"]]
    assert BEN.cohort_policy_arn(FREEZE) in arns
    assert is_marked(watched.root, ADA)
    assert is_marked(watched.root, BEN)
    assert watched.state["problems"] == []
    with pytest.raises(ClientError, match="with an explicit deny"):
        attempt(watched.seats.ada, training(ADA, "late"))
    with pytest.raises(ClientError, match="with an explicit deny"):
        attempt(watched.seats.ada, experiment(ADA, "late"))
    own = {"Bucket": ADA.bucket("data"), "Key": "late"}
    watched.seats.ada.client("s3").put_object(Body=b"saved", **own)


def test_attendees_are_warned_15_minutes_before_the_end_wherever_its_ticks_fall(
    watched: Watched,
) -> None:
    inbox = {"Bucket": ADA.datasets_bucket, "Key": "workshop/inbox.json"}

    def messages() -> list[dict[str, Any]]:
        found = json.loads(watched.root.client("s3").get_object(**inbox)["Body"].read())
        return [one for one in found["messages"] if f"{watched.end:%H:%M} UTC" in one["text"]]

    for minutes in range(1, 4):
        watched.go_on()  # until a later end, whose warning is moved as well
        watched.end += timedelta(minutes=minutes)
        watched.redeploy()
        warned = watched.end - WARNING
        watched.go_to(warned - timedelta(seconds=3))
        assert messages() == []
        watched.go_to(warned)
        [message] = messages()
        assert message["time"] - warned.timestamp() < 2


@pytest.fixture
def again(watched: Watched) -> Watched:
    """The same seats before another end, at work again."""
    watched.go_on()
    for names, seat in ((ADA, watched.seats.ada), (BEN, watched.seats.ben)):
        if names.notebook not in watched.running():
            seat.client("sagemaker").start_notebook_instance(NotebookInstanceName=names.notebook)
        name = f"again{next(NUMBERS)}"
        attempt(seat, training(names, name))
        attempt(seat, endpoint(names, names, name))
    watched.settle()
    at_work = {one for one in watched.running() if "-again" in one or "notebook" in one}
    assert len(at_work) == 4, "a job and an endpoint of a seat have one name"
    return watched


@pytest.fixture
def without_events(watched: Watched) -> Iterator[None]:
    """SageMaker's events are lost: the schedules alone wake the function."""
    events, name = watched.root.client("events"), f"{ADA.watch}-change"
    events.disable_rule(Name=name)
    yield
    events.enable_rule(Name=name)


def ends(watched: Watched, ticks: int = 3, first: Callable[[], bool] = lambda: True) -> None:
    """Let the end come and some time pass; then nothing bills but disks, and that was said once.

    ``first`` holds once the end has come; faults go away after that.
    """
    before = len(watched.messages)
    watched.go_to(watched.end)
    assert first()
    watched.root.faults()
    for _ in range(ticks):
        watched.pass_by()
    assert watched.running() == []
    assert is_frozen(watched.root, ADA)
    assert is_frozen(watched.root, BEN)
    assert watched.messages[before:] == OVER


def report(watched: Watched, folder: Path) -> Ran:
    """``workshop status`` of a workshop that is over."""
    (folder / "demo.yaml").write_text(ENVIRONMENT)
    (folder / "roster.csv").write_text("id,name\nada,Ada\nben,Ben\n")
    with calling(watched.root, **watched.root.environment()):
        return run("status", "-e", "demo", "--config-dir", str(folder))


def test_the_report_ends_with_whether_nothing_bills_but_disks(
    again: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = report(again, tmp_path)
    assert ran.code == 1
    assert "the workshop is over, and 0.560 USD per hour go on; end that with: " in ran.err
    ends(again)
    ran = report(again, tmp_path)
    assert ran.code == 0, ran.err
    assert ran.err.endswith(
        "the workshop is over; nothing runs of it, disks cost 0.008 USD per hour\n"
    )


AT_ONCE = (
    r"import boto3\nfrom botocore.config",
    r"import boto3\nfrom botocore.retries.standard import ExponentialBackoff\n"
    r"ExponentialBackoff.delay_amount = lambda *_: 0\nfrom botocore.config",
)
"""An edit of its source: botocore tries again without the waits that it makes in between."""


@pytest.mark.usefixtures("without_events")
def test_listings_that_are_throttled_are_made_up_for(again: Watched) -> None:
    again.redeploy(AT_ONCE)
    again.root.faults(
        {"effect": "throttle", "operation": "sagemaker:ListEndpoints"},
        {"effect": "throttle", "operation": "sagemaker:ListTrainingJobs", "times": 1},
        {"effect": "throttle", "operation": "iam:ListRoles", "times": 1},
    )
    ends(again, first=lambda: again.state["problems"][0].startswith("endpoints: "))


@pytest.mark.usefixtures("without_events")
def test_a_run_that_is_killed_by_its_time_limit_is_made_up_for_by_the_next(again: Watched) -> None:
    """It looks at no clock, and waits for an answer for longer than its limit of a second."""
    before = again.state["ran"]
    again.redeploy(('"Timeout": 300', '"Timeout": 1'), ("RESERVE = 45.0", "RESERVE = -9.0"))
    again.root.faults({"effect": "timeout", "operation": "sagemaker:ListProcessingJobs"})

    def killed() -> bool:
        again.redeploy()
        return bool(again.state["ran"] == before)

    ends(again, first=killed)


@pytest.mark.usefixtures("without_events")
def test_all_of_101_endpoints_are_deleted(again: Watched) -> None:
    again.root.quotas(sagemaker=dict.fromkeys(ENDPOINT_QUOTAS, 200))
    client = again.root.client("sagemaker")
    for number in range(99):
        client.create_endpoint(
            EndpointName=f"one-of-many-{number}",
            EndpointConfigName=f"{ADA.job_prefix}own",
            Tags=tagged(BEN),
        )
    assert len([one for one in again.running() if "many" in one]) == 99, "beside one of each seat"
    ends(again)


def test_a_seat_whose_role_has_lost_its_tags_is_ended_like_any_other(again: Watched) -> None:
    iam = again.root.client("iam")
    tags = iam.list_role_tags(RoleName=ADA.role)["Tags"]
    iam.untag_role(RoleName=ADA.role, TagKeys=[tag["Key"] for tag in tags])
    ends(again)
    iam.tag_role(RoleName=ADA.role, Tags=tags)


def test_without_the_policies_what_is_made_after_the_end_is_stopped_as_soon_as_it_begins(
    again: Watched,
) -> None:
    """Somebody took the end off a role, and emptied the documents of the end and of the freeze."""
    iam, arns = again.root.client("iam"), [ADA.cohort_policy_arn(part) for part in (END, FREEZE)]
    iam.detach_role_policy(RoleName=ADA.role, PolicyArn=ADA.cohort_policy_arn(END))
    before = [_replaced(iam, arn, EMPTY) for arn in arns]
    ends(again)
    attempt(again.seats.ada, training(ADA, "late"))
    attempt(again.seats.ada, endpoint(ADA, ADA, "late"))
    again.seats.ada.client("sagemaker").start_notebook_instance(NotebookInstanceName=ADA.notebook)
    again.settle()
    job = again.root.client("sagemaker").describe_training_job(TrainingJobName="demo-ada-late")
    assert job["TrainingJobStatus"] in ("Stopping", "Stopped")
    again.pass_by()
    assert again.running() == []
    iam.attach_role_policy(RoleName=ADA.role, PolicyArn=ADA.cohort_policy_arn(END))
    for arn, document in zip(arns, before, strict=True):
        _replaced(iam, arn, document)


def _replaced(iam: Any, arn: str, document: str) -> str:
    """Give a policy another document; the one that it had."""
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    [now] = [one["VersionId"] for one in versions if one["IsDefaultVersion"]]
    before = iam.get_policy_version(PolicyArn=arn, VersionId=now)["PolicyVersion"]["Document"]
    for one in [one["VersionId"] for one in versions if one["VersionId"] != now][:1]:
        iam.delete_policy_version(PolicyArn=arn, VersionId=one)  # a policy has five at most
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
    return json.dumps(before)


def test_events_that_come_twice_at_once_do_no_harm(again: Watched) -> None:
    before = len(again.messages)
    client = again.root.client("sagemaker")
    name = client.list_endpoints()["Endpoints"][0]["EndpointName"]
    found = client.describe_endpoint(EndpointName=name)
    told = {key: found[key] for key in ("EndpointName", "EndpointArn", "EndpointStatus")}
    after = {"time": f"{again.end + TICK:%Y-%m-%dT%H:%M:%SZ}"}
    twice = [{**after, "source": "aws.sagemaker", "detail": told}] * 2 + [after] * 2
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(again.wake, twice))
    assert {one["end"] for one in reports} == {f"{again.end:%Y-%m-%dT%H:%M:%SZ}"}
    again.go_to(again.end + 2 * TICK)
    again.pass_by()
    assert again.running() == []
    assert again.messages[before:] == OVER
    again.wake(after)
    assert again.state["ran"] > after["time"], "an older run hides no later one's report"
