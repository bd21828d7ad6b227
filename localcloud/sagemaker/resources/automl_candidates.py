"""What an AutoML job looks for, and the candidates it has tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.sagemaker.resources import children, jobs, training_output

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine
    from localcloud.sagemaker.resource_type import Members, Record

_ENDING = "JobConfig"
_USUAL = {"Tabular": "F1", "TimeSeriesForecasting": "AverageWeightedQuantileLoss"}
_BEST_IS_LEAST = {"MSE", "RMSE", "MAE", "MAPE", "MASE", "WAPE", "AverageWeightedQuantileLoss"}


def problem(members: Members) -> str:
    """Give the kind of problem, such as ``Tabular``."""
    return str(next(iter(members["AutoMLProblemTypeConfig"]))).removesuffix(_ENDING)


def criteria(members: Members) -> Members:
    """Give what ends a job."""
    (config,) = members["AutoMLProblemTypeConfig"].values()
    given: Members = config.get("CompletionCriteria", {})
    return given


def objective(members: Members) -> str:
    """Give the metric by which candidates are rated."""
    given = members.get("AutoMLJobObjective", {}).get("MetricName")
    return str(given or _USUAL.get(problem(members), "Accuracy"))


def _candidate(record: Record, job: Record, steps: list[Members]) -> Members:
    candidate: Members = {
        "CandidateName": job["name"],
        "CandidateStatus": job["status"],
        "ObjectiveStatus": "Pending" if job["status"] in jobs.RUNNING else "Failed",
        "CandidateSteps": steps,
        "CreationTime": job["created"],
        "LastModifiedTime": job["modified"],
    }
    if job["status"] not in jobs.RUNNING:
        candidate["EndTime"] = job["members"]["TrainingEndTime"]
    if job["failure"]:
        candidate["FailureReason"] = job["failure"]
    if job["status"] == "Completed":
        metric = objective(record["members"])
        candidate |= {
            "ObjectiveStatus": "Succeeded",
            "FinalAutoMLJobObjectiveMetric": {
                "Type": "Minimize" if metric in _BEST_IS_LEAST else "Maximize",
                "MetricName": metric,
                "Value": training_output.score(job["name"], metric),
            },
            "InferenceContainers": [
                {
                    "Image": job["members"]["AlgorithmSpecification"]["TrainingImage"],
                    "ModelDataUrl": training_output.model_uri(job),
                }
            ],
        }
    return candidate


def candidates(engine: SageMakerEngine, record: Record) -> list[Members]:
    """Give the candidates of a job, oldest first."""
    analysis = [_step(one, "Processing") for one in children.of(engine, record, "ProcessingJob")]
    return [
        _candidate(record, one, [*analysis, _step(one, "Training")])
        for one in children.of(engine, record, "TrainingJob")
        # A candidate has no such status; the job is gone soon.
        if one["status"] != "Deleting"
    ]


def _step(job: Record, what: str) -> Members:
    return {
        "CandidateStepType": f"AWS::SageMaker::{what}Job",
        "CandidateStepArn": job["arn"],
        "CandidateStepName": job["name"],
    }


def value(candidate: Members) -> float:
    """Give the objective of a candidate that has one."""
    final: float = candidate["FinalAutoMLJobObjectiveMetric"]["Value"]
    return final


def best(found: list[Members]) -> Members | None:
    """Give the best of some candidates, None if none of them has ended well."""
    rated = [one for one in found if "FinalAutoMLJobObjectiveMetric" in one]
    if not rated:
        return None
    least = rated[0]["FinalAutoMLJobObjectiveMetric"]["Type"] == "Minimize"
    return (min if least else max)(rated, key=value)
