"""Self-managed permissions: whether the administrator can act in an account.

StackSets assumes the administration role in the administrator's account and from there the
execution role in the target account. What the two roles then allow is not weighed.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from typing import Any

from localcloud import ministack_adapter

ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"

_SERVICE = "cloudformation.amazonaws.com"


def default_administration_role(account: str) -> str:
    """Return the ARN that applies where a stack set names none."""
    return f"arn:aws:iam::{account}:role/{ADMINISTRATION_ROLE}"


def missing_trust(
    administration_role: str, execution_role: str, account: str, region: str
) -> str | None:
    """Return why the administrator cannot act in an account, in AWS's words; None if it can."""
    administrator, name = administration_role.split(":")[4], administration_role.rpartition("/")[2]
    trust = _trust_policy(administrator, region, name)
    if trust is None or not _trusts_service(trust):
        return (
            f"Account {administrator} should have '{name}' role with trust relationship to "
            "CloudFormation service."
        )
    trust = _trust_policy(account, region, execution_role)
    # Who asks is a session of the administration role.
    session = f"arn:aws:sts::{administrator}:assumed-role/{name}/StackSets"
    evaluate = ministack_adapter.module("core.iam_evaluator").evaluate_trust_policy
    if trust is None or not evaluate(trust, session):
        return (
            f"Account {account} should have '{execution_role}' role with trust relationship to "
            f"Role '{name}'."
        )
    return None


def _trust_policy(account: str, region: str, role: str) -> dict[str, Any] | None:
    with ministack_adapter.request_scope(account, region):
        found = ministack_adapter.module("services.iam")._roles.get(role)
    if found is None:
        return None
    policy: dict[str, Any] = json.loads(found["AssumeRolePolicyDocument"])
    return policy


def _trusts_service(policy: dict[str, Any]) -> bool:
    matches = ministack_adapter.module("core.iam_evaluator")._service_principal_matches
    statements = policy.get("Statement", [])
    return any(
        statement.get("Effect") == "Allow" and matches(statement.get("Principal", {}), _SERVICE)
        for statement in (statements if isinstance(statements, list) else [statements])
    )
