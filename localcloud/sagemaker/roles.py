"""Whether SageMaker could assume a role, read from the emulator's IAM."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol.errors import invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members

PRINCIPAL = "sagemaker.amazonaws.com"


def require_assumable(role_arn: str) -> None:
    """Raise the service's refusal unless the role exists here and trusts SageMaker."""
    if not is_assumable(role_arn):
        raise invalid(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
            f"principal '{PRINCIPAL}' to assume the role."
        )


def role_is_assumable(_: SageMakerEngine, __: Members, members: Members) -> None:
    """Check the role of a resource that is made or changed; be a check of a type's table."""
    require_assumable(members["RoleArn"])


def is_assumable(role_arn: str, service: str = PRINCIPAL) -> bool:
    """Whether the role exists here and trusts a service."""
    role = ministack_adapter.module("services.iam")._roles.get(role_arn.rpartition("/")[2])
    return (
        role is not None
        and role["Arn"] == role_arn
        and _trusts(role["AssumeRolePolicyDocument"], service)
    )


def session(role_arn: str, name: str) -> str:
    """Return the ARN of a session of a role, which holds no path."""
    partition, account = role_arn.split(":")[1], role_arn.split(":")[4]
    role = role_arn.rpartition("/")[2]
    return f"arn:{partition}:sts::{account}:assumed-role/{role}/{name}"


def _trusts(document: str, service: str) -> bool:
    statements = json.loads(document).get("Statement", [])
    return any(_allows(statement, service) for statement in _listed(statements))


def _allows(statement: dict[str, Any], service: str) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service", [])) if isinstance(principal, dict) else []
    actions = _listed(statement.get("Action", []))
    return (
        statement.get("Effect") == "Allow"
        and service in services
        and bool({"sts:AssumeRole", "sts:*", "*"} & set(actions))
        and _same_account(statement.get("Condition", {}))
    )


def _same_account(condition: dict[str, Any]) -> bool:
    """Only ``aws:SourceAccount`` is evaluated: a wrong account there is a common mistake."""
    for tests in condition.values():
        for key, wanted in tests.items():
            if key.lower() == "aws:sourceaccount" and ministack_adapter.account() not in _listed(
                wanted
            ):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
