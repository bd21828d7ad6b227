"""Which training jobs a tuning job makes: how many, on what, with which request."""

from __future__ import annotations

from localcloud.sagemaker.resource_type import Members
from localcloud.sagemaker.resources import hyperparameters

USUAL_NUMBER = 10
"""Training jobs of a tuning job that says no number (not measured on AWS)."""

_PASSED_ON = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)


def definitions(members: Members) -> list[Members]:
    """Return the definitions of training jobs, each with its own objective and ranges."""
    config = members["HyperParameterTuningJobConfig"]
    single = members.get("TrainingJobDefinition")
    if single is None:
        return list(members.get("TrainingJobDefinitions", []))
    shared = {
        "TuningObjective": config.get("HyperParameterTuningJobObjective"),
        "HyperParameterRanges": config.get("ParameterRanges", {}),
    }
    return [{**{name: value for name, value in shared.items() if value is not None}, **single}]


def limits(members: Members) -> Members:
    """Return the limits of training jobs, in total and at a time."""
    given: Members = members["HyperParameterTuningJobConfig"]["ResourceLimits"]
    return given


def number(members: Members) -> int:
    """Return the largest number of training jobs."""
    config = members["HyperParameterTuningJobConfig"]
    if config["Strategy"] != "Grid":
        return int(limits(members).get("MaxNumberOfTrainingJobs", USUAL_NUMBER))
    ranges = (definition.get("HyperParameterRanges", {}) for definition in definitions(members))
    return min(map(hyperparameters.combinations, ranges))


def resources(definition: Members) -> Members:
    """Return the machines of a definition as CreateTrainingJob takes them."""
    config = definition.get("ResourceConfig")
    if config is not None:
        return {name: value for name, value in config.items() if name != "KeepAlivePeriodInSeconds"}
    tuned = dict(definition.get("HyperParameterTuningResourceConfig", {}))
    tuned.pop("AllocationStrategy", None)
    preferred: Members = next(iter(tuned.pop("InstanceConfigs", [])), {})
    return {**tuned, **preferred}


def request(definition: Members, name: str, values: dict[str, str]) -> Members:
    """Return the request that makes one training job."""
    metric = definition.get("TuningObjective", {}).get("MetricName")
    return {
        **{member: definition[member] for member in _PASSED_ON if member in definition},
        "TrainingJobName": name,
        "ResourceConfig": resources(definition),
        "HyperParameters": {
            **definition.get("StaticHyperParameters", {}),
            **values,
            **({"_tuning_objective_metric": metric} if metric else {}),
        },
    }
