"""The watch notes whose endpoints are, for when nothing is left of them but a log."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.endpoints import IMAGE
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, role
from tests.support.watch_runs import PLENTY, SETTINGS, watch_without_stacks
from workshop.watch import budget
from workshop.watch.endpoints import SEEN, note_event
from workshop.watch.work import Work

MADE = "2026-12-01T09:00:00+00:00"
SECONDS = f"{datetime.fromisoformat(MADE).timestamp():.0f}"
BEN_TAGS = {"workshop": BEN.workshop, "attendee": BEN.seat}


@pytest.fixture(autouse=True)
def _watched(cloud: Cloud) -> None:
    watch_without_stacks(cloud)
    role(cloud, ADA)
    cloud.delays(endpoint=0)


def made(cloud: Cloud, name: str, **tags: str) -> str:
    """An endpoint with these tags; its ARN."""
    client = cloud.client("sagemaker")
    client.create_model(
        ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=ADA.role_arn
    )
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    answer = client.create_endpoint(
        EndpointName=name,
        EndpointConfigName=name,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    return str(answer["EndpointArn"])


def seen(cloud: Cloud) -> list[str]:
    listed = cloud.client("s3").list_objects_v2(Bucket=ADA.watch_bucket, Prefix=SEEN)
    return [one["Key"].removeprefix(SEEN) for one in listed.get("Contents", [])]


def work(cloud: Cloud, **settings: Any) -> Work:
    told = replace(SETTINGS, **settings)
    return Work(told, datetime.now(UTC), lambda: PLENTY, client=cloud.client)


def told(arn: str, name: str, status: str = "InService", created: object = MADE) -> dict[str, Any]:
    """What SageMaker's event says of an endpoint."""
    return {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointStatus": status,
        "CreationTime": created,
    }


def test_an_endpoint_is_noted_with_the_seat_of_its_tags_however_often_it_is_told_of(
    cloud: Cloud,
) -> None:
    """Its name has another seat's prefix, as names are free."""
    name = "demo-ada-serve"
    arn, run = made(cloud, name, **BEN_TAGS), work(cloud)
    for status in ("Creating", "InService"):
        note_event(run, told(arn, name, status))
    # AWS tells milliseconds.
    note_event(run, told(arn, name, created=int(SECONDS) * 1000))
    assert seen(cloud) == [f"{name}/{SECONDS}/ben"]
    assert run.problems == []


def test_one_of_nobodys_seat_is_noted_as_such_if_its_name_may_be_taken_for_a_seats(
    cloud: Cloud,
) -> None:
    for name in ("demo-ada-serve", "bank"):
        note_event(work(cloud), told(made(cloud, name, workshop="another"), name))
    assert seen(cloud) == [f"demo-ada-serve/{SECONDS}/"]


def test_what_is_deleted_or_gone_is_not_noted(cloud: Cloud) -> None:
    name = "demo-ben-serve"
    arn = made(cloud, name, **BEN_TAGS)
    note_event(work(cloud), told(arn, name, "DELETING"))
    cloud.client("sagemaker").delete_endpoint(EndpointName=name)
    cloud.advance(600)
    run = work(cloud)
    note_event(run, told(arn, name))
    assert seen(cloud) == []


def test_one_whose_event_was_lost_is_noted_by_the_next_tick(cloud: Cloud) -> None:
    made(cloud, "demo-ben-serve", **BEN_TAGS)
    caps = {"warn_percent": 80, "on_cap": "tell", "prices": {"ml.m5.large": 0.1}}
    budget.hold_to_budget(work(cloud, budget=caps))
    created = cloud.client("sagemaker").describe_endpoint(EndpointName="demo-ben-serve")
    assert seen(cloud) == [f"demo-ben-serve/{created['CreationTime'].timestamp():.0f}/ben"]
