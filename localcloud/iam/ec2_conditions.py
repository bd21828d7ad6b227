"""Condition keys of resources of EC2 and Systems Manager that are there.

Names and meanings are those of the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html).
"""

# Private names of ministack, held by ministack_names.HELD.
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import images, stores

Record = dict[str, Any]
Context = dict[str, str]

DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell"
"""What a session runs whose request names no document."""
DOCUMENT_CHECK = "ssm:sessiondocumentaccesscheck"


def of_resource(action: str, arn: str) -> Context:
    """Return the keys of the resource with an ARN: its tags and what is known of it."""
    if ":ec2:" in arn:
        kind, _, name = arn.split(":", 5)[5].partition("/")
        return _of_ec2(action, kind, name)
    if ":ssm:" in arn and ":session/" in arn:
        tags = _session_tags[-1](arn.rpartition(":session/")[2]) if _session_tags else {}
        return {f"ssm:resourcetag/{key}": value for key, value in tags.items()}
    return {}


_session_tags: list[Callable[[str], Mapping[str, str]]] = []


def know_sessions(tags: Callable[[str], Mapping[str, str]]) -> None:
    """Take the tags of sessions, by their ids, from a function."""
    _session_tags[:] = [tags]


def default_document(action: str, arn: str) -> str | None:
    """Return the document of a session with an instance that names none; None: it is no session."""
    if action != "ssm:StartSession" or ":instance/" not in arn:
        return None
    place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
    return f"arn:aws:ssm:{place}:document/{DEFAULT_DOCUMENT}"


def _of_ec2(action: str, kind: str, name: str) -> Context:
    record = _record(kind, name)
    if record is None:
        return {}
    context: Context = {"ec2:region": ministack_adapter.region()}
    of_service = "ssm" if action.startswith("ssm:") else "ec2"
    for tag in stores.tags(name):
        for prefix in ("aws", of_service):
            context[f"{prefix}:resourcetag/{tag['Key']}".lower()] = tag["Value"]
    if kind in _KEYS:
        context |= _KEYS[kind](record)
    return context


def _record(kind: str, name: str) -> Record | None:
    if kind == "image":
        return {image["ImageId"]: image for image in images.all_images()}.get(name)
    store = _STORES.get(kind)
    found: Record | None = None if store is None else getattr(stores.ec2(), store).get(name)
    return found


_STORES = {
    "instance": "_instances",
    "network-interface": "_network_interfaces",
    "security-group": "_security_groups",
    "snapshot": "_snapshots",
    "subnet": "_subnets",
    "volume": "_volumes",
    "vpc": "_vpcs",
}


def _of_instance(instance: Record) -> Context:
    profile = (instance.get("IamInstanceProfile") or {}).get("Arn")
    return {
        "ec2:availabilityzone": instance["Placement"]["AvailabilityZone"],
        "ec2:instanceid": instance["InstanceId"],
        "ec2:instancetype": instance["InstanceType"],
        "ec2:metadatahttptokens": instance["MetadataOptions"]["HttpTokens"],
        "ec2:rootdevicetype": instance["RootDeviceType"],
        "ec2:tenancy": instance["Placement"]["Tenancy"],
        **({"ec2:instanceprofile": profile} if profile else {}),
    }


def _of_volume(volume: Record) -> Context:
    return {
        "ec2:availabilityzone": volume["AvailabilityZone"],
        "ec2:encrypted": str(volume["Encrypted"]).lower(),
        "ec2:volumeid": volume["VolumeId"],
        "ec2:volumesize": str(volume["Size"]),
        "ec2:volumetype": volume["VolumeType"],
    }


def _of_image(image: Record) -> Context:
    owner = image.get("ImageOwnerAlias") or image["OwnerId"]
    return {"ec2:owner": owner, "ec2:public": str(image["Public"]).lower()}


_KEYS: Mapping[str, Callable[[Record], Context]] = {
    "image": _of_image,
    "instance": _of_instance,
    "volume": _of_volume,
}
