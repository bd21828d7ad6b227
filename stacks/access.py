"""The access stack: a seat's execution role."""

from __future__ import annotations

from constructs import Construct

from stacks.acknowledgements import acknowledge, wildcards
from stacks.base import Placement, SeatStack
from workbench.execution_role import ExecutionRole
from workshop import policies
from workshop.settings import Access, Registry, Storage

_MANAGED = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{}]"
_WHY = "The YAML asks for access.mode: managed; the cohort's boundary still holds."


class AccessStack(SeatStack):
    """One role, in the mode that the profile's YAML names, under the cohort's boundary."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        access: Access,
        storage: Storage,
        registry: Registry,
        subnet_id: str | None,
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
        scoped = access.mode == "scoped"
        inline = {
            "data": policies.data_policy(
                names,
                buckets=tuple(storage.buckets),
                repositories=tuple(registry.repositories),
            ),
            "sagemaker": policies.sagemaker_policy(
                names,
                training_instance_types=access.training_instance_types,
                processing_instance_types=access.processing_instance_types,
                endpoint_instance_types=access.endpoint_instance_types,
            ),
            "observation": policies.observation_policy(names),
        }
        if subnet_id:
            inline["network"] = policies.network_policy(names, subnet_id=subnet_id)
        if scoped:
            policies.check_inline(inline, f"{self.stack_name}: the role")
        role = ExecutionRole(
            self,
            "Execution",
            role_name=names.role,
            path=names.iam_path,
            description="What one seat's notebook and jobs may do",
            trust_policy=policies.trust_policy(names),
            boundary_arn=names.boundary_arn,
            inline_policies=inline if scoped else {},
            managed_policy_arns=() if scoped else policies.managed_policy_arns(names),
        )
        if scoped:
            wildcards(role.role, inline)
        else:
            # The organiser's explicit choice; the environment's warnings say so.
            acknowledge(
                role.role, {_MANAGED.format(name): _WHY for name in policies.MANAGED_POLICIES}
            )
        self._output("RoleArn", names.role_arn, "Role of the seat's notebook and jobs")
