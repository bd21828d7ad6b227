"""Actions on the instances of a stack set."""

from __future__ import annotations

from localcloud.stacksets import definitions, targets, views
from localcloud.stacksets.administration import Administration
from localcloud.stacksets.operations import Operations
from localcloud.stacksets.query import Params, invalid
from localcloud.stacksets.records import Document, OperationResult, StackSet
from localcloud.stacksets.store import find_instance
from localcloud.stacksets.targets import DeploymentTarget


class InstanceActions:
    """CreateStackInstances and its kin."""

    def __init__(self, administration: Administration, operations: Operations) -> None:
        self._administration = administration
        self._operations = operations

    def create(self, request: Document, _params: Params) -> Document:
        """Begin to deploy; the stack of an existing instance is updated."""
        stack_set = self._administration.operable(request)
        accounts = targets.to_deploy_to(stack_set, request)
        return {"OperationId": self._begin(stack_set, "CREATE", accounts, request)}

    def update(self, request: Document, _params: Params) -> Document:
        """Begin to update instances that there are, with other overrides if any are given."""
        stack_set = self._administration.operable(request)
        accounts = targets.deployed_to(stack_set, request)
        for account in accounts:
            for region in request["Regions"]:
                find_instance(stack_set, account.account, region)
        return {"OperationId": self._begin(stack_set, "UPDATE", accounts, request)}

    def delete(self, request: Document, _params: Params) -> Document:
        """Begin to delete; a missing instance counts as deleted."""
        stack_set = self._administration.operable(request)
        accounts = targets.deployed_to(stack_set, request)
        return {"OperationId": self._begin(stack_set, "DELETE", accounts, request)}

    def describe(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.find(request)
        account, region = request["StackInstanceAccount"], request["StackInstanceRegion"]
        found = find_instance(stack_set, account, region)
        return {"StackInstance": views.instance(stack_set, found)}

    def list_all(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.find(request)
        return views.page(
            request,
            (
                (views.placed(instance), views.instance_summary(stack_set, instance))
                for instance in stack_set.instances.values()
            ),
            f"ListStackInstances {stack_set.id}",
        )

    def _begin(
        self, stack_set: StackSet, action: str, accounts: list[DeploymentTarget], request: Document
    ) -> str:
        if not request["Regions"]:
            raise invalid("You must specify at least one Region")
        definitions.check_overrides(stack_set, request.get("ParameterOverrides", []))
        operation_id = self._operations.admit(stack_set, request)
        results = [
            OperationResult(account.account, region, account.unit)
            for region in dict.fromkeys(request["Regions"])
            for account in accounts
            if action == "CREATE" or (account.account, region) in stack_set.instances
        ]
        self._operations.begin(stack_set, operation_id, action, results, request)
        return operation_id
