"""Adds stack sets to the emulator's CloudFormation, once per process."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.stacksets import access, deployment
from localcloud.stacksets.service import StackSets


def patch_stacksets(clock: Clock) -> None:
    """Add the actions of stack sets, and of Organizations what they need, to the emulator's own."""
    service = StackSets(clock)
    ministack_adapter.add_state("stacksets", service)
    handlers = ministack_adapter.module("services.cloudformation.handlers")
    handlers._ACTION_HANDLERS.update(service.actions())
    handlers._create_stack_task_in_region = deployment.reporting(
        handlers._create_stack_task_in_region
    )
    organizations = ministack_adapter.module("services.organizations")._DISPATCH
    for name in service.access.operations:
        organizations[name] = service.access.serve(name)
    organizations["CreateOrganizationalUnit"] = _with_full_access(
        organizations["CreateOrganizationalUnit"]
    )
    for name in access.READING:
        organizations[name] = service.access.of_manager(name, organizations[name])


def _with_full_access(create: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return CreateOrganizationalUnit as AWS does it: a new unit has the policy that allows all.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """

    def created(payload: Any) -> Any:
        answer = create(payload)
        status, _, body = answer
        if status == 200:  # noqa: PLR2004
            organizations = ministack_adapter.module("services.organizations")
            unit = json.loads(body)["OrganizationalUnit"]["Id"]
            policy = organizations.FULL_ACCESS_POLICY_ID
            attached = organizations._attachments.get(policy) or []
            organizations._attachments[policy] = [*attached, unit]
        return answer

    return created
