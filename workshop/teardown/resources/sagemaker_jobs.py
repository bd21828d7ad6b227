"""Jobs: training, processing, transform, tuning, AutoML, compilation, labeling, recommendations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.sagemaker_operations import Answer, ask_unless_gone
from workshop.teardown.resources.sagemaker_proof import by_role, of_transform
from workshop.teardown.resources.sagemaker_type import SageMakerType, machines_cost, not_known

RUNNING = frozenset(billing.JOB_RUNS)
ENDED = frozenset({"Completed", "Failed", "Stopped"})
POOLED = "Available warm pool"
"""A training job that has ended and keeps its machines; it cannot be deleted so."""

_COMPONENTS = (names.TRIAL_COMPONENT,)
"""A job proves whose the component is that it left, so it stays until that is gone."""


def _why_transform_unattributable(context: ScanContext, job: Answer) -> str:  # noqa: ARG001 - as WhyUnattributable is called
    """Return why nothing proves whose a job is that still costs; an ended one is but a record."""
    running = job["TransformJobStatus"] in RUNNING
    return "its model is gone, or has no role" if running else ""


def _tuning_roles(context: ScanContext, job: Answer) -> OwnershipVerdict | None:
    definitions = [job.get("TrainingJobDefinition"), *job.get("TrainingJobDefinitions", [])]
    return ownership.joined(
        ownership.of_role(context.scope, definition["RoleArn"])
        for definition in definitions
        if definition is not None
    )


@dataclass(frozen=True)
class Training(SageMakerType):
    """Training jobs, which may keep their machines for the next one."""

    def state_of(self, context: ScanContext, described: Answer) -> str:  # noqa: ARG002 - as its base
        """Return its status, or that a warm pool is still paid for."""
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
        config = {"KeepAlivePeriodInSeconds": 0}
        ask_unless_gone(context, "UpdateTrainingJob", ResourceConfig=config, **resource.details)


def _job(
    noun: str,
    machines: Callable[[Answer], Iterable[Machines] | None] | None = None,
    *,
    resource_type: type[SageMakerType] = SageMakerType,
    **more: Any,
) -> SageMakerType:
    """Return a job that runs with a role, on ``machines`` or on others' alone."""
    usual: dict[str, Any] = {
        "prove": by_role("RoleArn"),
        "owner_is_final": True,
        "needs_role": True,
        "stopped_from": frozenset({"InProgress"}),
        "deleted_from": ENDED,
    }
    if machines is not None:
        usual["hourly"] = machines_cost(lambda _, description: machines(description))
        usual["billed_in"] = RUNNING
        usual["log_group"] = f"/aws/sagemaker/{noun}s"
        usual["after"] = _COMPONENTS
    return resource_type(noun, **{**usual, **more})


TRAINING = _job(
    "TrainingJob",
    billing.training_machines,
    resource_type=Training,
    billed_in=RUNNING | {POOLED},
    deleted_from=ENDED | {POOLED},
    wait_after_delete=False,
)

PROCESSING = _job("ProcessingJob", billing.processing_machines, wait_after_delete=False)

TRANSFORM = _job(
    "TransformJob",
    billing.transform_machines,
    prove=of_transform,
    owner_is_final=False,
    unattributable=_why_transform_unattributable,
)

TUNING = _job(
    "HyperParameterTuningJob",
    prove=_tuning_roles,
    name=names.TUNING_JOB,
    deleted_from=ENDED | {"DeleteFailed"},
)
"""It costs nothing itself: its training jobs do."""

AUTOML = _job("AutoMLJob", name=names.AUTOML_JOB, arn_type="sagemaker:automl-job")

COMPILATION = _job(
    "CompilationJob",
    stopped_from=frozenset({"STARTING", "INPROGRESS"}),
    deleted_from=frozenset({"COMPLETED", "FAILED", "STOPPED"}),
    wait_after_delete=False,
    log_group="/aws/sagemaker/CompilationJobs",
)

LABELING = _job(
    "LabelingJob",
    hourly=not_known,
    billed_in=frozenset({"Initializing", "InProgress", "Stopping"}),
    stopped_from=frozenset({"Initializing", "InProgress"}),
    log_group="/aws/sagemaker/LabelingJobs",
)

RECOMMENDATIONS = _job(
    "InferenceRecommendationsJob",
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
