"""Processing jobs: scripts over data, whose outputs go to S3.

Wordings are those the service is publicly known to answer, except where said.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import objects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Move, Record, SageMakerResourceType
from localcloud.sagemaker.resources import job_components, jobs

TOTAL = "Number of instances across all processing jobs"


def machines(members: Members) -> jobs.Fleet:
    """Return what a job runs on."""
    config = members["ProcessingResources"]["ClusterConfig"]
    preferred = config.get("InstancePreferences", [])[:1]
    return [
        (group["InstanceType"], group.get("InstanceCount") or config.get("InstanceCount") or 1)
        for group in preferred or [config]
        if "InstanceType" in group
    ]


JOB = jobs.Job(
    words="processing job",
    transition="processing",
    group="ProcessingJobs",
    starts="ProcessingStartTime",
    ends="ProcessingEndTime",
    machines=machines,
    lines=lambda record, moment: [f"{int(moment - record['created'])} s: processing"],
)


def _has_machines(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if not machines(members):
        # Not measured on AWS.
        raise invalid("You must specify InstanceType and InstanceCount in ClusterConfig")


def _fails(engine: SageMakerEngine, record: Record) -> str | None:
    """Write what is uploaded at the end, or return why the job fails."""
    gone = jobs.role_is_gone(record["members"]["RoleArn"])
    if gone is not None:
        return gone
    for uri in _inputs(record):
        if not objects.keys_under(uri):
            return f"ClientError: Failed to download data. No objects found under {uri}"
    for uri in _outputs(record, "EndOfJob", "Continuous"):
        if not objects.offer(uri, b"result\n"):
            return jobs.upload_failure(uri)
    return None


def _inputs(record: Record) -> list[str]:
    given = (entry.get("S3Input", {}) for entry in record["members"].get("ProcessingInputs", []))
    return [source["S3Uri"] for source in given if source.get("S3Uri", "").startswith("s3://")]


def _outputs(record: Record, *modes: str) -> list[str]:
    """Return where a job's outputs with one of these upload modes go."""
    outputs = record["members"].get("ProcessingOutputConfig", {}).get("Outputs", [])
    return [
        objects.under(output["S3Output"]["S3Uri"], f"{output['OutputName']}.csv")
        for output in outputs
        if output.get("S3Output", {}).get("S3UploadMode") in modes
    ]


def _upload(engine: SageMakerEngine, record: Record, moment: float) -> None:
    if JOB.started(engine, record, moment) is not None:
        for uri in _outputs(record, "Continuous"):
            objects.offer(uri, b"so far\n")


def _note_component(engine: SageMakerEngine, record: Record, moment: float) -> None:
    job_components.note_job(engine, record, "processing-job", "SageMakerProcessingJob", moment)


KIND = SageMakerResourceType(
    noun="ProcessingJob",
    words="processing job",
    missing="Could not find requested job with name: {name}",
    duplicate=(
        "Job name must be unique within an AWS account and region, and a job with this name "
        "already exists ({arn})"
    ),
    duplicate_code="ResourceInUse",
    descending=False,
    lowercase_arn=True,
    status="ProcessingJobStatus",
    first_status="InProgress",
    steps=JOB.steps(_fails),
    moves=(JOB.stop("StopProcessingJob", jobs.NONE_TO_UPDATE),),
    delete=Move(
        "DeleteProcessingJob",
        jobs.TERMINAL,
        None,
        refusal=jobs.NOT_TERMINAL,
        code="ResourceInUse",
    ),
    defaults={"StoppingCondition": {"MaxRuntimeInSeconds": jobs.DEFAULT_RUNTIME}},
    derived=JOB.times,
    on_create=(
        _has_machines,
        jobs.role_is_assumable,
        job_components.trial_exists,
        JOB.at_most("Maximum number of instances per processing job"),
    ),
    on_enter=JOB.effects(
        {
            "InProgress": (_note_component,),
            **dict.fromkeys(jobs.TERMINAL, (_note_component,)),
        }
    ),
    on_tick=JOB.ticks(_upload),
    uses=lambda record: jobs.usage(
        machines(record["members"]), "{type} for processing job usage", TOTAL
    ),
    live=jobs.RUNNING,
)
