"""Automatic deployment: stacks follow accounts into and out of organizational units."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.accounts import AccountRegion
from localcloud.stacksets import targets
from localcloud.stacksets.access import OrganizationsAccess
from localcloud.stacksets.operations import Operations
from localcloud.stacksets.query import Answer
from localcloud.stacksets.records import Document, OperationResult, StackSet
from localcloud.stacksets.store import StackSetStore

Handler = Callable[[Document], Answer]

_SUCCEEDED = 200


class AutomaticDeployment:
    """Watches the operations of Organizations that move accounts."""

    def __init__(
        self, store: StackSetStore, access: OrganizationsAccess, operations: Operations
    ) -> None:
        self._store = store
        self._access = access
        self._operations = operations

    def after(self, handler: Handler, account_of: Callable[[Document, Document], str]) -> Handler:
        """Return a handler that afterwards checks where an account is.

        ``account_of`` takes request and answer and returns the account.
        """

        def moved(payload: Document) -> Answer:
            manager = ministack_adapter.account()
            before = targets.units_above(manager, str(payload.get("AccountId")))
            answer = handler(payload)
            if answer[0] == _SUCCEEDED:
                account = account_of(payload, _parsed(answer))
                self._moved(manager, account, before, targets.units_above(manager, account))
            return answer

        return moved

    def _moved(self, manager: str, account: str, before: set[str], after: set[str]) -> None:
        if not self._access.is_active(manager):
            return
        for stack_set in self._store:
            automatic = stack_set.auto_deployment or {}
            if not automatic.get("Enabled"):
                continue
            # Units tell organizations apart: no other's stack set has any of these.
            left = [
                place
                for place, instance in stack_set.instances.items()
                if instance.account == account and instance.unit in before - after
            ]
            retain = bool(automatic.get("RetainStacksOnAccountRemoval"))
            self._operate(stack_set, "DELETE", dict.fromkeys(left, ""), {"RetainStacks": retain})
            entered = {
                (account, region): unit
                for unit, regions in stack_set.targets.items()
                if unit in after - before
                for region in regions
            }
            self._operate(stack_set, "CREATE", entered, {})

    def _operate(
        self, stack_set: StackSet, action: str, places: dict[AccountRegion, str], request: Document
    ) -> None:
        """Begin an operation, after those that are in progress."""
        if places:
            unique = ministack_adapter.module("core.responses").new_uuid()
            results = [OperationResult(*place, unit) for place, unit in places.items()]
            self._operations.begin(stack_set, unique, action, results, request)


def _parsed(answer: Answer) -> Any:
    return json.loads(answer[2])
