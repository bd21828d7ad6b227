"""A teardown takes the door away, though the YAML has lost it, and leaves nothing of it."""

from __future__ import annotations

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import IAM, Cloud
from tests.support.small_workshop import cohort_text
from tests.support.teardown_demo import ADA
from workshop.door.state import KEY
from workshop.naming import DOOR, WATCH
from workshop.teardown.plan import Choices


def test_nothing_of_the_door_is_left(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    teardown_demo.deploy(cloud, ADA)
    tags = {"workshop": "demo", "environment": "demo", "attendee": "cohort"}
    tags["managed-by"] = "workshop-provisioner"
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    for name, kind in ((ADA.watch, WATCH), (ADA.door, DOOR)):
        status = cloud.deploy(name, cohort_text(kind), Tags=given, **IAM)
        assert status == "CREATE_COMPLETE"
    cloud.client("s3").put_object(Bucket=ADA.watch_bucket, Key=KEY, Body=bytes(32))
    job = teardown_demo.job(teardown_demo.connect(cloud, monkeypatch), "ada")
    report = job.apply(job.plan(Choices()))
    assert (report.code, report.proven) == (0, True), [
        (one.resource_type, one.id, one.why) for scan in report.scans for one in scan.left
    ]
    assert teardown_demo.stack_names(cloud) == set()
    assert teardown_demo.roles(cloud) == set()
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert cloud.client("lambda").list_functions()["Functions"] == []
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")
    assert groups["logGroups"] == []
