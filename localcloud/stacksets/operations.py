"""Operations of stack sets: one at a time, or in a queue where the stack set queues."""

from __future__ import annotations

from collections.abc import Callable

from localcloud import ministack_adapter
from localcloud.stacksets import definitions, preferences
from localcloud.stacksets.query import refused
from localcloud.stacksets.records import Document, Instance, Operation, OperationResult, StackSet
from localcloud.stacksets.runner import STOPPED, Runner


class Operations:
    """Begins, stops and ends the operations of all stack sets."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._runner = Runner(self._ended)

    def admit(self, stack_set: StackSet, request: Document) -> str:
        """Return the id of a new operation; ``ApiError`` if there can be none now.

        To be called before anything is changed for the operation.
        """
        preferences.check(request.get("OperationPreferences", {}))
        chosen = str(
            request.get("OperationId") or ministack_adapter.module("core.responses").new_uuid()
        )
        if chosen in stack_set.operations:
            raise refused("OperationIdAlreadyExistsException", f"Operation {chosen} already exists")
        if not stack_set.queues:
            refuse_if_busy(stack_set)
        return chosen

    def begin(
        self,
        stack_set: StackSet,
        operation_id: str,
        action: str,
        results: list[OperationResult],
        request: Document,
    ) -> None:
        """Begin an operation, or queue it."""
        operation = Operation(
            id=operation_id,
            number=len(stack_set.operations),
            action=action,
            created=self._now(),
            results=results,
            preferences=request.get("OperationPreferences", {}),
            overrides=request.get("ParameterOverrides"),
            targets=request.get("DeploymentTargets"),
            retain=request.get("RetainStacks"),
            administration_role=stack_set.administration_role,
            execution_role=stack_set.execution_role,
        )
        busy = any(stack_set.unfinished())
        stack_set.operations[operation.id] = operation
        if not busy:
            self._start(stack_set, operation)

    def stop(self, operation: Operation) -> None:
        """Finish running accounts and begin no more; ``ApiError`` if the operation has ended."""
        if operation.status == "QUEUED":
            operation.status, operation.ended = "STOPPED", self._now()
            for result in operation.results:
                result.status, result.reason = "CANCELLED", STOPPED
        elif operation.status == "RUNNING":
            operation.status = "STOPPING"
        else:
            raise refused(
                "InvalidOperationException",
                f"Operation {operation.id} is {operation.status} and cannot be stopped",
            )

    def forget(self) -> None:
        """Cancel all running operations."""
        self._runner.forget()

    def _start(self, stack_set: StackSet, operation: Operation) -> None:
        operation.status = "RUNNING"
        for result in operation.results:
            instance = stack_set.instances.get(result.place)
            if instance is None:
                instance = Instance(result.account, result.region, result.unit)
                stack_set.instances[result.place] = instance
            if operation.action != "DELETE":
                instance.status = "OUTDATED"
                instance.unit = result.unit
            if operation.overrides is not None:
                instance.overrides = definitions.overridden(stack_set, operation.overrides)
            instance.detailed_status, instance.reason = "PENDING", ""
            instance.operation_id = operation.id
        self._runner.start(stack_set, operation)

    def _ended(self, stack_set: StackSet, operation: Operation, status: str, reason: str) -> None:
        operation.status, operation.reason, operation.ended = status, reason, self._now()
        following = next(stack_set.unfinished(), None)
        if following is not None:
            self._start(stack_set, following)


def refuse_if_busy(stack_set: StackSet) -> None:
    """Raise ``ApiError`` while an operation is in progress or waits."""
    busy = next(stack_set.unfinished(), None)
    if busy is not None:
        raise refused(
            "OperationInProgressException",
            f"Another Operation on StackSet {stack_set.arn} is in progress: {busy.id}",
        )
