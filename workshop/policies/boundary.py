"""The permissions boundary of every seat."""

from __future__ import annotations

from dataclasses import replace

from workshop import tags
from workshop.naming import Names
from workshop.policies.actions import (
    GLOBAL_SERVICES,
    NETWORK_INTERFACES,
    NEVER,
    S3_LIST,
    S3_READ,
)
from workshop.policies.documents import Document, allow, deny, document

OWN_ATTENDEE = f"${{aws:PrincipalTag/{tags.ATTENDEE}}}"
"""IAM's variable for the seat that the calling role is tagged with."""


def boundary_policy(names: Names) -> Document:
    """The most that any seat's role can ever do, whatever is attached to it.

    It serves every seat at once: what is a seat's own is read from the tag of the calling role.
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
        deny("Never", NEVER, ["*"]),
    )
