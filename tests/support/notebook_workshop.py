"""A workshop of a few seats whose parts a test makes itself, through the API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.retries.adaptive import ClientRateLimiter
from botocore.retries.standard import ExponentialBackoff

from tests.support.local_cloud import Cloud
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import Ran, run
from workshop.aws import clients

HERE = "us-east-1"
THERE = "eu-west-1"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1"
EMPTY = json.dumps({"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})
QUOTAS = {
    "Total number of notebook instances": 500,
    "ml.t3.medium for notebook instance usage": 500,
}


@dataclass
class Room:
    """The workshop ``vision`` and the cloud that it is in; seats are seat01, seat02, ..."""

    cloud: Cloud
    config: Path
    role: str

    def command(self, *arguments: str) -> Ran:
        """``workshop ARGUMENTS`` for this workshop."""
        return run(*arguments, "-e", "room", "--config-dir", str(self.config))

    def told(self, *arguments: str) -> Any:
        """What a command tells programs, whatever its exit code."""
        return json.loads(self.command(*arguments, "--json").out)

    def notebooks(self, numbers: Iterable[int], region: str = HERE) -> None:
        """Notebooks of these seats, in service at once."""
        client = self.cloud.client("sagemaker", region=region)
        for number in numbers:
            client.create_notebook_instance(
                NotebookInstanceName=notebook(number),
                InstanceType="ml.t3.medium",
                RoleArn=self.role,
                PlatformIdentifier="notebook-al2023-v1",
            )

    def statuses(self, region: str = HERE) -> dict[str, str]:
        """Status by notebook."""
        pages = self.cloud.client("sagemaker", region=region).get_paginator(
            "list_notebook_instances"
        )
        return {
            one["NotebookInstanceName"]: one["NotebookInstanceStatus"]
            for page in pages.paginate()
            for one in page["NotebookInstances"]
        }

    def stacks(self, number: int, kinds: Iterable[str] = USUAL_STACKS) -> None:
        """Stacks of a seat, with the tags that make them ours."""
        for kind in kinds:
            self.cloud.client("cloudformation").create_stack(
                StackName=f"vision-{seat(number)}-{kind}",
                TemplateBody=EMPTY,
                Tags=_tags(
                    {
                        "workshop": "vision",
                        "environment": "room",
                        "attendee": seat(number),
                        "profile": "attendee",
                        "managed-by": "workshop-provisioner",
                    }
                ),
            )
            self.cloud.settled(f"vision-{seat(number)}-{kind}")

    def trains(self, name: str, tags: dict[str, str] | None = None, **more: Any) -> None:
        """A training job that runs on two machines."""
        machines = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}
        self.cloud.client("sagemaker").create_training_job(
            TrainingJobName=name,
            RoleArn=self.role,
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://out/"},
            ResourceConfig={**machines, **more},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
            Tags=_tags(tags or {}),
        )

    def serves(self, name: str, tags: dict[str, str] | None = None, count: int = 1) -> None:
        """An endpoint of so many machines."""
        client = self.cloud.client("sagemaker")
        client.create_model(
            ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=self.role
        )
        variant = {
            "VariantName": "all",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": count,
        }
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=_tags(tags or {}))


def room(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Room:
    """A workshop of which ``text`` says the roster, in an environment of its own."""
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    # One session reads each service model once; a command would make one of its own each time.
    monkeypatch.setattr(clients, "boto3", SimpleNamespace(Session=_session))
    config = tmp_path / "config"
    config.mkdir()
    (config / "room.yaml").write_text(
        'workshop: vision\naccount: "000000000000"\nregion: us-east-1\n'
        "start: 2026-01-01T09:00:00Z\nend: 2099-12-31T17:00:00Z\n" + text,
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)  # where commands keep what they know of an environment
    cloud.quotas(sagemaker=QUOTAS)
    return Room(cloud, config, cloud.role())


@cache
def _session() -> boto3.Session:
    return boto3.Session()


def of_seats(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seats: int) -> Room:
    """A workshop of so many seats."""
    return room(cloud, tmp_path, monkeypatch, f"roster:\n  seats: {seats}\n")


def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore try again without the waits that it makes in between."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    monkeypatch.setattr(ClientRateLimiter, "on_sending_request", lambda *_, **__: None)


def seat(number: int) -> str:
    return f"seat{number:02}"


def notebook(number: int) -> str:
    return f"vision-{seat(number)}-notebook"


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
