"""Snapshots of volumes and machine images: copies of a disk, which somebody is billed for.

A seat may make none. By their tags they are claimed, and so is a copy of a seat's own disk, or of
such a copy, with whatever its person had on it. The ledger tells of disks that are gone.
"""

from __future__ import annotations

from collections.abc import Iterator

from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import disk_lineage, instances, names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.instances import Ec2Type


class MachineImages(Ec2Type):
    """Images of the account's own; they cost by their snapshots."""

    name = names.MACHINE_IMAGE
    reads = disk_lineage.READS
    arn_type = "ec2:image"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        instances.of_workshop(context)
        for image in disk_lineage.copies(context).images:
            yield from self.of_disk(
                context,
                image["ImageId"],
                image,
                state=image["State"],
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).deregister_image(ImageId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_images(ImageIds=[resource.id])
        states = (str(image["State"]) for image in answer["Images"])
        return next((state for state in states if state != "deregistered"), None)


class Snapshots(Ec2Type):
    """Snapshots of the account's own; one that an image uses goes after it."""

    name = names.SNAPSHOT
    after = (names.MACHINE_IMAGE,)
    reads = disk_lineage.READS
    arn_type = "ec2:snapshot"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        instances.of_workshop(context)
        for snapshot in disk_lineage.copies(context).snapshots:
            yield from self.of_disk(
                context,
                snapshot["SnapshotId"],
                snapshot,
                state=snapshot["State"],
                hourly=None,
                created=snapshot.get("StartTime"),
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_snapshot(SnapshotId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_snapshots(SnapshotIds=[resource.id])
        return next((str(snapshot["State"]) for snapshot in answer["Snapshots"]), None)


TYPES: tuple[ResourceType, ...] = (MachineImages(), Snapshots())
