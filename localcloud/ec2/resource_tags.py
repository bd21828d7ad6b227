"""CreateTags and DeleteTags, of resources that there are and without AWS's own keys."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

from localcloud.ec2 import images, stores
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

_STORES = {
    # beginning of an id -> ministack's store, code and words of the refusal
    "ami": ("_images", "InvalidAMIID.NotFound", "The image ID '{name}' does not exist"),
    "eni": (
        "_network_interfaces",
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '{name}' does not exist",
    ),
    "i": ("_instances", "InvalidInstanceID.NotFound", "The instance ID '{name}' does not exist"),
    "sg": (
        "_security_groups",
        "InvalidGroup.NotFound",
        "The security group ID '{name}' does not exist",
    ),
    "snap": ("_snapshots", "InvalidSnapshot.NotFound", "The snapshot '{name}' does not exist."),
    "vol": ("_volumes", "InvalidVolume.NotFound", "The volume '{name}' does not exist."),
}


def create_tags(_: Ec2World, request: Record) -> Record:
    """CreateTags on all the resources or on none."""
    _require(request["Resources"])
    for tag in request["Tags"]:
        stores.refuse_system_tag(tag["Key"])
    for name in request["Resources"]:
        stores.add_tags(name, request["Tags"])
    return {}


def delete_tags(_: Ec2World, request: Record) -> Record:
    """DeleteTags: those of a key, with a value those alone that have it, or all but AWS's own."""
    _require(request["Resources"])
    wanted = request.get("Tags")
    for tag in wanted or ():
        stores.refuse_system_tag(tag["Key"])
    for name in request["Resources"]:
        kept = [tag for tag in stores.tags(name) if not _is_meant(tag, wanted)]
        stores.ec2()._tags.pop(name, None)
        stores.add_tags(name, kept)
    return {}


def _is_meant(tag: Record, wanted: list[Record] | None) -> bool:
    if wanted is None:
        return not tag["Key"].startswith("aws:")
    return any(
        asked["Key"] == tag["Key"] and asked.get("Value", tag["Value"]) == tag["Value"]
        for asked in wanted
    )


def _require(names: list[str]) -> None:
    for name in names:
        kind = name.partition("-")[0]
        if kind == "ami" and images.is_public(name):
            raise ApiError("AuthFailure", f"Not authorized for images: [{name}]")
        if kind in _STORES:
            store, code, words = _STORES[kind]
            stores.required(getattr(stores.ec2(), store), name, code, words)
