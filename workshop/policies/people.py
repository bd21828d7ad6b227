"""What people get, as opposed to the role that their notebook and jobs run with.

Either a link to the notebook (``presigned_url_policy``, for whoever hands links out or fetches
their own), or AWS's console (``console_policy`` beside the seat's own policies, on a role of the
account or as a permission set of IAM Identity Center).
"""

from __future__ import annotations

from collections.abc import Sequence

from workshop import tags
from workshop.naming import Names
from workshop.policies.boundary import OWN_ATTENDEE
from workshop.policies.documents import Document, allow, document

CONSOLE_VIEWS = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:ListDashboards",
    "ecr:DescribeRegistry",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
    "tag:GetResources",
)
"""Lists that the console asks for before it shows anything; they show names alone."""


def presigned_url_policy(names: Names) -> Document:
    """Whoever has this opens one seat's notebook, and starts it when it has stopped itself."""
    return document(
        allow(
            "OpenNotebook",
            [
                "sagemaker:CreatePresignedNotebookInstanceUrl",
                "sagemaker:DescribeNotebookInstance",
                "sagemaker:StartNotebookInstance",
                "sagemaker:StopNotebookInstance",
            ],
            [names.notebook_arn],
        )
    )


def console_policy() -> Document:
    """What the console needs beside the seat's own policies."""
    return document(allow("ConsoleViews", CONSOLE_VIEWS, ["*"]))


def console_trust_policy(principals: Sequence[str]) -> Document:
    """Those who may take on a seat's console role, by ARN."""
    return document(
        {
            "Sid": "NamedPrincipals",
            "Effect": "Allow",
            "Principal": {"AWS": list(principals)},
            "Action": "sts:AssumeRole",
        }
    )


def for_whoever_is_signed_in(names: Names) -> Names:
    """Names for a permission set, where the seat is the attribute of the person signed in.

    IAM Identity Center passes attributes as session tags, so ``aws:PrincipalTag/attendee`` is the
    seat
    (https://docs.aws.amazon.com/singlesignon/latest/userguide/attributesforaccesscontrol.html).
    """
    return Names(
        names.workshop, OWN_ATTENDEE, names.account, names.region, names.partition, names.domain
    )


def permission_set(name: str, documents: dict[str, Document]) -> Document:
    """Give a permission set: the arguments of ``create-permission-set`` and its inline policy.

    Its one inline policy joins the documents: it may have 32,768 characters
    (https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html).
    """
    return {
        "Name": name,
        "Description": f"One seat of a workshop, by the attribute {tags.ATTENDEE}",
        "SessionDuration": "PT12H",
        "InlinePolicy": document(
            *(statement for one in documents.values() for statement in one["Statement"])
        ),
    }
