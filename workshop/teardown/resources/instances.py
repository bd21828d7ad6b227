"""EC2 instances and volumes with the workshop's tags.

Seats may not use EC2 at all, so whatever carries the tags was made by somebody else's hand, or by
a stack: the tags are a claim, unless CloudFormation wrote the one with its stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags as keys
from workshop.aws import errors
from workshop.aws.errors import code
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType, tag_map
from workshop.teardown.resources.tagged import TaggedType

ALIVE = ("pending", "running", "stopping", "stopped", "shutting-down")
BILLED = frozenset({"pending", "running", "stopping"})


class _EC2Type(TaggedType):
    """What EC2 lists by the workshop's tags."""

    service = "ec2"

    def tagged(
        self, context: ScanContext, operation: str, member: str, *filters: Any
    ) -> Iterator[Any]:
        """Yield what carries the workshop's tags: EC2 leaves out everything else."""
        own = {"Name": f"tag:{keys.WORKSHOP}", "Values": [context.scope.workshop]}
        yield from self.listed(context, operation, member, Filters=[own, *filters])

    def described(
        self, context: ScanContext, id_: str, description: Mapping[str, Any], **more: Any
    ) -> Iterator[Resource]:
        """Yield one with the verdict of its tags."""
        tags = tag_map(description.get("Tags", ()))
        yield from self.judged_by_tags(context, id_, tags, name=tags.get("Name", id_), **more)


class Instances(_EC2Type):
    """EC2 instances; an hour's price is not known here."""

    name = names.EC2_INSTANCE
    cloudformation_type = "AWS::EC2::Instance"
    reads = ("ec2:DescribeInstances",)
    arn_type = "ec2:instance"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        alive = {"Name": "instance-state-name", "Values": list(ALIVE)}
        for reservation in self.tagged(context, "describe_instances", "Reservations", alive):
            for instance in reservation["Instances"]:
                state = instance["State"]["Name"]
                yield from self.described(
                    context,
                    instance["InstanceId"],
                    instance,
                    state=state,
                    hourly=None if state in BILLED else Decimal(0),
                    created=instance.get("LaunchTime"),
                )

    def stop(self, context: ScanContext, resource: Resource) -> bool:
        if resource.state not in {"pending", "running"}:
            return False
        try:
            self.client(context).stop_instances(InstanceIds=[resource.id])
        except ClientError as error:
            # One without a disk of its own, or of a one-time spot request, can only be terminated.
            if code(error.response) == "UnsupportedOperation" or errors.is_gone(error):
                return False
            raise
        return True

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).terminate_instances(InstanceIds=[resource.id])

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_instances(InstanceIds=[resource.id])
        for reservation in answer["Reservations"]:
            for one in reservation["Instances"]:
                state = str(one["State"]["Name"])
                # EC2 shows what was terminated for about an hour more.
                return None if state == "terminated" else state
        return None

    def deletable_in(self, state: str) -> bool:
        return state != "shutting-down"


class Volumes(_EC2Type):
    """EBS volumes, which many instances leave behind; they cost by the month, used or not."""

    name = "EBS volume"
    after = (names.EC2_INSTANCE,)
    cloudformation_type = "AWS::EC2::Volume"
    reads = ("ec2:DescribeVolumes",)
    arn_type = "ec2:volume"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for volume in self.tagged(context, "describe_volumes", "Volumes"):
            yield from self.described(
                context,
                volume["VolumeId"],
                volume,
                state=volume["State"],
                hourly=None,
                created=volume.get("CreateTime"),
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_volume(VolumeId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_volumes(VolumeIds=[resource.id])
        return next((str(one["State"]) for one in answer["Volumes"]), None)

    def deletable_in(self, state: str) -> bool:
        return state in {"available", "error"}


TYPES: tuple[ResourceType, ...] = (Instances(), Volumes())
