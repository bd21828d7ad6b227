"""The stack of one instance, made, changed and deleted by the emulator's own CloudFormation.

Everything here runs on the server's event loop inside ``ministack_adapter.request_scope`` of the
target account and Region. The emulator works on a stack in a task of its own; ``reporting``
lets the code that asked for it await that task.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import error_of
from localcloud.stacksets.records import Document, Instance, StackSet

NO_UPDATES = "No updates are to be performed."

_started: ContextVar[list[asyncio.Future[None]] | None] = ContextVar("stacks", default=None)

Start = Callable[..., None]
Work = Coroutine[Any, Any, None]


class DeploymentError(Exception):
    """A stack failed; the text is the instance's reason."""


def reporting(start: Start) -> Start:
    """``_create_stack_task_in_region`` that reports the task of a stack to its requester."""

    def create_stack_task_in_region(work: Work, *which: Any) -> None:
        started = _started.get()
        if started is None:
            start(work, *which)
            return
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        started.append(ended)
        start(_until_ended(work, ended), *which)

    return create_stack_task_in_region


async def _until_ended(work: Work, ended: asyncio.Future[None]) -> None:
    try:
        await work
    finally:
        if not ended.done():
            ended.set_result(None)


async def deploy(stack_set: StackSet, instance: Instance) -> str:
    """Create or update the stack of an instance; the answer is a remark, mostly empty.

    A stack that was deleted, by hand or because its creation failed, is created anew.
    """
    stack = _stack(instance.stack_id)
    gone = stack is None or stack["StackStatus"] == "DELETE_COMPLETE"
    request = _request(stack_set, instance)
    if not gone:
        try:
            await _act("UpdateStack", _name(instance.stack_id), request)
        except DeploymentError as refusal:
            if str(refusal) != NO_UPDATES:
                raise
            return NO_UPDATES
        _require(instance.stack_id, "UPDATE_COMPLETE")
        return ""
    unique = ministack_adapter.module("core.responses").new_uuid()
    # The default name of a stack set's stack; a failed creation leaves nothing but its events.
    name = f"StackSet-{stack_set.name}-{unique}"
    await _act("CreateStack", name, {**request, "OnFailure": ["DELETE"]}, instance)
    _require(instance.stack_id, "CREATE_COMPLETE")
    return ""


async def delete(instance: Instance) -> None:
    """Delete the stack of an instance; nothing to do if there is none."""
    if _stack(instance.stack_id) is None:
        return
    await _act("DeleteStack", _name(instance.stack_id), {})
    _require(instance.stack_id, "DELETE_COMPLETE")


async def _act(
    action: str, stack: str, request: Mapping[str, Sequence[str]], made: Instance | None = None
) -> None:
    """Call an action for a stack and wait until its work has ended.

    ``made`` learns the id of a new stack as soon as there is one.
    """
    started: list[asyncio.Future[None]] = []
    token = _started.set(started)
    try:
        handlers = ministack_adapter.module("services.cloudformation.handlers")
        error = error_of(handlers._ACTION_HANDLERS[action]({"StackName": [stack], **request}))
    finally:
        _started.reset(token)
    if error is not None:
        raise DeploymentError(html.unescape(error[2]))
    if made is not None:
        made.stack_id = ministack_adapter.module("services.cloudformation")._stacks[stack][
            "StackId"
        ]
    await asyncio.gather(*started)


def _request(stack_set: StackSet, instance: Instance) -> dict[str, list[str]]:
    request = {"TemplateBody": [stack_set.template]}
    values = dict(stack_set.parameters)
    # An override outlives its parameter if an update drops that from the template.
    values |= {key: value for key, value in instance.overrides.items() if key in values}
    for number, (key, value) in enumerate(values.items(), 1):
        request[f"Parameters.member.{number}.ParameterKey"] = [key]
        request[f"Parameters.member.{number}.ParameterValue"] = [value]
    for number, capability in enumerate(stack_set.capabilities, 1):
        request[f"Capabilities.member.{number}"] = [capability]
    for number, tag in enumerate(stack_set.tags, 1):
        request[f"Tags.member.{number}.Key"] = [tag["Key"]]
        request[f"Tags.member.{number}.Value"] = [tag["Value"]]
    if not stack_set.tags:
        # Given and empty: an update takes the stack's former tags away.
        request["Tags"] = [""]
    return request


def _require(stack_id: str, status: str) -> None:
    """Raise ``DeploymentError`` with the first failure of the last attempt."""
    stack = _stack(stack_id)
    if stack is not None and stack["StackStatus"] == status:
        return
    raise DeploymentError(_root_cause(stack_id, status.partition("_")[0]))


def _root_cause(stack_id: str, action: str) -> str:
    events: list[Document] = ministack_adapter.module("services.cloudformation")._stack_events[
        stack_id
    ]
    # Only what the attempt added: a stack's events are those of its whole life.
    begun = f"{action}_IN_PROGRESS"
    first = max(
        number
        for number, event in enumerate(events)
        if event["ResourceStatus"] == begun and event["PhysicalResourceId"] == stack_id
    )
    failed = [event for event in events[first:] if event["ResourceStatus"] == f"{action}_FAILED"]
    if not failed:
        return f"Stack:{stack_id} did not complete {action}"
    event = failed[0]
    return (
        f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}, "
        f"ResourceStatusReason:{event['ResourceStatusReason']}."
    )


def _stack(stack_id: str) -> Document | None:
    """Return the record of a stack by its id, found by the name in it: ids are no keys."""
    stacks = ministack_adapter.module("services.cloudformation")._stacks
    found: Document | None = stacks.get(_name(stack_id))
    return found if found is not None and found["StackId"] == stack_id else None


def _name(stack_id: str) -> str:
    return stack_id.split("/")[1] if stack_id else ""
