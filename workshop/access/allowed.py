"""What every seat must be able to do."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.access.case import (
    Case,
    everything,
    here,
    hours,
    made,
    of_mine,
    own_bucket,
    stream,
    thing,
)
from workshop.settings import Profile


def cases(profile: Profile) -> Iterator[Case]:
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
        yield Case(about, f"sagemaker:{action}", thing(kind), of_mine)
    for about, action in (
        ("opens its notebook", "CreatePresignedNotebookInstanceUrl"),
        ("starts its notebook", "StartNotebookInstance"),
        ("stops its notebook", "StopNotebookInstance"),
    ):
        yield Case(about, f"sagemaker:{action}", lambda me, _: me.notebook_arn, of_mine)
    yield Case(
        "passes its role to SageMaker",
        "iam:PassRole",
        lambda me, _: me.role_arn,
        lambda *_: {"iam:PassedToService": "sagemaker.amazonaws.com"},
    )
    yield Case("lists training jobs", "sagemaker:ListTrainingJobs", everything)
    yield Case(
        "puts metrics for SageMaker",
        "cloudwatch:PutMetricData",
        everything,
        lambda *_: {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"},
    )
    yield Case(
        "sees its dashboard",
        "cloudwatch:GetDashboard",
        lambda me, _: f"arn:{me.partition}:cloudwatch::{me.account}:dashboard/{me.dashboard}",
    )
    yield Case("reads the log of its job", "logs:GetLogEvents", stream(lambda me, _: me))
    if access.mode == "managed":
        yield Case(
            "reads AWS's sample data",
            "s3:GetObject",
            lambda me, _: f"arn:{me.partition}:s3:::sagemaker-sample-files/a.csv",
            lambda *_: {"aws:ResourceAccount": "763104351884"},
        )
    if access.search:
        yield Case("searches records", "sagemaker:Search", everything)
    if access.feature_store:
        yield Case(
            "makes a feature group",
            "sagemaker:CreateFeatureGroup",
            thing("feature-group"),
            lambda me, other: {
                **made()(me, other),
                "sagemaker:FeatureGroupOfflineStoreS3Uri": f"s3://{me.bucket('data')}/features",
            },
        )


def _allowed_jobs(profile: Profile) -> Iterator[Case]:
    access, runtime = profile.access, {"MaxRuntimeInSeconds": hours(profile)}
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
                thing(kind),
                made([one], **runtime),
            )
    for one in access.processing_instance_types:
        yield Case(
            f"makes a transform-job on {one}",
            "sagemaker:CreateTransformJob",
            thing("transform-job"),
            made([one]),
        )
    for one in access.endpoint_instance_types:
        yield Case(
            f"makes an endpoint-config on {one}",
            "sagemaker:CreateEndpointConfig",
            thing("endpoint-config"),
            made([one]),
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
        yield Case(f"makes its {kind}", f"sagemaker:{action}", thing(kind), made())
    yield Case(
        "serves its own endpoint-config",
        "sagemaker:CreateEndpoint",
        thing("endpoint-config"),
        of_mine,
    )
    yield Case(
        "tags what it is making",
        "sagemaker:AddTags",
        thing("training-job"),
        made(TaggingAction="CreateTrainingJob"),
    )


def _allowed_data() -> Iterator[Case]:
    yield Case("lists its bucket", "s3:ListBucket", own_bucket(), here)
    yield Case("reads its object", "s3:GetObject", own_bucket("/train/a.csv"), here)
    yield Case("writes its object", "s3:PutObject", own_bucket("/train/a.csv"), here)
    yield Case("deletes its object", "s3:DeleteObject", own_bucket("/train/a.csv"), here)
    yield Case(
        "reads the datasets", "s3:GetObject", lambda me, _: f"{me.datasets_bucket_arn}/a.csv", here
    )
    for about, action in (("pushes to", "PutImage"), ("pulls from", "BatchGetImage")):
        yield Case(
            f"{about} its repository",
            f"ecr:{action}",
            lambda me, _: me.repository_arn("training"),
            here,
        )
    yield Case("logs in to the registry", "ecr:GetAuthorizationToken", everything)
    yield Case(
        "pulls AWS's deep-learning image",
        "ecr:BatchGetImage",
        lambda me, _: (
            f"arn:{me.partition}:ecr:{me.region}:763104351884:repository/pytorch-training"
        ),
        lambda *_: {"aws:ResourceAccount": "763104351884"},
    )
