"""SageMaker for one seat: what it may make and use."""

from __future__ import annotations

from dataclasses import replace

from workshop.naming import Names
from workshop.policies.actions import (
    ALARMS,
    ASKED_FOR,
    ENDPOINT_CREATE,
    EXECUTION_USE,
    FEATURE_STORE_CREATE,
    FEATURE_STORE_LISTS,
    FEATURE_STORE_TABLES,
    HUB_VIEW,
    LISTS,
    MADE_OF,
    MLFLOW_LISTS,
    MLFLOW_USE,
    MLFLOW_VIEW,
    MODEL_PACKAGES,
    NOTEBOOK_USE,
    OFFLINE_STORE_LIST,
    OFFLINE_STORE_QUERIES,
    OFFLINE_STORE_WRITE,
    OTHER_CREATE,
    PROCESSING_CREATE,
    REPOSITORY_CREATE,
    SCALING_LISTS,
    SCALING_MAKE,
    TAGGED_USE,
    TRAINING_CREATE,
)
from workshop.policies.data import (
    offline_store_queries,
    offline_store_tables,
    own_alarms,
    scaling_policies,
)
from workshop.policies.documents import (
    Document,
    Statement,
    allow,
    carries_own,
    document,
    tagged_as_own,
)


def sagemaker_policy(names: Names) -> Document:
    """Return what lets a seat make what carries its tag, and use nothing but that.

    The workshop's tag counts as well as the seat's: another workshop of the account may have a
    seat of the same id.
    """
    tagged = tagged_as_own(names)
    # To save room: other Regions are the boundary's to deny, and the account is the role's.
    anywhere = replace(names, account="*", region="*")
    making = TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE + OTHER_CREATE
    return document(
        allow("MakeOwn", making + REPOSITORY_CREATE, ["*"], Condition=tagged),
        # Authorised on what is new and on what it is made of: a statement each, or one could serve
        # a neighbour's configuration, and with it run the neighbour's model and role. What an
        # inference component is put on may be new to another of these: ``EndpointsOfOthers`` denies
        # others'.
        allow(
            "MakeOwnOfOwn",
            [*MADE_OF],
            [anywhere.sagemaker_arn(made, "*") for made, _ in MADE_OF.values()],
            Condition=tagged,
        ),
        # Tags can be set while a thing is made and afterwards on one's own, so that nobody can put
        # their own tag on a neighbour's
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html).
        allow(
            "TagWhatIsBeingMade",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={**tagged, "Null": {"sagemaker:TaggingAction": "false"}},
        ),
        # Among the uses is AddTags, since the Python SDK tags its pipeline anew whenever it updates
        # one; that nothing is given away by it is the boundary's to deny, in any mode.
        allow("UseOwn", TAGGED_USE, ["*"], Condition=carries_own(names)),
        allow(
            "UseOwnExecutions",
            EXECUTION_USE,
            [anywhere.sagemaker_arn("pipeline", f"{names.job_prefix}*/execution/*")],
        ),
        # What is not there has no tags, and programs ask before they make it. A neighbour's of such
        # a name is the boundary's to deny.
        allow(
            "AskForOwnNames",
            ["sagemaker:Describe*"],
            [anywhere.sagemaker_arn(kind, f"{names.job_prefix}*") for kind in ASKED_FOR],
        ),
        allow("SeeNames", LISTS, ["*"]),
        allow("SeePublicHub", HUB_VIEW, _public_hub(names)),
        allow(
            "OwnNotebook",
            NOTEBOOK_USE,
            [names.notebook_arn],
        ),
        allow(
            "PassOwnRole",
            ["iam:PassRole"],
            [names.role_arn],
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        allow("ReadOwnRole", ["iam:GetRole"], [names.role_arn]),
    )


def model_package_statements(names: Names) -> list[Statement]:
    """Return what registers a version of a model in a group of one's own.

    A version has no tags: it is assumed that making one is authorised with the tags of its group,
    as AWS's documentation does not say. If not, versions are denied, and nothing is open. A package
    without a group is closed by the same condition.
    """
    return [allow("RegisterModels", MODEL_PACKAGES, ["*"], Condition=carries_own(names))]


def feature_store_statements(names: Names) -> list[Statement]:
    """Return what makes and uses feature groups, with an offline store in one's own bucket."""
    own_buckets = names.bucket_arn("*")
    here = {"StringEquals": {"aws:ResourceAccount": names.account}}
    tagged = tagged_as_own(names)
    where = "sagemaker:FeatureGroupOfflineStoreS3Uri"
    return [
        # In one of the seat's own buckets. Its table in AWS Glue is called as the group is, so that
        # a group of any other name would be made and fail.
        allow(
            "MakeFeatureGroups",
            FEATURE_STORE_CREATE,
            [names.sagemaker_arn("feature-group", f"{names.job_prefix}*")],
            Condition={**tagged, "StringLike": {where: f"s3://{names.job_prefix}*"}},
        ),
        allow(
            "MakeOnlineFeatureGroups",
            FEATURE_STORE_CREATE,
            ["*"],
            Condition={**tagged, "Null": {where: "true"}},
        ),
        allow("SeeFeatureGroups", FEATURE_STORE_LISTS, ["*"]),
        allow("OfflineStoreBuckets", OFFLINE_STORE_LIST, [own_buckets], Condition=here),
        allow("OfflineStoreObjects", OFFLINE_STORE_WRITE, [f"{own_buckets}/*"], Condition=here),
        allow(
            "OfflineStores",
            FEATURE_STORE_TABLES + OFFLINE_STORE_QUERIES,
            [*offline_store_tables(names), offline_store_queries(names)],
        ),
    ]


def autoscaling_statements(names: Names) -> list[Statement]:
    """Return what lets a seat scale its own endpoints, and have alarms of its own prefix.

    Application Auto Scaling checks that whoever registers an endpoint may describe and change it
    (https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_permission_validation.html),
    and that who makes a policy may make its alarms. An alarm may start a scaling policy and nothing
    else: AWS asks nobody else's permission for what an alarm does.
    """
    here = f"{names.region}:{names.account}"
    actions_of_alarms = scaling_policies(names)
    scaling = f"arn:{names.partition}:application-autoscaling:{here}:scalable-target/*"
    return [
        allow(
            "ScaleOwnEndpoints",
            SCALING_MAKE,
            [scaling],
            Condition=tagged_as_own(names),
        ),
        allow("SeeScaling", SCALING_LISTS, ["*"]),
        allow(
            "OwnAlarms",
            ALARMS,
            own_alarms(names),
            Condition={"ForAllValues:StringLike": {"cloudwatch:AlarmActions": actions_of_alarms}},
        ),
    ]


def mlflow_statements(shared: str | None) -> list[Statement]:
    """Return what sees which MLflow there is, and uses the one that the organiser runs for all.

    ``shared`` is its ARN, with which every seat reads and changes what all seats keep in it; None
    where each seat has its own.
    """
    lists = allow("SeeMlflow", MLFLOW_LISTS, ["*"])
    if shared is None:
        return [lists]
    return [lists, allow("UseSharedMlflow", (*MLFLOW_USE, *MLFLOW_VIEW), [shared])]


def _public_hub(names: Names) -> list[str]:
    """Return AWS's own hub of models and what is in it."""
    aws = f"arn:{names.partition}:sagemaker:{names.region}:aws"
    return [f"{aws}:hub/SageMakerPublicHub", f"{aws}:hub-content/SageMakerPublicHub/*"]
