"""What SageMaker keeps about work: registry, pipelines, experiments, lineage, features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workshop.teardown import refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources.sagemaker_serving import described, of_transform
from workshop.teardown.resources.sagemaker_type import (
    Answer,
    Prove,
    SageMakerType,
    ask,
    by_maker,
    by_role,
    listed,
    not_known,
)

_JOBS: dict[str, tuple[str, str, Prove]] = {
    "training-job": ("DescribeTrainingJob", "TrainingJobName", by_role("RoleArn")),
    "processing-job": ("DescribeProcessingJob", "ProcessingJobName", by_role("RoleArn")),
    "transform-job": ("DescribeTransformJob", "TransformJobName", of_transform),
    "automl-job": ("DescribeAutoMLJobV2", "AutoMLJobName", by_role("RoleArn")),
}
"""Part of an ARN -> how the job behind it is described and proven."""


def of_job(world: ScanContext, arn: str) -> Proof | None:
    """The proof by the job of an ARN; None where it is gone, or no job."""
    kind, _, name = arn.split(":", 5)[-1].partition("/")
    if kind not in _JOBS:
        return None
    operation, member, prove = _JOBS[kind]
    job = described(world, operation, **{member: name})
    return prove(world, job) if job else None


def _of_source(world: ScanContext, answer: Answer) -> Proof | None:
    """The proof by the job that something was recorded of, else by whoever made it."""
    source = answer.get("Source") or answer.get("TrialComponentSource") or {}
    arn = source.get("SourceArn") or source.get("SourceUri") or ""
    found = of_job(world, arn) if arn.startswith("arn:") else None
    return found or by_maker(world, answer)


def _of_named_source(world: ScanContext, answer: Answer) -> Proof | None:
    """The proof by whoever made it, else by its source: whoever makes it can name any job there."""
    return by_maker(world, answer) or _of_source(world, answer)


def _of_pipeline(world: ScanContext, answer: Answer) -> Proof | None:
    return by_role("RoleArn")(world, answer) or by_maker(world, answer)


def _of_server(world: ScanContext, answer: Answer) -> Proof | None:
    return by_role("RoleArn")(world, answer) or by_maker(world, answer)


@dataclass(frozen=True)
class Pipelines(SageMakerType):
    """Pipelines, which cannot be deleted while they run."""

    def state_of(self, world: ScanContext, described: Answer) -> str:
        """``Executing`` while anything of it runs, else its own status."""
        running = self._running(world, str(described["PipelineName"]))
        return "Executing" if running else str(described.get("PipelineStatus", ""))

    def stop(self, world: ScanContext, thing: Resource) -> bool:
        """Stop its executions; what those made is stopped as what it is."""
        stopped = False
        for one in self._running(world, thing.id):
            if one["PipelineExecutionStatus"] != "Executing":
                continue
            try:
                arn = one["PipelineExecutionArn"]
                ask(world, "StopPipelineExecution", PipelineExecutionArn=arn)
            except refusals.Refusal as error:
                if not refusals.is_gone(error):
                    raise
            stopped = True
        return stopped

    @staticmethod
    def _running(world: ScanContext, name: str) -> list[dict[str, Any]]:
        return [
            one
            for one in listed(
                world, "ListPipelineExecutions", "PipelineExecutionSummaries", PipelineName=name
            )
            if one["PipelineExecutionStatus"] in ("Executing", "Stopping")
        ]


@dataclass(frozen=True)
class Components(SageMakerType):
    """Trial components, which have to be taken out of their trials first."""

    def delete(self, world: ScanContext, thing: Resource) -> None:
        """Ask for its deletion; most are in no trial, and only a refusal tells."""
        try:
            ask(world, self.deletes, **thing.details)
        except refusals.Refusal as error:
            if not refusals.is_gone(error):
                super().delete(world, thing)

    def prepare(self, world: ScanContext, thing: Resource) -> None:
        """Take it out of every trial."""
        for trial in list(
            listed(world, "ListTrials", "TrialSummaries", TrialComponentName=thing.id)
        ):
            _untie(world, thing.id, trial["TrialName"])


@dataclass(frozen=True)
class Trials(SageMakerType):
    """Trials, out of which every component has to be taken first, whosever it is."""

    def prepare(self, world: ScanContext, thing: Resource) -> None:
        """Take every component out of it."""
        found = listed(world, "ListTrialComponents", "TrialComponentSummaries", TrialName=thing.id)
        for component in list(found):
            _untie(world, component["TrialComponentName"], thing.id)


@dataclass(frozen=True)
class Lineage(SageMakerType):
    """Artifacts, contexts and actions, whose associations have to go first."""

    def prepare(self, world: ScanContext, thing: Resource) -> None:
        """Untie it from all others."""
        for side in ("SourceArn", "DestinationArn"):
            for one in list(
                listed(world, "ListAssociations", "AssociationSummaries", **{side: thing.arn})
            ):
                ends = {end: one[end] for end in ("SourceArn", "DestinationArn")}
                try:
                    ask(world, "DeleteAssociation", **ends)
                except refusals.Refusal as error:
                    if not refusals.is_gone(error):
                        raise


def _untie(world: ScanContext, component: str, trial: str) -> None:
    try:
        ask(
            world,
            "DisassociateTrialComponent",
            TrialComponentName=component,
            TrialName=trial,
        )
    except refusals.Refusal as error:
        if not refusals.is_gone(error):
            raise


PACKAGE = SageMakerType(
    name="model package",
    resource_type="AWS::SageMaker::ModelPackage",
    lists="ListModelPackages",
    member="ModelPackageSummaryList",
    list_request={"ModelPackageType": "Both"},
    identity={"ModelPackageName": "ModelPackageArn"},
    arn="ModelPackageArn",
    describes="DescribeModelPackage",
    prove=by_maker,
    lasting=True,
    status="ModelPackageStatus",
    deletes="DeleteModelPackage",
    deleted_from=frozenset({"Completed", "Failed"}),
    prompt=True,
)

PACKAGE_GROUP = SageMakerType(
    name="model package group",
    resource_type="AWS::SageMaker::ModelPackageGroup",
    lists="ListModelPackageGroups",
    member="ModelPackageGroupSummaryList",
    identity={"ModelPackageGroupName": "ModelPackageGroupName"},
    arn="ModelPackageGroupArn",
    describes="DescribeModelPackageGroup",
    prove=by_maker,
    lasting=True,
    status="ModelPackageGroupStatus",
    deletes="DeleteModelPackageGroup",
    deleted_from=frozenset({"Completed", "Failed", "DeleteFailed"}),
    after=("model package",),
)

PIPELINE = Pipelines(
    name="pipeline",
    resource_type="AWS::SageMaker::Pipeline",
    needs_role=True,
    lists="ListPipelines",
    member="PipelineSummaries",
    identity={"PipelineName": "PipelineName"},
    arn="PipelineArn",
    describes="DescribePipeline",
    prove=_of_pipeline,
    deletes="DeletePipeline",
    deleted_from=frozenset({"Active", ""}),
)

EXPERIMENT = SageMakerType(
    name="experiment",
    resource_type="AWS::SageMaker::Experiment",
    lists="ListExperiments",
    member="ExperimentSummaries",
    identity={"ExperimentName": "ExperimentName"},
    arn="ExperimentArn",
    describes="DescribeExperiment",
    prove=by_maker,
    lasting=True,
    deletes="DeleteExperiment",
    prompt=True,
    after=("trial",),
)

TRIAL = Trials(
    name="trial",
    lists="ListTrials",
    member="TrialSummaries",
    identity={"TrialName": "TrialName"},
    arn="TrialArn",
    describes="DescribeTrial",
    prove=by_maker,
    lasting=True,
    deletes="DeleteTrial",
    prompt=True,
    after=("trial component",),
)

TRIAL_COMPONENT = Components(
    name="trial component",
    resource_type="AWS::SageMaker::TrialComponent",
    lists="ListTrialComponents",
    member="TrialComponentSummaries",
    identity={"TrialComponentName": "TrialComponentName"},
    arn="TrialComponentArn",
    describes="DescribeTrialComponent",
    prove=_of_source,
    listing_proves=True,
    lasting=True,
    deletes="DeleteTrialComponent",
    prompt=True,
)

ARTIFACT = Lineage(
    name="artifact",
    resource_type="AWS::SageMaker::Artifact",
    lists="ListArtifacts",
    member="ArtifactSummaries",
    identity={"ArtifactArn": "ArtifactArn"},
    arn="ArtifactArn",
    describes="DescribeArtifact",
    prove=by_maker,
    deletes="DeleteArtifact",
    prompt=True,
)

CONTEXT = Lineage(
    name="context",
    resource_type="AWS::SageMaker::Context",
    lists="ListContexts",
    member="ContextSummaries",
    identity={"ContextName": "ContextName"},
    arn="ContextArn",
    describes="DescribeContext",
    prove=_of_named_source,
    deletes="DeleteContext",
    prompt=True,
)

ACTION = Lineage(
    name="action",
    resource_type="AWS::SageMaker::Action",
    lists="ListActions",
    member="ActionSummaries",
    identity={"ActionName": "ActionName"},
    arn="ActionArn",
    describes="DescribeAction",
    prove=_of_named_source,
    deletes="DeleteAction",
    prompt=True,
)

FEATURE_GROUP = SageMakerType(
    name="feature group",
    resource_type="AWS::SageMaker::FeatureGroup",
    needs_role=True,
    lists="ListFeatureGroups",
    member="FeatureGroupSummaries",
    identity={"FeatureGroupName": "FeatureGroupName"},
    arn="FeatureGroupArn",
    describes="DescribeFeatureGroup",
    prove=by_role("RoleArn"),
    lasting=True,
    status="FeatureGroupStatus",
    deletes="DeleteFeatureGroup",
    deleted_from=frozenset({"Created", "CreateFailed", "DeleteFailed"}),
)
"""Its offline data stays in the bucket, and its table in the Glue catalog: kinds of their own."""

TRACKING_SERVER = SageMakerType(
    name="MLflow tracking server",
    resource_type="AWS::SageMaker::MlflowTrackingServer",
    needs_role=True,
    lists="ListMlflowTrackingServers",
    member="TrackingServerSummaries",
    identity={"TrackingServerName": "TrackingServerName"},
    arn="TrackingServerArn",
    describes="DescribeMlflowTrackingServer",
    prove=_of_server,
    lasting=True,
    status="TrackingServerStatus",
    hourly=not_known,
    billed_in=frozenset(
        {"Created", "Updated", "Started", "MaintenanceComplete", "Creating", "Updating", "Starting"}
    ),
    deletes="DeleteMlflowTrackingServer",
    deleted_from=frozenset(
        {
            *("Created", "Updated", "Started", "Stopped", "MaintenanceComplete"),
            *("CreateFailed", "UpdateFailed", "StartFailed", "StopFailed", "DeleteFailed"),
            "MaintenanceFailed",
        }
    ),
    deleting_stops=True,
)

KINDS = (
    PACKAGE,
    PACKAGE_GROUP,
    PIPELINE,
    EXPERIMENT,
    TRIAL,
    TRIAL_COMPONENT,
    ARTIFACT,
    CONTEXT,
    ACTION,
    FEATURE_GROUP,
    TRACKING_SERVER,
)
