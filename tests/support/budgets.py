"""Seats that spend, and runs of the watch that hold them to their caps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud import process
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, IMAGE, role
from tests.support.watch_runs import PLENTY, SETTINGS, watch_without_stacks
from workshop.naming import Names
from workshop.watch import budget, spending
from workshop.watch.work import Work

PRICES = {"ml.t3.medium": 0.05, "ml.m5.large": 0.115, "ml.g5.xlarge": {"training": 1.408}}
TICK = 300.0
HOUR = 3600.0


@pytest.fixture
def seats_to_watch(cloud: Cloud) -> None:
    """Roles of two seats and what the watch needs; the clock stands still until it is moved."""
    cloud.freeze()
    cloud.delays(training=6 * HOUR, endpoint=0, notebook=0, stopping=0, tick=0)
    watch_without_stacks(cloud)
    cloud.client("s3").create_bucket(Bucket=ADA.datasets_bucket)
    role(cloud, ADA)
    role(cloud, BEN)


def now(cloud: Cloud) -> datetime:
    return datetime.fromtimestamp(process.set_clock(cloud.running)["now"], UTC)


def work(cloud: Cloud, **caps: Any) -> Work:
    """A run of now, with these caps."""
    told = {"warn_percent": 80, "on_cap": "freeze", "prices": PRICES, **caps}
    settings = replace(SETTINGS, budget=told, end="2099-12-31T17:00:00Z")
    return Work(settings, now(cloud), lambda: PLENTY, client=cloud.client)


def tick(cloud: Cloud, seconds: float = TICK, **caps: Any) -> Work:
    """Let time pass, and have the watch run."""
    cloud.advance(seconds)
    made = work(cloud, **caps)
    budget.hold_to_budget(made)
    return made


def event(cloud: Cloud, noun: str, arn: str, **caps: Any) -> Work:
    """Have the watch run for one of SageMaker's events."""
    made = work(cloud, **caps)
    budget.hold_at_event(made, {f"{noun}Arn": arn})
    return made


def used(cloud: Cloud, seat: str = "ada") -> float:
    body = cloud.client("s3").get_object(Bucket=ADA.watch_bucket, Key=spending.SPENDING)["Body"]
    usd: dict[str, float] = json.loads(body.read())["usd"].get(seat, {})
    return sum(usd.values())


def tags(names: Names) -> list[dict[str, str]]:
    given = {"workshop": names.workshop, "attendee": names.seat}
    return [{"Key": key, "Value": value} for key, value in given.items()]


def serves(cloud: Cloud, names: Names, count: int = 1) -> str:
    """An endpoint of a seat's; its ARN."""
    client, name = cloud.client("sagemaker"), f"{names.job_prefix}serve"
    client.create_model(
        ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=names.role_arn
    )
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": count}]
    )
    made = client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags(names))
    return str(made["EndpointArn"])


def trains(
    cloud: Cloud, names: Names, name: str, count: int = 1, *, prefix: str | None = None
) -> str:
    machines = {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 5}
    made = cloud.client("sagemaker").create_training_job(
        TrainingJobName=f"{names.job_prefix if prefix is None else prefix}{name}",
        RoleArn=names.role_arn,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://out/"},
        ResourceConfig=machines,
        StoppingCondition={"MaxRuntimeInSeconds": 86_400},
        Tags=tags(names),
    )
    return str(made["TrainingJobArn"])


def trained(cloud: Cloud) -> float:
    """The hours that jobs of training were billed for until now, as AWS tells them."""
    client, hours = cloud.client("sagemaker"), 0.0
    for one in client.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]:
        job = client.describe_training_job(TrainingJobName=one["TrainingJobName"])
        spent = job.get("TrainingEndTime", now(cloud)) - job["TrainingStartTime"]
        hours += spent.total_seconds() / HOUR
    return hours


def notebook(cloud: Cloud, names: Names) -> None:
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=names.notebook, InstanceType="ml.t3.medium", RoleArn=names.role_arn
    )


def endpoints(cloud: Cloud) -> list[str]:
    return [one["EndpointName"] for one in cloud.client("sagemaker").list_endpoints()["Endpoints"]]


def running(cloud: Cloud) -> list[str]:
    """Notebooks that run."""
    listed = cloud.client("sagemaker").list_notebook_instances(StatusEquals="InService")
    return [one["NotebookInstanceName"] for one in listed["NotebookInstances"]]


def messages(cloud: Cloud) -> list[dict[str, Any]]:
    """What notebooks are told."""
    inbox = {"Bucket": ADA.datasets_bucket, "Key": "workshop/inbox.json"}
    told: dict[str, Any] = json.loads(cloud.client("s3").get_object(**inbox)["Body"].read())
    return list(told["messages"])


def subjects(cloud: Cloud) -> list[str]:
    sent = process.post(cloud.running, "/_localcloud/messages", {})["messages"]
    return [message["subject"] for message in sent]
