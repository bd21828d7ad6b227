"""Network interfaces: those of seats, and all that may be theirs in the subnets of the profiles.

A seat's role may make some in the subnet that its profile has, or had before the YAML was edited,
as SageMaker asks for it, and SageMaker has some of its own for notebooks, jobs and endpoints. Those
outlive what used them by minutes, and are given back with the rights of the role
(https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html): so no role goes before them.
While one is there, its subnet and security groups cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from workshop import tags as keys
from workshop.aws import errors
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources import names, tagged
from workshop.teardown.resources.base import ResourceType, tag_map
from workshop.teardown.waits import WaitPolicy

PAGE = 1000
"""Interfaces a page, the most that EC2 gives."""
IN_USE = "in-use"
BY_SAGEMAKER = "made by SageMaker for something in a subnet of the workshop; it goes by itself"


class NetworkInterfaces(ResourceType):
    """Interfaces that a seat or SageMaker made; those of other services are left out."""

    name = "network interface"
    service = "ec2"
    after = (names.ENDPOINT, names.NOTEBOOK, names.TRAINING_JOB, names.PROCESSING_JOB)
    cloudformation_type = "AWS::EC2::NetworkInterface"
    reads = ("ec2:DescribeNetworkInterfaces",)
    arn_type = "ec2:network-interface"
    needs_role = True

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for interface in self.listed(
            context,
            *("describe_network_interfaces", "NetworkInterfaces"),
            PaginationConfig={"PageSize": PAGE},
        ):
            verdict = self._judged(context, interface)
            if verdict is not None:
                groups = ", ".join(group["GroupId"] for group in interface.get("Groups", ()))
                why = f"{verdict.why}; it keeps subnet {interface['SubnetId']} and {groups}"
                verdict = OwnershipVerdict(verdict.ownership, why, verdict.seat)
                yield self.resource(
                    context, verdict, interface["NetworkInterfaceId"], state=interface["Status"]
                )

    def _judged(
        self, context: ScanContext, interface: Mapping[str, Any]
    ) -> OwnershipVerdict | None:
        scope, given = context.scope, tag_map(interface.get("TagSet", ()))
        maker = str(interface.get("RequesterId", "")).partition(":")[0]
        role = next((role for role in context.roles if role.id and role.id == maker), None)
        if role is not None:
            seat = ownership.seat_of_role(scope.workshop, role.name) or ""
            inside = scope.whole or seat in scope.seats
            message = f"made by the role {role.name}"
            return OwnershipVerdict(Ownership.OWNED, message, seat) if inside else None
        if keys.seat_of_tags(scope.workshop, given):
            return tagged.judge(context, interface["NetworkInterfaceId"], "", given)
        # Of the seats that share a subnet, nothing tells whose it is.
        if not scope.whole or interface["SubnetId"] not in scope.subnets:
            return None
        if not _may_be_of_a_seat(scope.subnets, interface):
            return None
        if _is_of_sagemaker(interface):
            return OwnershipVerdict(Ownership.CLAIMED, BY_SAGEMAKER)
        return OwnershipVerdict(
            Ownership.CLAIMED, "in a subnet of the workshop, and nothing tells who made it"
        )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_network_interface(NetworkInterfaceId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        found = self.client(context).describe_network_interfaces(NetworkInterfaceIds=[resource.id])
        return next((str(interface["Status"]) for interface in found["NetworkInterfaces"]), None)

    def deletable_in(self, state: str) -> bool:
        return state == "available"


def is_released_by_sagemaker(resource: Resource) -> bool:
    """Return whether SageMaker gives it back, so that it is but to be waited for."""
    return resource.resource_type == NetworkInterfaces.name and resource.why.startswith(
        BY_SAGEMAKER
    )


def awaited(
    context: ScanContext,
    resources: list[Resource],
    waits: WaitPolicy,
    pause: Callable[[float], object],
) -> list[Resource]:
    """Wait until these are gone, or the deadline has come; return those that are."""
    left = resources

    def are_gone() -> bool:
        nonlocal left
        left = [resource for resource in left if INTERFACES.state(context, resource) is not None]
        return not left

    with suppress(*errors.Refusal):  # whether they are there is not known: they keep what they keep
        waits.until(are_gone, pause)
    return [resource for resource in resources if resource not in left]


def _may_be_of_a_seat(subnets: Mapping[str, frozenset[str]], interface: Mapping[str, Any]) -> bool:
    """Return whether a seat or SageMaker may have made it: an ordinary one, and on no machine."""
    if interface.get("InterfaceType", "interface") != "interface":
        return False
    if interface.get("Attachment", {}).get("InstanceId"):
        return False
    if interface.get("RequesterManaged"):
        return _is_of_sagemaker(interface)
    groups = {group["GroupId"] for group in interface.get("Groups", ())}
    return interface["Status"] != IN_USE or bool(groups & subnets[interface["SubnetId"]])


def _is_of_sagemaker(interface: Mapping[str, Any]) -> bool:
    text = f"{interface.get('Description', '')} {interface.get('RequesterId', '')}"
    return "sagemaker" in text.lower()


INTERFACES = NetworkInterfaces()

TYPES: tuple[ResourceType, ...] = (INTERFACES,)
