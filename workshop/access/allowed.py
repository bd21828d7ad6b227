"""What every seat must be able to do."""

from __future__ import annotations

from collections.abc import Iterator

from workshop import tags
from workshop.access import optional_grants
from workshop.access.case import (
    Case,
    also,
    at_home_of_all,
    both,
    bucket,
    everything,
    execution,
    here,
    hours,
    logs,
    made,
    mine,
    of_mine,
    own_bucket,
    serving,
    stream,
    tagging,
    thing,
)
from workshop.config.models import Profile
from workshop.policies.data import JOB_GROUPS

KEPT = (tags.ENVIRONMENT, tags.PROFILE, tags.ENDS)
"""Tags that a seat cannot change."""


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
        ("hears its endpoint by and by", "endpoint", "InvokeEndpointWithResponseStream"),
        ("asks its endpoint for later", "endpoint", "InvokeEndpointAsync"),
        ("updates its endpoint", "endpoint", "UpdateEndpoint"),
        ("deletes its model", "model", "DeleteModel"),
        ("describes its model package", "model-package", "DescribeModelPackage"),
        ("makes a trial in its experiment", "experiment", "CreateTrial"),
        ("starts its pipeline", "pipeline", "StartPipelineExecution"),
        ("updates its pipeline", "pipeline", "UpdatePipeline"),
        ("lists the executions of its pipeline", "pipeline", "ListPipelineExecutions"),
        ("puts metrics on its trial component", "experiment-trial-component", "BatchPutMetrics"),
        ("associates its artifact", "artifact", "AddAssociation"),
        ("deletes its artifact", "artifact", "DeleteArtifact"),
    ):
        yield Case(about, f"sagemaker:{action}", thing(kind), of_mine)
    for about, action in (
        ("describes its execution", "DescribePipelineExecution"),
        ("lists the steps of its execution", "ListPipelineExecutionSteps"),
        ("lists the parameters of its execution", "ListPipelineParametersForExecution"),
        ("tries its execution again", "RetryPipelineExecution"),
        ("passes a step of its execution", "SendPipelineExecutionStepSuccess"),
        ("stops its execution", "StopPipelineExecution"),
        ("changes its execution", "UpdatePipelineExecution"),
    ):
        # Without tags: whether AWS gives executions those of their pipeline is not known.
        yield Case(about, f"sagemaker:{action}", execution(mine))
    yield Case(
        "stops an execution of any name that has its tags",
        "sagemaker:StopPipelineExecution",
        thing("pipeline", "/execution/abc123"),
        of_mine,
    )
    yield from _allowed_tags()
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
    yield Case("reads the log of its job", "logs:GetLogEvents", stream(mine))
    of_endpoint = "Endpoints/{}digits"
    for about, action, text in (
        *(
            (f"{about} of {group}", action, f"{group}{below}")
            for group in JOB_GROUPS
            for about, action, below in (
                ("makes the log group", "CreateLogGroup", ""),
                ("makes a log", "CreateLogStream", ":log-stream:{}train/algo-1"),
                ("writes a log of any name", "PutLogEvents", ":log-stream:free/1"),
            )
        ),
        ("makes the log group of notebooks", "CreateLogGroup", "NotebookInstances"),
        ("makes it under another ARN", "CreateLogGroup", "NotebookInstances:log-stream:"),
        (
            "writes the log of its notebook",
            "PutLogEvents",
            "NotebookInstances:log-stream:{}notebook/jupyter.log",
        ),
        ("makes the log group of its endpoint", "CreateLogGroup", of_endpoint),
        ("writes the log of its endpoint", "PutLogEvents", f"{of_endpoint}:log-stream:a/i-0"),
    ):
        yield Case(about, f"logs:{action}", logs(mine, text))
    yield Case("reads a metric", "cloudwatch:GetMetricStatistics", everything)
    yield Case(
        "writes an object of the usual class",
        "s3:PutObject",
        own_bucket("/train/b.csv"),
        also(here, {"s3:x-amz-storage-class": "STANDARD"}),
    )
    yield Case(
        "reads the log of its endpoint",
        "logs:GetLogEvents",
        logs(mine, f"{of_endpoint}:log-stream:AllTraffic/i-0abc"),
    )
    yield Case(
        "reads the log of its notebook",
        "logs:GetLogEvents",
        logs(mine, "NotebookInstances:log-stream:{}notebook/jupyter.log"),
    )
    yield Case("filters the log of its endpoint", "logs:FilterLogEvents", logs(mine, of_endpoint))
    yield Case("reads its role", "iam:GetRole", lambda me, _: me.role_arn, at_home_of_all)
    yield Case(
        "asks where its bucket is",
        "s3:GetBucketLocation",
        own_bucket(),
        both(here, at_home_of_all),
    )
    if access.mode == "managed":
        theirs = also(at_home_of_all, {"aws:ResourceAccount": "763104351884"})
        for about, action, path in (
            ("lists", "ListBucket", "sagemaker-sample-files"),
            ("reads", "GetObject", "sagemaker-sample-files/a.csv"),
        ):
            yield Case(f"{about} AWS's sample data", f"s3:{action}", bucket(path), theirs)
        yield Case("asks who it is", "sts:GetCallerIdentity", everything, at_home_of_all)
    if access.search:
        yield Case("searches records", "sagemaker:Search", everything)
    yield from optional_grants.allowed(profile)


def console() -> Iterator[Case]:
    """Give what a console role needs beside what the seat does."""
    for about, action in (
        ("reads what dashboards draw", "cloudwatch:GetMetricData"),
        ("sees which alarms there are", "cloudwatch:DescribeAlarms"),
        ("sees which dashboards there are", "cloudwatch:ListDashboards"),
        ("sees what carries tags", "tag:GetResources"),
    ):
        yield Case(about, action, everything)


def _allowed_tags() -> Iterator[Case]:
    yield Case(
        "tags what it is making",
        "sagemaker:AddTags",
        thing("training-job"),
        made(TaggingAction="CreateTrainingJob"),
    )
    # As the Python SDK does at each upsert, with all tags that the pipeline has.
    yield Case(
        "tags its pipeline anew",
        "sagemaker:AddTags",
        thing("pipeline"),
        lambda me, other: {
            **of_mine(me, other),
            **tagging(me),
            f"aws:RequestTag/{tags.MANAGED_BY}": tags.MANAGED_BY_VALUE,
            **{f"aws:RequestTag/{key}": "same" for key in KEPT},
            **{f"aws:ResourceTag/{key}": "same" for key in KEPT},
        },
    )
    yield Case(
        "tags its pipeline, which lacks some tags",
        "sagemaker:AddTags",
        thing("pipeline"),
        also(of_mine, {f"aws:RequestTag/{key}": "new" for key in KEPT}),
    )
    yield Case(
        "adds a tag to its model",
        "sagemaker:AddTags",
        thing("model"),
        also(
            of_mine,
            {"aws:RequestTag/stage": "first"} | {f"aws:ResourceTag/{key}": "old" for key in KEPT},
        ),
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
            serving([one], mine, "{}digits", "{}letters"),
        )
    yield Case(
        "makes its model",
        "sagemaker:CreateModel",
        lambda me, _: me.sagemaker_arn("model", f"{me.job_prefix}digits"),
        made(),
    )
    for kind, action in (
        ("endpoint", "CreateEndpoint"),
        ("artifact", "CreateArtifact"),
        ("context", "CreateContext"),
        ("action", "CreateAction"),
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


def _allowed_data() -> Iterator[Case]:
    yield Case("lists its bucket", "s3:ListBucket", own_bucket(), here)
    yield Case("reads its object", "s3:GetObject", own_bucket("/train/a.csv"), here)
    yield Case("writes its object", "s3:PutObject", own_bucket("/train/a.csv"), here)
    yield Case("deletes its object", "s3:DeleteObject", own_bucket("/train/a.csv"), here)
    for about, action in (
        ("reads the datasets", "GetObject"),
        ("reads an earlier version of the datasets", "GetObjectVersion"),
        ("reads the tags of the datasets", "GetObjectTagging"),
    ):
        yield Case(about, f"s3:{action}", lambda me, _: f"{me.datasets_bucket_arn}/a.csv", here)
    for about, action in (
        ("lists the datasets", "ListBucket"),
        ("lists versions of the datasets", "ListBucketVersions"),
        ("lists uploads to the datasets", "ListBucketMultipartUploads"),
        ("asks where the datasets are", "GetBucketLocation"),
        ("asks whether the datasets have versions", "GetBucketVersioning"),
    ):
        yield Case(about, f"s3:{action}", lambda me, _: me.datasets_bucket_arn, here)
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
