"""A CloudFormation S3 lifecycle rule in the shape of the S3 API."""

from __future__ import annotations

from typing import Any


def api_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """One ``Rule`` of ``LifecycleConfiguration``, renamed and regrouped; numbers become numbers."""
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    expiration = _expiration(rule)
    if expiration:
        made["Expiration"] = expiration
    noncurrent = rule.get("NoncurrentVersionExpiration") or (
        {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
        if "NoncurrentVersionExpirationInDays" in rule
        else None
    )
    if noncurrent:
        made["NoncurrentVersionExpiration"] = _numbers(noncurrent)
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = _numbers(rule["AbortIncompleteMultipartUpload"])
    transitions = [_transition(transition) for transition in _several(rule, "Transition")]
    if transitions:
        made["Transitions"] = transitions
    noncurrent_moves = [
        _noncurrent_transition(transition)
        for transition in _several(rule, "NoncurrentVersionTransition")
    ]
    if noncurrent_moves:
        made["NoncurrentVersionTransitions"] = noncurrent_moves
    return made


def _several(rule: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A rule may carry one ``Name`` or many ``Names``."""
    return [*rule.get(f"{name}s", []), *([rule[name]] if name in rule else [])]


def _filter(rule: dict[str, Any]) -> dict[str, Any]:
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in rule.get("TagFilters", [])]
    parts: dict[str, Any] = {}
    if "Prefix" in rule:
        parts["Prefix"] = rule["Prefix"]
    for size in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if size in rule:
            parts[size] = int(rule[size])
    if len(parts) + len(tags) > 1:
        return {"And": {**parts, **({"Tags": tags} if tags else {})}}
    if tags:
        return {"Tag": tags[0]}
    return parts or {"Prefix": ""}


def _expiration(rule: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "ExpirationInDays" in rule:
        made["Days"] = int(rule["ExpirationInDays"])
    if "ExpirationDate" in rule:
        made["Date"] = rule["ExpirationDate"]
    if "ExpiredObjectDeleteMarker" in rule:
        made["ExpiredObjectDeleteMarker"] = str(rule["ExpiredObjectDeleteMarker"]).lower() == "true"
    return made


def _transition(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"StorageClass": given["StorageClass"]}
    if "TransitionInDays" in given:
        made["Days"] = int(given["TransitionInDays"])
    if "TransitionDate" in given:
        made["Date"] = given["TransitionDate"]
    return made


def _noncurrent_transition(given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "StorageClass": given["StorageClass"],
        "NoncurrentDays": int(given["TransitionInDays"]),
    }
    if "NewerNoncurrentVersions" in given:
        made["NewerNoncurrentVersions"] = int(given["NewerNoncurrentVersions"])
    return made


def _numbers(values: dict[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in values.items()}
