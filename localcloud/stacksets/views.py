"""What answers show of stack sets, instances and operations, and cut into which pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from localcloud.stacksets.query import invalid
from localcloud.stacksets.records import Document, Instance, Operation, OperationResult, StackSet

LARGEST_PAGE = 100

Entry = tuple[str, Document]
"""The text that an entry is listed by, different for each, and what is shown."""


def page(request: Document, entries: Iterable[Entry], scope: str) -> Document:
    """Give a page of ``Summaries``, in the order of the entries' texts.

    A token says after which entry to go on, so nothing is skipped or repeated when entries come or
    go between two pages; one of another listing (``scope``) is refused.
    """
    listed = sorted(entries, key=lambda entry: entry[0])
    if "NextToken" in request:
        after = _last_shown(request["NextToken"], scope)
        listed = [entry for entry in listed if entry[0] > after]
    size = request.get("MaxResults", LARGEST_PAGE)
    shown = listed[:size]
    answer: Document = {"Summaries": [entry[1] for entry in shown]}
    if len(listed) > size:
        token = f"{scope}\n{shown[-1][0]}".encode()
        answer["NextToken"] = base64.urlsafe_b64encode(token).decode()
    return answer


def stack_set(one: StackSet) -> Document:
    """Give a ``StackSet``."""
    units = {instance.unit for instance in one.instances.values() if instance.unit}
    return {
        **_stack_set_head(one),
        "TemplateBody": one.template,
        "Parameters": parameters(one.parameters, one.secret),
        "Capabilities": one.capabilities,
        "Tags": one.tags,
        "StackSetARN": one.arn,
        "AdministrationRoleARN": one.administration_role or None,
        "ExecutionRoleName": one.execution_role or None,
        "StackSetDriftDetectionDetails": {"DriftStatus": "NOT_CHECKED"},
        "OrganizationalUnitIds": sorted(units | one.targets.keys()),
        "Regions": sorted({instance.region for instance in one.instances.values()}),
    }


def stack_set_summary(one: StackSet) -> Document:
    """Give a ``StackSetSummary``."""
    return {**_stack_set_head(one), "DriftStatus": "NOT_CHECKED"}


def instance(stack_set: StackSet, one: Instance) -> Document:
    """Give a ``StackInstance``."""
    return {
        **instance_summary(stack_set, one),
        "ParameterOverrides": parameters(one.overrides, stack_set.secret),
    }


def instance_summary(stack_set: StackSet, one: Instance) -> Document:
    """Give a ``StackInstanceSummary``."""
    return {
        "StackSetId": stack_set.id,
        "Region": one.region,
        "Account": one.account,
        "StackId": one.stack_id or None,
        "Status": one.status,
        "StatusReason": one.reason or None,
        "StackInstanceStatus": {"DetailedStatus": one.detailed_status},
        "OrganizationalUnitId": one.unit or None,
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": one.operation_id or None,
    }


def operation(stack_set: StackSet, one: Operation) -> Document:
    """Give a ``StackSetOperation``."""
    return {
        **operation_summary(one),
        "StackSetId": stack_set.id,
        "RetainStacks": one.retain,
        "AdministrationRoleARN": one.administration_role or None,
        "ExecutionRoleName": one.execution_role or None,
        "DeploymentTargets": one.targets,
    }


def operation_summary(one: Operation) -> Document:
    """Give a ``StackSetOperationSummary``."""
    return {
        "OperationId": one.id,
        "Action": one.action,
        "Status": one.status,
        "CreationTimestamp": one.created,
        "EndTimestamp": one.ended,
        "StatusReason": one.reason or None,
        "StatusDetails": {"FailedStackInstancesCount": one.failures},
        "OperationPreferences": one.preferences,
    }


def result(one: OperationResult) -> Document:
    """Give a ``StackSetOperationResultSummary``."""
    return {
        "Account": one.account,
        "Region": one.region,
        "Status": one.status,
        "StatusReason": one.reason or None,
        "AccountGateResult": one.gate,
        "OrganizationalUnitId": one.unit or None,
    }


def parameters(values: dict[str, str], secret: list[str]) -> list[Document]:
    """Give ``Parameters``, the values of ``NoEcho`` ones hidden."""
    return [
        {"ParameterKey": key, "ParameterValue": "****" if key in secret else value}
        for key, value in values.items()
    ]


def _stack_set_head(one: StackSet) -> Document:
    return {
        "StackSetName": one.name,
        "StackSetId": one.id,
        "Description": one.description or None,
        "Status": one.status,
        "AutoDeployment": one.auto_deployment,
        "PermissionModel": one.permission_model,
        "ManagedExecution": {"Active": one.queues},
    }


def _last_shown(token: str, scope: str) -> str:
    try:
        listing, _, last = base64.urlsafe_b64decode(token).decode().partition("\n")
    except (binascii.Error, UnicodeDecodeError):
        listing, last = "", ""
    if listing != scope:
        raise invalid("Invalid NextToken")
    return last


def newest_first(number: int) -> str:
    """Give the text by which the operation of this number is listed."""
    return f"{10**9 - number:010}"


def placed(one: Any) -> str:
    """Give the text by which an instance or a result is listed."""
    return f"{one.account} {one.region}"
