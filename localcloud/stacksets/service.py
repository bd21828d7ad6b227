"""StackSets as the emulator sees them: CloudFormation's actions, and state to keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from localcloud.clock import Clock
from localcloud.protocol.errors import ApiError
from localcloud.stacksets import query, views
from localcloud.stacksets.access import OrganizationsAccess
from localcloud.stacksets.administration import Administration
from localcloud.stacksets.instances import InstanceActions
from localcloud.stacksets.operations import Operations
from localcloud.stacksets.query import Answer, Params
from localcloud.stacksets.records import Document
from localcloud.stacksets.sets import SetActions
from localcloud.stacksets.store import StackSetStore, find_operation

Action = Callable[[Document, Params], Document]


class StackSets:
    """What ministack asks of a service module besides requests: state and reset."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock.now
        self.store = StackSetStore()
        self.access = OrganizationsAccess()
        self._operations = Operations(clock.now)
        self._administration = Administration(self.store, self.access)
        sets = SetActions(self._administration, self._operations)
        instances = InstanceActions(self._administration, self._operations)
        self._actions: dict[str, Action] = {
            "CreateStackSet": sets.create,
            "DescribeStackSet": sets.describe,
            "ListStackSets": sets.list_all,
            "UpdateStackSet": sets.update,
            "DeleteStackSet": sets.delete,
            "CreateStackInstances": instances.create,
            "UpdateStackInstances": instances.update,
            "DeleteStackInstances": instances.delete,
            "DescribeStackInstance": instances.describe,
            "ListStackInstances": instances.list_all,
            "DescribeStackSetOperation": self._describe_operation,
            "ListStackSetOperations": self._list_operations,
            "ListStackSetOperationResults": self._list_results,
            "StopStackSetOperation": self._stop_operation,
            "ActivateOrganizationsAccess": self._activate,
            "DeactivateOrganizationsAccess": self._deactivate,
            "DescribeOrganizationsAccess": self._describe_access,
        }

    def actions(self) -> dict[str, Callable[[Params], Answer]]:
        """Return every action as the emulator's CloudFormation calls it."""
        return {name: partial(self._serve, name) for name in self._actions}

    def get_state(self) -> Document:
        """Return the state to keep when the process stops with persistence on."""
        return {"stack_sets": self.store.snapshot(), "access": self.access.snapshot()}

    def load_persisted_state(self, data: Document) -> None:
        """Restore the state of an earlier process."""
        self.store.restore(data["stack_sets"], self._now())
        self.access.restore(data["access"])

    def reset(self) -> None:
        """Forget everything and give up what is in progress."""
        self._operations.forget()
        self.store.clear()
        self.access.clear()

    def _serve(self, name: str, params: Params) -> Answer:
        try:
            request = query.read(name, params)
            return query.answered(name, self._actions[name](request, params))
        except ApiError as refusal:
            return query.refusal_answer(name, refusal)

    def _describe_operation(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.find(request)
        found = find_operation(stack_set, request["OperationId"])
        return {"StackSetOperation": views.operation(stack_set, found)}

    def _list_operations(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.find(request)
        return views.page(
            request,
            (
                (views.newest_first(operation.number), views.operation_summary(operation))
                for operation in stack_set.operations.values()
            ),
            f"ListStackSetOperations {stack_set.id}",
        )

    def _list_results(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.find(request)
        found = find_operation(stack_set, request["OperationId"])
        return views.page(
            request,
            ((views.placed(result), views.result(result)) for result in found.results),
            f"ListStackSetOperationResults {stack_set.id} {found.id}",
        )

    def _stop_operation(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.active(request)
        self._operations.stop(find_operation(stack_set, request["OperationId"]))
        return {}

    def _activate(self, _request: Document, _params: Params) -> Document:
        self.access.activate()
        return {}

    def _deactivate(self, _request: Document, _params: Params) -> Document:
        self.access.deactivate()
        return {}

    def _describe_access(self, request: Document, _params: Params) -> Document:
        active = self.access.is_active(self._administration.account(request))
        return {"Status": "ENABLED" if active else "DISABLED"}
