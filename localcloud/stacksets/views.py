"""The members of answers about stack sets, instances and operations, and their pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from localcloud.stacksets.query import invalid
from localcloud.stacksets.records import Document, Instance, Operation, OperationResult, StackSet

LARGEST_PAGE = 100

Entry = tuple[str, Document]
"""The unique text that an entry is listed by, and its summary."""


def page(request: Document, entries: Iterable[Entry], scope: str) -> Document:
    """Return a page of ``Summaries``, in the order of the entries' texts.

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


def stack_set(record: StackSet) -> Document:
    """Return a ``StackSet``."""
    units = {instance.unit for instance in record.instances.values() if instance.unit}
    return {
        **_stack_set_head(record),
        "TemplateBody": record.template,
        "Parameters": parameters(record.parameters, record.secret),
        "Capabilities": record.capabilities,
        "Tags": record.tags,
        "StackSetARN": record.arn,
        "AdministrationRoleARN": record.administration_role or None,
        "ExecutionRoleName": record.execution_role or None,
        "StackSetDriftDetectionDetails": {"DriftStatus": "NOT_CHECKED"},
        "OrganizationalUnitIds": sorted(units),
        "Regions": sorted({instance.region for instance in record.instances.values()}),
    }


def stack_set_summary(record: StackSet) -> Document:
    """Return a ``StackSetSummary``."""
    return {**_stack_set_head(record), "DriftStatus": "NOT_CHECKED"}


def instance(stack_set: StackSet, record: Instance) -> Document:
    """Return a ``StackInstance``."""
    return {
        **instance_summary(stack_set, record),
        "ParameterOverrides": parameters(record.overrides, stack_set.secret),
    }


def instance_summary(stack_set: StackSet, record: Instance) -> Document:
    """Return a ``StackInstanceSummary``."""
    return {
        "StackSetId": stack_set.id,
        "Region": record.region,
        "Account": record.account,
        "StackId": record.stack_id or None,
        "Status": record.status,
        "StatusReason": record.reason or None,
        "StackInstanceStatus": {"DetailedStatus": record.detailed_status},
        "OrganizationalUnitId": record.unit or None,
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": record.operation_id or None,
    }


def operation(stack_set: StackSet, record: Operation) -> Document:
    """Return a ``StackSetOperation``."""
    return {
        **operation_summary(record),
        "StackSetId": stack_set.id,
        "RetainStacks": record.retain,
        "AdministrationRoleARN": record.administration_role or None,
        "ExecutionRoleName": record.execution_role or None,
        "DeploymentTargets": record.targets,
    }


def operation_summary(record: Operation) -> Document:
    """Return a ``StackSetOperationSummary``."""
    return {
        "OperationId": record.id,
        "Action": record.action,
        "Status": record.status,
        "CreationTimestamp": record.created,
        "EndTimestamp": record.ended,
        "StatusReason": record.reason or None,
        "StatusDetails": {"FailedStackInstancesCount": record.failures},
        "OperationPreferences": record.preferences,
    }


def result(record: OperationResult) -> Document:
    """Return a ``StackSetOperationResultSummary``."""
    return {
        "Account": record.account,
        "Region": record.region,
        "Status": record.status,
        "StatusReason": record.reason or None,
        "OrganizationalUnitId": record.unit or None,
    }


def parameters(values: dict[str, str], secret: list[str]) -> list[Document]:
    """Return ``Parameters``, the values of ``NoEcho`` ones hidden."""
    return [
        {"ParameterKey": key, "ParameterValue": "****" if key in secret else value}
        for key, value in values.items()
    ]


def _stack_set_head(stack_set: StackSet) -> Document:
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.description or None,
        "Status": stack_set.status,
        "AutoDeployment": stack_set.auto_deployment,
        "PermissionModel": stack_set.permission_model,
        "ManagedExecution": {"Active": stack_set.queues},
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
    """Return the text by which the operation of this number is listed."""
    return f"{10**9 - number:010}"


def placed(item: Any) -> str:
    """Return the text by which an instance or a result is listed."""
    return f"{item.account} {item.region}"
