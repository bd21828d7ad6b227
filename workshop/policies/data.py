"""A seat's data, images, logs, metrics and network."""

from __future__ import annotations

from collections.abc import Sequence

from workshop.naming import Names
from workshop.policies.actions import (
    ECR_PULL,
    ECR_PUSH,
    ECR_VIEW,
    NETWORK_INTERFACES,
    NETWORK_VIEW,
    S3_LIST,
    S3_READ,
    S3_WRITE,
)
from workshop.policies.documents import Document, allow, document


def data_policy(names: Names, *, buckets: Sequence[str], repositories: Sequence[str]) -> Document:
    """The seat's own buckets and repositories, the shared datasets, and the public base images.

    ``buckets`` and ``repositories`` are the keys from the YAML.
    """
    own_buckets = [names.bucket_arn(key) for key in buckets]
    own_repositories = [names.repository_arn(key) for key in repositories]
    return document(
        allow("OwnBuckets", S3_LIST, own_buckets),
        allow("OwnObjects", S3_READ + S3_WRITE, [f"{arn}/*" for arn in own_buckets]),
        allow("SharedDatasets", S3_LIST, [names.datasets_bucket_arn]),
        allow("SharedDatasetObjects", S3_READ, [f"{names.datasets_bucket_arn}/*"]),
        allow("RegistryLogin", ["ecr:GetAuthorizationToken"], ["*"]),
        allow("OwnRepositories", ECR_PULL + ECR_PUSH + ECR_VIEW, own_repositories),
        # AWS's deep-learning and SageMaker images live in accounts of AWS's own, which differ by
        # Region; what this account holds is covered by the statement above and nothing else.
        allow(
            "BaseImagesOfOtherAccounts",
            ECR_PULL,
            [f"arn:{names.partition}:ecr:*:*:repository/*"],
            Condition={"StringNotEquals": {"aws:ResourceAccount": names.account}},
        ),
    )


def observation_policy(names: Names) -> Document:
    """Log streams of the seat's own names, metrics, and the seat's dashboard.

    SageMaker writes a job's log stream with the job's role and names it after the job. Names are
    free, so writing has to cover every stream of the group, a neighbour's as well. Reading is
    limited to jobs that begin with the seat's prefix and to the seat's notebook: the log of a job
    of another name stays closed, even to who started it.
    """
    logs = f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group"
    groups = f"{logs}:/aws/sagemaker/*"
    return document(
        allow(
            "WriteJobLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [groups],
        ),
        allow("SeeLogGroups", ["logs:DescribeLogGroups"], [f"{logs}:*"]),
        allow("SeeLogStreams", ["logs:DescribeLogStreams"], [groups]),
        allow(
            "ReadOwnLogs",
            ["logs:GetLogEvents"],
            [
                f"{groups}:log-stream:{names.job_prefix}*",
                f"{logs}:/aws/sagemaker/NotebookInstances:log-stream:{names.notebook}/*",
            ],
        ),
        allow(
            "WriteSageMakerMetrics",
            ["cloudwatch:PutMetricData"],
            ["*"],
            Condition={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*"]}},
        ),
        allow(
            "ReadMetrics",
            [
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ],
            ["*"],
        ),
        allow(
            "OwnDashboard",
            ["cloudwatch:GetDashboard"],
            [f"arn:{names.partition}:cloudwatch::{names.account}:dashboard/{names.dashboard}"],
        ),
    )


def network_policy(names: Names, *, subnet_id: str) -> Document:
    """What a notebook in a VPC needs: network interfaces in the profile's subnet."""
    ec2 = f"arn:{names.partition}:ec2:{names.region}:{names.account}"
    return document(
        allow("SeeNetworks", NETWORK_VIEW, ["*"]),
        allow(
            "NetworkInterfaces",
            NETWORK_INTERFACES,
            [
                f"{ec2}:network-interface/*",
                f"{ec2}:security-group/*",
                f"{ec2}:subnet/{subnet_id}",
            ],
        ),
    )
