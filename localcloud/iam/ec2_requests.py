"""What IAM is asked about a request to EC2, Session Manager and EC2 Instance Connect.

Which resources an operation is asked about is the Service Authorization Reference's
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html); what it
lists without a resource, above all what describes, is asked about on ``*``.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.model import OperationNotFoundError

from localcloud import ministack_adapter
from localcloud.ec2 import launch_templates, messages, stores
from localcloud.iam import ec2_conditions
from localcloud.iam.asked_about import Question, Value
from localcloud.protocol.errors import ApiError

Request = dict[str, Any]
Context = dict[str, Value]
Pair = tuple[str, Context]
"""The ARN of a resource, and the keys that the request gives for it."""


def of_ec2(operation: str, params: Mapping[str, Any]) -> list[Question] | None:
    """Return what is asked about a request to EC2; None leaves it to ministack."""
    if operation.startswith("Describe") and not operation.endswith("Attribute"):
        return [Question(f"ec2:{operation}", "*")]
    named = _RESOURCES.get(operation)
    if named is None:
        return None
    action = f"ec2:{operation}"
    try:
        request = messages.parsed(operation, dict(params))
        if operation == "RunInstances":
            return list(_of_launch(request))
        found = [Question(action, arn, context) for arn, context in named(request)]
    except (ApiError, OperationNotFoundError):
        # EC2 will refuse it anyway.
        return [Question(action, "*")]
    tagging = [
        Question(
            question.action, question.resource, {**question.context, "ec2:createaction": operation}
        )
        for question in _created(operation, request)
    ]
    return [*(found or [Question(action, "*")]), *tagging]


def of_session_manager(operation: str, request: Mapping[str, Any]) -> list[Question] | None:
    """Return what is asked about a request to Systems Manager; None leaves it to ministack."""
    action, place = f"ssm:{operation}", _place()
    if operation in ("GetConnectionStatus", "StartSession"):
        instance = Question(action, stores.arn("instance", str(request.get("Target", "*"))))
        if operation == "GetConnectionStatus":
            return [instance]
        document = request.get("DocumentName")
        if not document:
            return [instance]
        owner = "" if str(document).startswith("AWS-") else ministack_adapter.account()
        region = ministack_adapter.region()
        checked = {ec2_conditions.DOCUMENT_CHECK: "true"}
        arn = f"arn:aws:ssm:{region}:{owner}:document/{document}"
        return [Question(action, instance.resource, checked), Question(action, arn, checked)]
    if operation in ("ResumeSession", "TerminateSession"):
        session = request.get("SessionId", "*")
        return [Question(action, f"arn:aws:ssm:{place}:session/{session}")]
    if operation in ("GetParameter", "GetParameters"):
        names = request.get("Names") or [request.get("Name", "*")]
        return [Question(action, _parameter(str(name))) for name in names]
    return None


def of_instance_connect(operation: str, request: Mapping[str, Any]) -> list[Question] | None:
    """Return what is asked about a request to EC2 Instance Connect."""
    if operation != "SendSSHPublicKey":
        return None
    arn = stores.arn("instance", str(request.get("InstanceId", "*")))
    user = {"ec2:osuser": str(request.get("InstanceOSUser", ""))}
    return [Question(f"ec2-instance-connect:{operation}", arn, user)]


def _place() -> str:
    return f"{ministack_adapter.region()}:{ministack_adapter.account()}"


def _parameter(name: str) -> str:
    if name.startswith("arn:"):
        return name
    plain = name.split(":", maxsplit=1)[0].lstrip("/")
    owner = "" if plain.startswith("aws/service/") else ministack_adapter.account()
    return f"arn:aws:ssm:{ministack_adapter.region()}:{owner}:parameter/{plain}"


# --- EC2 -----------------------------------------------------------------------------------------


def _of_tags(tags: list[dict[str, str]]) -> Context:
    context: Context = {
        f"aws:requesttag/{tag['Key']}".lower(): tag.get("Value", "") for tag in tags
    }
    return {**context, "aws:tagkeys": [tag["Key"] for tag in tags]} if tags else {}


def _public(kind: str, name: str) -> str:
    """Return the ARN of a resource that names no account."""
    return f"arn:aws:ec2:{ministack_adapter.region()}::{kind}/{name}"


def _instances(request: Request) -> Iterator[Pair]:
    for name in request.get("InstanceIds") or [request.get("InstanceId", "*")]:
        yield stores.arn("instance", name), {}


def _attributes(request: Request) -> Iterator[Pair]:
    yield from _instances(request)
    for name in request.get("Groups") or ():
        yield stores.arn("security-group", name), {}


def _attachment(request: Request) -> Iterator[Pair]:
    volume = stores.volumes().get(request["VolumeId"]) or {}
    held = [attachment["InstanceId"] for attachment in volume.get("Attachments") or ()]
    yield stores.arn("volume", request["VolumeId"]), {}
    for name in dict.fromkeys([request["InstanceId"]] if "InstanceId" in request else held):
        yield stores.arn("instance", name), {}


def _new_volume(request: Request) -> Iterator[Pair]:
    context = _of_tags(stores.specified_tags(request, "volume"))
    context |= {"ec2:volumesize": str(request["Size"])} if "Size" in request else {}
    context["ec2:volumetype"] = request.get("VolumeType", "gp2")
    context["ec2:encrypted"] = str(request.get("Encrypted", False)).lower()
    yield stores.arn("volume", "*"), context
    if "SnapshotId" in request:
        yield _public("snapshot", request["SnapshotId"]), {}


def _new_snapshot(request: Request) -> Iterator[Pair]:
    yield _public("snapshot", "*"), _of_tags(stores.specified_tags(request, "snapshot"))
    yield stores.arn("volume", request["VolumeId"]), {}


def _new_image(request: Request) -> Iterator[Pair]:
    yield _public("image", "*"), _of_tags(stores.specified_tags(request, "image"))
    yield _public("snapshot", "*"), _of_tags(stores.specified_tags(request, "snapshot"))
    yield stores.arn("instance", request["InstanceId"]), {}


def _copied_snapshot(request: Request) -> Iterator[Pair]:
    yield _public("snapshot", "*"), _of_tags(stores.specified_tags(request, "snapshot"))
    yield _public("snapshot", request["SourceSnapshotId"]), {}


def _copied_image(request: Request) -> Iterator[Pair]:
    yield _public("image", "*"), _of_tags(stores.specified_tags(request, "image"))
    yield _public("image", request["SourceImageId"]), {}


_KINDS = {
    "ami": "image",
    "eni": "network-interface",
    "i": "instance",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}


def _tagged(request: Request) -> Iterator[Pair]:
    tags = request.get("Tags") or []
    for name in request["Resources"]:
        kind = _KINDS.get(name.partition("-")[0], "*")
        arn = _public(kind, name) if kind in ("image", "snapshot") else stores.arn(kind, name)
        yield arn, _of_tags(tags)


def _one(kind: str, member: str) -> Callable[[Request], Iterator[Pair]]:
    def named(request: Request) -> Iterator[Pair]:
        name = request.get(member, "*")
        public = kind in ("image", "snapshot")
        yield _public(kind, name) if public else stores.arn(kind, name), {}

    return named


_RESOURCES: Mapping[str, Callable[[Request], Iterator[Pair]]] = {
    **dict.fromkeys(
        (
            *("RebootInstances", "StartInstances", "StopInstances", "TerminateInstances"),
            *("DescribeInstanceAttribute", "ModifyInstanceMetadataOptions"),
        ),
        _instances,
    ),
    "ModifyInstanceAttribute": _attributes,
    "RunInstances": _instances,
    "AttachVolume": _attachment,
    "DetachVolume": _attachment,
    "CreateVolume": _new_volume,
    "CopyImage": _copied_image,
    "CopySnapshot": _copied_snapshot,
    "CreateSnapshot": _new_snapshot,
    "CreateImage": _new_image,
    "CreateTags": _tagged,
    "DeleteTags": _tagged,
    "DeleteVolume": _one("volume", "VolumeId"),
    "DeleteSnapshot": _one("snapshot", "SnapshotId"),
    "DeregisterImage": _one("image", "ImageId"),
}


def _created(operation: str, request: Request) -> Iterator[Question]:
    """Yield what is tagged while it is made."""
    if re.match("Create(?!Tags)|Copy|RunInstances", operation):
        for given in request.get("TagSpecifications") or ():
            kind = given.get("ResourceType", "*")
            public = kind in ("image", "snapshot")
            arn = _public(kind, "*") if public else stores.arn(kind, "*")
            yield Question("ec2:CreateTags", arn, _of_tags(given.get("Tags") or []))


def _of_launch(request: Request) -> Iterator[Question]:
    """Yield what RunInstances is asked about: what is made, and what it is made from."""
    action = "ec2:RunInstances"
    request = launch_templates.applied(request)
    options = request.get("MetadataOptions") or {}
    profile = _profile(request)
    zone = (request.get("Placement") or {}).get("AvailabilityZone")
    of_instance: Context = {
        "ec2:instancetype": request.get("InstanceType", "m1.small"),
        "ec2:metadatahttptokens": options.get("HttpTokens", "optional"),
        "ec2:metadatahttpputresponsehoplimit": str(options.get("HttpPutResponseHopLimit", 1)),
        "ec2:rootdevicetype": "ebs",
        "ec2:tenancy": "default",
        **({"ec2:availabilityzone": zone} if zone else {}),
        **({"ec2:instanceprofile": profile["Arn"]} if profile else {}),
        **_of_tags(stores.specified_tags(request, "instance")),
    }
    yield Question(action, stores.arn("instance", "*"), of_instance)
    yield Question(action, _public("image", request.get("ImageId", "*")))
    of_volume = _of_tags(stores.specified_tags(request, "volume"))
    yield Question(action, stores.arn("volume", "*"), of_volume)
    yield Question(action, stores.arn("network-interface", "*"))
    yield Question(action, stores.arn("subnet", request.get("SubnetId", "*")))
    for name in request.get("SecurityGroupIds") or ["*"]:
        yield Question(action, stores.arn("security-group", name))
    for question in _created("RunInstances", request):
        context = {**question.context, "ec2:createaction": "RunInstances"}
        yield Question(question.action, question.resource, context)
    roles = ministack_adapter.module("services.iam")._roles
    for role in profile["Roles"] if profile else ():
        if role in roles:
            passed: Context = {"iam:passedtoservice": "ec2.amazonaws.com"}
            yield Question("iam:PassRole", roles[role]["Arn"], passed)


def _profile(request: Request) -> Request | None:
    given = request.get("IamInstanceProfile") or {}
    iam = ministack_adapter.module("services.iam")
    found: Request | None = iam._lookup_instance_profile(
        name=given.get("Name", ""), arn=given.get("Arn", "")
    )
    return found
