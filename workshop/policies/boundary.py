"""The permissions boundary of every seat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    COMPUTE_WITHOUT_TYPE,
    ECR_EVERYTHING_NAMED,
    GLOBAL_SERVICES,
    NETWORK_INTERFACES,
    NEVER,
    S3_LIST,
    S3_READ,
)
from workshop.policies.documents import Document, allow, deny, document

OWN_ATTENDEE = f"${{aws:PrincipalTag/{tags.ATTENDEE}}}"
"""IAM's variable for the seat that the calling role is tagged with."""


def boundary_policy(names: Names, *, extra_actions: Sequence[str] = ()) -> Document:
    """The most that any seat's role can ever do, whatever is attached to it.

    It serves every seat at once: what is a seat's own is read from the tag of the calling role.
    ``extra_actions`` are those that profiles open on purpose: the boundary lets them through, and
    only the roles of those profiles allow them.
    """
    any_seat = replace(names, seat=OWN_ATTENDEE)
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
                *sorted(set(extra_actions)),
            ],
            ["*"],
        ),
        {
            "Sid": "OtherRegions",
            "Effect": "Deny",
            "NotAction": sorted(GLOBAL_SERVICES),
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
            "NotAction": sorted(S3_READ + S3_LIST),
            "Resource": [names.datasets_bucket_arn, f"{names.datasets_bucket_arn}/*"],
        },
        {
            "Sid": "NotebooksOfOthers",
            "Effect": "Deny",
            "Action": [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:DeleteNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
            "NotResource": [any_seat.notebook_arn],
        },
        deny(
            "TagsOfOthers",
            ["sagemaker:AddTags"],
            ["*"],
            Condition={"Null": {"sagemaker:TaggingAction": "true"}},
        ),
        # A shell in a training container would run with the job's role and outlive the job's code
        # (https://docs.aws.amazon.com/sagemaker/latest/dg/train-remote-debugging.html).
        deny(
            "RemoteDebugging",
            ["sagemaker:CreateTrainingJob", "sagemaker:UpdateTrainingJob"],
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
        # What carries another seat's tag is that seat's; what carries none is nobody's.
        deny(
            "ThingsOfOthers",
            ["sagemaker:*"],
            ["*"],
            Condition={
                "StringNotEquals": {f"aws:ResourceTag/{tags.ATTENDEE}": OWN_ATTENDEE},
                "Null": {f"aws:ResourceTag/{tags.ATTENDEE}": "false"},
            },
        ),
        deny("ComputeWithoutType", COMPUTE_WITHOUT_TYPE, ["*"]),
        deny("Never", NEVER, ["*"]),
    )
