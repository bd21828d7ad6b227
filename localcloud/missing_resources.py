"""Refusals of AWS where a request names what is not there and ministack finds nothing wrong."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter

Answer = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Any]

_EC2_IDS = {
    # member of a request -> how its ids begin, and the code of one that cannot be any
    "ImageId": ("ami", "InvalidAMIID.Malformed"),
    "InstanceId": ("i", "InvalidInstanceID.Malformed"),
    "NetworkInterfaceId": ("eni", "InvalidNetworkInterfaceId.Malformed"),
    "SnapshotId": ("snap", "InvalidSnapshotID.Malformed"),
    "VolumeId": ("vol", "InvalidVolumeID.Malformed"),
}
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""


def patch_missing_resources() -> None:
    """Add the refusals, once per process; those of EC2 to all operations that there are by now."""
    actions = ministack_adapter.module("services.ec2")._ACTION_MAP
    for action, perform in list(actions.items()):
        actions[action] = _with_possible_ids(perform)
    events = ministack_adapter.module("services.eventbridge")
    events._list_rules = _of_a_bus(events._list_rules)
    for name in ("_list_targets_by_rule", "_remove_targets"):
        setattr(events, name, _of_a_bus(_of_a_rule(getattr(events, name))))
    events._delete_event_bus = _without_rules(events._delete_event_bus)
    glue = ministack_adapter.module("services.glue")
    glue._get_tables = _of_a_database(glue._get_tables)
    cloudwatch = ministack_adapter.module("services.cloudwatch")
    cloudwatch._delete_dashboards = _of_the_code_of_aws(cloudwatch._delete_dashboards)
    s3 = ministack_adapter.module("services.s3")
    s3._upload_part_copy = _into_a_bucket(s3._upload_part_copy)


def missing_bus(bus: str) -> Any:
    """Return EventBridge's refusal of a bus, by name or ARN, that is not there, or None."""
    events = ministack_adapter.module("services.eventbridge")
    name = bus.rpartition("/")[2]
    if name == "default" or name in events._event_buses:
        return None
    return events.error_response_json(
        "ResourceNotFoundException", f"Event bus {name} does not exist.", 400
    )


def _with_possible_ids(perform: Action) -> Action:
    ec2 = ministack_adapter.module("services.ec2")

    def act(params: dict[str, Any]) -> Any:
        for member, (beginning, code) in _EC2_IDS.items():
            given = [ec2._p(params, member), *ec2._parse_member_list(params, member)]
            for name in filter(None, given):
                if not re.fullmatch(rf"{beginning}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", name):
                    return ec2._error(code, f'Invalid id: "{name}"', 400)
        return perform(params)

    return act


def _of_a_bus(perform: Action) -> Action:
    def act(data: dict[str, Any]) -> Any:
        refusal = missing_bus(data.get("EventBusName", "default"))
        return perform(data) if refusal is None else refusal

    return act


def _of_a_rule(perform: Action) -> Action:
    events = ministack_adapter.module("services.eventbridge")

    def act(data: dict[str, Any]) -> Any:
        name, bus = data.get("Rule", ""), data.get("EventBusName", "default")
        if events._rule_key(name, bus) in events._rules:
            return perform(data)
        bus = bus.rpartition("/")[2]
        return events.error_response_json(
            "ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.", 400
        )

    return act


def _without_rules(delete: Action) -> Action:
    """DeleteEventBus of a bus that has no rules."""
    events = ministack_adapter.module("services.eventbridge")

    def delete_event_bus(data: dict[str, Any]) -> Any:
        buses = {rule.get("EventBusName", "default") for rule in events._rules.values()}
        if data.get("Name") not in buses - {"default"}:
            return delete(data)
        return events.error_response_json(
            "ValidationException", "EventBus can't be deleted since it has rules.", 400
        )

    return delete_event_bus


def _of_a_database(perform: Action) -> Action:
    glue = ministack_adapter.module("services.glue")

    def act(data: dict[str, Any]) -> Any:
        name = data.get("DatabaseName", "")
        if name in glue._databases:
            return perform(data)
        return glue.error_response_json(
            "EntityNotFoundException", f"Database {name} not found.", 400
        )

    return act


def _of_the_code_of_aws(delete: Callable[..., Answer]) -> Callable[..., Answer]:
    """DeleteDashboards, whose model gives the name of the error another code than ministack."""

    def delete_dashboards(*given: Any, **options: Any) -> Answer:
        status, headers, body = delete(*given, **options)
        if status == 404:  # noqa: PLR2004 - HTTP's own
            body = body.replace(b"DashboardNotFoundError", b"ResourceNotFound")
            headers = {
                key: value.replace("DashboardNotFoundError", "ResourceNotFound")
                for key, value in headers.items()
            }
        return status, headers, body

    return delete_dashboards


def _into_a_bucket(copy: Callable[..., Answer]) -> Callable[..., Answer]:
    s3 = ministack_adapter.module("services.s3")

    def upload_part_copy(bucket_name: str, *given: Any) -> Answer:
        if bucket_name in s3._buckets:
            return copy(bucket_name, *given)
        refused: Answer = s3._error(
            "NoSuchBucket", "The specified bucket does not exist", 404, f"/{bucket_name}"
        )
        return refused

    return upload_part_copy
