"""What a policy document is, and what IAM takes of one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from workshop import naming, tags
from workshop.naming import Names

Document = dict[str, Any]
Statement = dict[str, Any]

OWN_ATTENDEE = f"${{aws:PrincipalTag/{tags.ATTENDEE}}}"
"""IAM's variable for the seat that the calling role is tagged with."""
MANAGED_LIMIT = 6_144
"""Characters, white space left out, of one managed policy (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html)."""


def document(*statements: Statement) -> Document:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    """Return a statement that allows; ``rest`` holds what else it has, such as ``Condition``."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": list(resources),
        **rest,
    }


def deny(sid: str, actions: Sequence[str], resources: Sequence[str], **rest: Any) -> Statement:
    """Return a statement that denies."""
    return {**allow(sid, actions, resources, **rest), "Effect": "Deny"}


def deny_but(sid: str, actions: Sequence[str], spared: Sequence[str], **rest: Any) -> Statement:
    """Return a statement that denies on every resource but those that are spared."""
    statement = {"Sid": sid, "Effect": "Deny", "Action": list(actions), "NotResource": list(spared)}
    return {**statement, **rest}


def differs(sid: str, actions: Sequence[str], key: str, own: str) -> Statement:
    """Deny actions where a condition key is there and is not what it is for oneself."""
    condition = {"StringNotEquals": {key: own}, "Null": {key: "false"}}
    return deny(sid, actions, ["*"], Condition=condition)


def characters(policy: Document) -> int:
    """Return the size of a document as IAM counts it, with placeholders at their longest."""
    text = json.dumps(policy, separators=(",", ":"))
    return len(naming.at_longest(text))


def tagged_as_own(names: Names) -> Statement:
    """Return the condition that a request sets the seat's tags, by keys of exactly this spelling.

    Keys of conditions have no case, and those of tags do: ``Attendee`` would pass for ``attendee``
    here and be found by nobody. Each operator asks for one of the two; both heed the case.
    """
    return {
        "StringEquals": {f"aws:RequestTag/{key}": value for key, value in _own(names).items()},
        "ForAnyValue:StringEquals": {"aws:TagKeys": [tags.ATTENDEE]},
        "ForAnyValue:StringLike": {"aws:TagKeys": [tags.WORKSHOP]},
    }


def carries_own(names: Names) -> Statement:
    """Return the condition that a resource carries the seat's tags."""
    return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in _own(names).items()}}


def _own(names: Names) -> dict[str, str]:
    return {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
