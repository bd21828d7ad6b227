"""Pipelines and their executions, which make jobs, models and model packages step by step."""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import json
import secrets
from typing import Any

from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker import objects, paging, roles
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import pipeline_steps

_NOT_FOUND = "ResourceNotFound"
_RUNNING = ("Executing", "Stopping")


def conflict(message: str) -> ApiError:
    """Return the refusal of an operation that the pipeline's status does not allow."""
    return ApiError("ConflictException", message)


def _takes_definition(engine: SageMakerEngine, request: Members, members: Members) -> None:
    """The definition comes as text or from S3; either way it has to be JSON with steps."""
    place = members.pop("PipelineDefinitionS3Location", None)
    if place is not None:
        body = objects.read(f"s3://{place['Bucket']}/{place['ObjectKey']}")
        if body is None:
            raise invalid(
                f"Unable to read the pipeline definition from s3://{place['Bucket']}/"
                f"{place['ObjectKey']}: the object does not exist."
            )
        members["PipelineDefinition"] = body.decode(errors="replace")
    definition = members.get("PipelineDefinition")
    if definition is None:
        raise invalid("Either PipelineDefinition or PipelineDefinitionS3Location must be provided.")
    try:
        steps = json.loads(definition)["Steps"]
    except (ValueError, KeyError, TypeError):
        raise invalid("Unable to parse pipeline definition. Invalid JSON or no Steps.") from None
    names = [step.get("Name") for step in steps]
    if None in names or len(set(names)) != len(names):
        raise invalid("Every step of a pipeline definition needs a Name that no other step has.")


def _nothing_runs(engine: SageMakerEngine, request: Members, members: Members) -> None:
    running = [
        execution for execution in _executions(engine, members) if execution["status"] in _RUNNING
    ]
    if running:
        raise conflict(
            f"Pipeline {members['PipelineArn']} has running executions ({running[0]['arn']}); "
            "stop them before deleting the pipeline."
        )


def _executions(engine: SageMakerEngine, pipeline: Members) -> list[Record]:
    arn = pipeline["PipelineArn"]
    return [
        execution
        for execution in engine.records(EXECUTION)
        if execution["members"]["PipelineArn"] == arn
    ]


def _executions_go_too(engine: SageMakerEngine, pipeline: Record, moment: float) -> None:
    for execution in _executions(engine, {"PipelineArn": pipeline["arn"]}):
        engine.statuses.remove(EXECUTION, execution, moment)


def _pipeline_of(engine: SageMakerEngine, request: Members) -> Record:
    return engine.existing(PIPELINE, {"PipelineName": request["PipelineName"]})


def _listed_of_existing(engine: SageMakerEngine, request: Members) -> None:
    _pipeline_of(engine, request)


def _execution_id(engine: SageMakerEngine, request: Members) -> str:
    # Twelve letters and digits, as AWS makes them.
    return f"{_pipeline_of(engine, request)['key']}/execution/{secrets.token_hex(6)}"


def _begins(engine: SageMakerEngine, request: Members, members: Members) -> None:
    pipeline = _pipeline_of(engine, request)
    definition = json.loads(pipeline["members"]["PipelineDefinition"])
    declared = [parameter["Name"] for parameter in definition.get("Parameters", [])]
    given = [parameter["Name"] for parameter in request.get("PipelineParameters", [])]
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise invalid(
            f"Unknown parameters in the request: {', '.join(unknown)}; "
            f"the pipeline declares: {', '.join(declared) or 'none'}."
        )
    del members["PipelineName"]
    members["PipelineArn"] = pipeline["arn"]
    now = engine.clock.now()
    pipeline["members"]["LastRunTime"] = now


def _plans(engine: SageMakerEngine, execution: Record, moment: float) -> None:
    """Keep what the pipeline is now: a later update does not change what runs already."""
    found = engine.by_arn(execution["members"]["PipelineArn"])
    if found is None:
        raise LookupError(f"no pipeline {execution['members']['PipelineArn']}")
    execution["definition"] = found[1]["members"]["PipelineDefinition"]
    execution["parameters"] = execution["members"].pop("PipelineParameters", [])
    execution["steps"] = pipeline_steps.planned(execution["definition"])


def retry(engine: SageMakerEngine, request: Members) -> Members:
    """RetryPipelineExecution: steps that failed or were stopped run again."""
    execution = engine.existing(EXECUTION, request)
    if execution["status"] not in ("Failed", "Stopped"):
        raise conflict(
            f"Pipeline execution {execution['arn']} is {execution['status']}; only a Failed or "
            "Stopped execution can be retried."
        )
    pipeline_steps.forget_unsuccessful(execution)
    execution["failure"] = None
    engine.statuses.enter(EXECUTION, execution, "Executing", engine.clock.now())
    return {"PipelineExecutionArn": execution["arn"]}


def list_steps(engine: SageMakerEngine, request: Members) -> Members:
    """ListPipelineExecutionSteps: those that have started, oldest first by default."""
    execution = engine.existing(EXECUTION, request)
    started = pipeline_steps.shown(execution)
    page, token = paging.cut(request, started, lambda step: (step["StartTime"], step["StepName"]))
    return {"PipelineExecutionSteps": page, "NextToken": token}


def list_parameters(engine: SageMakerEngine, request: Members) -> Members:
    """ListPipelineParametersForExecution: as given or by default."""
    execution = engine.existing(EXECUTION, request)
    values = pipeline_steps.parameters(execution)
    page, token = paging.cut(request, values.items(), lambda item: (item[0], ""))
    shown = [{"Name": name, "Value": str(value)} for name, value in page]
    return {"PipelineParameters": shown, "NextToken": token}


def _same_pipeline(arn: Any, name: Any) -> bool:
    return bool(arn == name or arn.rpartition("/")[2] == name.lower())


PIPELINE = SageMakerResourceType(
    noun="Pipeline",
    words="Pipeline",
    missing="Pipeline '{arn}' does not exist.",
    missing_code=_NOT_FOUND,
    duplicate="Pipeline names must be unique within an AWS account and region. Pipeline with name "
    "({name}) already exists.",
    lowercase_arn=True,
    takes_arn=True,
    status="PipelineStatus",
    first_status="Active",
    forgotten=frozenset({"ClientRequestToken"}),
    filters={
        "PipelineNamePrefix": Filter("PipelineName", lambda name, asked: name.startswith(asked))
    },
    summarized={"LastExecutionTime": "LastRunTime"},
    on_create=(_takes_definition, roles.role_is_assumable),
    on_update=(_takes_definition, roles.role_is_assumable),
    on_delete=(_nothing_runs,),
    on_enter={"gone": (_executions_go_too,)},
)

EXECUTION = SageMakerResourceType(
    noun="PipelineExecution",
    arn_type="pipeline",
    words="Pipeline execution",
    name="PipelineExecutionArn",
    missing="Pipeline execution '{arn}' does not exist.",
    missing_code=_NOT_FOUND,
    duplicate="{arn} already exists.",
    operations={"create": "StartPipelineExecution"},
    identify=_execution_id,
    lowercase_arn=True,
    takes_arn=True,
    status="PipelineExecutionStatus",
    first_status="Executing",
    steps={
        "Executing": TransitionStep(
            "pipeline",
            "Succeeded",
            blocked=pipeline_steps.go_on,
            fails=pipeline_steps.failure,
        ),
        "Stopping": TransitionStep("stopping", "Stopped"),
    },
    moves=(
        Move(
            "StopPipelineExecution",
            ("Executing",),
            "Stopping",
            refusal="Only pipelines with 'Executing' status can be stopped",
            code="ConflictException",
        ),
    ),
    forgotten=frozenset({"ClientRequestToken"}),
    filters={"PipelineName": Filter("PipelineArn", _same_pipeline)},
    summarized={"StartTime": "CreationTime", "PipelineExecutionFailureReason": "FailureReason"},
    on_list=(_listed_of_existing,),
    on_create=(_begins,),
    on_enter={
        "": (_plans,),
        "Executing": (pipeline_steps.start_ready,),
        "Stopping": (pipeline_steps.stop,),
    },
)

KINDS = (PIPELINE, EXECUTION)

OPERATIONS = {
    "ListPipelineExecutionSteps": list_steps,
    "ListPipelineParametersForExecution": list_parameters,
    "RetryPipelineExecution": retry,
}
