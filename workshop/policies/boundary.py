"""The permissions boundary of every seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    COMPUTE_WITHOUT_TYPE,
    ECR_EVERYTHING_NAMED,
    EXECUTION_CHANGE,
    FEATURE_STORE_TABLES,
    GLOBAL_SERVICES,
    MODEL_USE,
    NETWORK_INTERFACES,
    NEVER,
    PUBLIC_READ,
)
from workshop.policies.data import offline_store_tables
from workshop.policies.documents import Document, Statement, allow, deny, document

OWN_ATTENDEE = f"${{aws:PrincipalTag/{tags.ATTENDEE}}}"
"""IAM's variable for the seat that the calling role is tagged with."""


def boundary_policy(
    names: Names, *, extra_actions: Sequence[str] = (), feature_store: bool = False
) -> Document:
    """The most that any seat's role can ever do, whatever is attached to it.

    It serves every seat at once: what is a seat's own is read from the tag of the calling role.
    ``extra_actions`` are those that profiles open on purpose: the boundary lets them through, and
    only the roles of those profiles allow them. ``feature_store`` says whether any profile has
    one, whose tables in AWS Glue are let through by name.
    """
    any_seat = replace(names, seat=OWN_ATTENDEE)
    # Of any account and Region, to save room: tables elsewhere are another account's to open.
    tables = offline_store_tables(replace(any_seat, account="*", region="*"))
    return document(
        allow(
            "ServicesOfTheWorkshop",
            [
                "cloudwatch:*",
                "ec2:Describe*",
                *NETWORK_INTERFACES,
                "ecr:*",
                "iam:GetRole",
                "iam:PassRole",
                "logs:*",
                "s3:*",
                "sagemaker:*",
                "sts:GetCallerIdentity",
                "tag:Get*",
                *sorted(set(extra_actions)),
            ],
            ["*"],
        ),
        *([allow("OfflineStoreTables", FEATURE_STORE_TABLES, tables)] if feature_store else []),
        # Where the caller has no such tag, a statement that names it matches nothing: without this
        # one, most denials below would be void for a role or person that lost the tag.
        deny(
            "NobodyInParticular",
            ["*"],
            ["*"],
            Condition={"Null": {f"aws:PrincipalTag/{tags.ATTENDEE}": "true"}},
        ),
        {
            "Sid": "OtherRegions",
            "Effect": "Deny",
            "NotAction": sorted(GLOBAL_SERVICES + PUBLIC_READ),
            "Resource": ["*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": names.region}},
        },
        {
            "Sid": "RolesOfOthers",
            "Effect": "Deny",
            "Action": ["iam:PassRole"],
            "NotResource": [any_seat.role_arn],
        },
        {
            "Sid": "DatasetsAreReadOnly",
            "Effect": "Deny",
            "NotAction": ["s3:Get*", "s3:List*"],
            "Resource": [names.datasets_bucket_arn, f"{names.datasets_bucket_arn}/*"],
        },
        {
            "Sid": "NotebooksOfOthers",
            "Effect": "Deny",
            "Action": [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:St*NotebookInstance",
            ],
            "NotResource": [any_seat.notebook_arn],
        },
        # Tags are set while a thing is made; later only on what is one's own already, or everybody
        # could put their own tag on a neighbour's. A missing tag differs from every value.
        deny(
            "TagsOfOthers",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={
                "Null": {"sagemaker:TaggingAction": "true"},
                "StringNotEquals": {f"aws:ResourceTag/{tags.ATTENDEE}": OWN_ATTENDEE},
            },
        ),
        # Nor can one's own be made somebody else's, or be hidden from teardown.
        *(
            _differs(sid, "sagemaker:AddTags", f"aws:RequestTag/{key}", own)
            for sid, key, own in (
                ("TagsForOthers", tags.ATTENDEE, OWN_ATTENDEE),
                ("TagsForOtherWorkshops", tags.WORKSHOP, names.workshop),
                ("TagsOfOtherMakers", tags.MANAGED_BY, tags.MANAGED_BY_VALUE),
            )
        ),
        # A shell in a training container would run with the job's role and outlive the job's code
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/train-remote-debugging.html).
        deny(
            "RemoteDebugging",
            ["sagemaker:*teTrainingJob"],
            ["*"],
            Condition={"Bool": {"sagemaker:EnableRemoteDebug": "true"}},
        ),
        # Whatever is attached, a bucket or repository of this account is one's own or the datasets;
        # the Python SDK's default bucket, shared by everybody in the account, is neither. Those of
        # other accounts hold sample data and base images.
        {
            "Sid": "BucketsOfOthers",
            "Effect": "Deny",
            "Action": ["s3:*"],
            "NotResource": [
                any_seat.bucket_arn("*"),
                f"{any_seat.bucket_arn('*')}/*",
                names.datasets_bucket_arn,
                f"{names.datasets_bucket_arn}/*",
            ],
            "Condition": {"StringEquals": {"aws:ResourceAccount": names.account}},
        },
        {
            "Sid": "RepositoriesOfOthers",
            "Effect": "Deny",
            "Action": sorted(ECR_EVERYTHING_NAMED),
            "NotResource": [any_seat.repository_arn("*")],
            "Condition": {"StringEquals": {"aws:ResourceAccount": names.account}},
        },
        # What carries another seat's tag is that seat's; what carries none is nobody's. Another
        # workshop of the account may have a seat of the same id.
        _differs("ThingsOfOthers", "sagemaker:*", f"aws:ResourceTag/{tags.ATTENDEE}", OWN_ATTENDEE),
        _differs(
            "ThingsOfOtherWorkshops",
            "sagemaker:*",
            f"aws:ResourceTag/{tags.WORKSHOP}",
            names.workshop,
        ),
        # An execution's tags are perhaps none, and then its name alone tells whose it is: one of a
        # free name is nobody's to change, rather than everybody's.
        {
            "Sid": "ExecutionsOfOthers",
            "Effect": "Deny",
            "Action": sorted(EXECUTION_CHANGE),
            "NotResource": [any_seat.sagemaker_arn("pipeline", f"{any_seat.job_prefix}*")],
            "Condition": {"Null": {f"aws:ResourceTag/{tags.ATTENDEE}": "true"}},
        },
        # Whoever serves a model runs the role that the model names, and IAM is told the model's
        # name alone. One request may name several; this also refuses one's own beside one of no
        # prefix, rather than let a neighbour's hide there.
        deny(
            "ModelsOfOthers",
            MODEL_USE,
            ["*"],
            Condition={
                "ForAnyValue:StringLike": {"sagemaker:ModelArn": f"*:model/{names.workshop}-*"},
                "ForAnyValue:StringNotLike": {
                    "sagemaker:ModelArn": f"*:model/{any_seat.job_prefix}*"
                },
            },
        ),
        deny("ComputeWithoutType", COMPUTE_WITHOUT_TYPE, ["*"]),
        deny("Never", NEVER, ["*"]),
    )


def _differs(sid: str, action: str, key: str, own: str) -> Statement:
    """Deny an action where a condition key is there and is not what it is for oneself."""
    condition = {"StringNotEquals": {key: own}, "Null": {key: "false"}}
    return deny(sid, [action], ["*"], Condition=condition)
