"""Compilation jobs: a model made ready for a device.

STARTING -> INPROGRESS -> COMPLETED | FAILED | STOPPING -> STOPPED, in capital letters. The
sentences of refusals are not measured on AWS.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from urllib.parse import urlsplit

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import objects, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import jobs

GROUP = "CompilationJobs"
TERMINAL = ("COMPLETED", "FAILED", "STOPPED")


def _has_one_input(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "InputConfig" in members and "ModelPackageVersionArn" in members:
        raise invalid("InputConfig and ModelPackageVersionArn cannot be specified at the same time")
    if "InputConfig" not in members:
        raise invalid("InputConfig must be specified: model packages cannot be compiled here")


def _has_one_target(engine: SageMakerEngine, request: Members, members: Members) -> None:
    output = members["OutputConfig"]
    if ("TargetDevice" in output) == ("TargetPlatform" in output):
        raise invalid("Specify either TargetDevice or TargetPlatform")


def _input_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:
    jobs.require_inputs([members["InputConfig"]["S3Uri"]], members["RoleArn"])


def _artifact(record: Record) -> str:
    """Where the compiled model is: named after the model and what it is made for."""
    config, output = record["members"]["InputConfig"], record["members"]["OutputConfig"]
    stem = urlsplit(config["S3Uri"]).path.rpartition("/")[2].partition(".")[0]
    platform = output.get("TargetPlatform", {})
    target = output.get("TargetDevice") or f"{platform['Os']}_{platform['Arch']}"
    return objects.under(output["S3OutputLocation"], f"{stem}-{target}.tar.gz")


def _waiting(engine: SageMakerEngine, record: Record) -> float:
    return jobs.STARTING * engine.delays["compilation"]


def _usual(engine: SageMakerEngine) -> float:
    return (1 - jobs.STARTING) * engine.delays["compilation"]


def _compiling(engine: SageMakerEngine, record: Record) -> float:
    return min(_usual(engine), jobs.allowed(record))


def _stopped(engine: SageMakerEngine, record: Record) -> str | None:
    return "STOPPING" if jobs.allowed(record) < _usual(engine) else None


def _fails(engine: SageMakerEngine, record: Record) -> str | None:
    """Write the compiled model, or return why the job fails."""
    if _stopped(engine, record):
        return None
    gone = jobs.role_is_gone(record["members"]["RoleArn"])
    if gone is not None:
        return gone
    compiled = objects.packed({"compiled.params": b"0"}, record["created"])
    uri = _artifact(record)
    return None if objects.offer(uri, compiled) else jobs.upload_failure(uri)


def _start(engine: SageMakerEngine, record: Record, moment: float) -> None:
    record["members"]["CompilationStartTime"] = moment
    _work(engine, record, moment)


def _work(engine: SageMakerEngine, record: Record, moment: float) -> None:
    side_effects.write_log(GROUP, record["name"], moment, "compiling")


def _end(engine: SageMakerEngine, record: Record, moment: float) -> None:
    record["members"]["CompilationEndTime"] = moment


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    return {
        "ModelArtifacts": {"S3ModelArtifacts": _artifact(record)},
        # The service model requires it in every answer.
        "FailureReason": record["failure"] or "",
    }


KIND = SageMakerResourceType(
    noun="CompilationJob",
    words="compilation job",
    missing="Could not find compilation job '{name}'.",
    duplicate="A compilation job with the name {name} already exists ({arn})",
    duplicate_code="ResourceInUse",
    descending=False,
    lowercase_arn=True,
    status="CompilationJobStatus",
    first_status="STARTING",
    failed="FAILED",
    steps={
        "STARTING": TransitionStep("compilation", "INPROGRESS", seconds=_waiting),
        "INPROGRESS": TransitionStep(
            "compilation", "COMPLETED", fails=_fails, seconds=_compiling, instead=_stopped
        ),
        "STOPPING": TransitionStep("stopping", "STOPPED"),
    },
    moves=(
        Move(
            "StopCompilationJob",
            ("STARTING", "INPROGRESS"),
            "STOPPING",
            refusal="The request was rejected because the compilation job is in status {status}.",
        ),
    ),
    delete=Move("DeleteCompilationJob", TERMINAL, None, refusal=jobs.NOT_TERMINAL),
    derived=_derived,
    summarized={
        "CompilationTargetDevice": "OutputConfig.TargetDevice",
        "CompilationTargetPlatformOs": "OutputConfig.TargetPlatform.Os",
        "CompilationTargetPlatformArch": "OutputConfig.TargetPlatform.Arch",
        "CompilationTargetPlatformAccelerator": "OutputConfig.TargetPlatform.Accelerator",
    },
    on_create=(_has_one_input, _has_one_target, jobs.role_is_assumable, _input_exists),
    on_enter={"INPROGRESS": (_start,), **dict.fromkeys(TERMINAL, (_end,))},
    on_tick=dict.fromkeys(("INPROGRESS", "STOPPING"), (_work,)),
)
