"""Which volumes, snapshots and images come from the disk of a seat's instance, by what EC2 tells.

EC2 copies no tags to a copy, and whoever may make one may copy it again. Each tells of what it was
made, but for a snapshot that was copied by itself: that only says so where its description does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workshop import tags as keys
from workshop.teardown.resource import Ownership, Resource, ScanCache, ScanContext

FILTERED = 200
"""Values that a filter of EC2's takes at most."""
READS = ("ec2:DescribeImages", "ec2:DescribeSnapshots", "ec2:DescribeVolumes")

_DESCRIBED = re.compile(r"\[Copied |Copied for ")
"""How EC2 and its console begin the description of a snapshot that is a copy; anybody can write
another."""
_ID = re.compile(r"\b(?:snap|ami)-[0-9a-f]+\b")

Description = Mapping[str, Any]


@dataclass(frozen=True)
class SeenDisk:
    """An instance that could be a seat's, a disk of one, or what was made of that.

    No id is ever used again. ``copies`` is how many copies lie between it and the disk.
    """

    seat: str
    instance: str
    is_proven: bool
    copies: int = 0

    @property
    def words(self) -> str:
        """Return whose disk it is, or was made of."""
        if not self.copies:
            return f"it was the disk of {self.instance}"
        of = "" if self.copies == 1 else "a copy of "
        return f"somebody made it of {of}the disk of {self.instance}"


@dataclass(frozen=True)
class DiskCopies:
    """The account's own snapshots and images in a Region, and the volumes that could be seats'."""

    snapshots: Sequence[Description]
    images: Sequence[Description]
    volumes: Mapping[str, Description]


def remember_disks(memory: ScanCache, seen: Mapping[str, tuple[str, str]]) -> None:
    """Note instances, disks and copies in a lasting memory, by id with seat and instance."""
    disks(memory).update(
        {
            id_: SeenDisk(*whose, is_proven=True, copies=int(not id_.startswith(("i-", "vol-"))))
            for id_, whose in seen.items()
        }
    )


def proven_disks(memory: ScanCache) -> dict[str, tuple[str, str]]:
    """Return those of a lasting memory that are proven: what is but claimed lasts for one run."""
    return {
        id_: (disk.seat, disk.instance)
        for id_, disk in disks(memory).items()
        if disk.is_proven and not (disk.copies and id_.startswith("vol-"))
    }


def disks(memory: ScanCache) -> MutableMapping[str, SeenDisk]:
    """Return what was seen, by id."""
    found: MutableMapping[str, SeenDisk] = memory.get("disks of seats", dict)
    return found


def note_disks(context: ScanContext, instance: Description, found: Resource) -> None:
    """Note of what a copy may be made: it outlives the instance, whose disk goes with it.

    What somebody attached to it later stays theirs.
    """
    seen = SeenDisk(found.seat, found.id, is_proven=found.ownership == Ownership.OWNED)
    known = disks(context.lasting)
    own = [
        disk.get("Ebs", {})
        for disk in instance.get("BlockDeviceMappings", ())
        if disk.get("Ebs", {}).get("DeleteOnTermination")
        or disk["DeviceName"] == instance.get("RootDeviceName")
    ]
    for id_ in (found.id, *(disk.get("VolumeId", "") for disk in own)):
        if id_ and not (id_ in known and known[id_].is_proven):
            known[id_] = seen


def copies(context: ScanContext) -> DiskCopies:
    """Return what there is, and note all that comes from a noted disk; read once in a scan.

    botocore's errors pass through: what one listing does not tell, the others cannot know.
    """
    found: DiskCopies = context.memory.get("copies of disks", lambda: _traced(context))
    return found


def _traced(context: ScanContext) -> DiskCopies:
    images = [*_listed(context, "describe_images", "Images", Owners=["self"])]
    snapshots = [*_listed(context, "describe_snapshots", "Snapshots", OwnerIds=["self"])]
    tagged = _volumes(context, f"tag:{keys.WORKSHOP}", [context.scope.workshop])
    volumes = {volume["VolumeId"]: volume for volume in tagged}
    known, asked = disks(context.lasting), set[str]()
    before = -1
    while len(known) > before:
        before = len(known)
        for image in images:
            _note(known, image["ImageId"], _sources_of_image(image))
        for snapshot in snapshots:
            _note(known, snapshot["SnapshotId"], [snapshot.get("VolumeId", "")])
            if _DESCRIBED.match(snapshot.get("Description", "")):
                sources = _ID.findall(snapshot["Description"])
                _note(known, snapshot["SnapshotId"], sources, is_told=True)
        new = sorted({*known} - asked)
        asked.update(new)
        for name, kind in (("volume-id", "vol-"), ("snapshot-id", "snap-")):
            ids = [id_ for id_ in new if id_.startswith(kind)]
            volumes |= {volume["VolumeId"]: volume for volume in _volumes(context, name, ids)}
        for volume in volumes.values():
            sources = [volume.get("SnapshotId", ""), volume.get("SourceVolumeId", "")]
            _note(known, volume["VolumeId"], sources)
    return DiskCopies(snapshots, images, volumes)


def _note(
    known: MutableMapping[str, SeenDisk],
    id_: str,
    sources: Iterable[str],
    *,
    is_told: bool = False,
) -> None:
    """Note what was made of something noted; what a description tells is not proven by that."""
    source = next((known[source_id] for source_id in sources if source_id in known), None)
    if source is not None and id_ not in known:
        proven = source.is_proven and not is_told
        known[id_] = replace(source, is_proven=proven, copies=source.copies + 1)


def _sources_of_image(image: Description) -> Iterator[str]:
    """Yield of what an image was made: an instance, another image, or snapshots."""
    yield image.get("SourceInstanceId", "")
    yield image.get("SourceImageId", "")
    for disk in image.get("BlockDeviceMappings", ()):
        yield disk.get("Ebs", {}).get("SnapshotId", "")


def _volumes(context: ScanContext, name: str, values: Sequence[str]) -> Iterator[Description]:
    for start in range(0, len(values), FILTERED):
        chosen = {"Name": name, "Values": [*values[start : start + FILTERED]]}
        yield from _listed(context, "describe_volumes", "Volumes", Filters=[chosen])


def _listed(
    context: ScanContext, operation: str, member: str, **request: Any
) -> Iterator[Description]:
    client = context.clients.client("ec2", context.scope.account_region)
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(member, ())
