"""The steps of a pipeline execution: what they make, in which order, and how they end.

A step starts when all that it depends on has succeeded, by ``DependsOn`` or because its arguments
refer to another step. It makes one resource through the service's own operations; steps of other
types (conditions, callbacks, functions) do nothing here and succeed, but ``Fail`` fails.
Source of the definition's form: "Pipelines definition schema", version 2020-12-01.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud.protocol.errors import ApiError
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record

MAKES = {
    "AutoML": ("AutoMLJobV2", "AutoMLJob", "AutoMLJobName"),
    "Model": ("Model", "Model", "ModelName"),
    "Processing": ("ProcessingJob", "ProcessingJob", "ProcessingJobName"),
    "RegisterModel": ("ModelPackage", "RegisterModel", None),
    "Training": ("TrainingJob", "TrainingJob", "TrainingJobName"),
    "Transform": ("TransformJob", "TransformJob", "TransformJobName"),
    "Tuning": ("HyperParameterTuningJob", "TuningJob", "HyperParameterTuningJobName"),
}
"""Type of a step -> noun of what it makes, member of its metadata, and member that names it."""

LONGEST_NAME = 63
SUCCEEDED = ("Completed", "InService", "Active", None)
UNSUCCESSFUL = ("Failed", "Stopped")


_MEMBERS = re.compile(r"([^.\[\]]+)(?:\[([^\]]+)\])?")
"""The members of a path, each with what picks an entry of it."""


def planned(definition: str) -> list[Members]:
    """Return the steps of a definition before anything has started."""
    return [
        {
            "name": step["Name"],
            "type": step.get("Type", ""),
            "arguments": step.get("Arguments", {}),
            "needs": sorted({*step.get("DependsOn", []), *_referred(step.get("Arguments"))}),
            "status": None,
            "began": None,
            "ended": None,
            "arn": None,
            "failure": None,
        }
        for step in json.loads(definition)["Steps"]
    ]


def parameters(execution: Record) -> Members:
    """Return the value of every parameter: the request's, else the definition's default."""
    declared = json.loads(execution["definition"]).get("Parameters", [])
    given = {parameter["Name"]: parameter["Value"] for parameter in execution["parameters"]}
    return {
        parameter["Name"]: given.get(parameter["Name"], parameter.get("DefaultValue", ""))
        for parameter in declared
    }


def start_ready(engine: SageMakerEngine, execution: Record, moment: float) -> None:
    """Start every step that is ready; again, while some end at once."""
    begun = True
    while begun:
        succeeded = {step["name"] for step in execution["steps"] if step["status"] == "Succeeded"}
        ready = [
            step
            for step in execution["steps"]
            if step["status"] is None and set(step["needs"]) <= succeeded
        ]
        begun = bool(ready) and failure(engine, execution) is None
        for step in ready if begun else []:
            _start(engine, execution, step, moment)


def go_on(engine: SageMakerEngine, execution: Record) -> bool:
    """Check running steps and start those that can; return whether any step is left."""
    moment = engine.clock.now()
    for step in execution["steps"]:
        if step["status"] == "Executing":
            _look_at(engine, step, moment)
    start_ready(engine, execution, moment)
    if failure(engine, execution) is not None:
        return any(step["status"] == "Executing" for step in execution["steps"])
    return any(step["status"] != "Succeeded" for step in execution["steps"])


def failure(engine: SageMakerEngine, execution: Record) -> str | None:  # noqa: ARG001 - asked like all
    """Return why the execution fails, if a step has failed."""
    for step in execution["steps"]:
        if step["status"] == "Failed":
            return f"Step failure: One or multiple steps failed. {step['name']}: {step['failure']}"
    return None


def stop(engine: SageMakerEngine, execution: Record, moment: float) -> None:
    """Stop the jobs of the steps that run."""
    for step in execution["steps"]:
        if step["status"] != "Executing":
            continue
        noun, _, name = MAKES[step["type"]]
        operation = {"AutoMLJobV2": "StopAutoMLJob"}.get(noun, f"Stop{noun}")
        if operation in engine.operations and name is not None:
            try:
                engine.operations[operation]({name: step["arn"].rpartition("/")[2]})
            except ApiError as refusal:
                # It ended by itself in the meantime.
                step["failure"] = refusal.message
        step["status"], step["ended"] = "Stopped", moment


def forget_unsuccessful(execution: Record) -> None:
    """Reset steps that failed or were stopped."""
    for step in execution["steps"]:
        if step["status"] in UNSUCCESSFUL:
            step.update(status=None, began=None, ended=None, arn=None, failure=None)


def shown(execution: Record) -> list[Members]:
    """Return the steps that have started as the API shows them."""
    return [
        {
            "StepName": step["name"],
            "StartTime": step["began"],
            "EndTime": step["ended"],
            "StepStatus": step["status"],
            "FailureReason": step["failure"],
            "AttemptCount": 1,
            "Metadata": {MAKES[step["type"]][1]: {"Arn": step["arn"]}} if step["arn"] else None,
        }
        for step in execution["steps"]
        if step["began"] is not None
    ]


def _start(engine: SageMakerEngine, execution: Record, step: Members, moment: float) -> None:
    step["began"] = moment
    if step["type"] == "Fail":
        message = _resolved(engine, execution, step["arguments"]).get("ErrorMessage", "")
        step.update(status="Failed", ended=moment, failure=str(message))
        return
    if step["type"] not in MAKES:
        step.update(status="Succeeded", ended=moment)
        return
    noun, _, name = MAKES[step["type"]]
    request = _resolved(engine, execution, step["arguments"])
    if name is not None:
        request[name] = _name(execution, step["name"], request.get(name))
    try:
        record = engine.create(engine.kinds[noun], request)
    except ApiError as refusal:
        step.update(status="Failed", ended=moment, failure=f"ClientError: {refusal.message}")
        return
    step.update(status="Executing", arn=record["arn"])
    _look_at(engine, step, moment)


def _name(execution: Record, step: str, base: str | None) -> str:
    """Return the name of what a step makes: after the execution and the step, or from a base.

    A name in a step's arguments is a base: ``<base>-<execution>-<token>-<failures>``
    (https://github.com/aws/sagemaker-python-sdk/pull/3946).
    """
    short = execution["key"].rpartition("/")[2]
    if base is None:
        return f"pipelines-{short}-{step}"[:LONGEST_NAME].rstrip("-")
    token = hashlib.sha256(step.encode()).hexdigest()[:10]
    end = f"-{short}-{token}-0"
    return f"{base[: LONGEST_NAME - len(end)]}{end}"


def _look_at(engine: SageMakerEngine, step: Members, moment: float) -> None:
    found = engine.store.by_arn(step["arn"])
    if found is None:
        step.update(status="Failed", ended=moment, failure=f"{step['arn']} is gone")
        return
    status = found[1]["status"]
    if status in SUCCEEDED:
        step.update(status="Succeeded", ended=moment)
    elif status in UNSUCCESSFUL:
        reason = found[1]["failure"] or f"{step['arn']} is {status}"
        step.update(status="Failed", ended=moment, failure=reason)


def _referred(value: Any) -> Iterator[str]:
    """Return the names of the steps that arguments refer to: ``{"Get": "Steps.Train.Arn"}``."""
    if isinstance(value, dict):
        path = value.get("Get")
        if isinstance(path, str) and path.startswith("Steps."):
            yield path.split(".")[1].partition("[")[0]
        for item in value.values():
            yield from _referred(item)
    elif isinstance(value, list):
        for item in value:
            yield from _referred(item)


def _resolved(engine: SageMakerEngine, execution: Record, value: Any) -> Any:
    """Return arguments with every reference replaced by what it means."""
    if isinstance(value, list):
        return [_resolved(engine, execution, item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"Get"}:
        return _gotten(engine, execution, value["Get"])
    if value.keys() == {"Std:Join"}:
        parts = [_resolved(engine, execution, part) for part in value["Std:Join"]["Values"]]
        return value["Std:Join"].get("On", "").join(str(part) for part in parts)
    return {name: _resolved(engine, execution, item) for name, item in value.items()}


def _gotten(engine: SageMakerEngine, execution: Record, path: str) -> Any:
    source, _, rest = path.partition(".")
    if source == "Parameters":
        return parameters(execution).get(rest, "")
    if source == "Execution":
        return {
            "PipelineExecutionArn": execution["arn"],
            "PipelineExecutionId": execution["key"].rpartition("/")[2],
            "PipelineArn": execution["members"]["PipelineArn"],
            "PipelineName": execution["key"].partition("/")[0],
            "StartDateTime": execution["created"],
        }.get(rest, "")
    name, _, inside = rest.partition(".")
    arn = next((step["arn"] for step in execution["steps"] if step["name"] == name), None)
    found = engine.by_arn(arn) if arn else None
    if found is None:
        return ""
    value: Any = engine.view(*found)
    for member, key in _MEMBERS.findall(inside):
        value = value.get(member, "") if isinstance(value, dict) else ""
        if key:
            value = _entry(value, key.strip("'\""))
    return value


def _entry(value: Any, key: str) -> Any:
    """Return the entry of a list that has a number or a name, or of a map: ``Outputs['train']``."""
    if isinstance(value, dict):
        return value.get(key, "")
    entries = value if isinstance(value, list) else []
    if key.isdecimal():
        return entries[int(key)] if int(key) < len(entries) else ""
    for entry in entries:
        if any(name.endswith("Name") and known == key for name, known in entry.items()):
            return entry
    return ""
