"""How an operation runs: Region by Region, so many accounts at a time, until it has to stop."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections import deque
from collections.abc import Callable

from localcloud import ministack_adapter
from localcloud.authentication.gate import by_owner
from localcloud.stacksets import deployment, preferences, roles, targets
from localcloud.stacksets.deployment import DeploymentError
from localcloud.stacksets.records import Instance, Operation, OperationResult, StackSet

STOPPED = "Cancelled since the operation was stopped"
EXCEEDED = "Cancelled since failure tolerance has exceeded"
SUSPENDED = (
    "This account is suspended. To remove this instance from the stack set, run "
    "DeleteStackInstances with the RetainStacks parameter."
)

BROKE_OFF = "local cloud: the operation broke off"

Ended = Callable[[StackSet, Operation, str, str], None]
"""Takes the final status of an operation and, for a mistake of ours, the reason."""


class Runner:
    """Runs operations as tasks of the server's event loop; calls ``ended`` at the end of each."""

    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._tasks: set[asyncio.Task[str]] = set()

    def start(self, stack_set: StackSet, operation: Operation) -> None:
        """Start an operation; the caller does not wait."""
        task = asyncio.get_running_loop().create_task(
            _OperationRun(stack_set, operation).to_the_end()
        )
        self._tasks.add(task)

        def conclude(task: asyncio.Task[str]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                return
            error = task.exception()
            if error is not None:
                traceback.print_exception(error, file=sys.stderr)
                self._ended(stack_set, operation, "FAILED", BROKE_OFF)
                return
            self._ended(stack_set, operation, task.result(), "")

        task.add_done_callback(conclude)

    def forget(self) -> None:
        """Cancel everything, from any thread: the emulator is reset on a thread of its own."""
        for task in list(self._tasks):
            task.get_loop().call_soon_threadsafe(task.cancel)


class _OperationRun:
    """One operation under way."""

    def __init__(self, stack_set: StackSet, operation: Operation) -> None:
        self._stack_set = stack_set
        self._operation = operation
        self._exceeded = False

    async def to_the_end(self) -> str:
        """Work through all Regions and return the operation's final status."""
        operation = self._operation
        # The end of another operation may have begun it.
        by_owner.set(operation.by_owner)
        by_region: dict[str, list[OperationResult]] = {}
        for result in operation.results:
            by_region.setdefault(result.region, []).append(result)
        for results in by_region.values():
            await self._in_region(results)
        if self._stopping():
            return "STOPPED"
        return "FAILED" if self._exceeded else "SUCCEEDED"

    async def _in_region(self, results: list[OperationResult]) -> None:
        pace = preferences.pace(self._operation.preferences, len(results))
        # A Region that comes after one that failed is not begun.
        waiting = deque([] if self._exceeded else results)
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                running = {task for task in running if not task.done()}
                limit = 0 if self._stopping() else pace.limit(_failed(results))
                if waiting and len(running) < limit:
                    running.add(asyncio.create_task(self._one(waiting.popleft())))
                    # One after the other, so that the server can answer in between: a stack's
                    # work is done in one go.
                    await asyncio.sleep(0)
                elif running:
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                else:
                    break
        finally:
            for task in running:
                task.cancel()
        if pace.limit(_failed(results)) == 0:
            self._exceeded = True
        for result in results:
            if result.status == "PENDING":
                self._conclude(result, "CANCELLED", STOPPED if self._stopping() else EXCEEDED)

    async def _one(self, result: OperationResult) -> None:
        instance = self._stack_set.instances[result.place]
        result.status = instance.detailed_status = "RUNNING"
        try:
            if targets.is_suspended(self._stack_set, result.account) and not self._retains():
                self._skip(result, instance)
                return
            with ministack_adapter.request_scope(result.account, result.region):
                remark = await self._perform(result, instance)
        except DeploymentError as failure:
            self._fail(result, str(failure))
        except Exception as error:  # noqa: BLE001 - reported in the answer and in the log
            # A mistake of ours must be seen as one, and must not leave the operation running.
            traceback.print_exc(file=sys.stderr)
            self._fail(result, f"local cloud: {error!r}")
        else:
            instance.status = "CURRENT"
            self._conclude(result, "SUCCEEDED", remark)

    async def _perform(self, result: OperationResult, instance: Instance) -> str:
        if self._retains():
            del self._stack_set.instances[result.place]
            return ""
        self._require_trust(result)
        if self._operation.action == "DELETE":
            await deployment.delete(instance)
            del self._stack_set.instances[result.place]
            return ""
        return await deployment.deploy(self._stack_set, instance)

    def _require_trust(self, result: OperationResult) -> None:
        if self._stack_set.service_managed:
            return
        missing = roles.missing_trust(
            self._operation.administration_role, self._operation.execution_role, *result.place
        )
        if missing is not None:
            raise DeploymentError(missing)

    def _fail(self, result: OperationResult, reason: str) -> None:
        instance = self._stack_set.instances[result.place]
        self._conclude(result, "FAILED", reason)
        if self._operation.action == "DELETE":
            instance.status = instance.detailed_status = "INOPERABLE"

    def _skip(self, result: OperationResult, instance: Instance) -> None:
        self._conclude(result, "CANCELLED", SUSPENDED)
        instance.detailed_status = "SKIPPED_SUSPENDED_ACCOUNT"

    def _conclude(self, result: OperationResult, status: str, reason: str) -> None:
        result.status, result.reason = status, reason
        # A deletion that succeeded has taken the instance away.
        instance = self._stack_set.instances.get(result.place)
        if instance is not None:
            instance.detailed_status, instance.reason = status, reason

    def _retains(self) -> bool:
        return bool(self._operation.action == "DELETE" and self._operation.retain)

    def _stopping(self) -> bool:
        return self._operation.status == "STOPPING"


def _failed(results: list[OperationResult]) -> int:
    return sum(result.status == "FAILED" for result in results)
