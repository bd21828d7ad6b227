"""Jobs: training, processing, transform, tuning, AutoML, compilation, labeling, recommendations."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from workshop.aws import errors
from workshop.pricing import billing
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names
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

_COMPONENTS = (names.TRIAL_COMPONENT,)
"""A job proves whose the component is that it left, so it stays until that is gone."""


def _training_cost(context: ScanContext, job: Answer) -> Decimal | None:
    return machines_cost(context, billing.training_machines(job))


def _processing_cost(context: ScanContext, job: Answer) -> Decimal | None:
    return machines_cost(context, billing.processing_machines(job))


def _transform_cost(context: ScanContext, job: Answer) -> Decimal | None:
    return machines_cost(context, billing.transform_machines(job))


def _why_transform_unattributable(context: ScanContext, job: Answer) -> str:  # noqa: ARG001 - as Untold is called
    """Why nothing proves whose a job is that still costs; one that has ended is but a record."""
    running = job["TransformJobStatus"] in RUNNING
    return "its model is gone, or has no role" if running else ""


def _tuning_roles(context: ScanContext, job: Answer) -> OwnershipVerdict | None:
    definitions = [job.get("TrainingJobDefinition"), *job.get("TrainingJobDefinitions", [])]
    return ownership.joined(
        ownership.of_role(context.scope, one["RoleArn"]) for one in definitions if one is not None
    )


@dataclass(frozen=True)
class Training(SageMakerType):
    """Training jobs, which may keep their machines for the next one."""

    def state_of(self, context: ScanContext, described: Answer) -> str:  # noqa: ARG002 - as its base
        """Its status, or that a warm pool is still paid for."""
        status = str(described["TrainingJobStatus"])
        pool = described.get("WarmPoolStatus", {}).get("Status")
        return POOLED if status in ENDED and pool == "Available" else status

    def stop(self, context: ScanContext, resource: Resource) -> bool:
        """Stop it, or let its warm pool go."""
        if resource.state != POOLED:
            return super().stop(context, resource)
        self._release(context, resource)
        return True

    def prepare(self, context: ScanContext, resource: Resource) -> None:
        """Let the warm pool go, which a job that was stopped may have left, too."""
        if resource.state == POOLED:
            self._release(context, resource)

    @staticmethod
    def _release(context: ScanContext, resource: Resource) -> None:
        try:
            ask(
                context,
                "UpdateTrainingJob",
                ResourceConfig={"KeepAlivePeriodInSeconds": 0},
                **resource.details,
            )
        except errors.Refusal as error:
            if not errors.is_gone(error):
                raise


TRAINING = Training(
    "TrainingJob",
    by_role("RoleArn"),
    owner_is_final=True,
    needs_role=True,
    hourly=_training_cost,
    billed_in=RUNNING | {POOLED},
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED | {POOLED},
    wait_after_delete=False,
    after=_COMPONENTS,
    log_group="/aws/sagemaker/TrainingJobs",
)

PROCESSING = SageMakerType(
    "ProcessingJob",
    by_role("RoleArn"),
    owner_is_final=True,
    needs_role=True,
    hourly=_processing_cost,
    billed_in=RUNNING,
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED,
    wait_after_delete=False,
    after=_COMPONENTS,
    log_group="/aws/sagemaker/ProcessingJobs",
)

TRANSFORM = SageMakerType(
    "TransformJob",
    of_transform,
    needs_role=True,
    unattributable=_why_transform_unattributable,
    hourly=_transform_cost,
    billed_in=RUNNING,
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED,
    after=_COMPONENTS,
    log_group="/aws/sagemaker/TransformJobs",
)

TUNING = SageMakerType(
    "HyperParameterTuningJob",
    _tuning_roles,
    name=names.TUNING_JOB,
    owner_is_final=True,
    needs_role=True,
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED | {"DeleteFailed"},
)
"""It costs nothing itself: its training jobs do."""

AUTOML = SageMakerType(
    "AutoMLJob",
    by_role("RoleArn"),
    name=names.AUTOML_JOB,
    owner_is_final=True,
    needs_role=True,
    stopped_from=frozenset({"InProgress"}),
    deleted_from=ENDED,
)

COMPILATION = SageMakerType(
    "CompilationJob",
    by_role("RoleArn"),
    owner_is_final=True,
    needs_role=True,
    stopped_from=frozenset({"STARTING", "INPROGRESS"}),
    deleted_from=frozenset({"COMPLETED", "FAILED", "STOPPED"}),
    wait_after_delete=False,
    log_group="/aws/sagemaker/CompilationJobs",
)

LABELING = SageMakerType(
    "LabelingJob",
    by_role("RoleArn"),
    owner_is_final=True,
    needs_role=True,
    hourly=not_known,
    billed_in=frozenset({"Initializing", "InProgress", "Stopping"}),
    stopped_from=frozenset({"Initializing", "InProgress"}),
    deleted_from=ENDED,
    log_group="/aws/sagemaker/LabelingJobs",
)

RECOMMENDATIONS = SageMakerType(
    "InferenceRecommendationsJob",
    by_role("RoleArn"),
    owner_is_final=True,
    needs_role=True,
    listing_proves=True,
    hourly=not_known,
    billed_in=frozenset({"PENDING", "IN_PROGRESS", "STOPPING"}),
    stopped_from=frozenset({"PENDING", "IN_PROGRESS"}),
    deleted_from=frozenset({"COMPLETED", "FAILED", "STOPPED"}),
    gone_in=frozenset({"DELETED"}),
    log_group="/aws/sagemaker/InferenceRecommendationsJobs",
)
"""Which endpoints it tries a model on, and for how long, only its own steps tell."""

TYPES = (
    *(TRAINING, PROCESSING, TRANSFORM, TUNING, AUTOML, COMPILATION, LABELING),
    RECOMMENDATIONS,
)
