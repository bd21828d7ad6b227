"""The access stack: a seat's execution role, and its console role if there is one."""

from __future__ import annotations

from collections.abc import Sequence

from stacks.base import SeatStack
from stacks.nag import acknowledge
from workbench.seat_role import SeatRole
from workshop import tags
from workshop.config.profiles import Profile
from workshop.naming import Names
from workshop.policies import layout, people, trust
from workshop.policies.documents import Document

_MANAGED = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{}]"
_WHY = "The YAML asks for access.mode: managed; the cohort's boundary still holds."


class AccessStack(SeatStack):
    """One role for notebook and jobs, in the mode that the profile's YAML names.

    Every role is under the cohort's boundary and carries the cohort's policies, so that the stack
    stays as it is when they change.
    """

    described = (
        "Execution role of one workshop seat. Delete it last: SageMaker cannot delete an endpoint"
        " whose role is gone."
    )

    def _define(self, names: Names, profile: Profile) -> None:
        access = profile.access
        managed = access.mode == "managed"
        parts = layout.attached(self.placement.tags[tags.PROFILE], profile)
        self._role(
            "Execution",
            names,
            role_name=names.role,
            description="What one seat's notebook and jobs may do",
            trust_policy=trust.trust_policy(names, has_box=profile.has_box),
            parts=parts,
            managed=managed,
        )
        self._output("RoleArn", names.role_arn, "Role of the seat's notebook and jobs")
        if access.has_console:
            self._role(
                "Console",
                names,
                role_name=names.console_role,
                description="What one seat may do in AWS's console",
                trust_policy=people.console_trust_policy(
                    names,
                    principals=access.console_principals,
                    organisers=access.console_organisers,
                    alone=self.seat.alone,
                ),
                parts=[*parts, layout.CONSOLE],
                managed=managed,
            )
            self._output("ConsoleRoleArn", names.console_role_arn, "Role for AWS's console")

    def _role(
        self,
        construct_id: str,
        names: Names,
        *,
        role_name: str,
        description: str,
        trust_policy: Document,
        parts: Sequence[str],
        managed: bool,
    ) -> None:
        aws = trust.managed_policy_arns(names) if managed else ()
        role = SeatRole(
            self,
            construct_id,
            role_name=role_name,
            path=names.iam_path,
            description=description,
            trust_policy=trust_policy,
            boundary_arn=names.boundary_arn,
            managed_policy_arns=[*map(names.cohort_policy_arn, parts), *aws],
        )
        if managed:
            # The organiser's explicit choice; the environment's warnings say so.
            acknowledge(role.role, {_MANAGED.format(name): _WHY for name in trust.MANAGED_POLICIES})
