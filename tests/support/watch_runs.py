"""Runs of the watch's code in this process, against a local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.support.local_cloud import Cloud, template
from tests.support.teardown_demo import ADA
from workshop.naming import FREEZE
from workshop.watch import handler
from workshop.watch.work import Settings, Work

END = datetime(2026, 12, 4, 17, tzinfo=UTC)
SETTINGS = Settings(
    workshop=ADA.workshop,
    path=ADA.iam_path,
    end="2026-12-04T17:00:00Z",
    freeze=ADA.cohort_policy_arn(FREEZE),
    bucket=ADA.watch_bucket,
    datasets=ADA.datasets_bucket,
    topic=ADA.watch_topic_arn,
)
PLENTY = 300.0
DENY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*"}]}'


def run(cloud: Cloud, *, left: Iterator[float] | None = None) -> Work:
    """Do what is done at the end, once; ``left`` are the seconds that each look at it finds."""
    seconds = left or iter(lambda: PLENTY, None)
    made = Work(SETTINGS, END, lambda: next(seconds), client=cloud.client)
    handler.end(made)
    return made


def watch_without_stacks(cloud: Cloud) -> None:
    """Make what the watch needs: its bucket, its topic, the freeze and two roles of seats."""
    cloud.client("s3").create_bucket(Bucket=ADA.watch_bucket)
    cloud.client("iam").create_policy(
        PolicyName=ADA.cohort_policy(FREEZE), Path=ADA.iam_path, PolicyDocument=DENY
    )
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": ADA.watch}}
    assert cloud.deploy("topic", template({"Topic": topic})) == "CREATE_COMPLETE"


def attached(cloud: Cloud, role: str) -> list[str]:
    """The names of the policies on a role."""
    found: dict[str, Any] = cloud.client("iam").list_attached_role_policies(RoleName=role)
    return [one["PolicyName"] for one in found["AttachedPolicies"]]
