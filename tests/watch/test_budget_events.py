"""Caps on money as the stack holds them: with the function's own rights, at SageMaker's events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from tests.support.seats import (
    ADA,
    BEN,
    IMAGE,
    Case,
    attempt,
    endpoint_config,
    processing,
    tagged,
    training,
    transform,
    tuning,
)
from tests.support.teardown_demo import is_frozen
from tests.support.watch_runs import SETTINGS
from tests.support.watched import TICK, Watched, watched_seats
from workshop.naming import FREEZE
from workshop.watch import handler
from workshop.watch.work import _CLIENTS, Settings

BUDGET = {
    "per_seat_usd": 25,
    "max_instances": 10,
    "warn_percent": 80,
    "on_cap": "freeze",
    "prices": {"ml.m5.large": 0.115, "ml.t3.medium": 0.05},
}
USES = ("endpoint", "processing job", "training job", "training warm pool", "transform job")
QUOTAS = dict.fromkeys(
    (
        *(f"ml.m5.large for {use} usage" for use in USES),
        "Number of instances across active endpoints",
        "Number of instances across all training jobs",
        "Number of instances across all processing jobs",
        "Number of instances across all transform jobs",
        "Maximum number of instances per training job",
        "Maximum number of instances per processing job",
    ),
    500,
)
NUMBERS = count()
NEEDS = {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    days = timedelta(days=9)
    with watched_seats(tmp_path_factory.mktemp("watched"), BUDGET, days) as made:
        made.root.quotas(sagemaker=QUOTAS)
        made.pass_by()
        made.pass_by()  # jobs bill once their machines are there
        client, own = made.seats.ada.client("sagemaker"), f"{ADA.job_prefix}own"
        client.delete_endpoint(EndpointName=own)
        client.stop_training_job(TrainingJobName=own)
        client.stop_processing_job(ProcessingJobName=own)
        client.stop_transform_job(TransformJobName=own)
        client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=own)
        made.pass_by()
        assert not [one for one in made.running() if one.startswith(own)]
        yield made


@pytest.fixture
def ada(watched: Watched) -> Iterator[Watched]:
    """Ada may work, and what becomes of her touches nothing of ben's."""
    if is_frozen(watched.root, ADA):
        arn = ADA.cohort_policy_arn(FREEZE)
        watched.root.client("iam").detach_role_policy(RoleName=ADA.role, PolicyArn=arn)
    before, said = of_ben(watched), len(watched.messages)
    assert not is_frozen(watched.root, BEN)
    yield watched
    assert is_frozen(watched.root, ADA)
    watched.pass_by()
    assert [one for one in watched.running() if one.startswith(f"{ADA.workshop}-{ADA.seat}-")] == []
    assert of_ben(watched) == before
    assert watched.messages[said:] == ["workshop demo: ada is above a cap"]


def of_ben(watched: Watched) -> dict[str, Any]:
    """What ben's role carries, his endpoint and notebook, and the jobs that ended before theirs."""
    root, own = watched.root, f"{BEN.job_prefix}own"
    client = root.client("sagemaker")
    roles = root.client("iam").list_attached_role_policies(RoleName=BEN.role)["AttachedPolicies"]
    served = client.describe_endpoint(EndpointName=own)
    book = client.describe_notebook_instance(NotebookInstanceName=BEN.notebook)
    jobs = client.list_training_jobs(NameContains=own, StatusEquals="Stopped", MaxResults=100)
    return {
        "policies": sorted(one["PolicyName"] for one in roles),
        "endpoint": (served["EndpointStatus"], served["LastModifiedTime"]),
        "notebook": (book["NotebookInstanceStatus"], book["LastModifiedTime"]),
        "stopped": jobs["TrainingJobSummaries"],
    }


def until_refused(ada: Watched, make: Callable[[str], Case], most: int) -> int:
    """Have ada make one after the other; how many she could make."""
    for made in range(most):
        if is_frozen(ada.root, ADA):
            with pytest.raises(ClientError, match="with an explicit deny"):
                attempt(ada.seats.ada, make(f"loop{next(NUMBERS)}"))
            return made
        attempt(ada.seats.ada, make(f"loop{next(NUMBERS)}"))
        ada.settle()
    return most


def serve(watched: Watched, machines: int) -> str:
    """Have ada make an endpoint of so many machines; its name."""
    service, method, request = endpoint_config(ADA, f"serve{next(NUMBERS)}")
    request["ProductionVariants"][0]["InitialInstanceCount"] = machines
    attempt(watched.seats.ada, (service, method, request))
    name: str = request["EndpointConfigName"]
    made = {"EndpointName": name, "EndpointConfigName": name, "Tags": tagged(ADA)}
    attempt(watched.seats.ada, ("sagemaker", "create_endpoint", made))
    watched.settle()
    return name


def test_an_endpoint_of_20_instances_freezes_its_seat_at_the_event(ada: Watched) -> None:
    assert ada.state["problems"] == []
    kinds = {"endpoint", "notebook", "processing", "training", "transform"}
    assert {*ada.spending["ben"]} == kinds
    name = serve(ada, 20)
    assert is_frozen(ada.root, ADA)
    assert name not in ada.running()


def test_an_endpoint_that_is_created_is_deleted_as_soon_as_aws_accepts_it(ada: Watched) -> None:
    ada.root.delays(endpoint=600)
    name = serve(ada, 20)
    assert is_frozen(ada.root, ADA)
    ada.pass_by()
    assert name in ada.running(), "AWS deletes no endpoint that it creates"
    ada.pass_by(2 * TICK)
    ada.root.delays(endpoint=0)


def test_a_loop_of_jobs_ends_at_the_one_that_is_too_much(ada: Watched) -> None:
    assert until_refused(ada, lambda name: training(ADA, name), 20) == 11


def test_of_50_tuning_jobs_those_go_on_that_fit(ada: Watched) -> None:
    """A tuning job costs by its training jobs; once it is stopped it starts no other."""
    assert until_refused(ada, lambda name: tuning(ADA, name), 50) == 11


@pytest.mark.parametrize("kind", ["processing", "training", "transform"])
def test_one_job_of_too_many_machines_freezes_at_its_event(ada: Watched, kind: str) -> None:
    made = {"processing": processing, "training": training, "transform": transform}[kind]
    service, method, request = made(ADA, f"large{next(NUMBERS)}")
    machines = {
        "processing": lambda: request["ProcessingResources"]["ClusterConfig"],
        "training": lambda: request["ResourceConfig"],
        "transform": lambda: request["TransformResources"],
    }[kind]()
    machines["InstanceCount"] = 11
    attempt(ada.seats.ada, (service, method, request))
    ada.settle()


def test_machines_that_are_kept_warm_count_and_are_let_go(ada: Watched) -> None:
    """A seat may not keep any by its policies: somebody else made the job for it."""
    _, _, request = training(ADA, f"warm{next(NUMBERS)}")
    request["ResourceConfig"] |= {"InstanceCount": 6, "KeepAlivePeriodInSeconds": 3600}
    client = ada.root.client("sagemaker")
    ada.root.delays(training=0)
    client.create_training_job(**request)
    ada.pass_by(timedelta(seconds=1))
    ada.root.delays(training=3600)
    ada.pass_by()
    assert not is_frozen(ada.root, ADA)
    service, method, more = training(ADA, f"beside{next(NUMBERS)}")
    more["ResourceConfig"]["InstanceCount"] = 5
    attempt(ada.seats.ada, (service, method, more))
    ada.settle()
    told = client.describe_training_job(TrainingJobName=request["TrainingJobName"])
    assert told["WarmPoolStatus"]["Status"] == "Terminated"


def test_what_stands_on_an_endpoint_goes_before_it(ada: Watched) -> None:
    """Made for the seat, as its own policies open neither components nor scaling nor AutoML."""
    client, name = ada.root.client("sagemaker"), f"hosts{next(NUMBERS)}"
    variant = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 8}
    client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], ExecutionRoleArn=ADA.role_arn
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tagged(ADA))
    ada.settle()
    component: dict[str, Any] = {
        "EndpointName": name,
        "VariantName": "all",
        "Specification": {
            "Container": {"Image": IMAGE},
            "ComputeResourceRequirements": NEEDS,
        },
        "RuntimeConfig": {"CopyCount": 1},
        "Tags": tagged(ADA),
    }
    client.create_inference_component(InferenceComponentName=name, **component)
    scaling = ada.root.client("application-autoscaling")
    for resource, dimension in (
        (f"endpoint/{name}/variant/all", "variant:DesiredInstanceCount"),
        (f"inference-component/{name}", "inference-component:DesiredCopyCount"),
    ):
        scaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=resource,
            ScalableDimension=f"sagemaker:{dimension}",
            MinCapacity=1,
            MaxCapacity=8,
        )
    ada.pass_by()
    assert not is_frozen(ada.root, ADA)
    serve(ada, 3)
    ada.pass_by()
    ada.pass_by()
    assert name not in ada.running()
    targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert targets == []


def test_an_endpoint_that_is_forgotten_over_night_is_gone_one_tick_after_the_cap(
    ada: Watched,
) -> None:
    """Nothing of the seat but the endpoint runs: 10 machines of 0.115 USD are 1.15 USD an hour."""
    before = sum(ada.spending["ada"].values())
    serve(ada, 10)
    left = (25 - before) / 1.15
    ada.pass_by(timedelta(hours=left - 0.05))
    assert sum(ada.spending["ada"].values()) == pytest.approx(25 - 0.05 * 1.15, abs=0.01)
    assert not is_frozen(ada.root, ADA)
    ada.pass_by()
    assert sum(ada.spending["ada"].values()) == pytest.approx(25 + (1 / 12 - 0.05) * 1.15, abs=0.01)
    told = json.loads(
        ada.root.client("s3")
        .get_object(Bucket=ADA.datasets_bucket, Key="workshop/inbox.json")["Body"]
        .read()
    )["messages"]
    assert {one["seats"][0] for one in told} == {"ada"}


def test_no_seat_makes_an_automl_job(watched: Watched) -> None:
    """Nothing would say what machines it has, nor how many."""
    data = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in/"}}}
    request = {
        "AutoMLJobName": f"{ADA.job_prefix}auto",
        "AutoMLJobInputDataConfig": [{"ChannelType": "training", **data}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{ADA.bucket('data')}/"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": ADA.role_arn,
        "Tags": tagged(ADA),
    }
    with pytest.raises(ClientError, match="AccessDenied"):
        watched.seats.ada.client("sagemaker").create_auto_ml_job_v2(**request)


def test_of_a_flood_of_events_what_is_old_is_left_to_the_tick_that_came_since() -> None:
    """SageMaker's listings are asked for what is fresh alone."""
    asked: list[str] = []

    class Client:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            raise AttributeError(name)

    ago = {minutes: datetime.now(UTC) - timedelta(minutes=minutes) for minutes in (1, 7)}
    detail = {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:1:training-job/demo-ada-fit"}
    settings = replace(SETTINGS, end="2099-12-31T17:00:00Z", budget=BUDGET)
    for minutes, wanted in ((7, []), (1, ["get_paginator"])):
        event = {"source": "aws.sagemaker", "detail": detail, "time": ago[minutes].isoformat()}
        with (
            mock.patch.object(Settings, "given", return_value=settings),
            mock.patch.dict(_CLIENTS, sagemaker=Client()),
            suppress(AttributeError),
        ):
            handler.handler(event, SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000))
        assert asked == wanted
