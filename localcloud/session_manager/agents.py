"""The SSM agent of an instance: online while the instance runs and its role lets it."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter, policy_engine
from localcloud.ec2 import stores
from localcloud.ec2.world import Ec2World
from localcloud.sagemaker import roles

Record = dict[str, Any]

PRINCIPAL = "ec2.amazonaws.com"
NEEDED = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)
"""What the agent calls
(https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-add-permissions-to-existing-profile.html)."""


def role_of(instance: Record) -> Record | None:
    """Return the role of an instance that EC2 can assume, or None."""
    iam = ministack_adapter.module("services.iam")
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    profile = iam._lookup_instance_profile(arn=arn)
    for name in profile["Roles"] if profile else ():
        role: Record | None = iam._roles.get(name)
        if role is not None and roles.is_assumable(role["Arn"], PRINCIPAL):
            return role
    return None


def is_online(world: Ec2World, instance: Record) -> bool:
    """Whether the agent answers: some time after the start, with a role that lets it."""
    if instance["State"]["Name"] != "running":
        return False
    if world.clock.now() < instance["_since"] + world.delays["agent"]:
        return False
    role = role_of(instance)
    return role is not None and all(_allows(role, instance, action) for action in NEEDED)


def _allows(role: Record, instance: Record, action: str) -> bool:
    evaluator = policy_engine.evaluator()
    account, name = ministack_adapter.account(), instance["InstanceId"]
    arn = stores.arn("instance", name)
    context = evaluator.EvalContext(
        principal_arn=roles.session(role["Arn"], name),
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=arn if action.startswith("ssm:") else "*",
        region=ministack_adapter.region(),
        service_context={"ec2:sourceinstancearn": arn, "ssm:sourceinstancearn": arn},
        principal_keys={
            f"aws:principaltag/{tag['Key']}".lower(): tag["Value"] for tag in role.get("Tags") or ()
        },
    )
    policies = evaluator._gather_role_policies(role["RoleName"], account)
    iam_roles = ministack_adapter.module("services.iam")._roles
    limits = evaluator._permissions_boundary(iam_roles, role["RoleName"], account)
    return bool(evaluator.evaluate(context, policies, *limits).decision == "Allow")
