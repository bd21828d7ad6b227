"""Whatever type of resource a seat can have is known to every room that has to know it.

One list for all rooms; that it is whole, the policies of a seat with everything open say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.iam import reference
from localcloud.protocol.errors import NOT_PLAYED
from localcloud.sagemaker.service import KINDS
from tests.support.local_cloud import Cloud
from tests.support.seats import ADA
from workshop.access.permissions import AccessQuestion, cell
from workshop.config.models import Environment
from workshop.pricing import amounts
from workshop.status import collector
from workshop.teardown import resources
from workshop.watch import machines


@dataclass(frozen=True)
class MadeType:
    """A type of resource: the action that makes it, and its name in a teardown.

    ``billed`` is how: a kind of the bill, words of what the bill says that it leaves out, or empty
    where having it costs nothing.
    """

    action: str
    teardown: str
    billed: str
    listing: tuple[str, dict[str, Any]]

    @property
    def service(self) -> str:
        return self.action.partition(":")[0]

    @property
    def noun(self) -> str:
        return self.action.partition(":Create")[2]


def sagemaker(noun: str, teardown: str, billed: str = "", listing: str = "") -> MadeType:
    return MadeType(f"sagemaker:Create{noun}", teardown, billed, (listing, {}))


SCALED: dict[str, Any] = {"ServiceNamespace": "sagemaker"}
TYPES = (
    sagemaker("TrainingJob", "training job", amounts.TRAINING, "list_training_jobs"),
    sagemaker(
        "HyperParameterTuningJob",
        "tuning job",
        amounts.TRAINING,
        "list_hyper_parameter_tuning_jobs",
    ),
    sagemaker("ProcessingJob", "processing job", amounts.PROCESSING, "list_processing_jobs"),
    sagemaker("TransformJob", "transform job", amounts.TRANSFORM, "list_transform_jobs"),
    sagemaker("Endpoint", "endpoint", amounts.ENDPOINT, "list_endpoints"),
    # Its machines are those of its endpoint.
    sagemaker(
        "InferenceComponent", "inference component", amounts.ENDPOINT, "list_inference_components"
    ),
    sagemaker("EndpointConfig", "endpoint configuration", "", "list_endpoint_configs"),
    sagemaker("Model", "model", "", "list_models"),
    sagemaker("ModelPackage", "model package", "", "list_model_packages"),
    sagemaker("ModelPackageGroup", "model package group", "", "list_model_package_groups"),
    sagemaker("Pipeline", "pipeline", "", "list_pipelines"),
    sagemaker("Experiment", "experiment", "", "list_experiments"),
    sagemaker("Trial", "trial", "", "list_trials"),
    sagemaker("TrialComponent", "trial component", "", "list_trial_components"),
    sagemaker("Artifact", "artifact", "", "list_artifacts"),
    sagemaker("Context", "context", "", "list_contexts"),
    sagemaker("Action", "action", "", "list_actions"),
    sagemaker("FeatureGroup", "feature group", "feature stores", "list_feature_groups"),
    # Made by a seat's stack, if the YAML says so; its artifacts are objects.
    sagemaker("MlflowApp", "MLflow App", "", "list_mlflow_apps"),
    MadeType("glue:CreateTable", "feature table", "", ("get_databases", {})),
    MadeType("ecr:CreateRepository", "repository", "ECR", ("describe_repositories", {})),
    MadeType("cloudwatch:PutMetricAlarm", "alarm", "alarms", ("describe_alarms", {})),
    MadeType(
        "application-autoscaling:RegisterScalableTarget",
        "scalable target",
        amounts.ENDPOINT,
        ("describe_scalable_targets", SCALED),
    ),
)
BY_STACK_OR_SERVICE = {"sagemaker:CreateMlflowApp", "glue:CreateTable"}
"""What no seat makes by itself."""
NOT_MADE = {
    "sagemaker:CreatePresignedMlflowAppUrl",
    "sagemaker:CreatePresignedMlflowTrackingServerUrl",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
}
"""Actions whose names say that they make something, and that only give an address."""
each_type = pytest.mark.parametrize("made", TYPES, ids=[one.action for one in TYPES])
OPEN = {
    "workshop": "demo",
    "account": ADA.account,
    "region": ADA.region,
    "start": "2026-01-01T09:00:00Z",
    "end": "2099-12-31T17:00:00Z",
    "roster": {"file": "rosters/demo.csv"},
    "profiles": {
        "attendee": {
            "mlflow": "app",
            "access": {
                "autoscaling": True,
                "feature_store": True,
                "model_packages": True,
                "serverless": {"max_concurrency": 5, "memory_mb": 2048},
                "warm_pools": 10,
            },
        }
    },
}


def can_make(action: str) -> bool:
    """Whether a seat with everything open may do it to something with its name and tags."""
    settings = Environment.model_validate(OPEN)
    own = {"attendee": ADA.seat, "workshop": ADA.workshop}
    context: dict[str, str | list[str]] = {"aws:RequestedRegion": ADA.region}
    for key, value in own.items():
        context |= {f"aws:RequestTag/{key}": value, f"aws:ResourceTag/{key}": value}
    context |= {"sagemaker:MaxRuntimeInSeconds": "60"}
    kinds = reference.load().actions[action.partition(":")[2]].types or ("thing",)
    for machine in ({"sagemaker:InstanceTypes": ["ml.m5.large"]}, {}):
        for kind in kinds:
            arn = ADA.sagemaker_arn(kind, f"{ADA.job_prefix}x")
            question = AccessQuestion(action, arn, {**context, **machine})
            if cell(ADA, settings.profiles["attendee"], settings).decide(question).allowed:
                return True
    return False


def test_the_list_has_every_type_that_a_seat_with_everything_open_can_make() -> None:
    creating = {
        f"sagemaker:{name}" for name in reference.load().actions if name.startswith("Create")
    }
    made = {action for action in creating if can_make(action)} - NOT_MADE
    listed = {one.action for one in TYPES if one.service == "sagemaker"} - BY_STACK_OR_SERVICE
    assert made == listed


@each_type
def test_the_local_cloud_has_it(made: MadeType, running_cloud: Cloud) -> None:
    operation, request = made.listing
    answer = getattr(running_cloud.client(made.service), operation)(**request)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert NOT_PLAYED not in str(answer)
    if made.service == "sagemaker":
        assert made.noun in {kind.noun for kind in KINDS}


@each_type
def test_a_teardown_finds_it(made: MadeType) -> None:
    assert made.teardown in {one.name for one in resources.ALL}


@each_type
def test_what_it_costs_is_in_the_bill_or_said_not_to_be(made: MadeType) -> None:
    assert made.billed in amounts.BILLED or made.billed in amounts.NOT_IN_IT


BY_THE_HOUR = [one for one in TYPES if one.billed in amounts.BILLED]


@pytest.mark.parametrize("made", BY_THE_HOUR, ids=[one.action for one in BY_THE_HOUR])
def test_what_bills_by_the_hour_is_shown_by_the_status_and_stopped_by_the_watch(
    made: MadeType,
) -> None:
    shown = {listing.noun for listing in collector.LISTINGS.values()}
    stopped = {noun for noun, _ in machines.JOBS} | {"Endpoint"}
    # What hangs on an endpoint goes with it.
    noun = made.noun if made.noun not in ("", "InferenceComponent") else "Endpoint"
    assert noun in shown & stopped
