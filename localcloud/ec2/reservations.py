"""Capacity reservations: machines that an organiser has, for instances that are run into them.

Capacity blocks are bought, which is not played: a reservation stands for one too.
"""

from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import instance_types, offerings, stores
from localcloud.ec2.world import Ec2World
from localcloud.protocol.errors import ApiError

Record = dict[str, Any]

_HOLDS = ("pending", "running")
_FILTERS: stores.Filters = {
    "availability-zone": lambda reservation: [reservation["AvailabilityZone"]],
    "instance-match-criteria": lambda reservation: [reservation["InstanceMatchCriteria"]],
    "instance-type": lambda reservation: [reservation["InstanceType"]],
    "state": lambda reservation: [reservation["State"]],
}


def create_capacity_reservation(world: Ec2World, request: Record) -> Record:
    """CreateCapacityReservation, active at once."""
    kind = instance_types.required(request["InstanceType"]).name
    region, zone = ministack_adapter.region(), request.get("AvailabilityZone", "")
    if zone not in offerings.locations(kind, "availability-zone", region):
        raise ApiError("Unsupported", f"{kind} is not supported in the Availability Zone {zone}.")
    if world.faults.lacks_capacity(kind, zone):
        raise ApiError("InsufficientInstanceCapacity", "Insufficient capacity.", 500)
    name = stores.new_id("cr")
    _here(world)[name] = {
        "CapacityReservationId": name,
        "OwnerId": ministack_adapter.account(),
        "CapacityReservationArn": stores.arn("capacity-reservation", name),
        "InstanceType": kind,
        "InstancePlatform": request["InstancePlatform"],
        "AvailabilityZone": zone,
        "Tenancy": "default",
        "TotalInstanceCount": request["InstanceCount"],
        "InstanceMatchCriteria": request.get("InstanceMatchCriteria", "open"),
        "EndDateType": request.get("EndDateType", "unlimited"),
        "State": "active",
        "CreateDate": world.clock.now(),
    }
    stores.add_tags(name, stores.specified_tags(request, "capacity-reservation"))
    return {"CapacityReservation": _shown(_here(world)[name])}


def describe_capacity_reservations(world: Ec2World, request: Record) -> Record:
    """DescribeCapacityReservations by ids and filters, in pages."""
    names = request.get("CapacityReservationIds") or ()
    found = [_required(world, name) for name in names] if names else _here(world).values()
    chosen = stores.selected(found, request, _FILTERS, "CapacityReservationId")
    return stores.page(
        request, "CapacityReservations", [_shown(reservation) for reservation in chosen]
    )


def cancel_capacity_reservation(world: Ec2World, request: Record) -> Record:
    """CancelCapacityReservation; instances in it go on running."""
    _required(world, request["CapacityReservationId"])["State"] = "cancelled"
    return {"Return": True}


def targeted(world: Ec2World, asked: Record, kind: str, count: int) -> Record | None:
    """Return the reservation that a request names; None: it names none.

    Raise ``ApiError`` unless it has machines of that type for so many instances.
    """
    target = (asked.get("CapacityReservationSpecification") or {}).get("CapacityReservationTarget")
    name = (target or {}).get("CapacityReservationId")
    if not name:
        return None
    found = _required(world, name)
    if found["State"] != "active" or found["InstanceType"] != kind or _free(found) < count:
        raise ApiError(
            "ReservationCapacityExceeded",
            "The requested reservation does not have sufficient compatible and available capacity "
            "for this request.",
        )
    return found


def _here(world: Ec2World) -> dict[str, Record]:
    place = (ministack_adapter.account(), ministack_adapter.region())
    return world.reservations.setdefault(place, {})


def _required(world: Ec2World, name: str) -> Record:
    words = "The capacity reservation ID '{name}' does not exist"
    code = "InvalidCapacityReservationId.NotFound"
    return stores.required(_here(world), name, code, words)


def _free(reservation: Record) -> int:
    name = reservation["CapacityReservationId"]
    used = sum(
        instance.get("CapacityReservationId") == name and instance["State"]["Name"] in _HOLDS
        for instance in stores.instances().values()
    )
    return int(reservation["TotalInstanceCount"] - used)


def _shown(reservation: Record) -> Record:
    free = _free(reservation) if reservation["State"] == "active" else 0
    tags = stores.tags(reservation["CapacityReservationId"])
    return {**reservation, "AvailableInstanceCount": free, "Tags": tags}
