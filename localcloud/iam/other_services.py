"""Permissions for other services, where ministack asks for another one than AWS.

ministack names a role without its path, a log stream as its group, a dashboard, the repositories of
DescribeRepositories, the parameters below a path and a scalable target not at all, takes one change
of a function for another, and knows no ``cloudwatch:namespace``.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from localcloud import application_auto_scaling, ministack_adapter, registries
from localcloud.protocol import models

Parameters = Mapping[str, Any]
"""The members of a request: a value, or a list of one in the Query protocol."""
Arn = Callable[[str, Parameters], str | None]
"""Returns the ARN for an operation with these parameters, or None to leave it to ministack."""

STREAMS = {"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"}
"""Actions of CloudWatch Logs that are allowed per stream
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html).
"""


def resource_arn(service: str, operation: str, given: Parameters) -> str | None:
    """Return the ARN that AWS checks, or None where ministack's own is right."""
    known: Mapping[str, Arn] = {
        "athena": _workgroup,
        "iam": _identity,
        "logs": _logs,
        "monitoring": _monitoring,
        "ecr": _repository,
        "ssm": _parameters,
        application_auto_scaling.SERVICE: _scalable_target,
    }
    return known[service](operation, given) if service in known else None


_ATTACHES = re.compile("iam:(At|De)tach(Group|Role|User)Policy")
"""What has the key ``iam:PolicyARN``."""


def context(service: str, action: str, given: Parameters) -> dict[str, str | list[str]]:
    """Return the condition keys that ministack leaves out."""
    if action == "cloudwatch:PutMetricAlarm":
        actions = [
            alarm_action for member in _ALARM_ACTIONS for alarm_action in given.get(member) or ()
        ]
        return {"cloudwatch:alarmactions": actions} if actions else {}
    if service == "monitoring" and (namespace := _one(given, "Namespace")):
        return {"cloudwatch:namespace": namespace}
    if service == "application-autoscaling" and given.keys() >= _SCALED:
        found = application_auto_scaling.tags(given)
        return {f"aws:resourcetag/{key}".lower(): value for key, value in found.items()}
    if service == "lambda":
        auth = _one(given, "FunctionUrlAuthType") or _one(given, "AuthType")
        return {"lambda:functionurlauthtype": auth} if auth else {}
    if _ATTACHES.fullmatch(action) and (policy := _one(given, "PolicyArn")):
        return {"iam:policyarn": policy}
    return {}


_SCALED = {"ServiceNamespace", "ResourceId", "ScalableDimension"}
_ALARM_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
"""Whether AWS's key holds more than the first of these is not measured."""


def operation_of(path: str) -> str | None:
    """Return the operation of a request whose path alone names it (Smithy's RPC protocol)."""
    before, _, operation = path.partition("/operation/")
    return operation if "/service/" in before and operation else None


_INVOKED = {"Invoke", "InvokeAsync", "InvokeWithResponseStream"}


def function_action(method: str, path: str) -> str | None:
    """Return the action of a request to Lambda, where ministack knows some operations alone."""
    for verb, pattern, operation in _function_routes():
        if verb == method and pattern.fullmatch(path):
            return f"lambda:{'InvokeFunction' if operation in _INVOKED else operation}"
    return None


@cache
def _function_routes() -> list[tuple[str, re.Pattern[str], str]]:
    model = models.service_model("lambda")
    found = []
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        literal = re.sub(r"\{[^}]+\}", "[^/]+", http["requestUri"].rstrip("/"))
        found.append((http["method"], re.compile(f"{literal}/?"), operation))
    return found


def parameters(body: bytes, query: Parameters) -> Parameters:
    """Return the members of a request, from its JSON body or its query."""
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        return query
    return {**query, **document} if isinstance(document, dict) else query


def _identity(operation: str, given: Parameters) -> str | None:
    iam = ministack_adapter.module("services.iam")
    for member, kind, store in (
        ("RoleName", "role", iam._roles),
        ("UserName", "user", iam._users),
        ("GroupName", "group", iam._groups),
    ):
        name = _one(given, member)
        if name:
            if operation == f"Create{kind.capitalize()}":
                path = _one(given, "Path") or "/"
                return f"arn:aws:iam::{ministack_adapter.account()}:{kind}{path}{name}"
            found = store.get(name)
            return found and str(found["Arn"])
    return None


def _logs(operation: str, given: Parameters) -> str | None:
    groups = f"arn:aws:logs:{ministack_adapter.region()}:{ministack_adapter.account()}:log-group:"
    if operation == "DescribeLogGroups":
        # As AWS words its refusals, whatever prefix is asked for.
        return f"{groups}:log-stream:"
    named = _one(given, "logGroupName") or _one(given, "logGroupIdentifier")
    if not named:
        return None
    group = named.removesuffix(":*") if named.startswith("arn:") else f"{groups}{named}"
    return f"{group}:log-stream:{_one(given, 'logStreamName')}" if operation in STREAMS else group


def _monitoring(operation: str, given: Parameters) -> str | None:
    if operation == "DeleteAlarms":
        # Of several only the common pattern can be checked, which is stricter than AWS.
        name = _sole(given.get("AlarmNames"))
        place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
        return f"arn:aws:cloudwatch:{place}:alarm:{name}" if name else None
    return _dashboard(operation, given)


def _dashboard(operation: str, given: Parameters) -> str | None:
    name = (
        _one(given, "DashboardName")
        if operation.endswith("Dashboard")
        else _sole(given.get("DashboardNames"))
    )
    return f"arn:aws:cloudwatch::{ministack_adapter.account()}:dashboard/{name}" if name else None


def _workgroup(operation: str, given: Parameters) -> str | None:
    """Return the workgroup of a query, which is ``primary`` unless another one is named."""
    if not re.search("Quer(?:y|ies)", operation) or operation.endswith("NamedQuery"):
        return None
    where = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
    return f"arn:aws:athena:{where}:workgroup/{_one(given, 'WorkGroup') or 'primary'}"


def _repository(operation: str, given: Parameters) -> str | None:
    # Of several only the common pattern can be checked, which is stricter than AWS.
    several = operation == "DescribeRepositories"
    name = _sole(given.get("repositoryNames")) if several else _one(given, "repositoryName")
    registry = registries.named(given)
    is_others = registry != ministack_adapter.account()
    return registries.arn(registry, name or "*") if is_others or (several and name) else None


def _parameters(operation: str, given: Parameters) -> str | None:
    path = _one(given, "Path") if operation == "GetParametersByPath" else ""
    where = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
    return f"arn:aws:ssm:{where}:parameter/{path.strip('/')}" if path else None


def _scalable_target(operation: str, given: Parameters) -> str | None:
    """Return what all operations ask about but those that describe.

    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsapplicationautoscaling.html).
    """
    asks = given.keys() >= _SCALED and not operation.startswith("Describe")
    return application_auto_scaling.target_arn(given) if asks else None


def _one(given: Parameters, member: str) -> str:
    value = given.get(member, "")
    return str(value[0] if isinstance(value, list) and value else value or "")


def _sole(values: Any) -> str | None:
    return str(values[0]) if isinstance(values, list) and len(values) == 1 else None
