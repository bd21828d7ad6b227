"""Hyper-parameter tuning jobs, which create real training jobs.

As many run at a time as allowed, and the next begins when one has ended. To stop the tuning job
stops them; to delete it leaves them. Wordings are those the service is publicly known to answer,
except where said.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib
from typing import Any

from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker import paging
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
    hyperparameters,
    jobs,
    training,
    training_output,
    tuning_plan,
    warm_pool,
)

PARALLEL = (
    "Maximum number of training jobs each hyper parameter tuning job can run in parallel at once"
)
MOST_FAILURES = 5
"""Failed training jobs after which a tuning job without any success gives up."""


def _has_definitions(engine: SageMakerEngine, request: Members, members: Members) -> None:
    # Not measured on AWS.
    if ("TrainingJobDefinition" in members) == ("TrainingJobDefinitions" in members):
        raise invalid("Specify either TrainingJobDefinition or TrainingJobDefinitions")
    for definition in tuning_plan.definitions(members):
        if "TuningObjective" not in definition:
            raise invalid("An objective is required: it names the metric to tune")
        training.require_valid(engine, tuning_plan.request(definition, "first", {}))


def _fits_quotas(engine: SageMakerEngine, request: Members, members: Members) -> None:
    parallel = tuning_plan.limits(members)["MaxParallelTrainingJobs"]
    engine.quotas.require(jobs.SERVICE, {PARALLEL: parallel}, lambda _: 0.0)
    for definition in tuning_plan.definitions(members):
        fleet = training.machines({"ResourceConfig": tuning_plan.resources(definition)})
        spot = definition.get("EnableManagedSpotTraining", False)
        name = training.SPOT_QUOTA if spot else warm_pool.JOB_QUOTA
        asked = jobs.usage(
            [(instance_type, count * parallel) for instance_type, count in fleet],
            name,
            warm_pool.TOTAL,
        )
        engine.quotas.require(jobs.SERVICE, asked, engine.in_use)


def _launch(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Create training jobs until as many run as are allowed."""
    members = record["members"]
    definitions = tuning_plan.definitions(members)
    parallel = tuning_plan.limits(members)["MaxParallelTrainingJobs"]
    while not _is_over(engine, record) and len(children.running(engine, record)) < parallel:
        number = children.count(record)
        definition = definitions[number % len(definitions)]
        values = hyperparameters.chosen(
            definition.get("HyperParameterRanges", {}),
            members["HyperParameterTuningJobConfig"]["Strategy"],
            record["arn"],
            number,
        )
        salt = hashlib.sha256(f"{record['arn']}/{record['created']}/{number}".encode())
        name = f"{record['name']}-{number + 1:03}-{salt.hexdigest()[:8]}"
        request = {
            **tuning_plan.request(definition, name, values),
            "TuningJobArn": record["arn"],
            "Tags": [{"Key": key, "Value": value} for key, value in record["tags"].items()],
        }
        try:
            children.make(engine, record, training.KIND, request, moment)
        except ApiError as refusal:
            record["refusal"] = refusal.message
            return


def _is_over(engine: SageMakerEngine, record: Record) -> bool:
    """Whether there is no training job to come."""
    statuses = [job["status"] for job in children.of(engine, record, "TrainingJob")]
    hopeless = statuses.count("Failed") >= MOST_FAILURES and "Completed" not in statuses
    return hopeless or children.count(record) >= tuning_plan.number(record["members"])


def _waits(engine: SageMakerEngine, record: Record) -> bool:
    to_come = not _is_over(engine, record) and "refusal" not in record
    return to_come or bool(children.running(engine, record))


def _go_on(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """A training job has ended."""
    if record["status"] == "InProgress":
        record.pop("refusal", None)
        _launch(engine, record, moment)
    if record["status"] in jobs.RUNNING and not _waits_in(engine, record):
        children.pass_on(engine, KIND, record, moment)


def _waits_in(engine: SageMakerEngine, record: Record) -> bool:
    if record["status"] == "InProgress":
        return _waits(engine, record)
    return bool(children.running(engine, record))


def _fails(engine: SageMakerEngine, record: Record) -> str | None:
    found = children.of(engine, record, "TrainingJob")
    if any(job["status"] == "Completed" for job in found):
        return None
    if "refusal" in record:
        return str(record["refusal"])
    return (
        f"No training job succeeded after {len(found)} attempts. Please take a look at the "
        "training job failures to get more details."
    )


def _end(engine: SageMakerEngine, record: Record, moment: float) -> None:
    record["members"]["HyperParameterTuningEndTime"] = moment


def _summary(engine: SageMakerEngine, record: Record, job: Record) -> Members:
    """Return a tuning job's summary of one of its training jobs."""
    members = job["members"]
    place = record["children"].index(["TrainingJob", job["key"]])
    definitions = tuning_plan.definitions(record["members"])
    definition = definitions[place % len(definitions)]
    own = {"_tuning_objective_metric", *definition.get("StaticHyperParameters", {})}
    summary: Members = {
        "TrainingJobName": job["name"],
        "TrainingJobArn": job["arn"],
        "TuningJobName": record["name"],
        "TrainingJobDefinitionName": definition.get("DefinitionName"),
        "CreationTime": job["created"],
        "TrainingStartTime": training.JOB.started(engine, job, engine.clock.now()),
        "TrainingEndTime": members.get("TrainingEndTime"),
        "TrainingJobStatus": job["status"],
        "TunedHyperParameters": {
            name: value for name, value in members["HyperParameters"].items() if name not in own
        },
        "FailureReason": job["failure"],
        "ObjectiveStatus": _objective_status(job),
    }
    if job["status"] == "Completed":
        objective = definition["TuningObjective"]
        metric = objective["MetricName"]
        summary["FinalHyperParameterTuningJobObjectiveMetric"] = {
            **objective,
            "Value": training_output.score(job["name"], metric),
        }
    return {name: value for name, value in summary.items() if value is not None}


def _objective_status(job: Record) -> str:
    if job["status"] in jobs.RUNNING:
        return "Pending"
    return "Succeeded" if job["status"] == "Completed" else "Failed"


def _value(summary: Members) -> float:
    value: float = summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    return value


def _summaries(engine: SageMakerEngine, record: Record) -> list[Members]:
    return [_summary(engine, record, job) for job in children.of(engine, record, "TrainingJob")]


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    found = _summaries(engine, record)
    statuses = [summary["TrainingJobStatus"] for summary in found]
    objectives = [summary["ObjectiveStatus"] for summary in found]
    shown: Members = {
        "TrainingJobStatusCounters": {
            "Completed": statuses.count("Completed"),
            "InProgress": sum(status in jobs.RUNNING for status in statuses),
            "RetryableError": 0,
            "NonRetryableError": statuses.count("Failed"),
            "Stopped": statuses.count("Stopped"),
        },
        "ObjectiveStatusCounters": {
            status: objectives.count(status) for status in ("Succeeded", "Pending", "Failed")
        },
    }
    rated = [
        summary for summary in found if "FinalHyperParameterTuningJobObjectiveMetric" in summary
    ]
    if rated:
        objective = rated[0]["FinalHyperParameterTuningJobObjectiveMetric"]
        best = max if objective["Type"] == "Maximize" else min
        shown["BestTrainingJob"] = best(rated, key=_value)
    return shown


def list_training_jobs(engine: SageMakerEngine, request: Members) -> Members:
    """ListTrainingJobsForHyperParameterTuningJob: the children that still exist."""
    record = engine.existing(KIND, request)
    sort_by = request.get("SortBy", "Name")
    places: dict[str, Any] = {
        "Name": lambda summary: summary["TrainingJobName"],
        "CreationTime": lambda summary: summary["CreationTime"],
        "Status": lambda summary: summary["TrainingJobStatus"],
        "FinalObjectiveMetricValue": _value,
    }
    found = [
        summary
        for summary in _summaries(engine, record)
        if request.get("StatusEquals", summary["TrainingJobStatus"]) == summary["TrainingJobStatus"]
        and (
            sort_by != "FinalObjectiveMetricValue"
            or "FinalHyperParameterTuningJobObjectiveMetric" in summary
        )
    ]
    page, token = paging.cut(
        request, found, lambda summary: (places[sort_by](summary), summary["TrainingJobName"])
    )
    return {"TrainingJobSummaries": page, "NextToken": token}


def delete(engine: SageMakerEngine, request: Members) -> Members:
    """DeleteHyperParameterTuningJob; its ResourceNotFound is not in the service model."""
    engine.move(KIND, engine.existing(KIND, request), _DELETE)
    return {}


_DELETE = Move(
    "DeleteHyperParameterTuningJob", jobs.TERMINAL, "Deleting", refusal=jobs.NOT_TERMINAL
)

KIND = SageMakerResourceType(
    noun="HyperParameterTuningJob",
    words="tuning job",
    # Only its beginning is publicly known.
    missing="Amazon SageMaker can't find a tuning job with the name {name}.",
    missing_code="ResourceNotFound",
    duplicate=(
        "A hyperparameter tuning job with the name, {name}, already exists. Choose a different "
        "name."
    ),
    duplicate_code="ResourceInUse",
    operations={"delete": ""},
    sort_by="Name",
    descending=False,
    lowercase_arn=True,
    status="HyperParameterTuningJobStatus",
    first_status="InProgress",
    steps={
        "InProgress": TransitionStep("tuning", "Completed", blocked=_waits, fails=_fails),
        "Stopping": TransitionStep(
            "stopping",
            "Stopped",
            blocked=lambda engine, record: bool(children.running(engine, record)),
        ),
        "Deleting": TransitionStep("stopping", None),
    },
    moves=(
        Move(
            "StopHyperParameterTuningJob",
            ("InProgress",),
            "Stopping",
            # Worded as those of other jobs; not measured on AWS.
            refusal="The request was rejected because the tuning job is in status {status}.",
        ),
    ),
    derived=_derived,
    summarized={
        "Strategy": "HyperParameterTuningJobConfig.Strategy",
        "ResourceLimits": "HyperParameterTuningJobConfig.ResourceLimits",
    },
    on_create=(_has_definitions, _fits_quotas),
    on_enter={
        "InProgress": (_launch,),
        "Stopping": (children.stop,),
        **dict.fromkeys(jobs.TERMINAL, (_end,)),
    },
    on_child=_go_on,
)

OPERATIONS = {
    "DeleteHyperParameterTuningJob": delete,
    "ListTrainingJobsForHyperParameterTuningJob": list_training_jobs,
}
