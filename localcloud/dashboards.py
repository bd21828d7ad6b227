"""CloudWatch's check of a dashboard's name and body (API reference, Dashboard Body Structure)."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from localcloud import ministack_adapter

BAD_NAME = (
    "The value for field DashboardName contains invalid characters. It can only contain "
    "alphanumerics, dash (-) and underscore (_)."
)
NO_JSON = "The field DashboardBody must be a valid JSON object"
LONGEST_NAME = 255

Mistake = dict[str, str]

_REQUIRED = {
    "text": ("markdown",),
    "metric": ("region",),
    "alarm": ("alarms",),
    "log": ("query", "region"),
    "explorer": ("metrics", "labels"),
    "custom": ("endpoint",),
}
"""Type of a widget -> properties that it must have."""

_LISTS = {"alarm": ("alarms",), "metric": ("metrics",)}
_VIEWS = {"timeSeries", "singleValue", "gauge", "bar", "pie", "table"}
_PLACES = (("x", 0, 23), ("y", 0, 10_000), ("width", 1, 24), ("height", 1, 1000))
"""Members of a widget that say where it is, with the least and the most."""


def patch_dashboards() -> None:
    """Have PutDashboard refuse what CloudWatch refuses."""
    cloudwatch = ministack_adapter.module("services.cloudwatch")
    cloudwatch._put_dashboard = _checked(cloudwatch._put_dashboard)


def refusal(name: str, body: str) -> tuple[str, str] | None:
    """Return code and message with which CloudWatch refuses a dashboard, or None."""
    if not re.fullmatch(r"[\w-]+", name, re.ASCII) or len(name) > LONGEST_NAME:
        return "InvalidParameterValue", BAD_NAME
    try:
        document = json.loads(body)
    except (TypeError, ValueError):
        document = None
    if not isinstance(document, dict):
        return "InvalidParameterInput", NO_JSON
    mistakes = list(_mistakes(document))
    if not mistakes:
        return None
    return (
        "InvalidParameterInput",
        f"The dashboard body is invalid, there are {len(mistakes)} validation errors: "
        + json.dumps(mistakes),
    )


def _mistakes(document: dict[str, Any]) -> Iterator[Mistake]:
    widgets = document.get("widgets", [])
    if not isinstance(widgets, list):
        yield _mistake("/widgets", "Should be array")
        return
    for number, widget in enumerate(widgets):
        path = f"/widgets/{number}"
        if isinstance(widget, dict):
            yield from _of_widget(path, widget)
        else:
            yield _mistake(path, "Should be object")


def _of_widget(path: str, widget: dict[str, Any]) -> Iterator[Mistake]:
    kind, properties = widget.get("type"), widget.get("properties")
    if kind not in _REQUIRED:
        yield _mistake(f"{path}/type", "Should be equal to one of the allowed values")
        return
    for member, least, most in _PLACES:
        value = widget.get(member, least)
        if not isinstance(value, int):
            yield _mistake(f"{path}/{member}", "Should be integer")
        elif not least <= value <= most:
            yield _mistake(f"{path}/{member}", f"Should be >= {least} and <= {most}")
    if isinstance(properties, dict):
        yield from _of_properties(path, kind, properties)
    else:
        yield _mistake(path, "Should have required property 'properties'")


def _of_properties(path: str, kind: str, properties: dict[str, Any]) -> Iterator[Mistake]:
    for member in _REQUIRED[kind]:
        if member not in properties:
            yield _mistake(f"{path}/properties", f"Should have required property '{member}'")
    if kind == "metric" and not {"metrics", "annotations"} & properties.keys():
        yield _mistake(f"{path}/properties", "Should have required property 'metrics'")
    for member in _LISTS.get(kind, ()):
        if not isinstance(properties.get(member, []), list):
            yield _mistake(f"{path}/properties/{member}", "Should be array")
    if kind in ("metric", "log") and properties.get("view", "table") not in _VIEWS:
        where = f"{path}/properties/view"
        yield _mistake(where, "Should be equal to one of the allowed values")


def _mistake(path: str, message: str) -> Mistake:
    return {"dataPath": path, "message": message}


def _checked(put: Callable[..., Any]) -> Callable[..., Any]:
    cloudwatch = ministack_adapter.module("services.cloudwatch")

    def put_dashboard(
        params: dict[str, Any],
        cbor_data: Any,
        is_cbor: bool,  # noqa: FBT001 - as it is called
        is_json: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:
        def given(member: str) -> str:
            from_body = is_cbor or is_json
            return str(cbor_data.get(member, "") if from_body else cloudwatch._p(params, member))

        refused = refusal(given("DashboardName"), given("DashboardBody"))
        if refused is None:
            return put(params, cbor_data, is_cbor, is_json)
        return cloudwatch._error(*refused, 400, use_json=is_json, use_cbor=is_cbor)

    return put_dashboard
