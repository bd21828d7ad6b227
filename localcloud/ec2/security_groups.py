"""Security groups: made in a VPC that there is, and not deleted while somebody uses them."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.ec2 import messages, placement, stores
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]
Action = Callable[[Record], messages.Answer]


def patch_security_groups() -> None:
    """Correct ministack's CreateSecurityGroup, once per process."""
    actions = stores.ec2()._ACTION_MAP
    actions["CreateSecurityGroup"] = _in_a_vpc(actions["CreateSecurityGroup"])


def _in_a_vpc(create: Action) -> Action:
    def create_security_group(params: Record) -> messages.Answer:
        try:
            vpc = in_vpc(stores.ec2()._p(params, "VpcId"))
        except ApiError as refusal:
            return messages.refused(refusal)
        return create({**params, "VpcId": [vpc]})

    return create_security_group


def in_vpc(name: str | None) -> str:
    """Return the VPC of a new group: the default one unless another is named."""
    if not name:
        return placement.default_vpc()
    words = "The vpc ID '{name}' does not exist"
    stores.required(stores.ec2()._vpcs, name, "InvalidVpcID.NotFound", words)
    return name
