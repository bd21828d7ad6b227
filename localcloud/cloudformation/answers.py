"""CloudFormation's answers as AWS writes them, and what it refuses in the state of a stack."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation import operations

Record = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[Record], Answer]

_EMPTY = re.compile(r"<(StackStatusReason|Description|LastUpdatedTime|ResourceStatusReason)></\1>")
_PROTECTION = re.compile(
    r"(<StackStatus>DELETE_COMPLETE</StackStatus>(?:(?!<StackStatus>).)*?)"
    r"<EnableTerminationProtection>\w+</EnableTerminationProtection>"
)
_STACK_ID = re.compile(r"<StackId>([^<]+)</StackId>(?=<StackStatus>)")
_UPDATING = (
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    "ROLLBACK_IN_PROGRESS",
)
_IN_USE = re.compile(r"Export (\S+) is imported by stack ([^<\s]+)")


def patch_answers() -> None:
    """Correct the answers of ministack's CloudFormation, once per process."""
    actions = _handlers()._ACTION_HANDLERS
    for name, correct in {
        "CreateStack": _created,
        "UpdateStack": _updated,
        "DeleteStack": _deleted,
        "CreateChangeSet": _change_set,
        "DescribeStacks": _described,
        "DescribeStackEvents": _events,
        "ListStackResources": _resources,
        "GetTemplate": _template,
    }.items():
        actions[name] = correct(actions[name])


def _handlers() -> Any:
    return ministack_adapter.module("services.cloudformation.handlers")


def _stack(params: Record) -> Record | None:
    name = _handlers()._p(params, "StackName")
    found: Record | None = ministack_adapter.module("services.cloudformation")._stacks.get(name)
    if found is None and name.startswith("arn:"):  # all stacks are looked through for one
        found = _handlers()._resolve_stack(name)
    return None if found is None or found["StackStatus"] == "DELETE_COMPLETE" else found


def _refusal(message: str, code: str = "ValidationError") -> Answer:
    answer: Answer = _handlers()._error(code, message)
    return answer


def _unusable_role(params: Record) -> Answer | None:
    """Return the refusal of a service role that is not there, or None."""
    arn = _handlers()._p(params, "RoleARN")
    role = ministack_adapter.module("services.iam")._roles.get(arn.rpartition("/")[2])
    if not arn or (role is not None and role["Arn"] == arn):
        return None
    return _refusal(f"Role {arn} is invalid or cannot be assumed")


def _created(create: Action) -> Action:
    def create_stack(params: Record) -> Answer:
        stack, token = _stack(params), _handlers()._p(params, "ClientRequestToken")
        if stack is not None and token and token == stack.get("_token"):
            return _refusal(
                f"The client request token {token} already exists", "TokenAlreadyExistsException"
            )
        answer = _unusable_role(params) or create(params)
        made = _stack(params)
        if answer[0] < 400 and made is not None:  # noqa: PLR2004 - HTTP's own border
            made["_token"] = token
        return answer

    return create_stack


def _updated(update: Action) -> Action:
    def update_stack(params: Record) -> Answer:
        status, headers, body = _unusable_role(params) or update(params)
        stack = _stack(params)
        if stack is not None and b"and cannot be updated" in body:
            return _cannot_be_updated(stack)
        return status, headers, body

    return update_stack


def _cannot_be_updated(stack: Record) -> Answer:
    if stack["StackStatus"] == "UPDATE_FAILED":
        return _refusal(
            "This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack"
            " from this state, please use the disable-rollback parameter with update-stack API. To"
            " rollback to the last known good state, please use the rollback-stack API"
        )
    return _refusal(
        f"Stack:{stack['StackId']} is in {stack['StackStatus']} state and can not be updated."
    )


def _change_set(create: Action) -> Action:
    def create_change_set(params: Record) -> Answer:
        stack = _stack(params)
        status = stack["StackStatus"] if stack is not None else ""
        if stack is not None and status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            return _cannot_be_updated(stack)
        return _impossible_name(params) or _unusable_role(params) or create(params)

    return create_change_set


def _impossible_name(params: Record) -> Answer | None:
    """Return the refusal of the name of a change set, which is as that of a stack, or None."""
    helpers = ministack_adapter.module("services.cloudformation.helpers")
    problems = helpers.stack_name_problems(_handlers()._p(params, "ChangeSetName"))
    message = helpers.validation_error_message(problems)
    return _refusal(message.replace("'stackName'", "'changeSetName'")) if problems else None


def _deleted(delete: Action) -> Action:
    def delete_stack(params: Record) -> Answer:
        stack = _stack(params)
        if stack is None:
            return delete(params)
        status = stack["StackStatus"]
        if status in _UPDATING:
            return _refusal(
                f"Stack [{stack['StackId']}] cannot be deleted while in status {status}"
            )
        answer = _unusable_role(params) or delete(params)
        in_use = _IN_USE.search(answer[2].decode())
        if in_use is None:
            return answer
        # The deletion begins, and ends where it began.
        reason = (
            f"Delete canceled. Cannot delete export {in_use[1]} as it is in use by {in_use[2]}."
        )
        add_event = ministack_adapter.module("services.cloudformation.stacks")._add_event
        given = (stack["StackId"], stack["StackName"], stack["StackName"], operations.STACK)
        add_event(*given, "DELETE_IN_PROGRESS", "", stack["StackId"])
        add_event(*given, status, reason, stack["StackId"])
        stack["StackStatusReason"] = reason
        stack.pop("DeletionTime", None)
        accepted: Answer = _handlers()._xml(200, "DeleteStackResponse", "")
        return accepted

    return delete_stack


def _described(describe: Action) -> Action:
    def describe_stacks(params: Record) -> Answer:
        status, headers, body = describe(params)
        text = _EMPTY.sub("", body.decode())
        text = _PROTECTION.sub(r"\1", text)
        text = text.replace(
            "<DisableRollback>",
            "<RollbackConfiguration></RollbackConfiguration><NotificationARNs></NotificationARNs>"
            "<DisableRollback>",
        )
        by_id = {
            stack["StackId"]: stack
            for stack in ministack_adapter.module("services.cloudformation")._stacks.values()
        }
        text = _STACK_ID.sub(lambda found: found[0] + _more(by_id.get(found[1]) or {}), text)
        return status, headers, text.encode()

    return describe_stacks


def _more(stack: Record) -> str:
    """Return the elements that ministack leaves out."""
    members = "".join(
        f"<member><OperationType>{operation['OperationType']}</OperationType>"
        f"<OperationId>{operation['OperationId']}</OperationId></member>"
        for operation in operations.newest(stack)
    )
    deleted = stack.get("DeletionTime")
    deletion = f"<DeletionTime>{deleted}</DeletionTime>" if deleted else ""
    return f"{deletion}<LastOperations>{members}</LastOperations>"


def _events(describe: Action) -> Action:
    """DescribeStackEvents with the operation of each event."""

    def describe_stack_events(params: Record) -> Answer:
        status, headers, body = describe(params)
        stack = _handlers()._resolve_stack(_handlers()._p(params, "StackName"))
        if stack is None or status >= 400:  # noqa: PLR2004 - HTTP's own border
            return status, headers, body
        if stack["StackStatus"] == "DELETE_COMPLETE" and not _is_id(params):
            return _refusal(f"Stack [{stack['StackName']}] does not exist")
        events = ministack_adapter.module("services.cloudformation")._stack_events
        of_event = {
            event["EventId"]: event.get("OperationId", "")
            for event in events.get(stack["StackId"], [])
        }
        text = re.sub(
            r"<EventId>([^<]+)</EventId>",
            lambda found: f"{found[0]}<OperationId>{of_event[found[1]]}</OperationId>",
            _EMPTY.sub("", body.decode()),
        )
        return status, headers, text.encode()

    return describe_stack_events


def _resources(list_resources: Action) -> Action:
    """ListStackResources with the reason of a resource's status, where there is one."""

    def list_stack_resources(params: Record) -> Answer:
        status, headers, body = list_resources(params)
        stack = _handlers()._resolve_stack(_handlers()._p(params, "StackName"))
        held = (stack or {}).get("_resources", {})
        text = re.sub(
            r"<LogicalResourceId>([^<]+)</LogicalResourceId>",
            lambda found: found[0] + _handlers()._resource_status_reason_xml(held[found[1]]),
            body.decode(),
        )
        return status, headers, text.encode()

    return list_stack_resources


def _is_id(params: Record) -> bool:
    return str(_handlers()._p(params, "StackName")).startswith("arn:")


def _template(get: Action) -> Action:
    def get_template(params: Record) -> Answer:
        status, headers, body = get(params)
        text = re.sub(
            r"Stack \[([^\]]+)\] does not exist", r"Stack with id \1 does not exist", body.decode()
        )
        return status, headers, text.encode()

    return get_template
