"""Accounts that their organization has closed: no role in them is taken on any more.

For 90 days they stay in the organization as SUSPENDED, with all they have
(https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_close.html).
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter


def patch_closed_accounts() -> None:
    """Have AssumeRole refuse roles of closed accounts, as it does roles that are not there."""
    sts = ministack_adapter.module("services.sts")
    known = sts._assumed_role_arn

    def assumed_role_arn(role_arn: str, session_name: str) -> tuple[Any, Any]:
        arn, mistake = known(role_arn, session_name)
        if mistake is None and is_closed(role_arn.split(":")[4]):
            message = f"User: is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            mistake = sts._error(403, "AccessDenied", message, ns="sts")
        return arn, mistake

    sts._assumed_role_arn = assumed_role_arn


def is_closed(account: str) -> bool:
    """Return whether the organization of an account has closed it."""
    members = ministack_adapter.module("services.organizations")._accounts.to_dict()
    return any(
        member == account and found.get("Status") == "SUSPENDED"
        for (_, member), found in members.items()
    )
