"""Network interfaces: those of seats, and all that may be theirs in the subnets of the profiles.

A seat's role may make some in the subnet that its profile has, or had before the YAML was edited,
as SageMaker asks for it, and SageMaker has some of its own for notebooks, jobs and endpoints. Those
outlive what used them by minutes, and are given back with the rights of the role
(https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html): so no role goes before them.
While one is there, its subnet and security groups cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags as keys
from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Whose
from workshop.teardown.resource import Ownership, Resource, ResourceType, ScanContext
from workshop.teardown.resources import tagged

PAGE = 1000
"""Interfaces a page, the most that EC2 gives."""
IN_USE = "in-use"
BY_SAGEMAKER = "made by SageMaker for something in a subnet of the workshop; it goes by itself"


@dataclass(frozen=True)
class NetworkInterfaces:
    """Interfaces that a seat or SageMaker made; those of other services are left out."""

    name: str = "network interface"
    after: tuple[str, ...] = ("endpoint", "notebook", "training job", "processing job")
    resource_type: str = "AWS::EC2::NetworkInterface"
    needs_role: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        pages = _client(world).get_paginator("describe_network_interfaces")
        for page in pages.paginate(PaginationConfig={"PageSize": PAGE}):
            for one in page["NetworkInterfaces"]:
                verdict = self._judged(world, one)
                if verdict is not None:
                    groups = ", ".join(group["GroupId"] for group in one.get("Groups", ()))
                    yield Resource(
                        kind=self.name,
                        id=one["NetworkInterfaceId"],
                        place=world.scope.place,
                        ownership=verdict.ownership,
                        why=f"{verdict.why}; it keeps subnet {one['SubnetId']} and {groups}",
                        seat=verdict.seat,
                        state=one["Status"],
                    )

    def _judged(self, world: ScanContext, one: Mapping[str, Any]) -> Whose | None:
        scope, given = world.scope, {tag["Key"]: tag["Value"] for tag in one.get("TagSet", ())}
        maker = str(one.get("RequesterId", "")).partition(":")[0]
        role = next((role for role in world.roles if role.id and role.id == maker), None)
        if role is not None:
            seat = ownership.seat_of_role(scope.workshop, role.name) or ""
            inside = scope.whole or seat in scope.seats
            told = f"made by the role {role.name}"
            return Whose(Ownership.OWNED, told, seat) if inside else None
        if keys.seat_of_tags(scope.workshop, given):
            return tagged.judge(world, one["NetworkInterfaceId"], "", given)
        # Of the seats that share a subnet, nothing tells whose it is.
        if not scope.whole or one["SubnetId"] not in scope.subnets:
            return None
        if not _may_be_of_a_seat(scope.subnets, one):
            return None
        if _is_of_sagemaker(one):
            return Whose(Ownership.CLAIMED, BY_SAGEMAKER)
        return Whose(
            Ownership.CLAIMED, "in a subnet of the workshop, and nothing tells who made it"
        )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_network_interface(NetworkInterfaceId=thing.id)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            found = _client(world).describe_network_interfaces(NetworkInterfaceIds=[thing.id])
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise
        return next((str(one["Status"]) for one in found["NetworkInterfaces"]), None)

    def deletable_in(self, state: str) -> bool:
        return state == "available"


def goes_by_itself(thing: Resource) -> bool:
    """Whether SageMaker gives it back, so that it is but to be waited for."""
    return thing.kind == KINDS[0].name and thing.why.startswith(BY_SAGEMAKER)


def awaited(
    world: ScanContext,
    things: Sequence[Resource],
    looks: tuple[float, float],
    deadline: float,
    pause: Callable[[float], object],
) -> list[Resource]:
    """Wait until these are gone, for at most ``deadline`` seconds; return those that are.

    ``looks`` are the first and the longest wait between two looks, in seconds.
    """
    first_look, slowest_look = looks
    left, look, waited = list(things), first_look, 0.0
    while True:
        try:
            left = [one for one in left if KINDS[0].state(world, one) is not None]
        except refusals.Refusal:
            break  # whether they are there is not known, so they keep what they keep
        if not left or waited >= deadline:
            break
        pause(look)
        waited, look = waited + look, min(slowest_look, look * 1.5)
    return [one for one in things if one not in left]


def _may_be_of_a_seat(subnets: Mapping[str, frozenset[str]], one: Mapping[str, Any]) -> bool:
    """Whether a seat or SageMaker may have made it: of no other kind, and on no machine."""
    if one.get("InterfaceType", "interface") != "interface":
        return False
    if one.get("Attachment", {}).get("InstanceId"):
        return False
    if one.get("RequesterManaged"):
        return _is_of_sagemaker(one)
    groups = {group["GroupId"] for group in one.get("Groups", ())}
    return one["Status"] != IN_USE or bool(groups & subnets[one["SubnetId"]])


def _is_of_sagemaker(one: Mapping[str, Any]) -> bool:
    said = f"{one.get('Description', '')} {one.get('RequesterId', '')}"
    return "sagemaker" in said.lower()


def _client(world: ScanContext) -> Any:
    return world.clients.client("ec2", world.scope.place)


KINDS: tuple[ResourceType, ...] = (NetworkInterfaces(),)
