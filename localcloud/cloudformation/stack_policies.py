"""Stack policies: an update that one does not allow fails before anything is changed.

Which resources would change is read from the two templates; a changed parameter alone is not seen.
"""

# Private names and the signatures of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001, PLR0917
from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

from localcloud import ministack_adapter

Record = dict[str, Any]
Task = Callable[..., Awaitable[None]]
Action = Callable[[Record], Any]

_during: ContextVar[str] = ContextVar("policy during an update", default="")


def during_update(update: Action) -> Action:
    """UpdateStack with the policy that holds for this update alone."""
    handlers = ministack_adapter.module("services.cloudformation.handlers")

    def update_stack(params: Record) -> Any:
        token = _during.set(handlers._p(params, "StackPolicyDuringUpdateBody"))
        try:
            return update(params)
        finally:
            _during.reset(token)

    return update_stack


def obeying(deploy: Task) -> Task:
    """``_deploy_stack_async`` that fails an update which the stack's policy does not allow."""

    async def deploy_stack(
        stack_name: str,
        stack_id: str,
        template: Record,
        param_values: Record,
        disable_rollback: bool,  # noqa: FBT001 - as it is called
        tags: list[Record],
        **options: Any,
    ) -> None:
        stacks = ministack_adapter.module("services.cloudformation.stacks")
        stack = ministack_adapter.module("services.cloudformation")._stacks[stack_name]
        previous = options.get("previous_stack") or {}
        policy = _during.get() or stack.get("_stack_policy")
        updating = options.get("is_update") and policy
        denied = dict(_denied(policy, previous, template)) if updating else {}
        if not denied:
            await deploy(
                *(stack_name, stack_id, template, param_values, disable_rollback, tags), **options
            )
            return
        for name, reason in denied.items():
            made = previous["_resources"].get(name) or {}
            given = (made.get("ResourceType", ""), "UPDATE_FAILED", reason)
            stacks._add_event(
                *(stack_id, stack_name, name, *given), made.get("PhysicalResourceId", "")
            )
        operation = stacks._failed_operation(
            *(True, previous, [], None, ", ".join(denied), [], False, template, param_values),
            *(False, tags, previous.get("Tags") or []),
        )
        await stacks._roll_back_operation(
            *(stack_name, stack_id, stack, operation),
            f"The following resource(s) failed to update: [{', '.join(denied)}]. ",
        )

    return deploy_stack


def _denied(policy: str, previous: Record, template: Record) -> Iterator[tuple[str, str]]:
    """Yield the resources that may not change as they would, each with CloudFormation's reason."""
    statements = json.loads(policy).get("Statement") or []
    listed = statements if isinstance(statements, list) else [statements]
    old = (previous.get("_template") or {}).get("Resources") or {}
    new = template.get("Resources") or {}
    for name, definition in old.items():
        if new.get(name) == definition:
            continue
        action = _action(definition, new.get(name))
        reason = _reason(listed, action, f"LogicalResourceId/{name}", definition.get("Type", ""))
        if reason is not None:
            yield name, reason


def _action(old: Record, new: Record | None) -> str:
    if new is None:
        return "Update:Delete"
    replacing = ministack_adapter.module("services.cloudformation.stacks")._replacing_change
    kind = old.get("Type", "")
    before, after = old.get("Properties") or {}, new.get("Properties") or {}
    replaced = kind != new.get("Type") or replacing(kind, before, after)
    return "Update:Replace" if replaced else "Update:Modify"


def _reason(statements: list[Record], action: str, resource: str, kind: str) -> str | None:
    """Return why an action is not allowed; None if it is."""
    about = [
        (number, statement)
        for number, statement in enumerate(statements, start=1)
        if _matches(statement, "Action", action)
        and _matches(statement, "Resource", resource)
        and _of_type(statement, kind)
    ]
    for number, statement in about:
        if statement.get("Effect") == "Deny":
            return (
                f"Action denied by stack policy: Statement [#{number}] does not allow "
                f"[{action}] for resource [{resource}];"
            )
    if any(statement.get("Effect") == "Allow" for _, statement in about):
        return None
    return f"Action not allowed by stack policy: [{action}] for resource [{resource}];"


def _matches(statement: Record, member: str, value: str) -> bool:
    if f"Not{member}" in statement:
        return not _any_of(statement[f"Not{member}"], value)
    return _any_of(statement.get(member, []), value)


def _of_type(statement: Record, kind: str) -> bool:
    conditions = statement.get("Condition") or {}
    return all(
        _any_of(tests.get("ResourceType", "*"), kind)
        for operator, tests in conditions.items()
        if operator in ("StringEquals", "StringLike")
    )


def _any_of(patterns: Any, value: str) -> bool:
    listed = patterns if isinstance(patterns, list) else [patterns]
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value)
        for pattern in listed
    )
