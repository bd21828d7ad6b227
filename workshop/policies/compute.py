"""SageMaker for one seat: what it may make and use."""

from __future__ import annotations

from dataclasses import replace

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    ASKED_FOR,
    ENDPOINT_CREATE,
    EXECUTION_USE,
    FEATURE_STORE_CREATE,
    FEATURE_STORE_LISTS,
    FEATURE_STORE_TABLES,
    FEATURE_STORE_USE,
    LISTS,
    MADE_OF,
    MODEL_PACKAGES,
    NOTEBOOK_USE,
    OFFLINE_STORE_LIST,
    OFFLINE_STORE_WRITE,
    OTHER_CREATE,
    PROCESSING_CREATE,
    TAGGED_USE,
    TRAINING_CREATE,
)
from workshop.policies.data import offline_store_tables
from workshop.policies.documents import Document, Statement, allow, document


def sagemaker_policy(names: Names) -> Document:
    """Return what lets a seat make what carries its tag, and use nothing but that.

    The workshop's tag counts as well as the seat's: another workshop of the account may have a
    seat of the same id.
    """
    tagged = _tagged_as_own(names)
    # To save room: other Regions are the boundary's to deny, and the account is the role's.
    anywhere = replace(names, account="*", region="*")
    making: tuple[str, ...] = TRAINING_CREATE + PROCESSING_CREATE + ENDPOINT_CREATE + OTHER_CREATE
    return document(
        allow("MakeOwn", making, ["*"], Condition=tagged),
        # Authorised on what is new and on what it is made of: a statement each, or one could serve
        # a neighbour's configuration, and with it run the neighbour's model and role.
        allow(
            "MakeOwnOfOwn",
            [*MADE_OF],
            [names.sagemaker_arn(made, "*") for made, _ in MADE_OF.values()],
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
        allow("UseOwn", TAGGED_USE, ["*"], Condition=_carries_own(names)),
        allow(
            "UseOwnExecutions",
            EXECUTION_USE,
            [names.sagemaker_arn("pipeline", f"{names.job_prefix}*/execution/*")],
        ),
        # What is not there has no tags, and programs ask before they make it. A neighbour's of such
        # a name is the boundary's to deny.
        allow(
            "AskForOwnNames",
            ["sagemaker:Describe*"],
            [anywhere.sagemaker_arn(kind, f"{names.job_prefix}*") for kind in ASKED_FOR],
        ),
        allow("SeeNames", LISTS, ["*"]),
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
    return [allow("RegisterModels", MODEL_PACKAGES, ["*"], Condition=_carries_own(names))]


def feature_store_statements(names: Names) -> list[Statement]:
    """Return what makes and uses feature groups, with an offline store in one's own bucket."""
    own_buckets = names.bucket_arn("*")
    here = {"StringEquals": {"aws:ResourceAccount": names.account}}
    return [
        allow(
            "MakeFeatureGroups",
            FEATURE_STORE_CREATE,
            ["*"],
            Condition={
                **_tagged_as_own(names),
                # The offline store is in one of the seat's own buckets, or there is none.
                "StringLikeIfExists": {
                    "sagemaker:FeatureGroupOfflineStoreS3Uri": f"s3://{names.job_prefix}*"
                },
            },
        ),
        allow("UseFeatureGroups", FEATURE_STORE_USE, ["*"], Condition=_carries_own(names)),
        allow("SeeFeatureGroups", FEATURE_STORE_LISTS, ["*"]),
        allow("OfflineStoreBuckets", OFFLINE_STORE_LIST, [own_buckets], Condition=here),
        allow("OfflineStoreObjects", OFFLINE_STORE_WRITE, [f"{own_buckets}/*"], Condition=here),
        allow("OfflineStoreTables", FEATURE_STORE_TABLES, offline_store_tables(names)),
    ]


def _tagged_as_own(names: Names) -> Statement:
    """Return the condition that a request sets the seat's tags, by keys of exactly this spelling.

    Keys of conditions have no case, and those of tags do: ``Attendee`` would pass for ``attendee``
    here and be found by nobody. Each operator asks for one of the two; both heed the case.
    """
    return {
        "StringEquals": {f"aws:RequestTag/{key}": value for key, value in _own(names).items()},
        "ForAnyValue:StringEquals": {"aws:TagKeys": [tags.ATTENDEE]},
        "ForAnyValue:StringLike": {"aws:TagKeys": [tags.WORKSHOP]},
    }


def _carries_own(names: Names) -> Statement:
    """Return the condition that a resource carries the seat's tags."""
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in _own(names).items()}}


def _own(names: Names) -> dict[str, str]:
    return {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
