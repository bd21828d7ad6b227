"""What is the account's and the organiser's, or would stay there for good: closed in any mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workshop.access.allowed import KEPT
from workshop.access.case import (
    Case,
    Resource,
    also,
    bucket,
    everything,
    here,
    logs,
    made,
    of_mine,
    of_namesake,
    of_other,
    own_bucket,
    theirs,
    thing,
)


def denied() -> Iterator[Case]:
    """Give what no seat may do."""
    yield from _parts()
    yield from _buckets()
    yield from _repositories()
    yield from _observation()
    yield from _spending()
    yield from _tags()


def _parts() -> Iterator[Case]:
    """Give what would be made of things that carry no tags: the organiser's own."""
    for about, kind, action in (
        ("serves the organiser's configuration", "endpoint-config", "CreateEndpoint"),
        ("puts its endpoint on the organiser's", "endpoint-config", "UpdateEndpoint"),
        ("makes a trial in the organiser's experiment", "experiment", "CreateTrial"),
    ):
        yield Case(about, f"sagemaker:{action}", thing(kind), made())


def _buckets() -> Iterator[Case]:
    for about, action, suffix in (
        ("locks its object for a century", "PutObjectRetention", "/a"),
        ("holds its object", "PutObjectLegalHold", "/a"),
        ("passes over a lock", "BypassGovernanceRetention", "/a"),
        ("locks its bucket", "PutBucketObjectLockConfiguration", ""),
        ("makes its own bucket public", "PutBucketPolicy", ""),
        ("takes the policy off its bucket", "DeleteBucketPolicy", ""),
        ("lifts the block of public access", "PutBucketPublicAccessBlock", ""),
        ("replicates its bucket", "PutReplicationConfiguration", ""),
        ("changes what its bucket keeps", "PutLifecycleConfiguration", ""),
        ("tells another what happens in its bucket", "PutBucketNotification", ""),
        ("makes a bucket of its name", "CreateBucket", ""),
        ("deletes its own bucket", "DeleteBucket", ""),
    ):
        yield Case(about, f"s3:{action}", own_bucket(suffix), here)
    abroad = {"aws:ResourceAccount": "999988887777"}
    yield Case(
        "writes to a bucket of its name in another account",
        "s3:PutObject",
        own_bucket("/a"),
        lambda *_: abroad,
    )
    yield Case(
        "writes to a bucket of another account",
        "s3:PutObject",
        bucket("elsewhere/a"),
        lambda *_: abroad,
    )
    yield Case(
        "writes through an access point of another account",
        "s3:PutObject",
        lambda me, _: f"arn:{me.partition}:s3:{me.region}:999988887777:accesspoint/theirs/object/a",
        lambda *_: abroad,
    )
    yield Case("lists the account's buckets", "s3:ListAllMyBuckets", everything)
    yield Case(
        "keeps an object in the deep archive",
        "s3:PutObject",
        own_bucket("/a"),
        also(here, {"s3:x-amz-storage-class": "DEEP_ARCHIVE"}),
    )
    yield Case(
        "keeps an object under a key of its own",
        "s3:PutObject",
        own_bucket("/a"),
        also(here, {"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"}),
    )


def _repositories() -> Iterator[Case]:
    for about, action in (
        ("makes a repository below its name", "CreateRepository"),
        ("opens its repository", "SetRepositoryPolicy"),
        ("deletes its repository", "DeleteRepository"),
        ("changes the rules of its repository", "PutLifecyclePolicy"),
    ):
        yield Case(about, f"ecr:{action}", lambda me, _: me.repository_arn("training"), here)
    # Whatever ECR tells: no account, or tags alone.
    abroad = {"aws:ResourceAccount": "763104351884"}
    yield Case(
        "pulls from a repository that tells no account",
        "ecr:BatchGetImage",
        lambda _, other: other.repository_arn("training"),
    )
    for whose, keys in (("a neighbour's", of_other), ("a namesake's", of_namesake)):
        yield Case(
            f"pulls what carries {whose} tags",
            "ecr:BatchGetImage",
            lambda me, _: replace(me, account="763104351884").repository_arn("training"),
            also(keys, abroad),
        )
    yield Case(
        "pulls the organiser's image",
        "ecr:BatchGetImage",
        lambda me, _: f"arn:{me.partition}:ecr:{me.region}:{me.account}:repository/fraud-prod",
        here,
    )
    for about, action in (
        ("opens the registry", "PutRegistryPolicy"),
        ("replicates the registry", "PutReplicationConfiguration"),
    ):
        yield Case(about, f"ecr:{action}", everything)


def _observation() -> Iterator[Case]:
    for about, action, text in (
        ("hoards logs in a group of a free name", "CreateLogGroup", "hoard"),
        ("makes a stream in a group of a free name", "CreateLogStream", "hoard:log-stream:a"),
        ("writes logs to a group of a free name", "PutLogEvents", "hoard:log-stream:a"),
        ("hoards logs beside those of jobs", "PutLogEvents", "TrainingJobsX:log-stream:a"),
        (
            "forges the log of a neighbour's notebook",
            "PutLogEvents",
            "NotebookInstances:log-stream:{}notebook/jupyter.log",
        ),
        ("deletes the logs of all", "DeleteLogGroup", "TrainingJobs"),
        ("keeps logs for ever", "PutRetentionPolicy", "TrainingJobs"),
    ):
        yield Case(about, f"logs:{action}", logs(theirs, text))
    for about, action, below in (
        ("deletes", "DeleteLogGroup", ""),
        ("writes to", "PutLogEvents", ":log-stream:a"),
    ):
        yield Case(
            f"{about} a log group of the account",
            f"logs:{action}",
            _another_group(below),
        )
    yield Case("opens the account's logs", "logs:PutResourcePolicy", everything)
    for about, action in (
        ("makes an alarm", "PutMetricAlarm"),
        ("deletes the organiser's alarm", "DeleteAlarms"),
        ("silences alarms", "DisableAlarmActions"),
    ):
        yield Case(
            about,
            f"cloudwatch:{action}",
            lambda me, _: f"arn:{me.partition}:cloudwatch:{me.region}:{me.account}:alarm:billing",
        )
    yield Case("streams the account's metrics", "cloudwatch:PutMetricStream", everything)
    yield Case(
        "puts metrics where others look",
        "cloudwatch:PutMetricData",
        everything,
        lambda *_: {"cloudwatch:namespace": "AWS/SageMaker"},
    )
    yield Case(
        "puts metrics into a namespace of its own",
        "cloudwatch:PutMetricData",
        everything,
        lambda *_: {"cloudwatch:namespace": "/aws/sagemaker/Mine"},
    )


def _spending() -> Iterator[Case]:
    for kind, action in (
        ("training-job", "CreateTrainingJob"),
        ("hyper-parameter-tuning-job", "CreateHyperParameterTuningJob"),
    ):
        yield Case(
            f"makes a {kind} on a file system of the account",
            f"sagemaker:{action}",
            thing(kind),
            made(["ml.m5.large"], MaxRuntimeInSeconds="3600", FileSystemId="fs-0abc12345"),
        )
    yield Case(
        "hides a serverless variant behind another",
        "sagemaker:CreateEndpointConfig",
        thing("endpoint-config"),
        made(["ml.m5.large"], ServerlessMaxConcurrency="200", ServerlessMemorySize="6144"),
    )


def _tags() -> Iterator[Case]:
    for key in KEPT:
        yield Case(
            f"changes the tag {key} of its job",
            "sagemaker:AddTags",
            thing("training-job"),
            also(of_mine, {f"aws:ResourceTag/{key}": "was", f"aws:RequestTag/{key}": "another"}),
        )


def _another_group(below: str) -> Resource:
    return lambda me, _: (
        f"arn:{me.partition}:logs:{me.region}:{me.account}:log-group:/aws/lambda/prod{below}"
    )
