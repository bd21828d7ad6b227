"""What every seat must be able to do, and what none may do to a neighbour: the isolation table.

Each case is asked of the policies as they are, by ``workshop access matrix`` and by the tests,
which ask two policy engines. ``me`` acts; ``other`` is the neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workshop import tags
from workshop.access.decision import Question
from workshop.naming import Names
from workshop.settings import Profile

Context = Mapping[str, str | list[str]]
Resource = Callable[[Names, Names], str]
Keys = Callable[[Names, Names], Context]


@dataclass(frozen=True)
class Case:
    """One thing that is tried; ``about`` says it in words."""

    about: str
    action: str
    resource: Resource
    context: Keys = lambda _me, _other: {}

    def question(self, me: Names, other: Names) -> Question:
        """Ask it of one seat about another."""
        return Question(self.action, self.resource(me, other), self.context(me, other))


def _everything(_me: Names, _other: Names) -> str:
    return "*"


def _tagged(names: Names) -> Context:
    return {
        f"aws:ResourceTag/{tags.ATTENDEE}": names.seat,
        f"aws:ResourceTag/{tags.WORKSHOP}": names.workshop,
    }


def _tagging(names: Names) -> Context:
    return {
        f"aws:RequestTag/{tags.ATTENDEE}": names.seat,
        f"aws:RequestTag/{tags.WORKSHOP}": names.workshop,
    }


def _of_mine(me: Names, _other: Names) -> Context:
    return _tagged(me)


def _of_other(_me: Names, other: Names) -> Context:
    return _tagged(other)


def _thing(kind: str) -> Resource:
    """A thing of a kind, by a name that says nothing of its owner."""
    return lambda me, _other: me.sagemaker_arn(kind, "thing")


def _here(me: Names, _other: Names) -> Context:
    """S3 and ECR tell the account that owns what is asked for."""
    return {"aws:ResourceAccount": me.account}


def _own_bucket(suffix: str = "") -> Resource:
    return lambda me, _other: me.bucket_arn("data") + suffix


def _others_bucket(suffix: str = "") -> Resource:
    return lambda _me, other: other.bucket_arn("data") + suffix


def _default_bucket(suffix: str = "") -> Resource:
    return lambda me, _other: f"arn:{me.partition}:s3:::sagemaker-{me.region}-{me.account}{suffix}"


def _stream(of: Callable[[Names, Names], Names]) -> Resource:
    return lambda me, other: (
        f"arn:{me.partition}:logs:{me.region}:{me.account}:log-group:/aws/sagemaker/TrainingJobs"
        f":log-stream:{of(me, other).job_prefix}train/algo-1-1"
    )


def _made(types: Sequence[str] = (), **keys: str) -> Keys:
    """The request of something one makes for oneself, on these instance types."""

    def context(me: Names, _other: Names) -> Context:
        more: dict[str, str | list[str]] = {
            f"sagemaker:{name}": value for name, value in keys.items()
        }
        if types:
            more["sagemaker:InstanceTypes"] = list(types)
        return {**_tagging(me), **more}

    return context


def _hours(profile: Profile, more: int = 0) -> str:
    return str((profile.access.max_runtime_hours + more) * 3600)


def allowed(profile: Profile) -> Iterator[Case]:
    """Give what a seat of the profile needs for the workshop."""
    access = profile.access
    yield from _allowed_jobs(profile)
    yield from _allowed_data()
    for about, kind, action in (
        ("stops its training job", "training-job", "StopTrainingJob"),
        ("describes its training job", "training-job", "DescribeTrainingJob"),
        ("deletes its endpoint", "endpoint", "DeleteEndpoint"),
        ("asks its endpoint", "endpoint", "InvokeEndpoint"),
        ("updates its endpoint", "endpoint", "UpdateEndpoint"),
        ("deletes its model", "model", "DeleteModel"),
        ("describes its model package", "model-package", "DescribeModelPackage"),
        ("starts its pipeline", "pipeline", "StartPipelineExecution"),
        ("puts metrics on its trial component", "experiment-trial-component", "BatchPutMetrics"),
    ):
        yield Case(about, f"sagemaker:{action}", _thing(kind), _of_mine)
    for about, action in (
        ("opens its notebook", "CreatePresignedNotebookInstanceUrl"),
        ("starts its notebook", "StartNotebookInstance"),
        ("stops its notebook", "StopNotebookInstance"),
    ):
        yield Case(about, f"sagemaker:{action}", lambda me, _: me.notebook_arn, _of_mine)
    yield Case(
        "passes its role to SageMaker",
        "iam:PassRole",
        lambda me, _: me.role_arn,
        lambda *_: {"iam:PassedToService": "sagemaker.amazonaws.com"},
    )
    yield Case("lists training jobs", "sagemaker:ListTrainingJobs", _everything)
    yield Case(
        "puts metrics for SageMaker",
        "cloudwatch:PutMetricData",
        _everything,
        lambda *_: {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"},
    )
    yield Case(
        "sees its dashboard",
        "cloudwatch:GetDashboard",
        lambda me, _: f"arn:{me.partition}:cloudwatch::{me.account}:dashboard/{me.dashboard}",
    )
    yield Case("reads the log of its job", "logs:GetLogEvents", _stream(lambda me, _: me))
    if access.feature_store:
        yield Case(
            "makes a feature group",
            "sagemaker:CreateFeatureGroup",
            _thing("feature-group"),
            lambda me, other: {
                **_made()(me, other),
                "sagemaker:FeatureGroupOfflineStoreS3Uri": f"s3://{me.bucket('data')}/features",
            },
        )


def _allowed_jobs(profile: Profile) -> Iterator[Case]:
    access, runtime = profile.access, {"MaxRuntimeInSeconds": _hours(profile)}
    for kind, action, types in (
        ("training-job", "CreateTrainingJob", access.training_instance_types),
        (
            "hyper-parameter-tuning-job",
            "CreateHyperParameterTuningJob",
            access.training_instance_types,
        ),
        ("processing-job", "CreateProcessingJob", access.processing_instance_types),
    ):
        for one in types:
            yield Case(
                f"makes a {kind} on {one}",
                f"sagemaker:{action}",
                _thing(kind),
                _made([one], **runtime),
            )
    for one in access.processing_instance_types:
        yield Case(
            f"makes a transform-job on {one}",
            "sagemaker:CreateTransformJob",
            _thing("transform-job"),
            _made([one]),
        )
    for one in access.endpoint_instance_types:
        yield Case(
            f"makes an endpoint-config on {one}",
            "sagemaker:CreateEndpointConfig",
            _thing("endpoint-config"),
            _made([one]),
        )
    for kind, action in (
        ("model", "CreateModel"),
        ("endpoint", "CreateEndpoint"),
        ("experiment", "CreateExperiment"),
        ("experiment-trial", "CreateTrial"),
        ("experiment-trial-component", "CreateTrialComponent"),
        ("model-package-group", "CreateModelPackageGroup"),
        ("pipeline", "CreatePipeline"),
    ):
        yield Case(f"makes its {kind}", f"sagemaker:{action}", _thing(kind), _made())
    yield Case(
        "serves its own endpoint-config",
        "sagemaker:CreateEndpoint",
        _thing("endpoint-config"),
        _of_mine,
    )
    yield Case(
        "tags what it is making",
        "sagemaker:AddTags",
        _thing("training-job"),
        _made(TaggingAction="CreateTrainingJob"),
    )


def _allowed_data() -> Iterator[Case]:
    yield Case("lists its bucket", "s3:ListBucket", _own_bucket(), _here)
    yield Case("reads its object", "s3:GetObject", _own_bucket("/train/a.csv"), _here)
    yield Case("writes its object", "s3:PutObject", _own_bucket("/train/a.csv"), _here)
    yield Case("deletes its object", "s3:DeleteObject", _own_bucket("/train/a.csv"), _here)
    yield Case(
        "reads the datasets", "s3:GetObject", lambda me, _: f"{me.datasets_bucket_arn}/a.csv", _here
    )
    for about, action in (("pushes to", "PutImage"), ("pulls from", "BatchGetImage")):
        yield Case(
            f"{about} its repository",
            f"ecr:{action}",
            lambda me, _: me.repository_arn("training"),
            _here,
        )
    yield Case("logs in to the registry", "ecr:GetAuthorizationToken", _everything)
    yield Case(
        "pulls AWS's deep-learning image",
        "ecr:BatchGetImage",
        lambda me, _: (
            f"arn:{me.partition}:ecr:{me.region}:763104351884:repository/pytorch-training"
        ),
        lambda *_: {"aws:ResourceAccount": "763104351884"},
    )


def denied(profile: Profile) -> Iterator[Case]:
    """Give what no seat may do, to a neighbour or at all.

    In ``managed`` mode the boundary alone limits a seat, so only its denials hold.
    """
    yield from _denied_in_any_mode()
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
            _of_other,
        )
    for about, action in (
        ("reads", "GetObject"),
        ("writes", "PutObject"),
        ("deletes", "DeleteObject"),
    ):
        yield Case(
            f"{about} a neighbour's object", f"s3:{action}", _others_bucket("/train/a.csv"), _here
        )
        yield Case(
            f"{about} an object of the shared default bucket",
            f"s3:{action}",
            _default_bucket("/a"),
            _here,
        )
    yield Case("lists a neighbour's bucket", "s3:ListBucket", _others_bucket(), _here)
    yield Case("opens a neighbour's bucket", "s3:PutBucketPolicy", _others_bucket(), _here)
    for about, action in (("writes", "PutObject"), ("deletes", "DeleteObject")):
        yield Case(
            f"{about} the datasets",
            f"s3:{action}",
            lambda me, _: f"{me.datasets_bucket_arn}/a.csv",
            _here,
        )
    for about, action in (
        ("pushes to", "PutImage"),
        ("pulls from", "BatchGetImage"),
        ("deletes", "DeleteRepository"),
        ("opens", "SetRepositoryPolicy"),
    ):
        yield Case(
            f"{about} a neighbour's repository",
            f"ecr:{action}",
            lambda _, other: other.repository_arn("training"),
            _here,
        )
    yield from _denied_roles()
    yield from _denied_things()
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
    ):
        yield Case(about, f"sagemaker:{action}", _thing(kind), _made())
    yield Case(
        "makes a Studio app",
        "sagemaker:CreateApp",
        lambda me, _: me.sagemaker_arn("app", "d-1/me/JupyterLab/default"),
        _made(),
    )
    yield Case(
        "changes its own lifecycle configuration",
        "sagemaker:UpdateNotebookInstanceLifecycleConfig",
        lambda me, _: me.sagemaker_arn("notebook-instance-lifecycle-config", me.lifecycle_config),
        _of_mine,
    )
    yield Case(
        "debugs a container from outside",
        "sagemaker:CreateTrainingJob",
        _thing("training-job"),
        _made(["ml.m5.large"], EnableRemoteDebug="true"),
    )
    yield Case(
        "trains in another Region",
        "sagemaker:CreateTrainingJob",
        _thing("training-job"),
        lambda me, other: {**_made()(me, other), "aws:RequestedRegion": "ap-south-1"},
    )
    yield Case("starts a machine", "ec2:RunInstances", _everything)


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
    ):
        yield Case(about, f"sagemaker:{action}", _thing(kind), _of_other)
    yield Case(
        "puts its own tag on a neighbour's job",
        "sagemaker:AddTags",
        _thing("training-job"),
        lambda me, other: {**_tagging(me), **_tagged(other)},
    )
    yield Case(
        "takes tags off its own job", "sagemaker:DeleteTags", _thing("training-job"), _of_mine
    )


def _denied_when_scoped(profile: Profile) -> Iterator[Case]:
    access = profile.access
    training = access.training_instance_types
    for one in ("ml.p4d.24xlarge", "ml.p5.48xlarge"):
        if one not in training:
            yield Case(
                f"trains on {one}",
                "sagemaker:CreateTrainingJob",
                _thing("training-job"),
                _made([one], MaxRuntimeInSeconds="3600"),
            )
            yield Case(
                f"hides {one} among others",
                "sagemaker:CreateTrainingJob",
                _thing("training-job"),
                _made([training[0], one], MaxRuntimeInSeconds="3600"),
            )
    yield Case(
        "serves on ml.p5.48xlarge",
        "sagemaker:CreateEndpointConfig",
        _thing("endpoint-config"),
        _made(["ml.p5.48xlarge"]),
    )
    yield Case(
        "trains longer than allowed",
        "sagemaker:CreateTrainingJob",
        _thing("training-job"),
        _made([training[0]], MaxRuntimeInSeconds=_hours(profile, more=1)),
    )
    if not access.warm_pools:
        yield Case(
            "keeps a warm pool",
            "sagemaker:CreateTrainingJob",
            _thing("training-job"),
            _made([training[0]], MaxRuntimeInSeconds="3600", KeepAlivePeriod="600"),
        )
    yield Case(
        "trains without a tag",
        "sagemaker:CreateTrainingJob",
        _thing("training-job"),
        lambda *_: {
            "sagemaker:InstanceTypes": [training[0]],
            "sagemaker:MaxRuntimeInSeconds": "3600",
        },
    )
    yield Case(
        "trains under a neighbour's tag",
        "sagemaker:CreateTrainingJob",
        _thing("training-job"),
        lambda _, other: {
            **_tagging(other),
            "sagemaker:InstanceTypes": [training[0]],
            "sagemaker:MaxRuntimeInSeconds": "3600",
        },
    )
    yield Case(
        "passes its role to another service",
        "iam:PassRole",
        lambda me, _: me.role_arn,
        lambda *_: {"iam:PassedToService": "lambda.amazonaws.com"},
    )
    yield Case(
        "reads the log of a neighbour's job", "logs:GetLogEvents", _stream(lambda _, other: other)
    )
    for about, action in (("filters", "FilterLogEvents"), ("queries", "StartQuery")):
        yield Case(
            f"{about} the logs of all",
            f"logs:{action}",
            lambda me, _: (
                f"arn:{me.partition}:logs:{me.region}:{me.account}:log-group:/aws/sagemaker/TrainingJobs"
            ),
        )
    yield Case("searches the records of all", "sagemaker:Search", _everything)
    yield Case("deletes its own bucket", "s3:DeleteBucket", _own_bucket(), _here)
    yield Case("makes its own bucket public", "s3:PutBucketPolicy", _own_bucket(), _here)
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
