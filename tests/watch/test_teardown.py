"""A teardown takes the watch away last but the cohort, while it is woken, and leaves nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localcloud import process
from tests.support import teardown_demo
from tests.support.local_cloud import IAM, Cloud
from tests.support.small_workshop import cohort_text, ending
from tests.support.teardown_demo import ADA
from tests.support.watched import capped
from workshop.naming import COHORT, WATCH
from workshop.teardown.events import TeardownEvent, TeardownStep
from workshop.teardown.plan import Choices
from workshop.teardown.report import TeardownReport

TAGS = {
    "workshop": "demo",
    "environment": "demo",
    "attendee": "cohort",
    "managed-by": "workshop-provisioner",
}
TAGGED = [{"Key": key, "Value": value} for key, value in TAGS.items()]
CAPS = {
    "per_seat_usd": 25,
    "max_instances": 4,
    "warn_percent": 80,
    "on_cap": "freeze",
    "prices": {"ml.m5.large": 0.115, "ml.t3.medium": 0.05},
}


def test_nothing_of_the_watch_is_left(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    teardown_demo.deploy(cloud, ADA)
    assert cloud.deploy(ADA.watch, cohort_text(WATCH), Tags=TAGGED, **IAM) == "CREATE_COMPLETE"
    cloud.client("s3").put_object(Bucket=ADA.watch_bucket, Key="state.json", Body=b"{}")
    job = teardown_demo.job(teardown_demo.connect(cloud, monkeypatch), "ada")
    _is_gone(cloud, job.apply(job.plan(Choices())))


def _is_gone(cloud: Cloud, report: TeardownReport) -> None:
    assert (report.code, report.proven) == (0, True), [
        (one.resource_type, one.id, one.why) for scan in report.scans for one in scan.left
    ]
    assert teardown_demo.stack_names(cloud) == set()
    assert teardown_demo.roles(cloud) == set()
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("lambda").list_functions()["Functions"] == []
    assert cloud.client("events").list_rules()["Rules"] == []
    assert cloud.client("sns").list_topics()["Topics"] == []
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")
    assert groups["logGroups"] == []


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([], marks=pytest.mark.long),
        [
            {"effect": "throttle", "operation": "iam:AttachRolePolicy", "times": 2},
            {"effect": "error", "operation": "sagemaker:StopTrainingJob", "times": 1},
            {"effect": "throttle", "operation": "sagemaker:ListEndpoints", "times": 1},
            {"effect": "error", "operation": "s3:PutObject", "times": 2},
        ],
    ],
    ids=["", "with faults"],
)
def test_a_watch_that_ends_the_workshop_between_all_steps_of_a_teardown_breaks_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, faults: list[dict[str, object]]
) -> None:
    """Its ticks count, freeze, stop and write while the same is frozen, deleted and emptied."""
    teardown_demo.deploy(cloud, ADA)
    cloud.delays(endpoint=0, notebook=0, stopping=0)
    cloud.freeze()
    now = datetime.fromtimestamp(process.set_clock(cloud.running)["now"], UTC)
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=8)
    text = capped(ending(cohort_text(WATCH), end), CAPS)
    assert cloud.deploy(ADA.watch, text, Tags=TAGGED, **IAM) == "CREATE_COMPLETE"
    teardown_demo.trains(cloud, f"{ADA.job_prefix}fit", ADA.role_arn)
    teardown_demo.serves(cloud, f"{ADA.job_prefix}serve", ADA.role_arn, ADA)
    ticks: list[tuple[TeardownStep, str, int]] = []
    """Step and resource after which the function was woken, and how often it ran."""

    def tick(event: TeardownEvent) -> None:
        of_cohort = event.resource is not None and event.resource.seat == COHORT
        if of_cohort or event.step not in [step for step, *_ in ticks]:
            before = process.post(cloud.running, "/_localcloud/functions", {})["ended"]
            cloud.advance(300)
            while (seen := process.post(cloud.running, "/_localcloud/functions", {}))["running"]:
                pass
            name = event.resource.id if event.resource else ""
            ticks.append((event.step, name, seen["ended"] - before))

    job = teardown_demo.job(teardown_demo.connect(cloud, monkeypatch), "ada", told=tick)
    plan = job.plan(Choices())
    cloud.faults(*faults)
    _is_gone(cloud, job.apply(plan))
    ran = [(step, name) for step, name, ended in ticks if ended]
    assert {step for step, _ in ran} == {
        *(TeardownStep.FREEZE, TeardownStep.STOP, TeardownStep.DELETE, TeardownStep.STACKS)
    }
    assert (TeardownStep.DELETE, ADA.watch_bucket) in ran, "it wrote there once that was emptied"
