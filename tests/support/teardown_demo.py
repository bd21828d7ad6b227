"""A workshop with one seat or two for tests of teardowns: ``demo``, from the shipped templates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from tests.support.assemblies import shipped
from tests.support.direct_calls import QuickClients, lines_to
from tests.support.local_cloud import IAM, TRUST, Cloud
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import Ran, run
from workshop import naming
from workshop.account_region import AccountRegion
from workshop.aws import clients as clients_module
from workshop.aws.clients import Clients
from workshop.naming import Names
from workshop.teardown.events import TeardownEvent
from workshop.teardown.resource import Ownership, Resource, ScanCache, ScanContext, Scope, SeenRole
from workshop.teardown.resources import ALL
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.run import Teardown
from workshop.teardown.scan_target import ScanTarget
from workshop.teardown.waits import STACKS, WaitPolicy

HERE = AccountRegion("000000000000", "us-east-1")
ADA = Names("demo", "ada", *(HERE.account, HERE.region))
BEN = Names("demo", "ben", *(HERE.account, HERE.region))
CONFIG = Path(__file__).parents[2] / "config"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1"
QUICK = WaitPolicy(
    deadline=600, first_wait=0.01, slowest_wait=0.05, backoff=0.01, slowest_backoff=0.02
)
QUICK_STACKS = replace(STACKS, first_wait=0.01, slowest_wait=0.05)
RESOURCE_TYPES: dict[str, ResourceType] = {
    resource_type.name: resource_type for resource_type in ALL
}


@cache
def _session() -> boto3.Session:
    return boto3.Session()


def connect(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, *, quick: bool = True) -> Clients:
    """Clients of the workshop, and of its commands, that reach this cloud alone.

    Over :mod:`tests.support.direct_calls` unless a test is about what botocore does.
    """
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients_module, "boto3", SimpleNamespace(Session=_session))
    if not quick:
        return Clients(HERE)
    made = partial(QuickClients, lines_to(cloud.running))
    monkeypatch.setattr(Clients, "of", lambda loaded: made(loaded.home, role=loaded.member_role))
    return made(HERE)


def context(
    clients: Clients,
    *seats: str,
    whole: bool = True,
    tagged: Mapping[str, Mapping[str, str]] | None = None,
    roles: tuple[SeenRole, ...] = (),
) -> ScanContext:
    """The world of resource types for these seats of ``demo``."""
    scope = Scope("demo", "demo", HERE, frozenset(seats or ("ada",)), whole=whole)
    return ScanContext(clients, scope, tagged=tagged or {}, memory=ScanCache(), roles=roles)


def found(context: ScanContext, resource_type: str) -> dict[str, Resource]:
    """What a resource type finds, by id."""
    return {resource.id: resource for resource in RESOURCE_TYPES[resource_type].find(context)}


def whose(context: ScanContext, resource_type: str) -> dict[str, tuple[Ownership, str]]:
    """Ownership and seat of what a resource type finds, by id."""
    return {name: (one.ownership, one.seat) for name, one in found(context, resource_type).items()}


def role(cloud: Cloud, names: Names) -> str:
    """The seat's role alone, without its stack."""
    made = cloud.client("iam").create_role(
        RoleName=names.role, Path=names.iam_path, AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    return str(made["Role"]["Arn"])


def is_frozen(cloud: Cloud, names: Names) -> bool:
    """Whether the seat's role carries the cohort's policy that freezes."""
    attached = cloud.client("iam").list_attached_role_policies(RoleName=names.role)
    arns = [one["PolicyArn"] for one in attached["AttachedPolicies"]]
    return names.cohort_policy_arn(naming.FREEZE) in arns


def is_marked(cloud: Cloud, names: Names) -> bool:
    """Whether the seat's notebook carries the tag of a freeze."""
    found = cloud.client("sagemaker").list_tags(ResourceArn=names.notebook_arn)["Tags"]
    return {"Key": "frozen", "Value": "true"} in found


def deploy(cloud: Cloud, *seats: Names) -> None:
    """Cohort and seats as stacks, from the shipped templates."""
    text = shipped("demo").text
    tags = {"workshop": "demo", "environment": "demo", "managed-by": "workshop-provisioner"}
    assert (
        cloud.deploy(
            "demo-cohort", text("demo-cohort"), Tags=_tags({**tags, "attendee": "cohort"}), **IAM
        )
        == "CREATE_COMPLETE"
    )
    for names in seats:
        for kind in USUAL_STACKS:
            deploy_stack(cloud, names, kind)


def deploy_stack(cloud: Cloud, names: Names, kind: str) -> None:
    """One stack of a seat, from the shipped templates."""
    tags = {"workshop": "demo", "environment": "demo", "managed-by": "workshop-provisioner"}
    status = cloud.deploy(
        names.stack(kind),
        shipped("demo").text(ADA.stack(kind)),
        Parameters=[{"ParameterKey": "AttendeeId", "ParameterValue": names.seat}],
        Tags=_tags({**tags, "attendee": names.seat}),
        **IAM,
    )
    assert status == "CREATE_COMPLETE", names.stack(kind)


def job(
    clients: Clients,
    *seats: str,
    whole: bool = True,
    told: Callable[[TeardownEvent], object] = lambda _: None,
    **more: Any,
) -> Teardown:
    """A teardown of these seats of ``demo`` that does not wait."""
    target = ScanTarget("demo", "demo", {HERE: frozenset(seats or ("ada",))}, whole=whole)
    return Teardown(
        clients,
        more.pop("target", target),
        more.pop("resource_types", ALL),
        told,
        **{
            "interval": 0,
            "waits": QUICK,
            "stack_waits": QUICK_STACKS,
            **more,
        },
    )


def stack_names(cloud: Cloud) -> set[str]:
    """Stacks that are there."""
    pages = cloud.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {stack["StackName"] for page in pages for stack in page["Stacks"]}


def roles(cloud: Cloud) -> set[str]:
    """Roles below the workshop's path."""
    listed = cloud.client("iam").list_roles(PathPrefix=ADA.iam_path)["Roles"]
    return {one["RoleName"] for one in listed}


@contextmanager
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ran]]:
    """``workshop ...`` with the shipped configuration, from a folder of its own."""
    monkeypatch.chdir(folder)
    yield lambda *words: run(*words, "--config-dir", str(CONFIG))


def trains(cloud: Cloud, name: str, role_arn: str, **more: Any) -> None:
    """A training job that runs with a role."""
    machines = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    cloud.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=role_arn,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://out/"},
        ResourceConfig={**machines, **more},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )


def serves(cloud: Cloud, name: str, role_arn: str, names: Names | None = None) -> None:
    """An endpoint with its configuration and model, all of one name; of a seat, its tags too."""
    client = cloud.client("sagemaker")
    given = {"workshop": names.workshop, "attendee": names.seat} if names else {}
    tags = _tags(given)
    client.create_model(
        ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=role_arn
    )
    variant = {
        "VariantName": "all",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=tags)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
