"""Actions on the instances of a stack set."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.stacksets import definitions, targets, views
from localcloud.stacksets.administration import Administration
from localcloud.stacksets.operations import Operations
from localcloud.stacksets.query import Params, invalid
from localcloud.stacksets.records import Document, Instance, OperationResult, StackSet
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
        operation_id = self._begin(stack_set, "CREATE", accounts, request)
        if stack_set.service_managed and targets.covers_units(request):
            for unit in request["DeploymentTargets"]["OrganizationalUnitIds"]:
                known = stack_set.targets.get(unit, [])
                stack_set.targets[unit] = list(dict.fromkeys([*known, *request["Regions"]]))
        return {"OperationId": operation_id}

    def update(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.operable(request)
        accounts = targets.deployed_to(stack_set, request)
        if not stack_set.service_managed:
            for account, region in _places(accounts, request):
                find_instance(stack_set, account, region)
        return {"OperationId": self._begin(stack_set, "UPDATE", accounts, request)}

    def delete(self, request: Document, _params: Params) -> Document:
        """Begin to delete; a missing instance counts as deleted."""
        stack_set = self._administration.operable(request)
        accounts = targets.deployed_to(stack_set, request)
        operation_id = self._begin(stack_set, "DELETE", accounts, request)
        if stack_set.service_managed and targets.covers_units(request):
            for unit in request["DeploymentTargets"]["OrganizationalUnitIds"]:
                left = [
                    region
                    for region in stack_set.targets.pop(unit, [])
                    if region not in request["Regions"]
                ]
                if left:
                    stack_set.targets[unit] = left
        return {"OperationId": operation_id}

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
                if _wanted(instance, request)
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
        units = {target.account: target.unit for target in accounts}
        results = [
            OperationResult(account, region, units[account])
            for account, region in _places(accounts, request)
            if action == "CREATE" or (account, region) in stack_set.instances
        ]
        self._operations.begin(stack_set, operation_id, action, results, request)
        return operation_id


def _places(accounts: list[DeploymentTarget], request: Document) -> list[tuple[str, str]]:
    regions = dict.fromkeys(request["Regions"])
    return [(account.account, region) for region in regions for account in accounts]


_FILTERS: dict[str, Callable[[Instance], str]] = {
    "DETAILED_STATUS": lambda instance: instance.detailed_status,
    "LAST_OPERATION_ID": lambda instance: instance.operation_id,
    "DRIFT_STATUS": lambda _one: "NOT_CHECKED",
}


def _wanted(instance: Instance, request: Document) -> bool:
    return (
        request.get("StackInstanceAccount") in {None, instance.account}
        and request.get("StackInstanceRegion") in {None, instance.region}
        and all(
            _FILTERS[chosen["Name"]](instance) == chosen["Values"]
            for chosen in request.get("Filters", [])
        )
    )
