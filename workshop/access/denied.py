"""What no seat may do, to a neighbour or at all."""

from __future__ import annotations

from collections.abc import Iterator

from workshop import tags
from workshop.access import accounts, cross_seat, optional_grants
from workshop.access.case import (
    BY_DEFAULT,
    CAPPED,
    TIMED,
    Case,
    Context,
    Keys,
    also,
    default_bucket,
    everything,
    execution,
    here,
    hours,
    made,
    namesake,
    of_mine,
    of_namesake,
    of_other,
    others_bucket,
    tagging,
    theirs,
    thing,
    usual_type,
)
from workshop.config.models import Profile
from workshop.naming import Names


def cases(profile: Profile) -> Iterator[Case]:
    """Give what no seat may do, to a neighbour or at all.

    In ``managed`` mode the boundary alone limits a seat, so only its denials hold.
    """
    yield from _denied_in_any_mode()
    yield from optional_grants.denied(profile)
    if profile.access.mode == "scoped":
        yield from _denied_when_scoped(profile)


def _denied_in_any_mode() -> Iterator[Case]:
    """Give what the boundary forbids, whatever is attached to the role."""
    for about, action in (
        ("opens", "CreatePresignedNotebookInstanceUrl"),
        ("starts", "StartNotebookInstance"),
        ("stops", "StopNotebookInstance"),
        ("deletes", "DeleteNotebookInstance"),
        ("changes", "UpdateNotebookInstance"),
    ):
        yield Case(
            f"{about} a neighbour's notebook",
            f"sagemaker:{action}",
            lambda _, other: other.notebook_arn,
            of_other,
        )
    for about, action in (
        ("reads", "GetObject"),
        ("writes", "PutObject"),
        ("deletes", "DeleteObject"),
    ):
        yield Case(
            f"{about} a neighbour's object", f"s3:{action}", others_bucket("/train/a.csv"), here
        )
        yield Case(
            f"{about} an object of the shared default bucket",
            f"s3:{action}",
            default_bucket("/a"),
            here,
        )
    yield Case("lists a neighbour's bucket", "s3:ListBucket", others_bucket(), here)
    yield Case("opens a neighbour's bucket", "s3:PutBucketPolicy", others_bucket(), here)
    for about, action in (("writes", "PutObject"), ("deletes", "DeleteObject")):
        yield Case(
            f"{about} the datasets",
            f"s3:{action}",
            lambda me, _: f"{me.datasets_bucket_arn}/a.csv",
            here,
        )
    for about, action in (
        ("pushes to", "PutImage"),
        ("begins a layer in", "InitiateLayerUpload"),
        ("uploads a layer to", "UploadLayerPart"),
        ("completes a layer in", "CompleteLayerUpload"),
        ("pulls from", "BatchGetImage"),
        ("pulls a layer from", "GetDownloadUrlForLayer"),
        ("copies from", "GetImageCopyStatus"),
        ("lists the images of", "ListImages"),
        ("reads the rules of", "GetLifecyclePolicy"),
        ("reads who may use", "GetRepositoryPolicy"),
        ("replicates from", "ReplicateImage"),
        ("tags", "TagResource"),
        ("deletes", "DeleteRepository"),
        ("opens", "SetRepositoryPolicy"),
    ):
        yield Case(
            f"{about} a neighbour's repository",
            f"ecr:{action}",
            lambda _, other: other.repository_arn("training"),
            here,
        )
    yield from _denied_roles()
    yield from _denied_things()
    yield from accounts.denied()
    for about, action, kind in (
        ("makes a notebook", "CreateNotebookInstance", "notebook-instance"),
        (
            "makes a lifecycle configuration",
            "CreateNotebookInstanceLifecycleConfig",
            "notebook-instance-lifecycle-config",
        ),
        ("makes a Studio domain", "CreateDomain", "domain"),
        ("makes a compilation job", "CreateCompilationJob", "compilation-job"),
        ("makes an AutoML job", "CreateAutoMLJobV2", "automl-job"),
        ("makes a labeling job", "CreateLabelingJob", "labeling-job"),
        ("makes an MLflow server", "CreateMlflowTrackingServer", "mlflow-tracking-server"),
        ("makes a cluster", "CreateCluster", "cluster"),
        ("buys a training plan", "CreateTrainingPlan", "training-plan"),
        (
            "makes an inference recommendation",
            "CreateInferenceRecommendationsJob",
            "inference-recommendations-job",
        ),
        ("makes an optimization job", "CreateOptimizationJob", "optimization-job"),
        ("makes an algorithm", "CreateAlgorithm", "algorithm"),
    ):
        yield Case(about, f"sagemaker:{action}", thing(kind), made())
    yield Case(
        "makes a Studio app",
        "sagemaker:CreateApp",
        lambda me, _: me.sagemaker_arn("app", "d-1/me/JupyterLab/default"),
        made(),
    )
    yield Case(
        "changes its own lifecycle configuration",
        "sagemaker:UpdateNotebookInstanceLifecycleConfig",
        lambda me, _: me.sagemaker_arn("notebook-instance-lifecycle-config", me.lifecycle_config),
        of_mine,
    )
    yield Case(
        "debugs a container from outside",
        "sagemaker:CreateTrainingJob",
        thing("training-job"),
        made(["ml.m5.large"], EnableRemoteDebug="true"),
    )
    yield Case(
        "debugs a running container from outside",
        "sagemaker:UpdateTrainingJob",
        thing("training-job"),
        also(of_mine, {"sagemaker:EnableRemoteDebug": "true"}),
    )
    yield Case(
        "trains in another Region",
        "sagemaker:CreateTrainingJob",
        thing("training-job"),
        lambda me, other: {**made()(me, other), "aws:RequestedRegion": "ap-south-1"},
    )
    yield Case(
        "writes to a bucket in another Region",
        "s3:PutObject",
        lambda me, _: f"arn:{me.partition}:s3:::elsewhere/a.csv",
        lambda *_: {"aws:RequestedRegion": "ap-south-1", "aws:ResourceAccount": "763104351884"},
    )
    yield Case("starts a machine", "ec2:RunInstances", everything)


def _denied_under_other_tags(profile: Profile) -> Iterator[Case]:
    """Making what is a neighbour's, a namesake's or nobody's by its tags, and using it."""
    kinds = [
        ("model", "CreateModel", "DeleteModel"),
        ("endpoint", "CreateEndpoint", "DeleteEndpoint"),
        ("pipeline", "CreatePipeline", "DeletePipeline"),
    ]
    if profile.access.feature_store:
        kinds.append(("feature-group", "CreateFeatureGroup", "PutRecord"))
    tagged: tuple[tuple[str, Keys, Keys], ...] = (
        ("a neighbour's", lambda _, other: tagging(other), of_other),
        ("a namesake's", lambda me, _: tagging(namesake(me)), of_namesake),
    )
    for kind, make, use in kinds:
        for whose, making, using in tagged:
            yield Case(f"makes {whose} {kind}", f"sagemaker:{make}", thing(kind), making)
            yield Case(f"uses {whose} {kind}", f"sagemaker:{use}", thing(kind), using)
            yield Case(
                f"tags what it is making as {whose} {kind}",
                "sagemaker:AddTags",
                thing(kind),
                also(making, {"sagemaker:TaggingAction": make}),
            )
    for key in (tags.ATTENDEE, tags.WORKSHOP):
        spelled = _spelled_otherwise(key)
        for kind, make, _ in (*kinds[1:], ("experiment", "CreateExperiment", "")):
            about = f"makes its {kind} under the tag {key.upper()}"
            yield Case(about, f"sagemaker:{make}", thing(kind), spelled)
        yield Case(
            f"tags what it is making by the key {key.upper()}",
            "sagemaker:AddTags",
            thing("experiment"),
            also(spelled, {"sagemaker:TaggingAction": "CreateExperiment"}),
        )


def _spelled_otherwise(key: str) -> Keys:
    """Give a seat's own tags, one by a key that IAM takes for the same and no listing does."""

    def context(me: Names, _other: Names) -> Context:
        return {
            name.replace(f"/{key}", f"/{key.upper()}"): value for name, value in tagging(me).items()
        }

    return context


def _denied_roles() -> Iterator[Case]:
    to_sagemaker = {"iam:PassedToService": "sagemaker.amazonaws.com"}
    yield Case(
        "passes a neighbour's role",
        "iam:PassRole",
        lambda _, other: other.role_arn,
        lambda *_: to_sagemaker,
    )
    yield Case(
        "passes an administrator's role",
        "iam:PassRole",
        lambda me, _: f"arn:{me.partition}:iam::{me.account}:role/admin",
        lambda *_: to_sagemaker,
    )
    yield Case(
        "passes its role to another service",
        "iam:PassRole",
        lambda me, _: me.role_arn,
        lambda *_: {"iam:PassedToService": "lambda.amazonaws.com"},
    )
    for about, action in (
        ("makes a role", "CreateRole"),
        ("takes its boundary off", "DeleteRolePermissionsBoundary"),
        ("gives itself a policy", "PutRolePolicy"),
        ("changes who may take on its role", "UpdateAssumeRolePolicy"),
    ):
        yield Case(about, f"iam:{action}", lambda me, _: me.role_arn)
    yield Case("takes on a neighbour's role", "sts:AssumeRole", lambda _, other: other.role_arn)


def _denied_things() -> Iterator[Case]:
    for about, kind, action in (
        ("stops a neighbour's training job", "training-job", "StopTrainingJob"),
        ("describes a neighbour's training job", "training-job", "DescribeTrainingJob"),
        ("stops a neighbour's processing job", "processing-job", "StopProcessingJob"),
        ("deletes a neighbour's endpoint", "endpoint", "DeleteEndpoint"),
        ("asks a neighbour's endpoint", "endpoint", "InvokeEndpoint"),
        ("updates a neighbour's endpoint", "endpoint", "UpdateEndpoint"),
        ("serves a neighbour's endpoint-config", "endpoint-config", "CreateEndpoint"),
        ("deletes a neighbour's model", "model", "DeleteModel"),
        ("describes a neighbour's model package", "model-package", "DescribeModelPackage"),
        ("starts a neighbour's pipeline", "pipeline", "StartPipelineExecution"),
        ("deletes a neighbour's experiment", "experiment", "DeleteExperiment"),
        ("hears a neighbour's endpoint", "endpoint", "InvokeEndpointWithResponseStream"),
        ("lists a neighbour's model packages", "model-package", "ListModelPackages"),
        ("changes a neighbour's artifact", "artifact", "AddAssociation"),
    ):
        yield Case(about, f"sagemaker:{action}", thing(kind), of_other)
    for about, kind, action in (
        ("stops a namesake's training job", "training-job", "StopTrainingJob"),
        ("asks a namesake's endpoint", "endpoint", "InvokeEndpoint"),
    ):
        yield Case(about, f"sagemaker:{action}", thing(kind), of_namesake)
    yield from cross_seat.denied()
    for about, action in (
        ("opens", "CreatePresignedNotebookInstanceUrl"),
        ("starts", "StartNotebookInstance"),
        ("stops", "StopNotebookInstance"),
        ("deletes", "DeleteNotebookInstance"),
    ):
        yield Case(
            f"{about} a notebook that lost its tags",
            f"sagemaker:{action}",
            lambda _, other: other.notebook_arn,
        )


def _denied_spending(profile: Profile) -> Iterator[Case]:
    access = profile.access
    for action, kind in CAPPED:
        timed = {"MaxRuntimeInSeconds": "3600"} if (action, kind) in TIMED else {}
        if "ml.p5.48xlarge" not in access.training_instance_types:
            yield Case(
                f"makes a {kind} on ml.p5.48xlarge",
                f"sagemaker:{action}",
                thing(kind),
                made(["ml.p5.48xlarge"], **timed),
            )
        # Serverless training and endpoints, and whatever else AWS may let go without a type.
        yield Case(
            f"makes a {kind} that names no machine",
            f"sagemaker:{action}",
            thing(kind),
            made(**timed),
        )
    for action, kind in TIMED:
        one = usual_type(profile, action)
        yield Case(
            f"makes a {kind} for longer than allowed",
            f"sagemaker:{action}",
            thing(kind),
            made([one], MaxRuntimeInSeconds=hours(profile, more=1)),
        )
        if access.max_runtime_hours < BY_DEFAULT:
            yield Case(
                f"makes a {kind} without a limit", f"sagemaker:{action}", thing(kind), made([one])
            )


def _denied_when_scoped(profile: Profile) -> Iterator[Case]:
    access = profile.access
    training = access.training_instance_types
    yield from _denied_under_other_tags(profile)
    yield from _denied_spending(profile)
    for one in ("ml.p4d.24xlarge", "ml.p5.48xlarge"):
        if one not in training:
            yield Case(
                f"trains on {one}",
                "sagemaker:CreateTrainingJob",
                thing("training-job"),
                made([one], MaxRuntimeInSeconds="3600"),
            )
            yield Case(
                f"hides {one} among others",
                "sagemaker:CreateTrainingJob",
                thing("training-job"),
                made([training[0], one], MaxRuntimeInSeconds="3600"),
            )
    if not access.warm_pools:
        yield Case(
            "keeps a warm pool",
            "sagemaker:CreateTrainingJob",
            thing("training-job"),
            made([training[0]], MaxRuntimeInSeconds="3600", KeepAlivePeriod="600"),
        )
        yield Case(
            "keeps a warm pool afterwards",
            "sagemaker:UpdateTrainingJob",
            thing("training-job"),
            also(of_mine, {"sagemaker:KeepAlivePeriod": "600"}),
        )
    yield Case(
        "trains without a tag",
        "sagemaker:CreateTrainingJob",
        thing("training-job"),
        lambda *_: {
            "sagemaker:InstanceTypes": [training[0]],
            "sagemaker:MaxRuntimeInSeconds": "3600",
        },
    )
    yield Case(
        "trains under a neighbour's tag",
        "sagemaker:CreateTrainingJob",
        thing("training-job"),
        lambda _, other: {
            **tagging(other),
            "sagemaker:InstanceTypes": [training[0]],
            "sagemaker:MaxRuntimeInSeconds": "3600",
        },
    )
    yield Case(
        "lists the steps of a neighbour's execution",
        "sagemaker:ListPipelineExecutionSteps",
        execution(theirs),
    )
    for about, action in (("filters", "FilterLogEvents"), ("queries", "StartQuery")):
        yield Case(
            f"{about} the logs of all",
            f"logs:{action}",
            lambda me, _: (
                f"arn:{me.partition}:logs:{me.region}:{me.account}:log-group:/aws/sagemaker/TrainingJobs"
            ),
        )
    if not access.search:
        yield Case("searches the records of all", "sagemaker:Search", everything)
    yield Case(
        "changes a dashboard",
        "cloudwatch:PutDashboard",
        lambda me, _: f"arn:{me.partition}:cloudwatch::{me.account}:dashboard/{me.dashboard}",
    )
    yield Case(
        "sees a neighbour's dashboard",
        "cloudwatch:GetDashboard",
        lambda me, other: (
            f"arn:{me.partition}:cloudwatch::{me.account}:dashboard/{other.dashboard}"
        ),
    )
