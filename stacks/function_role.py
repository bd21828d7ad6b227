"""The role of a function that travels in a stack of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import CfnResource
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.nag import wildcards
from workbench.fn_sub import sub, sub_all
from workshop.policies.watch import function_trust_policy


def function_role(
    scope: Construct, kind: str, *, role_name: str, path: str, policy: Mapping[str, Any]
) -> CfnResource:
    """Make the role of the function of a kind of stack, with one inline policy of that name."""
    role = iam.CfnRole(
        scope,
        "Role",
        role_name=sub(role_name),
        path=path,
        description=f"What the {kind} may do",
        assume_role_policy_document=function_trust_policy(),
        policies=[iam.CfnRole.PolicyProperty(policy_name=kind, policy_document=sub_all(policy))],
    )
    wildcards(role, {kind: policy})
    return role
