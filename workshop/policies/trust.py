"""Who may take on a seat's role, and what ``access.mode: managed`` attaches to it."""

from __future__ import annotations

from workshop.naming import Names
from workshop.policies.documents import Document, Statement, document

MANAGED_POLICIES = (
    "AmazonSageMakerFullAccess",
    "AmazonS3FullAccess",
    "AmazonEC2ContainerRegistryFullAccess",
)
"""What ``access.mode: managed`` attaches: the three policies that workshops usually ask for."""


_EC2: Statement = {
    "Sid": "InstancesOfThisAccount",
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def trust_policy(names: Names, *, has_box: bool = False) -> Document:
    """Who may take on a seat's role: SageMaker, and only on behalf of this account.

    With ``has_box`` also EC2, for the instance that its instance profile is of; EC2 names no
    account when it asks, and takes only instance profiles of the account's own.

    The account condition closes the confused-deputy gap
    (https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html).
    """
    return document(
        {
            "Sid": "SageMakerOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": names.account}},
        },
        *([_EC2] if has_box else []),
    )


def managed_policy_arns(names: Names) -> tuple[str, ...]:
    """Return the ARNs behind ``access.mode: managed``."""
    return tuple(f"arn:{names.partition}:iam::aws:policy/{name}" for name in MANAGED_POLICIES)
