"""A seat's data, images, logs, metrics and network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workshop.naming import Names
from workshop.policies.actions import (
    ECR_PULL,
    ECR_PUSH,
    ECR_VIEW,
    FEATURE_STORE_TABLES,
    NETWORK_INTERFACES,
    NETWORK_VIEW,
    OFFLINE_STORE_LIST,
    OFFLINE_STORE_WRITE,
    PUBLIC_READ,
    S3_LIST,
    S3_READ,
    S3_WRITE,
)
from workshop.policies.documents import Document, allow, document

SHARED_GROUPS = ("TrainingJobs", "ProcessingJobs", "TransformJobs")
"""Log groups in which the jobs of all seats have their streams."""


def data_policy(
    names: Names,
    *,
    buckets: Sequence[str],
    repositories: Sequence[str],
    public_buckets: Sequence[str] = (),
    feature_store: bool = False,
) -> Document:
    """The seat's own buckets and repositories, the shared datasets, and the public base images.

    ``buckets`` and ``repositories`` are the keys from the YAML, ``public_buckets`` whole names of
    buckets of other accounts, to read. The bucket of an offline feature store is one's own too.
    """
    own_buckets = [names.bucket_arn(key) for key in buckets]
    own_repositories = [names.repository_arn(key) for key in repositories]
    listing: tuple[str, ...] = S3_LIST
    writing: tuple[str, ...] = S3_READ + S3_WRITE
    if feature_store:
        listing, writing = (*listing, *OFFLINE_STORE_LIST), (*writing, *OFFLINE_STORE_WRITE)
    statements = [
        allow("OwnBuckets", listing, own_buckets),
        allow("OwnObjects", writing, [f"{arn}/*" for arn in own_buckets]),
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
    ]
    if public_buckets:
        public = [f"arn:{names.partition}:s3:::{name}" for name in public_buckets]
        objects = [f"{arn}/*" for arn in public]
        statements.append(allow("PublicBuckets", PUBLIC_READ, [*public, *objects]))
    if feature_store:
        tables = offline_store_tables(names)
        statements.append(allow("OfflineStoreTables", FEATURE_STORE_TABLES, tables))
    return document(*statements)


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


def observation_policy(names: Names, *, logs: Literal["own", "shared"] = "own") -> Document:
    """Log streams of the seat's own names, metrics, and the seat's dashboard.

    SageMaker writes a job's log stream with the job's role and names it after the job. Names are
    free, so writing has to cover every stream of the group, a neighbour's as well. Reading is
    limited to jobs and endpoints that begin with the seat's prefix and to the seat's notebook: the
    log of a job of another name stays closed, even to who started it, unless ``logs`` shares the
    logs of all jobs and endpoints.
    """
    group = f"arn:{names.partition}:logs:{names.region}:{names.account}:log-group"
    sagemaker = f"{group}:/aws/sagemaker"
    groups = f"{sagemaker}/*"
    # An endpoint has a group of its own, so that it can also be read as a whole.
    jobs = [f"{groups}:log-stream:{names.job_prefix}*"]
    endpoints = f"{sagemaker}/Endpoints/{names.job_prefix}*"
    if logs == "shared":
        jobs = [f"{sagemaker}/{one}:log-stream:*" for one in SHARED_GROUPS]
        endpoints = f"{sagemaker}/Endpoints/*"
    notebook = f"{sagemaker}/NotebookInstances:log-stream:{names.notebook}/*"
    return document(
        allow(
            "WriteJobLogs",
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            [groups],
        ),
        allow("SeeLogGroups", ["logs:DescribeLogGroups"], [f"{group}:*"]),
        allow("SeeLogStreams", ["logs:DescribeLogStreams"], [groups]),
        allow(
            "ReadOwnLogs" if logs == "own" else "ReadLogs",
            ["logs:FilterLogEvents", "logs:GetLogEvents"],
            [*jobs, notebook, endpoints],
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


def network_policy(names: Names, *, subnet_id: str, security_group_ids: Sequence[str]) -> Document:
    """What a notebook in a VPC needs: interfaces in the profile's subnet and security groups.

    Their ids are unique everywhere, and a subnet shared by another account is that account's.
    To make one is authorised on the subnet and on each group as well as on the interface, which
    does not tell its subnet before it exists. An interface that exists does; whose it is among the
    seats of the subnet it does not tell.
    """
    ec2 = f"arn:{names.partition}:ec2:*:*"
    subnet, interfaces = f"{ec2}:subnet/{subnet_id}", f"{ec2}:network-interface/*"
    make, *others = NETWORK_INTERFACES
    return document(
        allow("SeeNetworks", NETWORK_VIEW, ["*"]),
        allow(
            "MakeInterfaces",
            [make],
            [interfaces, subnet, *(f"{ec2}:security-group/{one}" for one in security_group_ids)],
        ),
        allow("UseInterfaces", others, [interfaces], Condition={"ArnLike": {"ec2:Subnet": subnet}}),
    )
