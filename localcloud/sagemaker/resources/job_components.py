"""The trial component that a job leaves by itself, and the trial it joins.

Nothing happens where the local cloud has no such kinds.
"""

from __future__ import annotations

from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record
from localcloud.sagemaker.resources import experiments


def trial_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:  # noqa: ARG001
    """Refuse an ExperimentConfig that names an experiment or a trial which is not there."""
    for noun, member in (("Experiment", "ExperimentName"), ("Trial", "TrialName")):
        name = request.get("ExperimentConfig", {}).get(member)
        if name is not None and noun in engine.kinds:
            engine.existing(engine.kinds[noun], {member: name})


def note_job(
    engine: SageMakerEngine, record: Record, suffix: str, source: str, moment: float
) -> None:
    """Record the job's status in ``<job>-aws-<suffix>``, which is created if missing.

    ``source`` is the type of job as the component's source names it, such as
    ``SageMakerTrainingJob``.
    """
    kind = engine.kinds.get("TrialComponent")
    if kind is None:
        return
    name = f"{record['name']}-aws-{suffix}"
    config = record["members"].get("ExperimentConfig", {})
    component = engine.record(kind, name)
    if component is None:
        component = engine.create(
            kind,
            {
                "TrialComponentName": name,
                "DisplayName": config.get("TrialComponentDisplayName", name),
                "Source": {"SourceArn": record["arn"], "SourceType": source},
                "StartTime": record["created"],
                "Parameters": {
                    key: {"StringValue": value}
                    for key, value in record["members"].get("HyperParameters", {}).items()
                },
            },
            moment,
        )
        if "TrialName" in config and "Trial" in engine.kinds:
            component["trials"] = [config["TrialName"]]
    members = component["members"]
    members["Status"] = {"PrimaryStatus": record["status"]}
    if record["status"] not in ("InProgress", "Stopping"):
        members["EndTime"] = moment
        for metric in record["members"].get("FinalMetricDataList", []):
            experiments.put_metric(component, metric["MetricName"], metric["Value"], moment)
    component["modified"] = moment
