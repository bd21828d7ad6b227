"""The permissions boundary that limits every seat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from workbench.sub import sub, sub_all


class PermissionsBoundary(Construct):
    """One managed policy per cohort, attached to nobody and set as the boundary of every role.

    IAM refuses to delete a policy that is still some role's boundary (DeleteConflict). Because the
    policy goes before everything else of its stack, deleting the cohort while seats are left fails
    at once and harms nothing.
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
            policy_document=sub_all(dict(document)),
        )

    def is_deleted_before(self, *others: IConstruct) -> None:
        """Let the policy depend on ``others``: CloudFormation deletes what depends first."""
        self.node.add_dependency(*others)
