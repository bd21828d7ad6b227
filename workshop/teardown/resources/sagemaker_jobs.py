"""Jobs: training, processing, transform, tuning, AutoML, compilation and labeling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from workshop.pricing import billing
from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources.sagemaker_serving import of_transform
from workshop.teardown.resources.sagemaker_type import (
    Answer,
    SageMakerType,
    ask,
    by_role,
    machines_cost,
    not_known,
)

RUNNING = frozenset({"InProgress", "Stopping"})
ENDED = frozenset({"Completed", "Failed", "Stopped"})
POOLED = "Available warm pool"
"""A training job that has ended and keeps its machines; it cannot be deleted so."""

_COMPONENTS = ("trial component",)
"""A job proves whose the component is that it left, so it stays until that is gone."""


def _training_cost(world: ScanContext, job: Answer) -> Decimal | None:
    return machines_cost(world, billing.training_machines(job))


def _processing_cost(world: ScanContext, job: Answer) -> Decimal | None:
    return machines_cost(world, billing.processing_machines(job))


def _transform_cost(world: ScanContext, job: Answer) -> Decimal | None:
    return machines_cost(world, billing.transform_machines(job))


def _transform_untold(world: ScanContext, job: Answer) -> str:  # noqa: ARG001 - as Untold is called
    """Why nothing proves whose a job is that still costs; one that has ended is but a record."""
    running = job["TransformJobStatus"] in RUNNING
    return "its model is gone, or has no role" if running else ""


def _tuning_roles(world: ScanContext, job: Answer) -> Proof | None:
    definitions = [job.get("TrainingJobDefinition"), *job.get("TrainingJobDefinitions", [])]
    return ownership.joined(
        ownership.of_role(world.scope, one["RoleArn"]) for one in definitions if one is not None
    )


@dataclass(frozen=True)
class Training(SageMakerType):
    """Training jobs, which may keep their machines for the next one."""

    def state_of(self, world: ScanContext, described: Answer) -> str:  # noqa: ARG002 - as its base
        """Its status, or that a warm pool is still paid for."""
        status = str(described["TrainingJobStatus"])
        pool = described.get("WarmPoolStatus", {}).get("Status")
        return POOLED if status in ENDED and pool == "Available" else status

    def stop(self, world: ScanContext, thing: Resource) -> bool:
        """Stop it, or let its warm pool go."""
        if thing.state != POOLED:
            return super().stop(world, thing)
        self._release(world, thing)
        return True

    def prepare(self, world: ScanContext, thing: Resource) -> None:
        """Let the warm pool go, which a job that was stopped may have left, too."""
        if thing.state == POOLED:
            self._release(world, thing)

    @staticmethod
    def _release(world: ScanContext, thing: Resource) -> None:
        try:
            ask(
                world,
                "UpdateTrainingJob",
                ResourceConfig={"KeepAlivePeriodInSeconds": 0},
                **thing.details,
            )
        except refusals.Refusal as error:
            if not refusals.is_gone(error):
                raise


def _named(member: str) -> Mapping[str, str]:
    return {member: member}


TRAINING = Training(
    name="training job",
    needs_role=True,
    lists="ListTrainingJobs",
    member="TrainingJobSummaries",
    identity=_named("TrainingJobName"),
    arn="TrainingJobArn",
    describes="DescribeTrainingJob",
    prove=by_role("RoleArn"),
    lasting=True,
    status="TrainingJobStatus",
    hourly=_training_cost,
    billed_in=RUNNING | {POOLED},
    stops="StopTrainingJob",
    stopped_from=frozenset({"InProgress"}),
    deletes="DeleteTrainingJob",
    prompt=True,
    deleted_from=ENDED | {POOLED},
    after=_COMPONENTS,
)

PROCESSING = SageMakerType(
    name="processing job",
    resource_type="AWS::SageMaker::ProcessingJob",
    needs_role=True,
    lists="ListProcessingJobs",
    member="ProcessingJobSummaries",
    identity=_named("ProcessingJobName"),
    arn="ProcessingJobArn",
    describes="DescribeProcessingJob",
    prove=by_role("RoleArn"),
    lasting=True,
    status="ProcessingJobStatus",
    hourly=_processing_cost,
    billed_in=RUNNING,
    stops="StopProcessingJob",
    stopped_from=frozenset({"InProgress"}),
    deletes="DeleteProcessingJob",
    prompt=True,
    deleted_from=ENDED,
    after=_COMPONENTS,
)

TRANSFORM = SageMakerType(
    name="transform job",
    needs_role=True,
    lists="ListTransformJobs",
    member="TransformJobSummaries",
    identity=_named("TransformJobName"),
    arn="TransformJobArn",
    describes="DescribeTransformJob",
    prove=of_transform,
    untold=_transform_untold,
    status="TransformJobStatus",
    hourly=_transform_cost,
    billed_in=RUNNING,
    stops="StopTransformJob",
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED,
    after=_COMPONENTS,
)

TUNING = SageMakerType(
    name="tuning job",
    needs_role=True,
    lists="ListHyperParameterTuningJobs",
    member="HyperParameterTuningJobSummaries",
    identity=_named("HyperParameterTuningJobName"),
    arn="HyperParameterTuningJobArn",
    describes="DescribeHyperParameterTuningJob",
    prove=_tuning_roles,
    lasting=True,
    status="HyperParameterTuningJobStatus",
    stops="StopHyperParameterTuningJob",
    stopped_from=frozenset({"InProgress"}),
    deletes="DeleteHyperParameterTuningJob",
    deleted_from=ENDED | {"DeleteFailed"},
)
"""It costs nothing itself: its training jobs do."""

AUTOML = SageMakerType(
    name="AutoML job",
    needs_role=True,
    lists="ListAutoMLJobs",
    member="AutoMLJobSummaries",
    identity=_named("AutoMLJobName"),
    arn="AutoMLJobArn",
    describes="DescribeAutoMLJobV2",
    prove=by_role("RoleArn"),
    lasting=True,
    status="AutoMLJobStatus",
    stops="StopAutoMLJob",
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED,
)

COMPILATION = SageMakerType(
    name="compilation job",
    needs_role=True,
    lists="ListCompilationJobs",
    member="CompilationJobSummaries",
    identity=_named("CompilationJobName"),
    arn="CompilationJobArn",
    describes="DescribeCompilationJob",
    prove=by_role("RoleArn"),
    lasting=True,
    status="CompilationJobStatus",
    stops="StopCompilationJob",
    stopped_from=frozenset({"STARTING", "INPROGRESS"}),
    deletes="DeleteCompilationJob",
    deleted_from=frozenset({"COMPLETED", "FAILED", "STOPPED"}),
    prompt=True,
)

LABELING = SageMakerType(
    name="labeling job",
    needs_role=True,
    lists="ListLabelingJobs",
    member="LabelingJobSummaryList",
    identity=_named("LabelingJobName"),
    arn="LabelingJobArn",
    describes="DescribeLabelingJob",
    prove=by_role("RoleArn"),
    lasting=True,
    status="LabelingJobStatus",
    hourly=not_known,
    billed_in=frozenset({"Initializing", "InProgress", "Stopping"}),
    stops="StopLabelingJob",
    stopped_from=frozenset({"Initializing", "InProgress"}),
    deleted_from=ENDED,
)

KINDS = (TRAINING, PROCESSING, TRANSFORM, TUNING, AUTOML, COMPILATION, LABELING)
