"""Where stack sets are kept: by the administrator's account and Region."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud import ministack_adapter
from localcloud.stacksets.query import refused
from localcloud.stacksets.records import Document, Instance, Operation, StackSet

CUT_SHORT = "The local cloud was stopped while the operation was in progress"


class StackSetStore:
    """All stack sets, deleted ones included: they can still be listed and found by id."""

    def __init__(self) -> None:
        self._sets: dict[str, StackSet] = {}

    def add(self, stack_set: StackSet) -> None:
        self._sets[stack_set.id] = stack_set

    def named(self, account: str, name: str) -> StackSet | None:
        """Return the stack set that has this name in an account of the request's Region."""
        return next(
            (
                stack_set
                for stack_set in self.of(account)
                if stack_set.name == name and stack_set.status == "ACTIVE"
            ),
            None,
        )

    def find(self, account: str, name_or_id: str) -> StackSet:
        """Return an account's stack set in the request's Region; ``ApiError`` if there is none."""
        found = self.named(account, name_or_id)
        if found is None:
            found = next(
                (stack_set for stack_set in self.of(account) if stack_set.id == name_or_id), None
            )
        if found is None:
            raise refused("StackSetNotFoundException", f"StackSet {name_or_id} not found")
        return found

    def active(self, account: str, name_or_id: str) -> StackSet:
        """Return a stack set as ``find`` does, but none that is deleted."""
        found = self.find(account, name_or_id)
        if found.status != "ACTIVE":
            raise refused("StackSetNotFoundException", f"StackSet {name_or_id} not found")
        return found

    def of(self, account: str) -> Iterator[StackSet]:
        """Return the stack sets of an account in the request's Region."""
        region = ministack_adapter.region()
        return (
            stack_set
            for stack_set in self
            if (stack_set.account, stack_set.region) == (account, region)
        )

    def __iter__(self) -> Iterator[StackSet]:
        return iter(list(self._sets.values()))

    def clear(self) -> None:
        self._sets.clear()

    def snapshot(self) -> list[Document]:
        """Return the state as JSON values."""
        return [stack_set.as_document() for stack_set in self]

    def restore(self, documents: list[Document], now: float) -> None:
        """Restore the state of an earlier process, whose unfinished operations have failed."""
        for document in documents:
            stack_set = StackSet.from_document(document)
            for operation in list(stack_set.unfinished()):
                _end(stack_set, operation, now)
            self.add(stack_set)


def find_operation(stack_set: StackSet, operation_id: str) -> Operation:
    """Return an operation of a stack set; ``ApiError`` if there is none."""
    found = stack_set.operations.get(operation_id)
    if found is None:
        raise refused("OperationNotFoundException", f"Operation {operation_id} not found")
    return found


def find_instance(stack_set: StackSet, account: str, region: str) -> Instance:
    """Return an instance of a stack set; ``ApiError`` if there is none."""
    found = stack_set.instances.get((account, region))
    if found is None:
        raise refused(
            "StackInstanceNotFoundException",
            f"Stack instance not found in account {account}, Region {region} of StackSet "
            f"{stack_set.name}",
        )
    return found


def _end(stack_set: StackSet, operation: Operation, now: float) -> None:
    operation.status = "STOPPED" if operation.status == "STOPPING" else "FAILED"
    operation.reason = CUT_SHORT
    operation.ended = now
    ended_as = {"RUNNING": "FAILED", "PENDING": "CANCELLED"}
    for result in operation.results:
        if result.status not in ended_as:
            continue
        result.status, result.reason = ended_as[result.status], CUT_SHORT
        instance = stack_set.instances.get(result.place)
        if instance is not None and instance.operation_id == operation.id:
            instance.detailed_status, instance.reason = result.status, CUT_SHORT
