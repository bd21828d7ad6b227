"""Handlers of resource types that fail in a stack, with an error code of their contract.

The codes and what they mean:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
"""

# Private names and the signatures of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001, PLR0917
from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localcloud import ministack_adapter
from localcloud.cloudformation import deletions
from localcloud.cloudformation.failures import ResourceError, handler_message
from localcloud.wordings import DENIED_BY

if TYPE_CHECKING:
    from localcloud.faults.plan import FaultPlan
    from localcloud.faults.rules import Handler

_MESSAGES = {
    "AccessDenied": (HTTPStatus.FORBIDDEN, "Access Denied"),
    "NotFound": (HTTPStatus.NOT_FOUND, "The resource was not found"),
    "ResourceConflict": (HTTPStatus.CONFLICT, "The resource is being changed"),
    "Throttling": (HTTPStatus.BAD_REQUEST, "Rate exceeded"),
}
_OTHERS = (HTTPStatus.BAD_REQUEST, "The handler failed")
_OF_SERVICE = (HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed")


def _message(rule: Handler, type_name: str, action: str) -> str:
    _, service, noun = type_name.split("::")
    usual = _OF_SERVICE if rule.code.startswith(("Service", "Internal")) else _OTHERS
    status, message = _MESSAGES.get(rule.code, usual)
    if rule.policy:
        who = f"arn:aws:iam::{ministack_adapter.account()}:root"
        permission = f"{service.lower()}:{action.capitalize()}{noun}"
        message = f"User: {who} is not authorized to perform: {permission} {DENIED_BY[rule.policy]}"
    return handler_message(service.capitalize(), message, status, rule.code)


def patch_handlers(plan: FaultPlan) -> None:
    """Apply the plan's ``handler`` rules in front of all handlers, after all other patches.

    What they have changed is noted for its ``stale`` rules.
    """
    stacks = ministack_adapter.module("services.cloudformation.stacks")
    create, update, delete = (
        stacks._provision_resource,
        stacks._update_resource,
        stacks._delete_resource,
    )

    def refuse(type_name: str, logical_id: str | None, action: str) -> None:
        rule = plan.handler_fault(type_name, logical_id or "", action)
        if rule is not None:
            raise ResourceError(_message(rule, type_name, action))

    def note(type_name: str, made: str = "") -> None:
        if plan.concerns_changes:
            plan.changed(type_name.split("::")[1].lower(), made)

    def provision_resource(type_name: str, logical_id: str, *given: Any) -> Any:
        refuse(type_name, logical_id, "create")
        made = create(type_name, logical_id, *given)
        note(type_name, str(made[0]))
        return made

    def update_resource(
        type_name: str,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str,
        *given: Any,
    ) -> Any:
        if old != new:
            refuse(type_name, logical_id, "update")
        updated = update(type_name, physical_id, old, new, stack_name, logical_id, *given)
        if old != new:
            note(type_name)
        return updated

    def delete_resource(
        type_name: str,
        physical_id: str,
        props: dict[str, Any],
        stack_name: str | None = None,
        logical_id: str | None = None,
    ) -> None:
        refuse(type_name, logical_id, "delete")
        delete(type_name, physical_id, props, stack_name, logical_id)
        note(type_name)

    stacks._provision_resource = provision_resource
    stacks._update_resource = update_resource
    # What cannot be deleted stays in its stack, whoever refuses.
    stacks._delete_resource = deletions.noting_failures(delete_resource)
