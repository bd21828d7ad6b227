"""Actions on stack sets themselves."""

from __future__ import annotations

import re

from localcloud import ministack_adapter
from localcloud.protocol.errors import not_played
from localcloud.stacksets import definitions, roles, targets, views
from localcloud.stacksets.administration import Administration
from localcloud.stacksets.operations import Operations, refuse_if_busy
from localcloud.stacksets.query import Params, invalid, refused
from localcloud.stacksets.records import (
    SELF_MANAGED,
    SERVICE_MANAGED,
    Document,
    Instance,
    OperationResult,
    StackSet,
)
from localcloud.stacksets.store import find_instance

_NAME = "[a-zA-Z][-a-zA-Z0-9]*"
_LONGEST_NAME = 128


class SetActions:
    """CreateStackSet and its kin."""

    def __init__(self, administration: Administration, operations: Operations) -> None:
        self._administration = administration
        self._store = administration.store
        self._operations = operations

    def create(self, request: Document, params: Params) -> Document:
        name = request["StackSetName"]
        _check_name(name)
        _check_tags(request)
        model = request.get("PermissionModel", SELF_MANAGED)
        account = self._administration.account(request)
        _check_permissions(model, request)
        self._administration.require_access(account, model)
        token = request.get("ClientRequestToken", "")
        taken = self._store.named(account, name)
        if taken is not None and token and taken.token == token:
            return {"StackSetId": taken.id}
        if taken is not None:
            raise refused("NameAlreadyExistsException", f"StackSet {name} already exists")
        unique = ministack_adapter.module("core.responses").new_uuid()
        stack_set = StackSet(
            name=name,
            id=f"{name}:{unique}",
            account=account,
            region=ministack_adapter.region(),
            token=token,
            permission_model=model,
        )
        _take_over(stack_set, request, definitions.define(request, params))
        self._store.add(stack_set)
        return {"StackSetId": stack_set.id}

    def describe(self, request: Document, _params: Params) -> Document:
        return {"StackSet": views.stack_set(self._administration.find(request))}

    def list_all(self, request: Document, _params: Params) -> Document:
        account = self._administration.account(request)
        delegated = request.get("CallAs") == "DELEGATED_ADMIN"
        wanted = request.get("Status")
        return views.page(
            request,
            (
                (stack_set.id, views.stack_set_summary(stack_set))
                for stack_set in self._store.of(account)
                if wanted in {None, stack_set.status}
                and (stack_set.service_managed or not delegated)
            ),
            "ListStackSets",
        )

    def update(self, request: Document, params: Params) -> Document:
        stack_set = self._administration.operable(request)
        _check_tags(request)
        model = request.get("PermissionModel", stack_set.permission_model)
        if model != stack_set.permission_model and stack_set.instances:
            raise invalid("PermissionModel cannot be changed while the stack set has instances")
        _check_permissions(model, {"AutoDeployment": stack_set.auto_deployment, **request})
        self._administration.require_access(stack_set.account, model)
        definition = definitions.define(request, params, stack_set)
        chosen = _to_update(stack_set, request)
        operation_id = self._operations.admit(stack_set, request)
        stack_set.permission_model = model
        _take_over(stack_set, request, definition)
        if {"TemplateBody", "Parameters"} & request.keys():
            for instance in stack_set.instances.values():
                if instance.status == "CURRENT":
                    instance.status, instance.detailed_status = "OUTDATED", "PENDING"
        results = [
            OperationResult(instance.account, instance.region, instance.unit) for instance in chosen
        ]
        self._operations.begin(stack_set, operation_id, "UPDATE", results, request)
        return {"OperationId": operation_id}

    def delete(self, request: Document, _params: Params) -> Document:
        stack_set = self._administration.active(request)
        refuse_if_busy(stack_set)
        if stack_set.instances:
            raise refused("StackSetNotEmptyException", "StackSet is not empty")
        stack_set.status = "DELETED"
        return {}


def _take_over(stack_set: StackSet, request: Document, definition: definitions.Definition) -> None:
    """Apply a creation or an update to a stack set."""
    stack_set.template = definition.template
    stack_set.parameters = definition.parameters
    stack_set.secret = definition.secret
    stack_set.capabilities = request.get("Capabilities", [])
    stack_set.description = request.get("Description", stack_set.description)
    stack_set.tags = request.get("Tags", stack_set.tags)
    stack_set.auto_deployment = request.get("AutoDeployment", stack_set.auto_deployment)
    stack_set.queues = bool(
        request.get("ManagedExecution", {"Active": stack_set.queues}).get("Active")
    )
    if stack_set.service_managed:
        stack_set.administration_role = stack_set.execution_role = ""
        return
    stack_set.administration_role = request.get(
        # An update that names no administration role goes back to the default; the execution role
        # stays.
        "AdministrationRoleARN",
        roles.default_administration_role(stack_set.account),
    )
    stack_set.execution_role = request.get(
        "ExecutionRoleName", stack_set.execution_role or roles.EXECUTION_ROLE
    )


def _to_update(stack_set: StackSet, request: Document) -> list[Instance]:
    """Return the instances that an update of the stack set is about."""
    chosen = {"Accounts", "DeploymentTargets"} & request.keys()
    if bool(chosen) != ("Regions" in request):
        raise invalid("You must specify both the accounts and the Regions to update, or neither")
    if not chosen:
        usable = [
            instance for instance in stack_set.instances.values() if instance.status != "INOPERABLE"
        ]
        return sorted(usable, key=views.placed)
    accounts = targets.deployed_to(stack_set, request)
    places = [(account.account, region) for region in request["Regions"] for account in accounts]
    if stack_set.service_managed:
        places = [place for place in places if place in stack_set.instances]
    return [find_instance(stack_set, *place) for place in dict.fromkeys(places)]


def _check_name(name: str) -> None:
    problems = []
    if re.fullmatch(_NAME, name) is None:
        problems.append(f"Member must satisfy regular expression pattern: {_NAME}")
    if len(name) > _LONGEST_NAME:
        problems.append(f"Member must have length less than or equal to {_LONGEST_NAME}")
    if problems:
        plural = "s" if len(problems) > 1 else ""
        found = "; ".join(
            f"Value '{name}' at 'stackSetName' failed to satisfy constraint: {problem}"
            for problem in problems
        )
        raise invalid(f"{len(problems)} validation error{plural} detected: {found}")


def _check_tags(request: Document) -> None:
    for tag in request.get("Tags", []):
        if tag["Key"].lower().startswith("aws:"):
            raise invalid(f"Tag key '{tag['Key']}' is reserved: the aws: prefix cannot be used")


def _check_permissions(model: str, request: Document) -> None:
    """Raise ``ApiError`` for members that belong to the other permission model."""
    automatic = request.get("AutoDeployment")
    if model == SERVICE_MANAGED:
        for role in ("AdministrationRoleARN", "ExecutionRoleName"):
            if role in request:
                raise invalid(f"{role} cannot be used with the SERVICE_MANAGED permission model")
        if automatic is None:
            raise invalid("AutoDeployment is required for the SERVICE_MANAGED permission model")
        if automatic.get("Enabled"):
            raise not_played("CloudFormation", "automatic deployment of stack sets")
    elif automatic is not None:
        raise invalid("AutoDeployment cannot be used with the SELF_MANAGED permission model")
    elif request.get("CallAs") == "DELEGATED_ADMIN":
        raise invalid("CallAs DELEGATED_ADMIN is for SERVICE_MANAGED stack sets only")
