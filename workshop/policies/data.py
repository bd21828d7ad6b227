"""A seat's data, images, logs, metrics and network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workshop.naming import Names
from workshop.policies.actions import (
    ECR_DELETE,
    ECR_PULL,
    ECR_PUSH,
    ECR_VIEW,
    LOG_READ,
    LOG_WRITE,
    METRICS,
    NETWORK_INTERFACES,
    NETWORK_VIEW,
    S3_LIST,
    S3_READ,
    S3_WRITE,
    START,
)
from workshop.policies.documents import Document, Statement, allow, document

JOB_GROUPS = ("ProcessingJobs", "TrainingJobs", "TransformJobs")
"""Log groups in which the jobs of all seats have their streams."""
METRIC_NAMESPACES = tuple(f"/aws/sagemaker/{name}" for name in (*JOB_GROUPS, "Endpoints"))
"""Where SageMaker puts readings with a seat's role."""


def data_policy(names: Names) -> Document:
    """The seat's own buckets and repositories, the shared datasets, and the public base images.

    A bucket or repository of the seat's prefix is the seat's, whatever its key in the YAML: nobody
    else's name begins so, and in another account it is not the seat's.
    """
    own, datasets = names.bucket_arn("*"), names.datasets_bucket_arn
    # Names of buckets are anybody's to take, in any account.
    here = {"StringEquals": {"aws:ResourceAccount": names.account}}
    return document(
        start_statement(names),
        allow("OwnBuckets", S3_LIST, [own], Condition=here),
        allow("OwnObjects", S3_READ + S3_WRITE, [f"{own}/*"], Condition=here),
        allow("SharedDatasets", S3_LIST, [datasets], Condition=here),
        allow("SharedDatasetObjects", S3_READ, [f"{datasets}/*"], Condition=here),
        allow("RegistryLogin", ["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            "OwnRepositories",
            ECR_PULL + ECR_PUSH + ECR_VIEW + ECR_DELETE,
            [names.repository_arn("*")],
        ),
        # AWS's deep-learning and SageMaker images live in accounts of AWS's own, which differ by
        # Region; what this account holds is covered by the statement above and nothing else. Where
        # ECR does not say whose a repository is, it is nobody's.
        allow(
            "BaseImagesOfOtherAccounts",
            ECR_PULL,
            [f"arn:{names.partition}:ecr:*:*:repository/*"],
            Condition={
                "StringNotEquals": {"aws:ResourceAccount": names.account},
                "Null": {"aws:ResourceAccount": "false"},
            },
        ),
    )


def start_statement(names: Names) -> Statement:
    """Let a notebook read what it does when it starts, from the cohort's parameters alone."""
    return allow("StartScript", START, [f"{names.start_parameters_arn}*"])


def offline_store_tables(names: Names) -> list[str]:
    """What an offline store has in AWS Glue: the database of all, and tables of the seat's prefix.

    Tables are named after their feature groups, and cannot be told apart otherwise. Which of
    hyphens and underscores AWS writes there is not documented, so both are taken.
    """
    glue = f"arn:{names.partition}:glue:{names.region}:{names.account}"
    prefixes = (names.job_prefix, names.job_prefix.replace("-", "_"))
    return [
        f"{glue}:catalog",
        f"{glue}:database/sagemaker_featurestore",
        *(f"{glue}:table/sagemaker_featurestore/{prefix}*" for prefix in prefixes),
    ]


def offline_store_queries(names: Names) -> str:
    """Return the workgroup of Athena in which the Python SDK asks, if it is told no other."""
    return f"arn:{names.partition}:athena:{names.region}:{names.account}:workgroup/primary"


def own_alarms(names: Names) -> list[str]:
    """Return the alarms of a seat: its own, and those that its scaling policies have.

    Application Auto Scaling names the latter after the endpoint.
    """
    alarm = f"arn:{names.partition}:cloudwatch:{names.region}:{names.account}:alarm"
    return [f"{alarm}:{names.job_prefix}*", f"{alarm}:TargetTracking-*/{names.job_prefix}*"]


def scaling_policies(names: Names) -> str:
    """Return the scaling policies of the account, as an alarm's action names them."""
    return f"arn:{names.partition}:autoscaling:{names.region}:{names.account}:scalingPolicy:*"


def log_groups(names: Names, *, own: bool) -> list[str]:
    """Return where a seat's role may write logs: where SageMaker does, and in no group besides.

    A job's stream is named after the job, and names of jobs are free, so every stream of the jobs'
    groups is open to write to. An endpoint has a group of its own: those of the seat's prefix are
    open, and those of all where ``own`` is false.
    """
    sagemaker = sagemaker_logs(names)
    jobs = [f"{sagemaker}/{name}{below}" for name in JOB_GROUPS for below in ("", ":*")]
    notebooks = f"{sagemaker}/NotebookInstances"
    streams = ["", ":log-stream:", f":log-stream:{names.notebook}/*"]
    endpoints = f"{sagemaker}/Endpoints/{names.job_prefix if own else ''}*"
    return [*jobs, *(f"{notebooks}{below}" for below in streams), endpoints]


def logs_of_a_seat(names: Names, *, own: bool) -> list[str]:
    """Return whose logs a seat reads: its notebook's and those of its prefix.

    Where ``own`` is false also those of all jobs and endpoints.
    """
    sagemaker = sagemaker_logs(names)
    streams = f"{sagemaker}/*:log-stream:{names.job_prefix}*"
    if own:
        return [streams, f"{sagemaker}/Endpoints/{names.job_prefix}*"]
    jobs = (f"{sagemaker}/{name}:log-stream:*" for name in JOB_GROUPS)
    return [streams, *jobs, f"{sagemaker}/Endpoints/*"]


def observation_policy(names: Names) -> Document:
    """Log streams of the seat's own names, metrics, and the seat's dashboard.

    Reading is limited to jobs and endpoints that begin with the seat's prefix and to the seat's
    notebook: the log of a job of another name stays closed, even to who started it.
    """
    # To save room: other Regions are the boundary's to deny.
    anywhere = replace(names, region="*")
    group = f"arn:{names.partition}:logs:*:{names.account}:log-group"
    return document(
        allow("WriteJobLogs", LOG_WRITE, log_groups(anywhere, own=True)),
        allow("SeeLogGroups", ["logs:DescribeLogGroups"], [f"{group}:*"]),
        allow("SeeLogStreams", ["logs:DescribeLogStreams"], [f"{group}:/aws/sagemaker/*"]),
        allow("ReadOwnLogs", LOG_READ, logs_of_a_seat(anywhere, own=True)),
        allow(
            "WriteSageMakerMetrics",
            ["cloudwatch:PutMetricData"],
            ["*"],
            Condition={"StringEquals": {"cloudwatch:namespace": list(METRIC_NAMESPACES)}},
        ),
        allow("ReadMetrics", METRICS, ["*"]),
        allow(
            "OwnDashboard",
            ["cloudwatch:GetDashboard"],
            [names.dashboard_arn],
        ),
    )


def network_statements(
    names: Names, *, subnet_id: str, security_group_ids: Sequence[str]
) -> list[Statement]:
    """What a notebook in a VPC needs: interfaces in the profile's subnet and security groups.

    Their ids are unique everywhere, and a subnet shared by another account is that account's.
    To make one is authorised on the subnet and on each group as well as on the interface, which
    does not name its subnet before it exists. An interface that exists does, but not its seat.
    """
    ec2 = f"arn:{names.partition}:ec2:*:*"
    subnet, interfaces = f"{ec2}:subnet/{subnet_id}", f"{ec2}:network-interface/*"
    make, *others = NETWORK_INTERFACES
    return [
        allow("SeeNetworks", NETWORK_VIEW, ["*"]),
        allow(
            "MakeInterfaces",
            [make],
            [
                interfaces,
                subnet,
                *(f"{ec2}:security-group/{group}" for group in security_group_ids),
            ],
        ),
        allow("UseInterfaces", others, [interfaces], Condition={"ArnLike": {"ec2:Subnet": subnet}}),
    ]


def sagemaker_logs(names: Names) -> str:
    """Return how the ARNs of SageMaker's log groups begin."""
    return f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group:/aws/sagemaker"
