"""EC2 instances and volumes with the workshop's tags.

Seats may not use EC2 at all, so whatever carries the tags was made by somebody else's hand, or by
a stack: the tags are a claim, unless CloudFormation wrote the one with its stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags as keys
from workshop.aws.errors import code
from workshop.teardown import refusals
from workshop.teardown.resource import Resource, ResourceType, ScanContext
from workshop.teardown.resources import tagged

ALIVE = ("pending", "running", "stopping", "stopped", "shutting-down")
BILLED = frozenset({"pending", "running", "stopping"})


def _client(world: ScanContext) -> Any:
    return world.clients.client("ec2", world.scope.place)


def _listed(world: ScanContext, operation: str, **more: Any) -> Iterator[dict[str, Any]]:
    """Pages of what carries the workshop's tags: EC2 itself leaves out everything else."""
    filters = [
        {"Name": f"tag:{keys.WORKSHOP}", "Values": [world.scope.workshop]},
        *more.pop("Filters", ()),
    ]
    yield from _client(world).get_paginator(operation).paginate(Filters=filters, **more)


def _thing(
    world: ScanContext, kind: str, one: str, found: Mapping[str, Any], **more: Any
) -> Iterator[Resource]:
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
    verdict = tagged.judge(world, tags.get("Name", one), "", tags)
    if verdict is not None:
        yield Resource(
            kind=kind,
            id=one,
            place=world.scope.place,
            ownership=verdict.ownership,
            why=verdict.why,
            seat=verdict.seat,
            of_environment=tagged.other_environment(world.scope, tags),
            **more,
        )


@dataclass(frozen=True)
class Instances:
    """EC2 instances; an hour's price is not known here."""

    name: str = "EC2 instance"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::EC2::Instance"
    needs_role: bool = False

    def find(self, world: ScanContext) -> Iterator[Resource]:
        alive = {"Name": "instance-state-name", "Values": list(ALIVE)}
        for page in _listed(world, "describe_instances", Filters=[alive]):
            for reservation in page["Reservations"]:
                for one in reservation["Instances"]:
                    state = one["State"]["Name"]
                    yield from _thing(
                        world,
                        self.name,
                        one["InstanceId"],
                        one,
                        state=state,
                        hourly=None if state in BILLED else Decimal(0),
                        created=one.get("LaunchTime"),
                    )

    def stop(self, world: ScanContext, thing: Resource) -> bool:
        if thing.state not in {"pending", "running"}:
            return False
        try:
            _client(world).stop_instances(InstanceIds=[thing.id])
        except ClientError as error:
            # One without a disk of its own, or of a one-time spot request, can only be terminated.
            if code(error.response) == "UnsupportedOperation" or refusals.is_gone(error):
                return False
            raise
        return True

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).terminate_instances(InstanceIds=[thing.id])
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            answer = _client(world).describe_instances(InstanceIds=[thing.id])
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise
        for reservation in answer["Reservations"]:
            for one in reservation["Instances"]:
                state = str(one["State"]["Name"])
                # EC2 shows what was terminated for about an hour more.
                return None if state == "terminated" else state
        return None

    def deletable_in(self, state: str) -> bool:
        return state != "shutting-down"


@dataclass(frozen=True)
class Volumes:
    """EBS volumes, which many instances leave behind; they cost by the month, used or not."""

    name: str = "EBS volume"
    after: tuple[str, ...] = ("EC2 instance",)
    resource_type: str = "AWS::EC2::Volume"
    needs_role: bool = False

    def find(self, world: ScanContext) -> Iterator[Resource]:
        for page in _listed(world, "describe_volumes"):
            for one in page["Volumes"]:
                yield from _thing(
                    world,
                    self.name,
                    one["VolumeId"],
                    one,
                    state=one["State"],
                    hourly=None,
                    created=one.get("CreateTime"),
                )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - only going ends it
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_volume(VolumeId=thing.id)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            answer = _client(world).describe_volumes(VolumeIds=[thing.id])
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise
        return next((str(one["State"]) for one in answer["Volumes"]), None)

    def deletable_in(self, state: str) -> bool:
        return state in {"available", "error"}


KINDS: tuple[ResourceType, ...] = (Instances(), Volumes())
