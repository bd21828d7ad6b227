"""Events of a stack by operation, as CloudFormation has grouped them since 2025.

An operation begins with an event of the stack itself that is in progress; its rollback is another
operation. The newest operations stand in DescribeStacks, and DescribeEvents by the name of a stack
shows the newest alone.
"""

# Private names and the signatures of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001, PLR0917
from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from localcloud import ministack_adapter

Record = dict[str, Any]
Task = Callable[..., Awaitable[None]]

STACK = "AWS::CloudFormation::Stack"
INITIATED = "Resource creation Initiated"
_BEGINS = {
    "CREATE_IN_PROGRESS": "CREATE_STACK",
    "UPDATE_IN_PROGRESS": "UPDATE_STACK",
    "DELETE_IN_PROGRESS": "DELETE_STACK",
    "IMPORT_IN_PROGRESS": "IMPORT_STACK",
    "REVIEW_IN_PROGRESS": "CREATE_CHANGESET",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK",
    "UPDATE_ROLLBACK_IN_PROGRESS": "ROLLBACK",
}
"""Status of a stack that begins an operation -> the type of the operation."""

_NOT_DELETED = "Update successful. One or more resources could not be deleted."
"""What AWS says of an update after which something that it took out of the stack is still there
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html)."""

_deploying: ContextVar[Record | None] = ContextVar("template being deployed", default=None)


def patch_operations() -> None:
    """Group the events of stacks, once per process."""
    stacks, handlers, changesets = (
        ministack_adapter.module(f"services.cloudformation.{name}")
        for name in ("stacks", "handlers", "changesets")
    )
    add_event = _by_operation(stacks._add_event)
    deploy = _deployed(stacks._deploy_stack_async)
    for module in (stacks, handlers, changesets):
        module._add_event = add_event
        if hasattr(module, "_deploy_stack_async"):
            module._deploy_stack_async = deploy
    stacks._fail_property_validation = _with_operations(stacks._fail_property_validation)
    answers = handlers._ACTION_HANDLERS
    answers["DescribeEvents"] = _of_the_newest(handlers._describe_events)


def newest(stack: Record) -> list[Record]:
    """Return a stack's last operation, and before it the one that a rollback undid."""
    operations: list[Record] = stack.get("_operations") or []
    rolled_back = bool(operations) and operations[0]["OperationType"] == "ROLLBACK"
    return operations[: 2 if rolled_back else 1]


def _by_operation(add: Callable[..., None]) -> Callable[..., None]:
    """``_add_event`` that gives every event its operation, and adds those that AWS has besides."""

    def add_event(
        stack_id: str,
        stack_name: str,
        logical_id: str,
        resource_type: str,
        status: str,
        reason: str = "",
        physical_id: str = "",
        detailed_status: str = "",
    ) -> None:
        cloudformation = ministack_adapter.module("services.cloudformation")
        stack = cloudformation._stacks.get(stack_name) or {}
        events = cloudformation._stack_events.setdefault(stack_id, [])
        of_stack = resource_type == STACK and physical_id in (stack_id, "")
        of_stack = of_stack and logical_id == stack_name
        if of_stack and status in _BEGINS:
            reason = _begun(stack, events, status, reason)
        if status == "CREATE_COMPLETE" and not of_stack and physical_id:
            add_event(
                *(stack_id, stack_name, logical_id, resource_type),
                *("CREATE_IN_PROGRESS", INITIATED, physical_id),
            )
        before = len(events)
        add(
            *(stack_id, stack_name, logical_id, resource_type),
            *(status, reason, physical_id, detailed_status),
        )
        operations = stack.get("_operations") or []
        for event in events[before:]:
            if operations:
                event["OperationId"] = operations[0]["OperationId"]
        if status == "CREATE_FAILED" and not of_stack:
            for sibling, its_type in _siblings(stack, events):
                for its_status, why in (
                    ("CREATE_IN_PROGRESS", ""),
                    ("CREATE_FAILED", "Resource creation cancelled"),
                ):
                    before = len(events)
                    add(stack_id, stack_name, sibling, its_type, its_status, why)
                    events[before]["OperationId"] = operations[0]["OperationId"]

    return add_event


def _begun(stack: Record, events: list[Record], status: str, reason: str) -> str:
    """Begin an operation of a stack; return the reason of its first event."""
    kind = _BEGINS[status]
    present = _in_operation(stack, events)
    operation = {
        "OperationType": kind,
        "OperationId": ministack_adapter.module("core.responses").new_uuid(),
    }
    if kind == "CREATE_STACK" and not stack.get("_operations"):
        # A stack that no change set made has never been updated.
        stack["LastUpdatedTime"] = ""
    stack["_operations"] = [operation, *(stack.get("_operations") or [])][:10]
    if kind == "DELETE_STACK":
        stack["DeletionTime"] = _now()
    if kind == "ROLLBACK":
        return _why_rolled_back(events, present, reason)
    return reason or "User Initiated"


def _why_rolled_back(events: list[Record], present: list[Record], reason: str) -> str:
    """Return the reason of a rollback; an output's stands there alone."""
    if reason != "Rollback requested":
        return reason
    last = present[-1] if present else {}
    of_stack = last.get("LogicalResourceId") == last.get("StackName")
    if of_stack and last["ResourceStatus"] == "CREATE_FAILED" and not last.get("DetailedStatus"):
        events.remove(last)
        return f"{last['ResourceStatusReason']}. Rollback requested by user."
    failed = dict.fromkeys(
        event["LogicalResourceId"]
        for event in present
        if event["ResourceStatus"] == "CREATE_FAILED"
        and event["LogicalResourceId"] != event["StackName"]
    )
    return (
        f"The following resource(s) failed to create: [{', '.join(failed)}]. "
        "Rollback requested by user."
    )


def _in_operation(stack: Record, events: list[Record]) -> list[Record]:
    operations = stack.get("_operations") or []
    if not operations:
        return []
    present = operations[0]["OperationId"]
    return [event for event in events if event.get("OperationId") == present]


def _siblings(stack: Record, events: list[Record]) -> list[tuple[str, str]]:
    """Return id and type of what CloudFormation would have been making besides what failed.

    It makes all at once that waits for nothing; ministack makes one resource after the other.
    """
    template = _deploying.get()
    if template is None or not stack.get("_operations"):
        return []
    definitions = template.get("Resources") or {}
    present = _in_operation(stack, events)
    begun = {event["LogicalResourceId"] for event in present}
    made = {e["LogicalResourceId"] for e in present if e["ResourceStatus"].endswith("_COMPLETE")}
    conditions = stack.get("_conditions") or {}
    needs = ministack_adapter.module("services.cloudformation.stacks")._extract_deps
    return [
        (name, definition.get("Type", ""))
        for name, definition in definitions.items()
        if name not in begun
        and name not in (stack.get("_resources") or {})
        and conditions.get(definition.get("Condition"), True)
        and set(needs(definition, set(definitions))) <= made
    ]


def _deployed(deploy: Task) -> Task:
    """``_deploy_stack_async`` after which what an update could not delete is in no stack."""

    async def deploy_stack(
        stack_name: str, stack_id: str, template: Record, *given: Any, **options: Any
    ) -> None:
        _deploying.set(template)
        await deploy(stack_name, stack_id, template, *given, **options)
        stack = ministack_adapter.module("services.cloudformation")._stacks[stack_name]
        resources = stack.get("_resources") or {}
        if stack["StackStatus"] == "UPDATE_COMPLETE":
            left = resources.keys() - (template.get("Resources") or {}).keys()
            for name in left:
                del resources[name]
            stack["StackStatusReason"] = _NOT_DELETED if left else ""

    return deploy_stack


def _with_operations(fail: Callable[..., bool]) -> Callable[..., bool]:
    """``_fail_property_validation`` whose operation events are those of the stack's operations."""

    def fail_property_validation(stack: Record, *given: Any, **options: Any) -> bool:
        if not fail(stack, *given, **options):
            return False
        rollback, refused = ([*newest(stack), *newest(stack)])[:2]
        for event in stack["_operation_events"]:
            of_rollback = "ROLLBACK" in event.get("ResourceStatus", "")
            event.update(rollback if of_rollback else refused)
            if of_rollback:
                event["OperationStatus"] = "SUCCEEDED"
        return True

    return fail_property_validation


def _of_the_newest(describe: Callable[[Record], Any]) -> Callable[[Record], Any]:
    """DescribeEvents, which by the name of a stack shows its last operation alone."""
    handlers = ministack_adapter.module("services.cloudformation.handlers")

    def describe_events(params: Record) -> Any:
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        if stack is not None and not handlers._p(params, "OperationId") and newest(stack):
            params = {**params, "OperationId": [newest(stack)[0]["OperationId"]]}
        return describe(params)

    return describe_events


def _now() -> str:
    return str(ministack_adapter.module("services.cloudformation.stacks").now_iso())
