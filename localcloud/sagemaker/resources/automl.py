"""AutoML jobs (version 2) and the resources that they create.

One processing job looks at the data, then training jobs try candidates, and a model is left: what a
teardown has to find. Candidates are not listed. The job can be stopped, and its jobs with it, but
never deleted. Wordings are those the service is publicly known to answer, except where said.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib

from localcloud import ministack_adapter
from localcloud.protocol.errors import ApiError
from localcloud.sagemaker import objects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import (
    children,
    jobs,
    model,
    processing,
    training,
    training_output,
)

MACHINE = {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50}
"""What its jobs run on; no request chooses it."""

MOST_CANDIDATES = 2
"""Candidates that are tried here, if no fewer are asked for; on AWS it can be 250."""


def _name(record: Record, part: str) -> str:
    """Return the name of something that a job makes."""
    salt = hashlib.sha256(f"{record['arn']}/{record['created']}/{part}".encode())
    return f"{record['name']}-{part}-{salt.hexdigest()[:8]}"


def _below(record: Record, *parts: str) -> str:
    output = record["members"]["OutputDataConfig"]["S3OutputPath"]
    return objects.under(output, record["name"], *parts)


def _image(name: str) -> str:
    registry = f"{ministack_adapter.account()}.dkr.ecr.{ministack_adapter.region()}.amazonaws.com"
    return f"{registry}/{name}:2.5-1-cpu-py3"


def _shared(record: Record) -> Members:
    return {
        "RoleArn": record["members"]["RoleArn"],
        "AutoMLJobArn": record["arn"],
        "Tags": [{"Key": key, "Value": value} for key, value in record["tags"].items()],
    }


def _analyse(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Make the processing job that looks at the data."""
    sources = [
        channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in record["members"]["AutoMLJobInputDataConfig"]
        if "DataSource" in channel
    ]
    request = {
        **_shared(record),
        "ProcessingJobName": _name(record, "pr-1"),
        "ProcessingResources": {"ClusterConfig": MACHINE},
        "AppSpecification": {"ImageUri": _image("sagemaker-automl")},
        "ProcessingInputs": [
            {"InputName": f"data-{number}", "S3Input": {"S3Uri": uri, "S3DataType": "S3Prefix"}}
            for number, uri in enumerate(sources, 1)
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": _below(record, "sagemaker-automl-candidates"),
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }
    _make(engine, record, processing.KIND, request, moment)


def _train(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Make the training jobs that try candidates."""
    (config,) = record["members"]["AutoMLProblemTypeConfig"].values()
    limit = config.get("CompletionCriteria", {}).get("MaxCandidates", MOST_CANDIDATES)
    for number in range(min(limit, MOST_CANDIDATES)):
        request = {
            **_shared(record),
            "TrainingJobName": _name(record, f"dpp{number}-1"),
            "AlgorithmSpecification": {
                "TrainingImage": _image("sagemaker-xgboost"),
                "TrainingInputMode": "File",
            },
            "OutputDataConfig": {"S3OutputPath": _below(record, "tuning")},
            "ResourceConfig": MACHINE,
        }
        _make(engine, record, training.KIND, request, moment)


def _make(
    engine: SageMakerEngine,
    record: Record,
    kind: SageMakerResourceType,
    request: Members,
    moment: float,
) -> None:
    try:
        children.make(engine, record, kind, request, moment)
    except ApiError as refusal:
        record["refusal"] = refusal.message


def _go_on(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """One of its jobs has ended."""
    if record["status"] == "InProgress" and not children.of(engine, record, "TrainingJob"):
        (analysis,) = children.of(engine, record, "ProcessingJob")
        if analysis["status"] == "Completed":
            _train(engine, record, moment)
    if record["status"] in jobs.RUNNING and not children.running(engine, record):
        children.pass_on(engine, KIND, record, moment)


def _waits(engine: SageMakerEngine, record: Record) -> bool:
    return bool(children.running(engine, record))


def _fails(engine: SageMakerEngine, record: Record) -> str | None:
    ended = children.of(engine, record)
    if any(map(_succeeded, children.of(engine, record, "TrainingJob"))):
        return None
    reasons = [job["failure"] for job in ended if job["failure"]]
    # Not measured on AWS.
    return str(record.get("refusal") or next(iter(reasons), "No candidate succeeded"))


def _leave_model(engine: SageMakerEngine, record: Record, moment: float) -> None:
    best = next(job for job in children.of(engine, record, "TrainingJob") if _succeeded(job))
    request = {
        "ModelName": _name(record, "dpp0-model"),
        "ExecutionRoleArn": record["members"]["RoleArn"],
        "PrimaryContainer": {
            "Image": best["members"]["AlgorithmSpecification"]["TrainingImage"],
            "ModelDataUrl": training_output.model_uri(best),
        },
    }
    try:
        engine.create(model.KIND, request, moment)
    except ApiError as refusal:
        reasons = [{"PartialFailureMessage": refusal.message}]
        record["members"]["PartialFailureReasons"] = reasons


def _succeeded(job: Record) -> bool:
    return bool(job["status"] == "Completed")


def _end(engine: SageMakerEngine, record: Record, moment: float) -> None:
    record["members"]["EndTime"] = moment


def _secondary(engine: SageMakerEngine, record: Record) -> str:
    if record["status"] != "InProgress":
        return str(record["status"])
    if children.of(engine, record, "TrainingJob"):
        return "ModelTuning"
    started = (
        processing.JOB.started(engine, job, engine.clock.now())
        for job in children.of(engine, record, "ProcessingJob")
    )
    return "AnalyzingData" if any(started) else "Starting"


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    problem = next(iter(record["members"]["AutoMLProblemTypeConfig"]))
    return {
        "AutoMLJobSecondaryStatus": _secondary(engine, record),
        "AutoMLProblemTypeConfigName": problem.removesuffix("JobConfig"),
    }


KIND = SageMakerResourceType(
    noun="AutoMLJob",
    arn_type="automl-job",
    words="AutoML job",
    missing="Amazon SageMaker can't find an AutoML job called {name}.",
    missing_code="ResourceNotFound",
    # Worded as that of tuning jobs; not measured on AWS.
    duplicate="An AutoML job with the name, {name}, already exists. Choose a different name.",
    duplicate_code="ResourceInUse",
    operations={"create": "CreateAutoMLJobV2", "describe": "DescribeAutoMLJobV2"},
    sort_by="Name",
    status="AutoMLJobStatus",
    first_status="InProgress",
    steps={
        "InProgress": TransitionStep("automl", "Completed", blocked=_waits, fails=_fails),
        "Stopping": TransitionStep("stopping", "Stopped", blocked=_waits),
    },
    moves=(
        Move(
            "StopAutoMLJob",
            ("InProgress",),
            "Stopping",
            # Worded as those of other jobs; not measured on AWS.
            refusal="The request was rejected because the AutoML job is in status {status}.",
        ),
    ),
    derived=_derived,
    on_create=(jobs.role_is_assumable,),
    on_enter={
        "InProgress": (_analyse,),
        "Stopping": (children.stop,),
        "Completed": (_leave_model, _end),
        "Failed": (_end,),
        "Stopped": (_end,),
    },
    on_child=_go_on,
    uses=lambda _: {"Maximum number of concurrent AutoML Jobs": 1.0},
    live=jobs.RUNNING,
)
