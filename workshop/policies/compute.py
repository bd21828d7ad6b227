"""SageMaker for one seat: what it may make and use, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    ENDPOINT_CREATE,
    FEATURE_STORE_CREATE,
    FEATURE_STORE_LISTS,
    FEATURE_STORE_USE,
    LISTS,
    OTHER_CREATE,
    PROCESSING_CREATE,
    TAGGED_USE,
    TRAINING_CREATE,
)
from workshop.policies.documents import Document, Statement, allow, deny, document

RUNTIME_BY_DEFAULT = 24 * 3600
"""Seconds after which SageMaker ends a training or processing job that names no limit
(``MaxRuntimeInSeconds`` of StoppingCondition in the API reference)."""


def sagemaker_policy(names: Names, *, feature_store: bool, search: bool) -> Document:
    """What one seat makes carries its tag, and only that can it use.

    The workshop's tag counts as well as the seat's: another workshop of the account may have a
    seat of the same id.
    """
    own = {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
    own_tag = {f"aws:RequestTag/{key}": value for key, value in own.items()}
    own_thing = {f"aws:ResourceTag/{key}": value for key, value in own.items()}
    statements = [
        allow(
            "MakeOwn",
            TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE + OTHER_CREATE,
            ["*"],
            Condition={"StringEquals": own_tag},
        ),
        # Authorised on the endpoint and on its configuration: a statement each, or one could serve
        # a neighbour's configuration, and with it run the neighbour's model and role.
        allow(
            "MakeOwnEndpoint",
            ["sagemaker:CreateEndpoint"],
            [names.sagemaker_arn("endpoint", "*")],
            Condition={"StringEquals": own_tag},
        ),
        # Tags can be set while a thing is made and at no other time, so that nobody can put their
        # own tag on a neighbour's
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html).
        allow(
            "TagWhatIsBeingMade",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={"StringEquals": own_tag, "Null": {"sagemaker:TaggingAction": "false"}},
        ),
        allow("UseOwn", TAGGED_USE, ["*"], Condition={"StringEquals": own_thing}),
        allow("SeeNames", LISTS, ["*"]),
        allow(
            "OwnNotebook",
            [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:DescribeNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
            [names.notebook_arn],
        ),
        allow(
            "PassOwnRole",
            ["iam:PassRole"],
            [names.role_arn],
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("ReadOwnRole", ["iam:GetRole"], [names.role_arn]),
    ]
    if search:
        statements.append(allow("SearchRecords", ["sagemaker:Search"], ["*"]))
    if feature_store:
        statements += [
            # The offline store is in one of the seat's own buckets, or there is none.
            allow(
                "MakeOwnFeatureGroup",
                FEATURE_STORE_CREATE,
                ["*"],
                Condition={
                    "StringEquals": own_tag,
                    "StringLikeIfExists": {
                        "sagemaker:FeatureGroupOfflineStoreS3Uri": [
                            f"s3://{names.bucket('*')}",
                            f"s3://{names.bucket('*')}/*",
                        ]
                    },
                },
            ),
            allow(
                "UseOwnFeatureGroup",
                FEATURE_STORE_USE,
                ["*"],
                Condition={"StringEquals": own_thing},
            ),
            allow("SeeFeatureGroups", FEATURE_STORE_LISTS, ["*"]),
        ]
    return document(*statements)


def limits_policy(
    *,
    training_instance_types: Sequence[str],
    processing_instance_types: Sequence[str],
    endpoint_instance_types: Sequence[str],
    max_runtime_hours: int,
    warm_pools: bool,
) -> Document:
    """What one seat can spend: denials, which no other statement can undo.

    Instance types are capped by a Deny: an Allow with ``ForAnyValue:StringEquals`` would let a
    mixed list through. IAM knows no key for the number of instances, for the size of their volumes
    or for managed spot training: these are the account's quotas to limit.
    """

    def cap(sid: str, actions: Sequence[str], types: Sequence[str]) -> Statement:
        return deny(
            sid,
            actions,
            ["*"],
            Condition={"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": list(types)}},
        )

    timed = (*TRAINING_CREATE, "sagemaker:CreateProcessingJob")
    seconds = max_runtime_hours * 3600
    statements = [
        cap("TrainingInstanceTypes", TRAINING_CREATE, training_instance_types),
        cap("ProcessingInstanceTypes", PROCESSING_CREATE, processing_instance_types),
        cap("EndpointInstanceTypes", ENDPOINT_CREATE, endpoint_instance_types),
        # A request that names no type has no key to compare: serverless endpoints and training
        # would escape every cap.
        deny(
            "ComputeWithoutInstances",
            TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE,
            ["*"],
            Condition={"Null": {"sagemaker:InstanceTypes": "true"}},
        ),
        deny(
            "LongJobs",
            timed,
            ["*"],
            Condition={"NumericGreaterThan": {"sagemaker:MaxRuntimeInSeconds": str(seconds)}},
        ),
    ]
    if seconds < RUNTIME_BY_DEFAULT:
        statements.append(
            deny(
                "JobsWithoutLimit",
                timed,
                ["*"],
                Condition={"Null": {"sagemaker:MaxRuntimeInSeconds": "true"}},
            )
        )
    if not warm_pools:
        statements.append(
            deny(
                "WarmPools",
                ["sagemaker:CreateTrainingJob", "sagemaker:UpdateTrainingJob"],
                ["*"],
                Condition={"Null": {"sagemaker:KeepAlivePeriod": "false"}},
            )
        )
    return document(*statements)
