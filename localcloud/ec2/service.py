"""Puts EC2's operations into ministack's table, and closes those that are not played."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from localcloud import ministack_adapter
from localcloud.admin import AdminEndpoint
from localcloud.ec2 import (
    changes,
    copies,
    describing,
    instance_types,
    launch_templates,
    launching,
    messages,
    network_interfaces,
    offerings,
    public_parameters,
    reservations,
    resource_tags,
    security_groups,
    stores,
    volumes,
)
from localcloud.ec2.states import NEXT, States
from localcloud.ec2.world import Ec2World
from localcloud.errors import LocalCloudError
from localcloud.protocol.errors import ApiError, not_played
from localcloud.sagemaker.engine import SageMakerEngine

Document = dict[str, Any]
Perform = Callable[..., Document]

OF_INSTANCES: dict[str, Perform] = {
    "DescribeInstanceAttribute": changes.describe_instance_attribute,
    "DescribeInstanceStatus": describing.describe_instance_status,
    "DescribeInstances": describing.describe_instances,
    "ModifyInstanceAttribute": changes.modify_instance_attribute,
    "ModifyInstanceMetadataOptions": changes.modify_instance_metadata_options,
    "RebootInstances": changes.reboot_instances,
    "RunInstances": launching.run_instances,
    "StartInstances": changes.start_instances,
    "StopInstances": changes.stop_instances,
    "TerminateInstances": changes.terminate_instances,
}
OF_OTHERS: dict[str, Perform] = {
    "AttachVolume": volumes.attach_volume,
    "CancelCapacityReservation": reservations.cancel_capacity_reservation,
    "CreateCapacityReservation": reservations.create_capacity_reservation,
    "CopyImage": copies.copy_image,
    "CopySnapshot": copies.copy_snapshot,
    "CreateImage": copies.create_image,
    "CreateSnapshot": copies.create_snapshot,
    "CreateTags": resource_tags.create_tags,
    "CreateVolume": volumes.create_volume,
    "DeleteSnapshot": copies.delete_snapshot,
    "DeleteTags": resource_tags.delete_tags,
    "DeleteVolume": volumes.delete_volume,
    "DeregisterImage": copies.deregister_image,
    "DescribeCapacityReservations": reservations.describe_capacity_reservations,
    "DescribeImages": copies.describe_images,
    "DescribeSnapshots": copies.describe_snapshots,
    "DescribeVolumes": volumes.describe_volumes,
    "DetachVolume": volumes.detach_volume,
}
OF_MINISTACK = re.compile(
    r"(Describe|Create|Delete|Modify|Replace|Attach|Detach|Associate|Disassociate)"
    r"(AvailabilityZones|Regions|Tags|(Default)?Vpcs?|Vpc(Attribute|Endpoints?|EndpointServices)"
    r"|Subnets?|SubnetAttribute|SecurityGroups?|SecurityGroupRules|InternetGateways?"
    r"|RouteTables?|RouteTableAssociation|Routes?|NetworkInterfaces?|PrefixLists"
    r"|ManagedPrefixLists?|NatGateways?|NetworkAcls?|DhcpOptions|KeyPairs?"
    r"|LaunchTemplates?|LaunchTemplateVersions?|Address(es)?)"
    r"|(Authorize|Revoke)SecurityGroup(In|E)gress|(Allocate|Release)Address"
    r"|DescribeInstanceTypeOfferings"
)
"""Operations that are left to ministack."""


class Ec2Service:
    """EC2 of all accounts and Regions."""

    def __init__(self, world: Ec2World) -> None:
        self.world = world
        self.states = States(world)

    def call(self, operation: str, request: Document) -> Document:
        """Perform an operation of ours; raise ``ApiError`` for every refusal."""
        with self.world.lock:
            self.states.run_due()
            if operation in OF_INSTANCES:
                return OF_INSTANCES[operation](self.world, self.states, request)
            return OF_OTHERS[operation](self.world, request)

    def patch(self, engine: SageMakerEngine) -> None:
        """Replace ministack's operations, once per process."""
        actions = stores.ec2()._ACTION_MAP
        for name in [name for name in actions if not OF_MINISTACK.fullmatch(name)]:
            actions[name] = _closed(name)
        for name in (*OF_INSTANCES, *OF_OTHERS):
            actions[name] = messages.answering(name, self._performing(name))
        offerings.patch_offerings()
        actions["DescribeInstanceTypes"] = messages.answering("DescribeInstanceTypes", _types)
        network_interfaces.patch_network_interfaces(engine)
        security_groups.patch_security_groups()
        public_parameters.patch_public_parameters()
        launch_templates.patch_launch_templates()

    def _performing(self, name: str) -> messages.Operation:
        return lambda request: self.call(name, request)

    def endpoint(self) -> AdminEndpoint:
        """``shut_down``: the id of an instance that is shut down from inside."""

        def answer(change: Document) -> Document:
            if change.keys() != {"shut_down", "account", "region"}:
                raise LocalCloudError("give shut_down, account and region")
            place = (change["account"], change["region"])
            with ministack_adapter.request_scope(*place), self.world.lock:
                self.states.run_due()
                try:
                    changes.shut_down(self.states, change["shut_down"])
                except ApiError as refusal:
                    raise LocalCloudError(refusal.message) from None
            return {"shut_down": change["shut_down"]}

        return answer

    # --- what the emulator asks of a part with state ----------------------------------------

    def reset(self) -> None:
        """Forget what was to come; the instances are in ministack's stores."""
        self.world.reservations.clear()
        self.states = States(self.world)

    def get_state(self) -> Document:
        """Return what ministack has no store for."""
        kept = [[*place, found] for place, found in self.world.reservations.items()]
        return {"reservations": kept}

    def load_persisted_state(self, data: Document) -> None:
        """Restore it, and look at the restored instances at the next request."""
        for account, region, found in data["reservations"]:
            self.world.reservations[account, region] = found
        self.states = States(self.world)
        self.states.restored = True


PASSING: Mapping[str, Collection[str]] = {"Instance": frozenset(NEXT)}
"""The statuses in which an instance can be stuck."""


def _types(request: Document) -> Document:
    return instance_types.describe(request, offerings.offered(ministack_adapter.region()))


def _closed(name: str) -> Callable[[Document], messages.Answer]:
    return lambda _: messages.refused(not_played("EC2", name))
