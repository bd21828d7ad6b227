"""What SageMaker keeps about work: registry, pipelines, experiments, lineage, features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workshop.aws import errors
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names, sagemaker_jobs
from workshop.teardown.resources.sagemaker_operations import (
    Answer,
    ask,
    ask_unless_gone,
    described,
    listed,
)
from workshop.teardown.resources.sagemaker_proof import by_maker, by_role
from workshop.teardown.resources.sagemaker_type import SageMakerType, not_known

_JOBS = {
    job.arn_type: job
    for job in (
        sagemaker_jobs.TRAINING,
        sagemaker_jobs.PROCESSING,
        sagemaker_jobs.TRANSFORM,
        sagemaker_jobs.AUTOML,
    )
}


def of_job(context: ScanContext, arn: str) -> OwnershipVerdict | None:
    """Return the proof by the job of an ARN; None where it is gone, or no job."""
    _, _, service, _, _, rest = arn.split(":", 5)
    kind, _, name = rest.partition("/")
    job = _JOBS.get(f"{service}:{kind}")
    if job is None:
        return None
    [member] = job.identity
    description = described(context, job.operations.describes, **{member: name})
    return job.prove(context, description) if description else None


def _of_source(context: ScanContext, answer: Answer) -> OwnershipVerdict | None:
    """Return the proof by the job that something was recorded of, else by whoever made it."""
    source = answer.get("Source") or answer.get("TrialComponentSource") or {}
    arn = source.get("SourceArn") or source.get("SourceUri") or ""
    found = of_job(context, arn) if arn.startswith("arn:") else None
    return found or by_maker(context, answer)


def _of_named_source(context: ScanContext, answer: Answer) -> OwnershipVerdict | None:
    """Return the proof by its maker, else by its source, where the maker can name any job."""
    return by_maker(context, answer) or _of_source(context, answer)


def _of_role_or_maker(context: ScanContext, answer: Answer) -> OwnershipVerdict | None:
    return by_role("RoleArn")(context, answer) or by_maker(context, answer)


@dataclass(frozen=True)
class Pipelines(SageMakerType):
    """Pipelines, which cannot be deleted while they run."""

    def state_of(self, context: ScanContext, described: Answer) -> str:
        """``Executing`` while anything of it runs, else its own status."""
        running = self._running(context, str(described["PipelineName"]))
        return "Executing" if running else str(described.get("PipelineStatus", ""))

    def stop(self, context: ScanContext, resource: Resource) -> bool:
        """Stop its executions; what those made is stopped as what it is."""
        stopped = False
        for execution in self._running(context, resource.id):
            if execution["PipelineExecutionStatus"] != "Executing":
                continue
            arn = execution["PipelineExecutionArn"]
            ask_unless_gone(context, "StopPipelineExecution", PipelineExecutionArn=arn)
            stopped = True
        return stopped

    @staticmethod
    def _running(context: ScanContext, name: str) -> list[dict[str, Any]]:
        return [
            execution
            for execution in listed(
                context, "ListPipelineExecutions", "PipelineExecutionSummaries", PipelineName=name
            )
            if execution["PipelineExecutionStatus"] in ("Executing", "Stopping")
        ]


@dataclass(frozen=True)
class Components(SageMakerType):
    """Trial components, which have to be taken out of their trials first."""

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        """Ask for its deletion; most are in no trial, and only a refusal tells."""
        try:
            ask(context, self.operations.deletes, **resource.details)
        except errors.Refusal as error:
            if not errors.is_gone(error):
                super().request_deletion(context, resource)

    def prepare(self, context: ScanContext, resource: Resource) -> None:
        """Take it out of every trial."""
        for trial in list(
            listed(context, "ListTrials", "TrialSummaries", TrialComponentName=resource.id)
        ):
            _untie(context, resource.id, trial["TrialName"])


@dataclass(frozen=True)
class Trials(SageMakerType):
    """Trials, out of which every component has to be taken first, whosever it is."""

    def prepare(self, context: ScanContext, resource: Resource) -> None:
        """Take every component out of it."""
        found = listed(
            context, "ListTrialComponents", "TrialComponentSummaries", TrialName=resource.id
        )
        for component in list(found):
            _untie(context, component["TrialComponentName"], resource.id)


@dataclass(frozen=True)
class Lineage(SageMakerType):
    """Artifacts, contexts and actions, whose associations have to go first."""

    def prepare(self, context: ScanContext, resource: Resource) -> None:
        """Untie it from all others."""
        for side in ("SourceArn", "DestinationArn"):
            for association in list(
                listed(context, "ListAssociations", "AssociationSummaries", **{side: resource.arn})
            ):
                ends = {end: association[end] for end in ("SourceArn", "DestinationArn")}
                ask_unless_gone(context, "DeleteAssociation", **ends)


def _untie(context: ScanContext, component: str, trial: str) -> None:
    both = {"TrialComponentName": component, "TrialName": trial}
    ask_unless_gone(context, "DisassociateTrialComponent", **both)


_TIES = ("ListAssociations",)

PACKAGE = SageMakerType(
    "ModelPackage",
    by_maker,
    owner_is_final=True,
    list_request={"ModelPackageType": "Both"},
    members={"ModelPackageName": "ModelPackageArn"},
    deleted_from=frozenset({"Completed", "Failed"}),
    wait_after_delete=False,
)

PACKAGE_GROUP = SageMakerType(
    "ModelPackageGroup",
    by_maker,
    owner_is_final=True,
    deleted_from=frozenset({"Completed", "Failed", "DeleteFailed"}),
    after=(names.MODEL_PACKAGE,),
)

PIPELINE = Pipelines(
    "Pipeline",
    _of_role_or_maker,
    also_reads=("ListPipelineExecutions",),
    needs_role=True,
    deleted_from=frozenset({"Active", ""}),
)

EXPERIMENT = SageMakerType(
    "Experiment", by_maker, owner_is_final=True, wait_after_delete=False, after=(names.TRIAL,)
)

TRIAL = Trials(
    "Trial",
    by_maker,
    arn_type="sagemaker:experiment-trial",
    owner_is_final=True,
    wait_after_delete=False,
    after=(names.TRIAL_COMPONENT,),
)

TRIAL_COMPONENT = Components(
    "TrialComponent",
    _of_source,
    arn_type="sagemaker:experiment-trial-component",
    listing_proves=True,
    owner_is_final=True,
    wait_after_delete=False,
)

ARTIFACT = Lineage("Artifact", by_maker, also_reads=_TIES, wait_after_delete=False)
CONTEXT = Lineage("Context", _of_named_source, also_reads=_TIES, wait_after_delete=False)
ACTION = Lineage("Action", _of_named_source, also_reads=_TIES, wait_after_delete=False)

FEATURE_GROUP = SageMakerType(
    "FeatureGroup",
    by_role("RoleArn"),
    owner_is_final=True,
    needs_role=True,
    deleted_from=frozenset({"Created", "CreateFailed", "DeleteFailed"}),
)
"""Its offline data stays in the bucket, and its table in the Glue catalog: types of their own."""

TRACKING_SERVER = SageMakerType(
    "MlflowTrackingServer",
    _of_role_or_maker,
    name="MLflow tracking server",
    owner_is_final=True,
    needs_role=True,
    hourly=not_known,
    billed_in=frozenset(
        {"Created", "Updated", "Started", "MaintenanceComplete", "Creating", "Updating", "Starting"}
    ),
    deleted_from=frozenset(
        {
            *("Created", "Updated", "Started", "Stopped", "MaintenanceComplete"),
            *("CreateFailed", "UpdateFailed", "StartFailed", "StopFailed", "DeleteFailed"),
            "MaintenanceFailed",
        }
    ),
    deleting_stops=True,
)

MLFLOW_APP = SageMakerType(
    "MlflowApp",
    _of_role_or_maker,
    name=names.MLFLOW_APP,
    owner_is_final=True,
    needs_role=True,
    deleted_from=frozenset({"Created", "Updated", "CreateFailed", "UpdateFailed", "DeleteFailed"}),
    gone_in=frozenset({"Deleted"}),
)
"""It costs nothing by the hour; what it keeps in the seat's bucket goes with that."""

TYPES = (
    *(PACKAGE, PACKAGE_GROUP, PIPELINE, EXPERIMENT, TRIAL, TRIAL_COMPONENT),
    *(ARTIFACT, CONTEXT, ACTION, FEATURE_GROUP, TRACKING_SERVER, MLFLOW_APP),
)
