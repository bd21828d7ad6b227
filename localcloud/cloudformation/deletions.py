"""Deletion order: what a resource that stays depends on stays too, and the stack still knows it.

The emulator deletes dependents first, but after a failure it goes on to what the failed resource
needs, and a rolled back creation forgets what it could not delete.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from localcloud import ministack_adapter

Record = dict[str, Any]
Task = Callable[..., Awaitable[None]]


@dataclass
class _Deletion:
    """The deletion of one stack: its template's resources, and those that stay."""

    definitions: Record
    failed: dict[str, str] = field(default_factory=dict)
    """Logical id -> why the resource could not be deleted."""
    needed: set[str] = field(default_factory=set)
    """Logical ids on which a failed resource depends, directly or through others."""

    def note(self, logical_id: str, reason: str) -> None:
        stacks = ministack_adapter.module("services.cloudformation.stacks")
        self.failed[logical_id] = reason
        self.needed |= stacks._with_dependencies(
            [logical_id], self.definitions, set(self.definitions)
        )


_watched: ContextVar[_Deletion | None] = ContextVar("watched deletion", default=None)


@contextmanager
def _watching(template: Record | None) -> Iterator[_Deletion]:
    deletion = _Deletion((template or {}).get("Resources") or {})
    token = _watched.set(deletion)
    try:
        yield deletion
    finally:
        _watched.reset(token)


def leaving_needed(backwards: Callable[[Sequence[Any]], Iterable[Any]]) -> Callable[..., Any]:
    """``reversed``, which during a watched deletion decides about each item when its turn comes."""

    def in_turn(ordered: Sequence[Any]) -> Iterable[Any]:
        deletion = _watched.get()
        if deletion is None:
            return backwards(ordered)
        return (item for item in backwards(ordered) if item not in deletion.needed)

    return in_turn


def noting_failures(delete_resource: Callable[..., None]) -> Callable[..., None]:
    """``_delete_resource`` that records what failed in the watched deletion."""

    def delete_and_note(
        resource_type: str,
        physical_id: str,
        props: Record,
        stack_name: str | None = None,
        logical_id: str | None = None,
    ) -> None:
        try:
            delete_resource(resource_type, physical_id, props, stack_name, logical_id)
        except Exception as error:  # Whatever it is, it is raised again.
            deletion = _watched.get()
            if deletion is not None and logical_id is not None:
                deletion.note(logical_id, str(error))
            raise

    return delete_and_note


def keeping_needed(delete_stack: Task) -> Task:
    """``_delete_stack_async`` that does not attempt what a failed resource depends on."""

    async def delete(stack_name: str, stack_id: str, *given: Any, **options: Any) -> None:
        stack = ministack_adapter.module("services.cloudformation")._stacks.get(stack_name) or {}
        if stack and not stack.get("_template"):
            # A change set leaves its template with the stack only once it succeeded.
            stack["_template"] = (stack.get("_failed_operation") or {}).get("template") or {}
        with _watching(stack.get("_template")):
            await delete_stack(stack_name, stack_id, *given, **options)

    return delete


def remembering_left(roll_back: Task) -> Task:
    """``_roll_back_operation`` after which a creation's stack holds all that could not go."""

    async def roll_back_operation(
        stack_name: str,
        stack_id: str,
        stack: Record,
        operation: Record,
        reason_override: str = "",
    ) -> None:
        if operation.get("is_update"):
            # The stack returns to its former resources: what cannot be deleted belongs to no stack.
            await roll_back(stack_name, stack_id, stack, operation, reason_override)
            return
        made = dict(stack.get("_resources") or {})
        with _watching(operation.get("template")) as deletion:
            await roll_back(stack_name, stack_id, stack, operation, reason_override)
        for logical_id, reason in deletion.failed.items():
            failed = {"ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": reason}
            stack["_resources"][logical_id] = {**made[logical_id], **failed}
        if deletion.failed:
            stack["_template"] = operation["template"]

    return roll_back_operation
