"""Ministack's stores of EC2, in the account and Region being served, and what is asked of them."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from localcloud import ministack_adapter
from localcloud.faults import globs
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]
Store = MutableMapping[str, Record]
Filters = Mapping[str, Callable[[Record], Iterable[Any]]]
"""Name of a filter -> the values that a record has for it."""


def ec2() -> Any:
    """Return ministack's module."""
    return ministack_adapter.module("services.ec2")


def instances() -> Store:
    store: Store = ec2()._instances
    return store


def volumes() -> Store:
    store: Store = ec2()._volumes
    return store


def snapshots() -> Store:
    store: Store = ec2()._snapshots
    return store


def images() -> Store:
    store: Store = ec2()._images
    return store


def interfaces() -> Store:
    store: Store = ec2()._network_interfaces
    return store


def new_id(kind: str) -> str:
    """Return an id such as ``i-0123456789abcdef0``."""
    return f"{kind}-0{secrets.token_hex(8)}"


def arn(kind: str, name: str) -> str:
    """Return the ARN of a resource of the account and Region being served."""
    place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
    return f"arn:aws:ec2:{place}:{kind}/{name}"


def tags(name: str) -> list[dict[str, str]]:
    """Return the tags of a resource."""
    found: list[dict[str, str]] = ec2()._tags.get(name) or []
    return found


def add_tags(name: str, given: Iterable[Mapping[str, Any]]) -> None:
    """Add tags to a resource, in place of those with the same keys."""
    new = {str(tag["Key"]): str(tag.get("Value", "")) for tag in given}
    kept = {tag["Key"]: tag["Value"] for tag in tags(name)}
    together = kept | new
    if together:
        ec2()._tags[name] = [{"Key": key, "Value": value} for key, value in together.items()]


def forget(store: Store, name: str) -> None:
    """Remove a resource and its tags."""
    store.pop(name, None)
    ec2()._tags.pop(name, None)


def required(store: Store, name: str, code: str, words: str) -> Record:
    """Return a record; raise ``ApiError`` in EC2's words if there is none."""
    found = store.get(name)
    if found is None:
        raise ApiError(code, words.format(name=name))
    return found


def specified_tags(request: Record, kind: str) -> list[dict[str, str]]:
    """Return the tags of a request for new resources of a type."""
    found: list[dict[str, str]] = []
    for given in request.get("TagSpecifications") or ():
        if given.get("ResourceType") == kind:
            found += given.get("Tags") or ()
    for tag in found:
        refuse_system_tag(tag["Key"])
    return found


def refuse_system_tag(key: str) -> None:
    """Raise ``ApiError`` for a key that only AWS can write."""
    if key.lower().startswith("aws:"):
        raise ApiError(
            "InvalidParameterValue",
            f"Value ( {key} ) for parameter key is invalid. Tag keys starting with 'aws:' are "
            "reserved for internal use",
        )


def selected(
    records: Iterable[Record], request: Record, filters: Filters, key: str
) -> list[Record]:
    """Return the records that the filters of a request let through; ``key`` is their id."""
    wanted = request.get("Filters") or ()
    for wanted_filter in wanted:
        name = wanted_filter.get("Name", "")
        if name not in filters and not name.startswith(("tag:", "tag-key")):
            raise ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return [
        record
        for record in records
        if all(_lets_through(each, record, filters, key) for each in wanted)
    ]


def _lets_through(wanted: Record, record: Record, filters: Filters, key: str) -> bool:
    name = wanted.get("Name", "")
    if name == "tag-key":
        actual: Iterable[Any] = [tag["Key"] for tag in tags(record[key])]
    elif name.startswith("tag:"):
        actual = [tag["Value"] for tag in tags(record[key]) if tag["Key"] == name[4:]]
    else:
        actual = filters[name](record)
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in actual]
    return any(globs.matches(value, text) for value in wanted.get("Values") or () for text in texts)


def page(request: Record, member: str, items: list[Any], default: int = 1000) -> Record:
    """Return a page of an answer; the token is the number of the first item after it."""
    token = request.get("NextToken") or "0"
    if not token.isdigit():
        raise ApiError(
            "InvalidParameterValue", f"Value ({token}) for parameter nextToken is invalid."
        )
    start = int(token)
    end = start + (request.get("MaxResults") or default)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {member: items[start:end], **more}
