"""A teardown takes the watch away last but the cohort, and leaves nothing of it."""

from __future__ import annotations

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import IAM, Cloud
from tests.support.small_workshop import cohort_text
from tests.support.teardown_demo import ADA
from workshop.naming import WATCH
from workshop.teardown.plan import Choices


def test_nothing_of_the_watch_is_left(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    teardown_demo.deploy(cloud, ADA)
    tags = {"workshop": "demo", "environment": "demo", "attendee": "cohort"}
    tags["managed-by"] = "workshop-provisioner"
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    body = cohort_text(WATCH)
    assert cloud.deploy(ADA.watch, body, Tags=given, **IAM) == "CREATE_COMPLETE"
    cloud.client("s3").put_object(Bucket=ADA.watch_bucket, Key="state.json", Body=b"{}")
    job = teardown_demo.job(teardown_demo.connect(cloud, monkeypatch), "ada")
    plan = job.plan(Choices())
    report = job.apply(plan)
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
