"""What a policy document is, and what IAM takes of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workshop.errors import WorkshopError

Document = dict[str, Any]
Statement = dict[str, Any]

INLINE_LIMIT = 10_240
"""Characters, white space left out, of all inline policies of one role
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""
LONGEST = {
    "${AttendeeId}": 12,
    "${AWS::AccountId}": 12,
    "${AWS::Region}": 15,
    "${AWS::Partition}": 10,
}
"""The most characters that a placeholder can become."""
MANAGED_LIMIT = 6_144
"""Characters, white space left out, of one managed policy (same page)."""


def document(*statements: Statement) -> Document:
    """Give a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    """Give a statement that allows; ``rest`` holds what else it has, such as ``Condition``."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(resources),
        **rest,
    }


def deny(sid: str, actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    """Give a statement that denies."""
    return {**allow(sid, actions, resources, **rest), "Effect": "Deny"}


def check_inline(documents: Mapping[str, Document], what: str) -> None:
    """Refuse a role's inline policies that IAM would refuse, for the longest placeholders.

    ``what`` names the role at the start of the sentence.
    """
    size = sum(characters(one) for one in documents.values())
    if size > INLINE_LIMIT:
        raise WorkshopError(
            f"{what} has {size:,} characters of policies and IAM takes {INLINE_LIMIT:,}; allow"
            " fewer instance types, buckets, repositories or security groups, or close the feature"
            " store"
        )


def check_managed(policy: Document, what: str) -> None:
    """Refuse a managed policy that IAM would refuse, for the longest placeholders.

    ``what`` names the policy at the start of the sentence.
    """
    size = characters(policy)
    if size > MANAGED_LIMIT:
        raise WorkshopError(
            f"{what} has {size:,} characters and IAM takes {MANAGED_LIMIT:,}; open fewer actions in"
            " access.extra_statements, by wildcards"
        )


def characters(policy: Document) -> int:
    """The size of a document as IAM counts it, with placeholders at their longest."""
    text = json.dumps(policy, separators=(",", ":"))
    for placeholder, longest in LONGEST.items():
        text = text.replace(placeholder, "x" * longest)
    return len(text)
