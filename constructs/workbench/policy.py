"""A policy that the cohort makes for all seats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from workbench.fn_sub import sub, sub_all


class CohortPolicy(Construct):
    """One managed policy of the cohort: set as the boundary of every role, or attached to roles.

    IAM refuses to delete a policy that some role still has (DeleteConflict). Because the boundary
    goes before everything else of its stack, deleting the cohort while seats are left fails at
    once and harms nothing.
    """

    policy: iam.CfnManagedPolicy

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        policy_name: str,
        path: str,
        description: str,
        document: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        self.policy = iam.CfnManagedPolicy(
            self,
            "Policy",
            managed_policy_name=sub(policy_name),
            path=path,
            description=description,
            policy_document=sub_all(_brief(document)),
        )

    def is_deleted_before(self, *others: IConstruct) -> None:
        """Let the policy depend on ``others``: CloudFormation deletes what depends first."""
        self.node.add_dependency(*others)


def _brief(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same document with single values for lists of one: in YAML each costs a line."""
    return {**document, "Statement": [_single(statement) for statement in document["Statement"]]}


def _single(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _single(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and len(value) == 1:
        return _single(value[0])
    return value
