"""What CloudFormation's handlers may call beyond the calls that are known to be needed.

AWS's resource schemas name, by type and phase, what a handler calls at most: whether it does in a
given case is written nowhere. So what only they name is told and refuses nothing. The file is
written by ``tools.handler_permissions``, out of what cfn-lint ships.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("handler_permissions.yaml")

PHASES = {
    "create": "permissions to create",
    "update": "permissions to update",
    "delete": "permissions to roll back and delete",
}
"""What a handler does with a resource, and the subject of the check that tells what is denied."""


@cache
def permissions() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the actions of each resource type, by phase."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        resource_type: {phase: tuple(actions) for phase, actions in phases.items()}
        for resource_type, phases in document.items()
    }


def of_type(resource_type: str, *, in_vpc: bool) -> tuple[str, ...]:
    """Return all actions of a type, each once; those of EC2 only where it is put into a VPC."""
    found = dict.fromkeys(
        action for actions in permissions().get(resource_type, {}).values() for action in actions
    )
    return tuple(action for action in found if in_vpc or not action.startswith("ec2:"))


@cache
def phase_of(action: str) -> str:
    """Return the first phase in which any handler calls an action, empty if none does."""
    return next(
        (
            phase
            for phase in PHASES
            if any(action in phases.get(phase, ()) for phases in permissions().values())
        ),
        "",
    )
