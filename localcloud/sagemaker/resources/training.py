"""Training jobs.

While one runs it writes its log, metrics and checkpoints; at its end, also when it was stopped, the
model. Its name is free again only after it was deleted. Wordings are those the service is publicly
known to answer, except where said.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import objects, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import (
    job_components,
    jobs,
    training_output,
    training_phases,
    warm_pool,
)

SPOT_TOTAL = "Number of instances across all spot training jobs"
SPOT_QUOTA = "{type} for spot training job usage"
SPOT_PRICE = 0.3
"""Part of the time of a managed spot job that is billed here."""


def machines(members: Members) -> jobs.Fleet:
    """Return what a job runs on; nothing for a serverless one."""
    config = members.get("ResourceConfig", {})
    groups = config.get("InstanceGroups") or config.get("InstancePreferences", [])[:1]
    return [
        (group["InstanceType"], group.get("InstanceCount") or config.get("InstanceCount") or 1)
        for group in groups or [config]
        if "InstanceType" in group
    ]


JOB = jobs.Job(
    words="training job",
    transition="training",
    group="TrainingJobs",
    starts="TrainingStartTime",
    ends="TrainingEndTime",
    machines=machines,
    lines=training_output.lines,
)


def _is_complete(engine: SageMakerEngine, request: Members, members: Members) -> None:
    """Fill in the service's defaults; refuse an incomplete request (not measured on AWS)."""
    condition = {
        "MaxRuntimeInSeconds": jobs.DEFAULT_RUNTIME,
        **members.get("StoppingCondition", {}),
    }
    members["StoppingCondition"] = condition
    if output := members.get("OutputDataConfig"):
        # Release 2 of the SDK reads it of every job that it attaches to.
        members["OutputDataConfig"] = {"KmsKeyId": "", **output}
    if "ServerlessJobConfig" in members:
        return
    algorithm = members.get("AlgorithmSpecification", {})
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        raise invalid(
            "You must specify exactly one of TrainingImage and AlgorithmName in "
            "AlgorithmSpecification"
        )
    if not machines(members):
        raise invalid("You must specify InstanceType and InstanceCount in ResourceConfig")


def _spot_is_consistent(engine: SageMakerEngine, request: Members, members: Members) -> None:
    condition = members["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds")
    if not members["EnableManagedSpotTraining"]:
        if wait is not None:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It is only supported when "
                "EnableManagedSpotTraining is set to true"
            )
        return
    if wait is None or wait < condition["MaxRuntimeInSeconds"]:
        raise invalid(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )
    if members.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds"):
        # Not measured on AWS, which documents that spot machines are kept in no warm pool.
        raise invalid("KeepAlivePeriodInSeconds cannot be used with managed spot training")


def _inputs_exist(engine: SageMakerEngine, request: Members, members: Members) -> None:
    sources = (
        channel["DataSource"]["S3DataSource"]
        for channel in members.get("InputDataConfig", [])
        if "S3DataSource" in channel["DataSource"]
    )
    jobs.require_inputs((source["S3Uri"] for source in sources), members["RoleArn"])


def require_valid(engine: SageMakerEngine, request: Members) -> None:
    """Refuse what CreateTrainingJob would refuse, except for the name and quotas."""
    members = {**KIND.defaults, **request}
    for check in _CHECKS:
        check(engine, request, members)


def _takes_warm_pool(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "TuningJobArn" not in members:
        warm_pool.take(engine, request["TrainingJobName"], members)


def _uses(record: Record) -> dict[str, float]:
    spot = record["members"]["EnableManagedSpotTraining"]
    name, total = (SPOT_QUOTA, SPOT_TOTAL) if spot else (warm_pool.JOB_QUOTA, warm_pool.TOTAL)
    return jobs.usage(machines(record["members"]), name, total)


def _upload_rest(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """A job that was stopped while it trained leaves what it has."""
    trained = any(
        transition["Status"] == "Training"
        for transition in record["members"]["SecondaryStatusTransitions"]
    )
    if trained and jobs.role_is_gone(record["members"]["RoleArn"]) is None:
        training_output.upload(record)


def _checkpoint(engine: SageMakerEngine, record: Record, moment: float) -> None:
    config = record["members"].get("CheckpointConfig")
    if config is None or JOB.started(engine, record, moment) is None:
        return
    step = int(moment - record["created"])
    objects.offer(objects.under(config["S3Uri"], f"checkpoint-{step}.json"), b'{"weights": []}')


def _publish_metrics(engine: SageMakerEngine, record: Record, moment: float) -> None:
    if JOB.started(engine, record, moment) is not None:
        names = {"TrainingJobName": record["name"]}
        side_effects.publish_metrics(
            side_effects.LOG_GROUP + JOB.group,
            names,
            training_output.final_metrics(record),
            moment,
            unit="None",
        )


def _conclude(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Set the billed time of a job whose machines have worked."""
    members = record["members"]
    start = members.get(JOB.starts)
    if start is not None:
        seconds = max(1, int(moment - start))
        share = SPOT_PRICE if members["EnableManagedSpotTraining"] else 1.0
        members["TrainingTimeInSeconds"] = seconds
        members["BillableTimeInSeconds"] = max(1, int(seconds * share))
        members["FinalMetricDataList"] = [
            {"MetricName": name, "Value": value, "Timestamp": moment}
            for name, value in training_output.final_metrics(record).items()
        ]
    if start is not None or warm_pool.of(engine, record) is not None:
        warm_pool.retain(engine, record, machines(members), moment)


def _note_phase(engine: SageMakerEngine, record: Record, moment: float) -> None:
    training_phases.keep(engine, record, moment, JOB)


def _note_component(engine: SageMakerEngine, record: Record, moment: float) -> None:
    job_components.note_job(engine, record, "training-job", "SageMakerTrainingJob", moment)


def _begin(engine: SageMakerEngine, record: Record, moment: float) -> None:
    warm_pool.use(engine, record, machines(record["members"]), moment)


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    return {
        "ModelArtifacts": {"S3ModelArtifacts": training_output.model_uri(record)},
        **JOB.times(engine, record),
        **training_phases.shown(engine, record, JOB),
        **warm_pool.shown(engine, record),
    }


def _asks_for_something(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if request.keys() == {"TrainingJobName"}:
        raise invalid("Invalid UpdateTrainingJobRequest, the request cannot be empty")


def _is_updatable(engine: SageMakerEngine, request: Members, members: Members) -> None:
    record = engine.existing(KIND, request)
    running = {"ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig"} & set(request)
    if running and record["status"] != "InProgress":
        # Not measured on AWS.
        raise invalid(
            f"{', '.join(sorted(running))} can be updated only while the training job is "
            f"InProgress, and it is in status {record['status']}."
        )
    if "ResourceConfig" in request:
        seconds = request["ResourceConfig"]["KeepAlivePeriodInSeconds"]
        warm_pool.keep_for(engine, record, seconds)


def _keeps_no_pool(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if members.get("WarmPoolStatus", {}).get("Status") == "Available":
        # The code is the service model's, the sentence not measured on AWS.
        raise jobs.in_use(
            f"The training job {members['TrainingJobArn']} retains a managed warm pool that is "
            "Available. Terminate the warm pool before you delete the job."
        )


def _forget(engine: SageMakerEngine, record: Record, moment: float) -> None:
    warm_pool.forget(engine, record, moment)


_END = (_note_phase, _conclude, _note_component)

_CHECKS = (
    _is_complete,
    _spot_is_consistent,
    jobs.role_is_assumable,
    job_components.trial_exists,
    _inputs_exist,
    JOB.at_most("Maximum number of instances per training job"),
)

KIND = SageMakerResourceType(
    noun="TrainingJob",
    words="training job",
    missing="Requested resource not found.",
    duplicate=(
        "Training job names must be unique within an AWS account and region, and a training job "
        "with this name already exists ({arn})"
    ),
    duplicate_code="ResourceInUse",
    descending=False,
    lowercase_arn=True,
    status="TrainingJobStatus",
    first_status="InProgress",
    steps={**JOB.steps(training_output.upload_fails), "Deleting": TransitionStep("stopping", None)},
    moves=(JOB.stop("StopTrainingJob"),),
    delete=Move(
        "DeleteTrainingJob",
        jobs.TERMINAL,
        "Deleting",
        refusal=jobs.NOT_TERMINAL,
        code="ResourceInUse",
    ),
    defaults={
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
    },
    forgotten=frozenset({"SessionChainingConfig"}),
    derived=_derived,
    summarized={"TrainingPlanArn": "ResourceConfig.TrainingPlanArn"},
    filters={
        "WarmPoolStatusEquals": Filter(
            "WarmPoolStatus", lambda pool, asked: pool is not None and pool["Status"] == asked
        ),
        "TrainingPlanArnEquals": Filter(
            "ResourceConfig",
            lambda config, asked: (config or {}).get("TrainingPlanArn") == asked,
        ),
    },
    on_create=(*_CHECKS, _takes_warm_pool),
    on_update=(_asks_for_something, _is_updatable),
    on_delete=(_keeps_no_pool,),
    on_enter=JOB.effects(
        {
            "": (_begin,),
            "InProgress": (_note_component,),
            "Stopping": (_note_phase,),
            "Completed": _END,
            "Failed": _END,
            "Stopped": (_upload_rest, *_END),
            "gone": (_forget,),
        }
    ),
    on_tick=JOB.ticks(_checkpoint, _publish_metrics),
    uses=_uses,
    live=jobs.RUNNING,
)

KINDS = (KIND, warm_pool.KIND)
