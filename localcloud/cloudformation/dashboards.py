"""CloudWatch dashboards: the body is checked and the tags are kept."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud import dashboards, ministack_adapter
from localcloud.cloudformation.failures import ResourceError, handler_message

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]


def _provisioners() -> Any:
    return ministack_adapter.module("services.cloudformation.provisioners")


def create_dashboard(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::CloudWatch::Dashboard with a name and a body that CloudWatch takes."""
    _check(props.get("DashboardName"), props)
    made: Made = _provisioners()._cw_dashboard_create(logical_id, props, stack_name)
    _tag(made[0], props)
    return made


def update_dashboard(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Made:
    """Write the changed body in place; another name is a replacement made elsewhere."""
    _check(physical_id, new)
    made: Made = _provisioners()._cw_dashboard_update(physical_id, old, new, stack_name)
    _tag(made[0], new)
    return made


def taggable(validate: Callable[..., Any]) -> Callable[..., Any]:
    """CloudWatch's check of a tagged ARN, which in the emulator knows alarms only."""

    def validate_tag_arn(arn: str, *arguments: Any, **options: Any) -> Any:
        name = arn.rpartition("/")[2]
        if (
            arn == _arn(name)
            and name in ministack_adapter.module("services.cloudwatch")._dashboards
        ):
            return None
        return validate(arn, *arguments, **options)

    return validate_tag_arn


def _arn(name: str) -> str:
    return f"arn:aws:cloudwatch::{ministack_adapter.account()}:dashboard/{name}"


def _tag(name: str, props: Properties) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in props.get("Tags") or []}
    ministack_adapter.module("services.cloudwatch")._resource_tags[_arn(name)] = tags


def _check(name: str | None, props: Properties) -> None:
    refused = dashboards.refusal(name or "generated", str(props.get("DashboardBody")))
    if refused is not None:
        raise ResourceError(handler_message("CloudWatch", refused[1], 400, "InvalidRequest"))
