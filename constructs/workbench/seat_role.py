"""A role of one seat: that of its notebook and jobs, or that of the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from workbench.fn_sub import sub, sub_all


class SeatRole(Construct):
    """One role of a seat, limited by the cohort's permissions boundary.

    ``managed_policy_arns`` name the cohort's policies and AWS's own; the role has none of its own.
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
        managed_policy_arns: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.CfnRole(
            self,
            "Role",
            role_name=sub(role_name),
            path=path,
            description=description,
            assume_role_policy_document=sub_all(dict(trust_policy)),
            permissions_boundary=sub(boundary_arn),
            managed_policy_arns=[sub(arn) for arn in managed_policy_arns],
            max_session_duration=12 * 3600,
        )
