"""Refusals of AWS that protect an order of deletions, or what is not the caller's to change."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.missing_resources import missing_bus

Answer = tuple[int, dict[str, str], bytes]
_SERVICE_LINKED = "/aws-service-role/"
_CHANGES_A_ROLE = re.compile(
    r"(Update|Delete|Put|Attach|Detach|Tag|Untag)\w*Role\w*|(Put|Delete)RolePermissionsBoundary"
)


def patch_protections() -> None:
    """Add the refusals, once per process."""
    events = ministack_adapter.module("services.eventbridge")
    events._delete_rule = _without_targets(events._delete_rule)
    iam = ministack_adapter.module("services.iam")
    for action, perform in list(iam._IAM_HANDLERS.items()):
        if _CHANGES_A_ROLE.fullmatch(action):
            iam._IAM_HANDLERS[action] = _of_the_account(perform)
    cloudwatch = ministack_adapter.module("services.cloudwatch")
    cloudwatch._set_alarm_state = _to_a_state(cloudwatch._set_alarm_state)


def more_versions(policy: dict[str, Any]) -> Answer | None:
    """Return IAM's refusal to delete a policy with other versions than its default, or None."""
    if len(policy.get("Versions") or []) < 2:  # noqa: PLR2004 - the default and another
        return None
    answer: Answer = ministack_adapter.module("services.iam")._error(
        409,
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the "
        "policy's versions. The default version is deleted with the policy.",
    )
    return answer


def _without_targets(delete: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """DeleteRule of a rule that exists on its bus and has no targets."""
    events = ministack_adapter.module("services.eventbridge")

    def delete_rule(data: dict[str, Any]) -> Any:
        bus = data.get("EventBusName", "default")
        if (refusal := missing_bus(bus)) is not None:
            return refusal
        if events._targets.get(events._rule_key(data.get("Name"), bus)):
            return events.error_response_json(
                "ValidationException", "Rule can't be deleted since it has targets.", 400
            )
        return delete(data)

    return delete_rule


def _of_the_account(perform: Callable[[dict[str, Any]], Answer]) -> Callable[..., Answer]:
    """Change a role, unless it is a service's own."""
    iam = ministack_adapter.module("services.iam")

    def change(params: dict[str, Any]) -> Answer:
        role = iam._roles.get(iam._p(params, "RoleName"))
        if role is None or not role["Path"].startswith(_SERVICE_LINKED):
            return perform(params)
        refused: Answer = iam._error(
            400,
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role['RoleName']}' - this role "
            "is only modifiable by AWS",
        )
        return refused

    return change


def _to_a_state(perform: Callable[..., Any]) -> Callable[..., Any]:
    """SetAlarmState to one of the three states."""
    cloudwatch = ministack_adapter.module("services.cloudwatch")

    def set_alarm_state(
        params: dict[str, Any],
        cbor_data: Any,
        is_cbor: bool,  # noqa: FBT001 - as it is called
        is_json: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        members = cbor_data if is_cbor or is_json else None
        state = (
            members.get("StateValue", "")
            if members is not None
            else cloudwatch._p(params, "StateValue")
        )
        if state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
            return perform(params, cbor_data, is_cbor, is_json)
        return cloudwatch._error(
            "ValidationError",
            f"1 validation error detected: Value '{state}' at 'stateValue' failed to satisfy "
            "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
            400,
            use_json=is_json,
            use_cbor=is_cbor,
        )

    return set_alarm_state
