"""SageMaker for one seat: what it may make and use, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    ENDPOINT_CREATE,
    EXECUTION_USE,
    FEATURE_STORE_CREATE,
    FEATURE_STORE_LISTS,
    FEATURE_STORE_USE,
    LISTS,
    MODEL_USE,
    OTHER_CREATE,
    PROCESSING_CREATE,
    TAGGED_USE,
    TRAINING_CREATE,
)
from workshop.policies.documents import Document, Statement, allow, deny, document

RUNTIME_BY_DEFAULT = 24 * 3600
"""Seconds after which SageMaker ends a training or processing job that names no limit
(``MaxRuntimeInSeconds`` of StoppingCondition in the API reference)."""


def sagemaker_policy(
    names: Names, *, feature_store: bool, search: bool, model_prefix: bool = False
) -> Document:
    """What one seat makes carries its tag, and only that can it use.

    The workshop's tag counts as well as the seat's: another workshop of the account may have a
    seat of the same id. ``model_prefix`` keeps the names of models to the seat's prefix.

    A model package without a group is made with tags, as all else. A version in a group can have
    none: it is assumed that making one is authorised with the tags of its group (``UseOwn``), as
    AWS's documentation does not say. If not, versions are denied, and nothing is open.
    """
    own = {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
    own_tag = {f"aws:RequestTag/{key}": value for key, value in own.items()}
    own_thing = {f"aws:ResourceTag/{key}": value for key, value in own.items()}
    using = TAGGED_USE + (FEATURE_STORE_USE if feature_store else ())
    lists = LISTS + (FEATURE_STORE_LISTS if feature_store else ())
    making: tuple[str, ...] = TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE + OTHER_CREATE
    made: dict[str, dict[str, str]] = {"StringEquals": own_tag}
    if feature_store:
        making += FEATURE_STORE_CREATE
        # The offline store is in one of the seat's own buckets, or there is none.
        offline = f"s3://{names.job_prefix}*"
        made["StringLikeIfExists"] = {"sagemaker:FeatureGroupOfflineStoreS3Uri": offline}
    statements = [
        allow("MakeOwn", making, ["*"], Condition=made),
        # Authorised on the endpoint and on its configuration: a statement each, or one could serve
        # a neighbour's configuration, and with it run the neighbour's model and role.
        allow(
            "MakeOwnEndpoint",
            ["sagemaker:CreateEndpoint"],
            [names.sagemaker_arn("endpoint", "*")],
            Condition={"StringEquals": own_tag},
        ),
        # Tags can be set while a thing is made and afterwards on one's own, so that nobody can put
        # their own tag on a neighbour's
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html).
        allow(
            "TagWhatIsBeingMade",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={"StringEquals": own_tag, "Null": {"sagemaker:TaggingAction": "false"}},
        ),
        # Among the uses is AddTags, since the Python SDK tags its pipeline anew whenever it updates
        # one; that nothing is given away by it is the boundary's to deny, in any mode.
        allow("UseOwn", using, ["*"], Condition={"StringEquals": own_thing}),
        allow(
            "UseOwnExecutions",
            EXECUTION_USE,
            [names.sagemaker_arn("pipeline", f"{names.job_prefix}*/execution/*")],
        ),
        allow("SeeNames", lists, ["*"]),
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
    if model_prefix:
        statements += _only_prefixed_models(names)
    return document(*statements)


def _only_prefixed_models(names: Names) -> list[Statement]:
    """Deny to make or to serve a model of any other name than the seat's own."""
    return [
        {
            "Sid": "ModelsOfOtherNames",
            "Effect": "Deny",
            "Action": ["sagemaker:CreateModel"],
            "NotResource": [names.sagemaker_arn("model", f"{names.job_prefix}*")],
        },
        deny(
            "ServingOtherNames",
            MODEL_USE,
            ["*"],
            Condition={
                "ForAnyValue:StringNotLike": {"sagemaker:ModelArn": f"*:model/{names.job_prefix}*"}
            },
        ),
    ]


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
