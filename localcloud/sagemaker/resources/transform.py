"""Batch transform jobs: a model over the objects below a prefix.

They can be stopped but never deleted: their records stay. Wordings are those the service is
publicly known to answer, except where said.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

from localcloud.sagemaker import objects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record, SageMakerResourceType
from localcloud.sagemaker.resources import job_components, jobs


def machines(members: Members) -> jobs.Fleet:
    """Return what a job runs on."""
    resources = members["TransformResources"]
    return [(resources["InstanceType"], resources["InstanceCount"])]


def _instance(record: Record, number: int) -> str:
    """The machines of a transform job are named after themselves."""
    name = f"{record['arn']}/{number}"
    return f"i-{hashlib.sha256(name.encode()).hexdigest()[:17]}"


JOB = jobs.Job(
    words="transform job",
    transition="transform",
    group="TransformJobs",
    starts="TransformStartTime",
    ends="TransformEndTime",
    machines=machines,
    lines=lambda record, moment: [f"{int(moment - record['created'])} s: transforming"],
    host=_instance,
    metrics=("CPUUtilization", "MemoryUtilization"),
)


def _input(members: Members) -> str:
    uri: str = members["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    return uri


def _model_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:
    engine.existing(engine.kinds["Model"], {"ModelName": members["ModelName"]})


def _input_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:
    jobs.require_inputs([_input(members)], _role(engine, members) or "")


def _role(engine: SageMakerEngine, members: Members) -> str | None:
    """Return the role a job acts in, that of its model."""
    model = engine.record(engine.kinds["Model"], members["ModelName"])
    return None if model is None else model["members"].get("ExecutionRoleArn")


def _fails(engine: SageMakerEngine, record: Record) -> str | None:
    """Write one ``<key>.out`` for every object, or return why the job fails."""
    members = record["members"]
    role_arn = _role(engine, members)
    gone = None if role_arn is None else jobs.role_is_gone(role_arn)
    if gone is not None:
        return gone
    prefix = urlsplit(_input(members)).path.lstrip("/").rpartition("/")[0]
    for key in objects.keys_under(_input(members)):
        name = key.removeprefix(f"{prefix}/")
        uri = objects.under(members["TransformOutput"]["S3OutputPath"], f"{name}.out")
        if not objects.offer(uri, b"0.5\n"):
            return jobs.upload_failure(uri)
    return None


def _note_component(engine: SageMakerEngine, record: Record, moment: float) -> None:
    job_components.note_job(engine, record, "transform-job", "SageMakerTransformJob", moment)


KIND = SageMakerResourceType(
    noun="TransformJob",
    words="transform job",
    missing="Could not find requested job with name: {name}",
    duplicate=(
        "Job name must be unique within an AWS account and region, and a job with this name "
        "already exists ({arn})"
    ),
    duplicate_code="ResourceInUse",
    lowercase_arn=True,
    status="TransformJobStatus",
    first_status="InProgress",
    steps=JOB.steps(_fails),
    moves=(JOB.stop("StopTransformJob", jobs.NONE_TO_UPDATE),),
    derived=JOB.times,
    on_create=(_model_exists, job_components.trial_exists, _input_exists),
    on_enter=JOB.effects(
        {
            "InProgress": (_note_component,),
            **dict.fromkeys(jobs.TERMINAL, (_note_component,)),
        }
    ),
    on_tick=JOB.ticks(),
    uses=lambda record: jobs.usage(
        machines(record["members"]),
        "{type} for transform job usage",
        "Number of instances across all transform jobs",
    ),
    live=jobs.RUNNING,
)
