"""Adds stack sets to the emulator's CloudFormation, once per process."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

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
    for name in access.READING:
        organizations[name] = service.access.of_manager(name, organizations[name])
    organizations["MoveAccount"] = service.automatic.after(
        organizations["MoveAccount"], lambda request, _answer: request["AccountId"]
    )
    organizations["CreateAccount"] = service.automatic.after(
        organizations["CreateAccount"],
        lambda _request, answer: answer["CreateAccountStatus"]["AccountId"],
    )
