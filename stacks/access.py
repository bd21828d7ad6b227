"""The access stack: a seat's execution role, and its console role if there is one."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from stacks.base import Placement, SeatStack
from stacks.nag import acknowledge
from workbench.seat_role import SeatRole
from workshop import policies, tags
from workshop.config.models import Profile
from workshop.policies import Document

_MANAGED = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{}]"
_WHY = "The YAML asks for access.mode: managed; the cohort's boundary still holds."


class AccessStack(SeatStack):
    """One role for notebook and jobs, in the mode that the profile's YAML names.

    Every role is under the cohort's boundary and carries the cohort's policies, so that the stack
    stays as it is when they change.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, placement: Placement, profile: Profile
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="access",
            description="Execution role of one workshop seat. Delete it last: SageMaker cannot"
            " delete an endpoint whose role is gone.",
            placement=placement,
        )
        names = placement.inside
        self._names = names
        self._access = profile.access
        parts = policies.attached(placement.tags[tags.PROFILE], profile)
        self._role(
            "Execution",
            role_name=names.role,
            description="What one seat's notebook and jobs may do",
            trust_policy=policies.trust_policy(names),
            parts=parts,
        )
        self._output("RoleArn", names.role_arn, "Role of the seat's notebook and jobs")
        if profile.access.has_console:
            self._role(
                "Console",
                role_name=names.console_role,
                description="What one seat may do in AWS's console",
                trust_policy=policies.console_trust_policy(
                    names,
                    principals=profile.access.console_principals,
                    organisers=profile.access.console_organisers,
                ),
                parts=[*parts, policies.CONSOLE],
            )
            self._output("ConsoleRoleArn", names.console_role_arn, "Role for AWS's console")

    def _role(
        self,
        construct_id: str,
        *,
        role_name: str,
        description: str,
        trust_policy: Document,
        parts: Sequence[str],
    ) -> None:
        names = self._names
        managed = self._access.mode == "managed"
        role = SeatRole(
            self,
            construct_id,
            role_name=role_name,
            path=names.iam_path,
            description=description,
            trust_policy=trust_policy,
            boundary_arn=names.boundary_arn,
            managed_policy_arns=[
                *(names.cohort_policy_arn(part) for part in parts),
                *(policies.managed_policy_arns(names) if managed else ()),
            ],
        )
        if managed:
            # The organiser's explicit choice; the environment's warnings say so.
            acknowledge(
                role.role, {_MANAGED.format(name): _WHY for name in policies.MANAGED_POLICIES}
            )
