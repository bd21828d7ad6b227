"""What is tried of EC2 in an adversary's world: by seats with instances, and by somebody else.

Ids are EC2's to give: an attempt names a place among all that there is of a kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.support.account_snapshots import Held
from tests.support.local_cloud import Cloud
from tests.support.machines import image, run

REGION = "us-east-1"
ZONE = f"{REGION}a"
SEATS = {
    "workshop": "demo",
    "environment": "demo",
    "attendee": "ada",
    "managed-by": "workshop-provisioner",
}
TAGS: tuple[Mapping[str, str], ...] = (
    {},
    SEATS,
    {"workshop": "demo"},
    {"attendee": "ada"},
    {"workshop": "demo", "attendee": "ben"},
    {**SEATS, "attendee": "cohort"},
    {**SEATS, "workshop": "speech"},
    {"Name": "demo-ada-box", "stack-name": "demo-ada-box"},
    {**SEATS, "aws:cloudformation:stack-name": "demo-ada-box"},
)
"""None, a seat's, parts of these, another seat's, another workshop's, and what stacks are called.

The last is refused: nobody writes AWS's own.
"""
NAMES = ("demo-ada-box", "box-demo-ada", "quarterly", "demo-ben-us-east-1-box")
PROFILES = ("", "", "demo-ada-us-east-1-box", "demo-ben-us-east-1-box")


@dataclass(frozen=True)
class MachineAttempt:
    """One request to EC2: about which of those that are there, and with which tags."""

    operation: str
    target: int = 0
    tags: int = 0


Request = tuple[str, dict[str, Any]]
There = Mapping[str, Sequence[str]]
Move = Callable[[There, int, Mapping[str, str]], Request]


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _carrying(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    specified = [{"ResourceType": kind, "Tags": _pairs(tags)}]
    return {"TagSpecifications": specified} if tags else {}


def _at(there: There, kind: str, place: int) -> str:
    """The id at a place; of the latest first, which are those of seats. IndexError for none."""
    some = there[kind]
    return some[-1 - place % len(some)] if some else f"{kind}-0abc1234567890abc"


def _attach(there: There, place: int, _: Mapping[str, str]) -> Request:
    """Of a volume to another instance than its own, or of somebody's to one of a seat."""
    return "AttachVolume", {
        "VolumeId": _at(there, "vol", place // 2),
        "InstanceId": _at(there, "i", place),
        "Device": "/dev/sdf",
    }


def _restore(there: There, place: int, tags: Mapping[str, str]) -> Request:
    name, request = _volume(there, place, tags)
    return name, {**request, "SnapshotId": _at(there, "snap", place)}


def _copy_snapshot(there: There, place: int, tags: Mapping[str, str]) -> Request:
    """With the description that EC2's console writes."""
    source = _at(there, "snap", place)
    about = f"[Copied {source} from {REGION}]"
    named = {"SourceSnapshotId": source, "SourceRegion": REGION, "Description": about}
    return "CopySnapshot", {**named, **_carrying("snapshot", tags)}


def _copy_image(there: There, place: int, tags: Mapping[str, str]) -> Request:
    name = f"copy-{len(there['ami'])}-{len(there['snap'])}"
    source = {"SourceImageId": _at(there, "ami", place), "SourceRegion": REGION}
    return "CopyImage", {"Name": name, **source, **_carrying("image", tags)}


def _run(there: There, place: int, tags: Mapping[str, str]) -> Request:
    profile = PROFILES[place % len(PROFILES)]
    return "RunInstances", {
        "ImageId": there["public"][0],
        "InstanceType": "t3.medium",
        "MinCount": 1,
        "MaxCount": 1,
        **({"IamInstanceProfile": {"Name": profile}} if profile else {}),
        # Such an instance cannot be stopped.
        **({"InstanceMarketOptions": {"MarketType": "spot"}} if place % 3 == 1 else {}),
        **_carrying("instance", tags),
    }


def _volume(_: There, __: int, tags: Mapping[str, str]) -> Request:
    return "CreateVolume", {"AvailabilityZone": ZONE, "Size": 1, **_carrying("volume", tags)}


def _snapshot(there: There, place: int, tags: Mapping[str, str]) -> Request:
    source = _at(there, "vol", place)
    return "CreateSnapshot", {"VolumeId": source, **_carrying("snapshot", tags)}


def _image(there: There, place: int, tags: Mapping[str, str]) -> Request:
    name = f"{NAMES[place % len(NAMES)]}-{len(there['ami'])}"
    source = _at(there, "i", place)
    return "CreateImage", {"InstanceId": source, "Name": name, **_carrying("image", tags)}


def _group(there: There, place: int, tags: Mapping[str, str]) -> Request:
    name = f"{NAMES[place % len(NAMES)]}-{len(there['sg'])}"
    carried = _carrying("security-group", tags)
    return "CreateSecurityGroup", {"GroupName": name, "Description": "x", **carried}


def _tag(there: There, place: int, tags: Mapping[str, str]) -> Request:
    return "CreateTags", {"Resources": [_any(there, place)], "Tags": _pairs(tags or SEATS)}


def _untag(there: There, place: int, _: Mapping[str, str]) -> Request:
    return "DeleteTags", {"Resources": [_any(there, place)]}


def _any(there: There, place: int) -> str:
    kinds = [kind for kind in ("i", "vol", "snap", "ami", "sg") if there[kind]]
    return _at(there, kinds[place % len(kinds)], place // len(kinds))


def _of_instances(operation: str) -> Move:
    def move(there: There, place: int, _: Mapping[str, str]) -> Request:
        return operation, {"InstanceIds": [_at(there, "i", place)]}

    return move


def _protect(there: There, place: int, _: Mapping[str, str]) -> Request:
    protected = {"DisableApiTermination": {"Value": True}}
    return "ModifyInstanceAttribute", {"InstanceId": _at(there, "i", place), **protected}


def _detach(there: There, place: int, _: Mapping[str, str]) -> Request:
    return "DetachVolume", {"VolumeId": _at(there, "vol", place)}


def _delete(there: There, place: int, _: Mapping[str, str]) -> Request:
    return "DeleteVolume", {"VolumeId": _at(there, "vol", place)}


MOVES: Mapping[str, Move] = {
    "run": _run,
    "make a volume": _volume,
    "make a snapshot": _snapshot,
    "make an image": _image,
    "restore a volume": _restore,
    "copy a snapshot": _copy_snapshot,
    "copy an image": _copy_image,
    "attach": _attach,
    "make a group": _group,
    "tag": _tag,
    "untag": _untag,
    "stop": _of_instances("StopInstances"),
    "terminate": _of_instances("TerminateInstances"),
    "protect": _protect,
    "detach": _detach,
    "delete a volume": _delete,
}


def attempt(
    cloud: Cloud, one: MachineAttempt, call: Callable[[str, str, dict[str, Any]], Any]
) -> str:
    """Make an attempt; the code of its refusal, "" for none."""
    operation, request = MOVES[one.operation](_there(cloud), one.target, TAGS[one.tags])
    try:
        call("ec2", operation, request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return ""


def _there(cloud: Cloud) -> There:
    """The ids of all that there is, by how ids begin, in the order in which it was made."""
    ec2, own = cloud.client("ec2"), "self"
    alive = ["pending", "running", "stopping", "stopped"]
    reservations = ec2.describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": alive}]
    )["Reservations"]
    groups = ec2.describe_security_groups()["SecurityGroups"]
    return {
        "i": [one["InstanceId"] for each in reservations for one in each["Instances"]],
        "vol": [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]],
        "snap": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=[own])["Snapshots"]],
        "ami": [one["ImageId"] for one in ec2.describe_images(Owners=[own])["Images"]],
        "sg": [one["GroupId"] for one in groups if one["GroupName"] != "default"],
        "public": [image(cloud.client)],
    }


def bystander(cloud: Cloud) -> None:
    """Somebody's machine, with a copy of its disk, and things that look like a seat's."""
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    plain = run(cloud.client)
    run(cloud.client, **_carrying("instance", SEATS))
    ec2.create_volume(AvailabilityZone=ZONE, Size=1)
    ec2.create_volume(AvailabilityZone=ZONE, Size=1, **_carrying("volume", SEATS))
    ec2.create_image(InstanceId=plain, Name="prod")
    ec2.create_security_group(GroupName="box-demo-ada", Description="x")
    iam.create_instance_profile(InstanceProfileName="demo-cleo-us-east-1-box")


# --- ground truth ---------------------------------------------------------------------------------

TAGGED = tuple(
    f"Describe{kind} " for kind in ("Instances", "Volumes", "Snapshots", "Images", "SecurityGroups")
)
"""How the keys begin of what EC2 tells with its tags."""

_OF_SEAT = re.compile(r"instance-profile/ws/demo/demo-([a-z]+)-us-east-1-box<")
_DISKS = re.compile(r"<deviceName>([^<]+)</deviceName>\s*<ebs>(.*?)</ebs>", re.DOTALL)
_SOURCES = {
    "DescribeImages ": re.compile(r"<(?:sourceInstanceId|sourceImageId|snapshotId)>([^<]+)<"),
    "DescribeSnapshots ": re.compile(
        r"<volumeId>([^<]+)<|\[Copied (snap-\w+) |from SourceAmi (ami-\w+) |Snapshot (snap-\w+)\."
    ),
    "DescribeVolumes ": re.compile(r"<(?:snapshotId|sourceVolumeId)>([^<]+)<"),
}
"""What EC2 tells of that from which something was made, by how the keys begin."""


def seats_of(known: Sequence[Held]) -> dict[str, str]:
    """The seats of all instances that had the profile of one, of their disks and copies, by id."""
    found = {}
    for held in known:
        for key, text in held.items():
            seat = _OF_SEAT.search(text) if key.startswith("DescribeInstances ") else None
            if seat is not None:
                for id_ in (key.split()[1], *_own_disks(text)):
                    found[id_] = seat[1]
    before = -1
    while len(found) > before:
        before = len(found)
        for held in known:
            for key, text in held.items():
                for source in sources(key, text):
                    if source in found:
                        found.setdefault(key.split()[-1], found[source])
    return found


def _own_disks(instance: str) -> list[str]:
    """The disks that an instance came with, and not what somebody attached to it."""
    (root,) = re.findall(r"<rootDeviceName>([^<]+)<", instance)
    return [
        id_
        for device, disk in _DISKS.findall(instance)
        if device == root or "<deleteOnTermination>true<" in disk
        for id_ in re.findall(r"<volumeId>([^<]+)<", disk)
    ]


def sources(key: str, text: Any) -> Iterable[str]:
    """The ids of what something was made from."""
    for begins, told in _SOURCES.items():
        if key.startswith(begins):
            for found in told.findall(text):
                yield from filter(None, [found] if isinstance(found, str) else found)


def seat_of(key: str, text: Any, seats: Mapping[str, str]) -> str:
    """Whose something is that somebody made: of a seat's disk or role; "" for their own."""
    id_ = key.rsplit(maxsplit=1)[-1]
    if key.startswith("DescribeInstances "):
        return seats.get(id_, "")
    return "" if id_ not in seats or says(text, "workshop", "speech") else seats[id_]


def attached_no_more(key: str, text: Any) -> Any:
    """What EC2 tells of something but of the instance that uses it: that may go."""
    if not key.startswith("DescribeVolumes "):
        return text
    return re.sub(
        r"<attachmentSet>.*?</attachmentSet>|<status>[^<]+</status>", "", text, flags=re.DOTALL
    )


def says(text: str, key: str, value: str) -> bool:
    """Whether EC2 tells this tag."""
    return re.search(rf"<key>{key}</key>\s*<value>{value}</value>", text) is not None
