"""A role of one seat: that of its notebook and jobs, or that of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from workbench.sub import sub, sub_all


class SeatRole(Construct):
    """One role of a seat, limited by the cohort's permissions boundary.

    ``inline_policies`` maps a policy's name to its document, ``managed_policy_arns`` name AWS's
    own policies; the documents may hold placeholders.
    """

    role: iam.CfnRole

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role_name: str,
        path: str,
        description: str,
        trust_policy: Mapping[str, Any],
        boundary_arn: str,
        inline_policies: Mapping[str, Mapping[str, Any]],
        managed_policy_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        # The plain resource on purpose: the L2 role would re-arrange the statements, and these
        # documents are reviewed and simulated in the order in which they are written.
        self.role = iam.CfnRole(
            self,
            "Role",
            role_name=sub(role_name),
            path=path,
            description=description,
            assume_role_policy_document=sub_all(dict(trust_policy)),
            permissions_boundary=sub(boundary_arn),
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name=name, policy_document=sub_all(dict(document))
                )
                for name, document in inline_policies.items()
            ]
            or None,
            managed_policy_arns=[sub(arn) for arn in managed_policy_arns] or None,
            max_session_duration=12 * 3600,
        )
