"""Keys that a DeleteObjects leaves behind, with status 200 and an error for each of them."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

# Only programs of this machine get here, and expat itself bounds what entities expand to.
from xml.etree import ElementTree as ET

from localcloud import ministack_adapter
from localcloud.object_keys import referenced

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.faults.plan import FaultPlan

Answer = tuple[int, dict[str, str], bytes]

_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_MESSAGES = {
    "InternalError": "We encountered an internal error. Please try again.",
    "AccessDenied": "Access Denied",
}


def patch_deletions(plan: FaultPlan) -> None:
    """Apply the plan's ``keys`` rules to every DeleteObjects, after all checks of the request."""
    s3 = ministack_adapter.module("services.s3")
    delete: Callable[..., Answer] = s3._delete_objects

    def delete_objects(
        bucket_name: str, body: bytes, headers: dict[str, str] | None = None
    ) -> Answer:
        if not plan.concerns_keys:
            return delete(bucket_name, body, headers)
        kept, lost = _parted(plan, body)
        status, answer_headers, answer = delete(bucket_name, kept, headers)
        if not lost or status != 200:  # noqa: PLR2004 - the one status that lists keys
            return status, answer_headers, answer
        return status, answer_headers, _with_errors(answer, lost)

    s3._delete_objects = delete_objects


def _parted(plan: FaultPlan, body: bytes) -> tuple[bytes, list[dict[str, str]]]:
    """Return the request without the keys that are lost, and the errors of these."""
    try:
        request = ET.fromstring(body)  # noqa: S314
    except ET.ParseError:
        return body, []  # S3 refuses it.
    named = [
        (part, {_local(member): member.text or "" for member in part})
        for part in request
        if _local(part) == "Object"
    ]
    codes = plan.lost_keys([members.get("Key", "") for _, members in named])
    lost = [(part, members) for part, members in named if members.get("Key") in codes]
    for part, _ in lost:
        request.remove(part)
    errors = [_error(members, codes[members["Key"]]) for _, members in lost]
    kept = referenced(ET.tostring(request, encoding="unicode")).encode() if lost else body
    return kept, errors


def _error(members: dict[str, str], code: str) -> dict[str, str]:
    which = {name: value for name, value in members.items() if name in {"Key", "VersionId"}}
    return {**which, "Code": code, "Message": _MESSAGES[code]}


def _with_errors(answer: bytes, errors: list[dict[str, str]]) -> bytes:
    result = ET.fromstring(answer)  # noqa: S314
    for error in errors:
        element = ET.SubElement(result, f"{{{_SPACE}}}Error")
        for name, value in error.items():
            ET.SubElement(element, f"{{{_SPACE}}}{name}").text = value
    written = ET.tostring(
        result, encoding="unicode", xml_declaration=True, default_namespace=_SPACE
    )
    return referenced(written).encode()


def _local(element: Any) -> str:
    """The name of an element without its namespace, which some clients leave out."""
    return str(element.tag).rpartition("}")[2]
