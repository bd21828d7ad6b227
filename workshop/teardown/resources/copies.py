"""Snapshots of volumes and machine images: copies of a disk, which somebody is billed for.

A seat may make none. By their tags they are claimed, and so is a copy of a seat's own disk, with
whatever its person had on it: EC2 copies no tags to it. The ledger tells of disks that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import instances, names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.instances import Ec2Type

MADE = "somebody made it of"


class MachineImages(Ec2Type):
    """Images of the account's own; they cost by their snapshots."""

    name = names.MACHINE_IMAGE
    reads = ("ec2:DescribeImages",)
    arn_type = "ec2:image"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        instances.of_workshop(context)
        for image in self.listed(context, "describe_images", "Images", Owners=["self"]):
            yield from self.of_disk(
                context,
                image["ImageId"],
                image,
                image.get("SourceInstanceId", ""),
                MADE,
                state=image["State"],
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).deregister_image(ImageId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_images(ImageIds=[resource.id])
        states = (str(one["State"]) for one in answer["Images"])
        return next((state for state in states if state != "deregistered"), None)


class Snapshots(Ec2Type):
    """Snapshots of the account's own; one that an image uses goes after it."""

    name = names.SNAPSHOT
    after = (names.MACHINE_IMAGE,)
    reads = ("ec2:DescribeSnapshots",)
    arn_type = "ec2:snapshot"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        instances.of_workshop(context)
        for snapshot in self.listed(context, "describe_snapshots", "Snapshots", OwnerIds=["self"]):
            yield from self.of_disk(
                context,
                snapshot["SnapshotId"],
                snapshot,
                snapshot.get("VolumeId", ""),
                MADE,
                state=snapshot["State"],
                hourly=None,
                created=snapshot.get("StartTime"),
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_snapshot(SnapshotId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_snapshots(SnapshotIds=[resource.id])
        return next((str(one["State"]) for one in answer["Snapshots"]), None)


TYPES: tuple[ResourceType, ...] = (MachineImages(), Snapshots())
