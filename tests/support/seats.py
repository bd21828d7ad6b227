"""Two seats in a local cloud that enforces IAM, and requests that make things of a seat's own."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.assemblies import Synthesized, shipped, synthesize
from tests.support.local_cloud import IAM, Cloud, started
from tests.support.usual_stacks import USUAL_STACKS
from workshop.config.models import Environment
from workshop.naming import Names

ADA, BEN = (Names("demo", seat, "000000000000", "us-east-1") for seat in ("ada", "ben"))
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/demo/any/training:1"
LOGS = "/aws/sagemaker/TrainingJobs"

Case = tuple[str, str, dict[str, Any]]
"""A client, its method, and the request."""


@dataclass(frozen=True)
class Seats:
    """The organiser's view of the cloud, and that of two seats' notebooks."""

    root: Cloud
    ada: Cloud
    ben: Cloud


def attempt(cloud: Cloud, case: Case, region: str = "") -> Any:
    service, method, request = case
    return getattr(cloud.client(service, region=region), method)(**request)


def tagged(names: Names) -> list[dict[str, str]]:
    return [
        {"Key": "workshop", "Value": names.workshop},
        {"Key": "attendee", "Value": names.seat},
    ]


def training(names: Names, name: str = "made", **more: Any) -> Case:
    return (
        "sagemaker",
        "create_training_job",
        {
            "TrainingJobName": f"{names.job_prefix}{name}",
            "RoleArn": names.role_arn,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{names.bucket('data')}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "Tags": tagged(names),
            **more,
        },
    )


def model(names: Names, name: str = "made", **more: Any) -> Case:
    request = {
        "ModelName": f"{names.job_prefix}{name}",
        "ExecutionRoleArn": names.role_arn,
        "PrimaryContainer": {"Image": IMAGE},
        "Tags": tagged(names),
    }
    return "sagemaker", "create_model", {**request, **more}


def endpoint_config(names: Names, name: str = "made", served: str = "own", **more: Any) -> Case:
    variant = {
        "VariantName": "all",
        "ModelName": f"{names.job_prefix}own" if served == "own" else served,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    request = {
        "EndpointConfigName": f"{names.job_prefix}{name}",
        "ProductionVariants": [variant],
        "Tags": tagged(names),
        **more,
    }
    return "sagemaker", "create_endpoint_config", request


def endpoint(names: Names, config: Names, name: str = "made") -> Case:
    request = {
        "EndpointName": f"{names.job_prefix}{name}",
        "EndpointConfigName": f"{config.job_prefix}own",
        "Tags": tagged(names),
    }
    return "sagemaker", "create_endpoint", request


def experiment(names: Names, name: str = "made") -> Case:
    request = {"ExperimentName": f"{names.job_prefix}{name}", "Tags": tagged(names)}
    return "sagemaker", "create_experiment", request


def package_group(names: Names, name: str = "made") -> Case:
    request = {"ModelPackageGroupName": f"{names.job_prefix}{name}", "Tags": tagged(names)}
    return "sagemaker", "create_model_package_group", request


def processing(names: Names, name: str = "made") -> Case:
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    request = {
        "ProcessingJobName": f"{names.job_prefix}{name}",
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": IMAGE},
        "RoleArn": names.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": tagged(names),
    }
    return "sagemaker", "create_processing_job", request


def transform(names: Names, name: str = "made", **more: Any) -> Case:
    data = f"s3://{names.bucket('data')}"
    request = {
        "TransformJobName": f"{names.job_prefix}{name}",
        "ModelName": f"{names.job_prefix}own",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{data}/own"}}
        },
        "TransformOutput": {"S3OutputPath": f"{data}/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "Tags": tagged(names),
    }
    return "sagemaker", "create_transform_job", {**request, **more}


def tuning(names: Names, name: str = "made", **more: Any) -> Case:
    _, _, job = training(names)
    parts = ("AlgorithmSpecification", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    request = {
        "HyperParameterTuningJobName": f"{names.job_prefix}{name}",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
        },
        "TrainingJobDefinition": {
            "RoleArn": names.role_arn,
            **{part: job[part] for part in parts},
            **more,
        },
        "Tags": tagged(names),
    }
    return "sagemaker", "create_hyper_parameter_tuning_job", request


def package(names: Names, name: str = "own") -> Case:
    """Give a version of a model in a group of the seat's."""
    served = {
        "Containers": [{"Image": IMAGE}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {
        "ModelPackageGroupName": f"{names.job_prefix}{name}",
        "InferenceSpecification": served,
    }
    return "sagemaker", "create_model_package", request


def execution(names: Names) -> Case:
    request = {"PipelineName": f"{names.job_prefix}own", "ClientRequestToken": "1" * 32}
    return "sagemaker", "start_pipeline_execution", request


def image(names: Names, tag: str = "1", **more: str) -> Case:
    request = {
        "repositoryName": names.repository("training"),
        "imageManifest": json.dumps({"schemaVersion": 2, **more}),
        "imageTag": tag,
    }
    return "ecr", "put_image", request


def reading(names: Names) -> Case:
    """Give a reading of the metric ``train:loss`` of a job of the seat's."""
    host = {"Name": "Host", "Value": f"{names.job_prefix}own/algo-1"}
    datum = {"MetricName": "train:loss", "Dimensions": [host], "Value": 0.5}
    return "cloudwatch", "put_metric_data", {"Namespace": LOGS, "MetricData": [datum]}


def pipeline(names: Names, name: str = "made") -> Case:
    request = {
        "PipelineName": f"{names.job_prefix}{name}",
        "PipelineDefinition": json.dumps({"Version": "2020-12-01", "Steps": []}),
        "ClientRequestToken": "0" * 32,
        "RoleArn": names.role_arn,
        "Tags": tagged(names),
    }
    return "sagemaker", "create_pipeline", request


def owned(names: Names) -> list[Case]:
    """What each seat makes of its own before the cases begin; all of it is called ``own``."""
    stream = {"logGroupName": LOGS, "logStreamName": f"{names.job_prefix}own/log"}
    line = {"timestamp": int(time.time() * 1000), "message": "an own line"}
    trial = {
        "TrialName": f"{names.job_prefix}own",
        "ExperimentName": f"{names.job_prefix}tried",
        "Tags": tagged(names),
    }
    component = {"TrialComponentName": f"{names.job_prefix}own", "Tags": tagged(names)}
    return [
        ("s3", "put_object", {"Bucket": names.bucket("data"), "Key": "own", "Body": b"1"}),
        training(names, "own"),
        model(names, "own"),
        endpoint_config(names, "own"),
        endpoint(names, names, "own"),
        experiment(names, "own"),
        ("sagemaker", "create_trial_component", component),
        experiment(names, "tried"),
        ("sagemaker", "create_trial", trial),
        package_group(names, "own"),
        processing(names, "own"),
        pipeline(names, "own"),
        transform(names, "own"),
        tuning(names, "own"),
        package(names),
        execution(names),
        image(names, "own"),
        ("logs", "create_log_stream", stream),
        ("logs", "put_log_events", {**stream, "logEvents": [line]}),
        reading(names),
    ]


@cache
def registering() -> Synthesized:
    """The shipped environment ``demo``, where seats may register models besides."""
    loaded = shipped("demo").loaded
    settings = loaded.settings.model_dump(mode="json")
    for profile in settings["profiles"].values():
        profile["access"]["model_packages"] = True
    opened = dataclasses.replace(loaded, settings=Environment.model_validate(settings))
    return synthesize(opened, [ADA.seat])


SHARED = [
    {"Key": "workshop", "Value": "demo"},
    {"Key": "environment", "Value": "demo"},
    {"Key": "managed-by", "Value": "workshop-provisioner"},
]
"""The tags by which the stacks of all seats are known to be the workshop's."""


SAMPLES = "sample-files-of-others"
"""A bucket of another account that anybody may read."""


@cache
def opened() -> Synthesized:
    """The same with everything open that keys of the YAML open within the cell."""
    loaded = shipped("demo").loaded
    settings = loaded.settings.model_dump(mode="json")
    for profile in settings["profiles"].values():
        profile["mlflow"] = "app"
        profile["access"] |= {
            "autoscaling": True,
            "feature_store": True,
            "model_packages": True,
            "public_buckets": [SAMPLES],
            "serverless": {"max_concurrency": 5, "memory_mb": 2048},
            "warm_pools": 10,
        }
    return synthesize(
        dataclasses.replace(loaded, settings=Environment.model_validate(settings)), [ADA.seat]
    )


@contextmanager
def two_seats(
    state_dir: Path, made_of: Callable[[], Synthesized] = registering, /, **delays: float
) -> Iterator[Seats]:
    """Deploy them from the templates that CDK writes, each with things of its own.

    ``delays`` are seconds of named transitions, for those that a test needs otherwise.
    """
    # Jobs run until the end, so that they can be stopped; all else is there at once.
    jobs = dict.fromkeys(("training", "processing", "transform", "tuning"), 3600.0)
    quick = dict.fromkeys(("notebook", "endpoint", "pipeline", "model_package", "tick"), 0.0)
    with started(state_dir, {**jobs, **quick, **delays}, enforce_iam=True) as root:
        text = made_of().text
        for shared in ("demo-cohort", "demo-cohort-start"):
            assert root.deploy(shared, text(shared), Tags=SHARED, **IAM) == "CREATE_COMPLETE"
        for names in (ADA, BEN):
            seat = {"Parameters": [{"ParameterKey": "AttendeeId", "ParameterValue": names.seat}]}
            for kind in USUAL_STACKS:
                status = root.deploy(names.stack(kind), text(ADA.stack(kind)), **seat, **IAM)
                assert status == "CREATE_COMPLETE", root.reasons(names.stack(kind), "CREATE_FAILED")
        root.client("logs").create_log_group(logGroupName=LOGS)
        made = Seats(root, root.as_role(ADA.role_arn), root.as_role(BEN.role_arn))
        for names, cloud in ((ADA, made.ada), (BEN, made.ben)):
            for case in owned(names):
                attempt(cloud, case)
        yield made
