"""What IAM's simulation says of the caller's own policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients


def is_root(caller: str) -> bool:
    """Return whether an ARN of STS is that of the account's root, who needs no permission."""
    return caller.endswith(":root")


def source(clients: Clients, account_region: AccountRegion, caller: str) -> str:
    """Return whose policies count for the caller with this ARN of STS: those of a user or role.

    A session's ARN leaves its role's path out, so the role is asked for it: raises ClientError
    where it may not be read.
    """
    kind, _, name = caller.split(":", 5)[5].partition("/")
    if kind != "assumed-role":
        return caller
    iam = clients.client("iam", account_region)
    return str(iam.get_role(RoleName=name.partition("/")[0])["Role"]["Arn"])


def answers(
    clients: Clients,
    account_region: AccountRegion,
    principal: str,
    actions: Collection[str],
    resource: str,
    *,
    context: Mapping[str, str],
) -> Iterator[Mapping[str, Any]]:
    """Yield IAM's answers for a user or role, with values of condition keys."""
    pages = clients.client("iam", account_region).get_paginator("simulate_principal_policy")
    for page in pages.paginate(
        PolicySourceArn=principal,
        ActionNames=list(actions),
        ResourceArns=[resource],
        ContextEntries=[_entry(key, value) for key, value in context.items()],
    ):
        yield from page["EvaluationResults"]


def _entry(key: str, value: str) -> dict[str, object]:
    return {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [value]}
