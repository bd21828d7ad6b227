"""Experiments, their trials, and the trial components that jobs leave by themselves.

A component can belong to many trials; which ones is kept in its record as ``trials``. Everything
has to be taken apart before it goes: components from trials, trials from experiments. The wordings
of refusals are not measured on AWS; their codes are the service model's.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.protocol.errors import invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Filter, Members, Record, SageMakerResourceType

_NOT_FOUND = "ResourceNotFound"
_DUPLICATE = "{words} names must be unique within an AWS account and region. {arn} already exists."


def _experiment_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:
    engine.existing(EXPERIMENT, request)


def _listed_of_existing(engine: SageMakerEngine, request: Members) -> None:
    for kind in (EXPERIMENT, TRIAL, TRIAL_COMPONENT):
        if request.get(kind.name) is not None:
            engine.existing(kind, request)


def _has_no_trials(engine: SageMakerEngine, request: Members, members: Members) -> None:
    name = members["ExperimentName"]
    trials = [
        trial["name"]
        for trial in engine.records(TRIAL)
        if trial["members"]["ExperimentName"] == name
    ]
    if trials:
        raise invalid(
            f"Experiment '{name}' cannot be deleted: it still has trials ({', '.join(trials)})."
        )


def _has_no_components(engine: SageMakerEngine, request: Members, members: Members) -> None:
    name = members["TrialName"]
    components = _components(engine, engine.existing(TRIAL, {"TrialName": name}))
    if components:
        raise invalid(
            f"Trial '{name}' cannot be deleted: it still has trial components "
            f"({', '.join(components)})."
        )


def _is_in_no_trial(engine: SageMakerEngine, request: Members, members: Members) -> None:
    record = engine.existing(TRIAL_COMPONENT, request)
    if _trials(record):
        raise invalid(
            f"Trial component '{record['name']}' cannot be deleted: it is still associated with "
            f"trials ({', '.join(_trials(record))})."
        )


def _takes_away(engine: SageMakerEngine, request: Members, members: Members) -> None:
    """``ParametersToRemove`` and the like name entries of the map without that ending."""
    for asked in ("ParametersToRemove", "InputArtifactsToRemove", "OutputArtifactsToRemove"):
        entries = members.get(asked.removesuffix("ToRemove"), {})
        for name in members.pop(asked, []):
            entries.pop(name, None)


def _trials(component: Record) -> list[str]:
    return list(component.get("trials", []))


def _experiments(engine: SageMakerEngine, component: Record) -> list[str]:
    found = (engine.record(TRIAL, trial) for trial in _trials(component))
    return [trial["members"]["ExperimentName"] for trial in found if trial is not None]


def parents(engine: SageMakerEngine, component: Record) -> list[Members]:
    """Return the trials of a component with their experiments, as Search shows them."""
    trials = (engine.record(TRIAL, trial) for trial in _trials(component))
    return [
        {"TrialName": trial["name"], "ExperimentName": trial["members"]["ExperimentName"]}
        for trial in trials
        if trial is not None
    ]


def _components(engine: SageMakerEngine, trial: Record) -> list[str]:
    return [
        component["name"]
        for component in engine.records(TRIAL_COMPONENT)
        if trial["name"] in _trials(component)
    ]


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    metrics = [_summary(record, name, points) for name, points in _metrics(record).items()]
    return {"Metrics": metrics} if metrics else {}


def _summary(record: Record, name: str, points: list[list[float]]) -> Members:
    values = [value for value, _ in points]
    mean = sum(values) / len(values)
    return {
        "MetricName": name,
        "SourceArn": record["members"].get("Source", {}).get("SourceArn", record["arn"]),
        "TimeStamp": points[-1][1],
        "Max": max(values),
        "Min": min(values),
        "Last": values[-1],
        "Count": len(values),
        "Avg": mean,
        "StdDev": (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5,
    }


def _metrics(component: Record) -> Mapping[str, list[list[float]]]:
    """Metric name -> values in the order in which they came, each with its moment."""
    metrics: dict[str, list[list[float]]] = component.setdefault("metrics", {})
    return metrics


def put_metric(component: Record, name: str, value: float, moment: float) -> None:
    """Add one value of a metric to a trial component."""
    component.setdefault("metrics", {}).setdefault(name, []).append([value, moment])


def associate(engine: SageMakerEngine, request: Members) -> Members:
    """AssociateTrialComponent: a component joins a trial, once."""
    component = engine.existing(TRIAL_COMPONENT, request)
    trial = engine.existing(TRIAL, request)
    component["trials"] = [*_trials(component)] + (
        [] if trial["name"] in _trials(component) else [trial["name"]]
    )
    return {"TrialComponentArn": component["arn"], "TrialArn": trial["arn"]}


def disassociate(engine: SageMakerEngine, request: Members) -> Members:
    """DisassociateTrialComponent: it leaves one; refused if it is not in it."""
    component = engine.existing(TRIAL_COMPONENT, request)
    trial = engine.existing(TRIAL, request)
    if trial["name"] not in _trials(component):
        raise invalid(
            f"Trial component '{component['name']}' is not associated with trial '{trial['name']}'."
        )
    component["trials"] = [name for name in _trials(component) if name != trial["name"]]
    return {"TrialComponentArn": component["arn"], "TrialArn": trial["arn"]}


def _source_arn(engine: SageMakerEngine, component: Record) -> Any:
    return component["members"].get("Source", {}).get("SourceArn")


EXPERIMENT = SageMakerResourceType(
    noun="Experiment",
    words="Experiment",
    missing="Experiment '{name}' does not exist.",
    missing_code=_NOT_FOUND,
    duplicate=_DUPLICATE.replace("{words}", "Experiment"),
    lowercase_arn=True,
    summarized={"ExperimentSource": "Source"},
    on_delete=(_has_no_trials,),
)

TRIAL = SageMakerResourceType(
    noun="Trial",
    arn_type="experiment-trial",
    words="Trial",
    missing="Trial '{name}' does not exist.",
    missing_code=_NOT_FOUND,
    duplicate=_DUPLICATE.replace("{words}", "Trial"),
    lowercase_arn=True,
    summarized={"TrialSource": "Source"},
    filters={
        "ExperimentName": Filter("ExperimentName"),
        "TrialComponentName": Filter(
            "", of=_components, accepts=lambda components, asked: asked in components
        ),
    },
    on_list=(_listed_of_existing,),
    on_create=(_experiment_exists,),
    on_delete=(_has_no_components,),
)

TRIAL_COMPONENT = SageMakerResourceType(
    noun="TrialComponent",
    arn_type="experiment-trial-component",
    words="Trial component",
    missing="Trial component '{name}' does not exist.",
    missing_code=_NOT_FOUND,
    duplicate=_DUPLICATE.replace("{words}", "Trial component"),
    lowercase_arn=True,
    derived=_derived,
    summarized={"TrialComponentSource": "Source"},
    filters={
        "TrialName": Filter("", of=lambda _, trial: _trials(trial), accepts=lambda of, a: a in of),
        "ExperimentName": Filter("", of=_experiments, accepts=lambda of, a: a in of),
        "SourceArn": Filter("", of=_source_arn),
    },
    on_list=(_listed_of_existing,),
    on_update=(_takes_away,),
    on_delete=(_is_in_no_trial,),
)

KINDS = (EXPERIMENT, TRIAL, TRIAL_COMPONENT)

OPERATIONS = {"AssociateTrialComponent": associate, "DisassociateTrialComponent": disassociate}
