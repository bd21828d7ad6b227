"""Whether the capacity reservations that profiles name are there, and have instances enough."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.config.ec2 import Ec2
from workshop.counting import count_of
from workshop.preflight.checks import Check, CheckState, unknown, waiver


@dataclass(frozen=True)
class Reservation:
    """A capacity reservation, or a Capacity Block, as EC2 describes it.

    ``free`` is for how many more instances it has room; ``begins`` is empty unless EC2 says it.
    """

    state: str
    instance_type: str
    zone: str
    free: int
    begins: str = ""


@dataclass(frozen=True)
class ReservationDemand:
    """What a profile wants of its reservation: for so many instances that do not run yet."""

    ec2: Ec2
    instances: int


def reservations(
    clients: Clients, account_region: AccountRegion, ids: Collection[str]
) -> dict[str, Reservation]:
    """Return those of the reservations that the caller can see; botocore's errors pass through."""
    found: dict[str, Reservation] = {}
    # All of them: EC2 has no filter for ids, and asking by id fails for all when one is missing.
    for page in clients.pages(account_region, "ec2", "DescribeCapacityReservations"):
        for described in page["CapacityReservations"]:
            if described["CapacityReservationId"] in ids:
                begins = described.get("StartDate")
                found[described["CapacityReservationId"]] = Reservation(
                    described["State"],
                    described["InstanceType"],
                    described["AvailabilityZone"],
                    int(described["AvailableInstanceCount"]),
                    begins.isoformat(timespec="minutes") if begins else "",
                )
    return found


def checks(
    account_region: AccountRegion,
    demands: Mapping[str, ReservationDemand],
    found: Mapping[str, Reservation] | Unavailable,
    zones: Mapping[str, str],
) -> Iterator[Check]:
    """Yield for each profile's reservation whether its instances can be run into it.

    ``demands`` are by profile, ``zones`` the zones of the subnets that are known.
    """
    needed: dict[str, int] = {}
    for demand in demands.values():
        name = demand.ec2.capacity_reservation or ""
        needed[name] = needed.get(name, 0) + demand.instances
    for profile, demand in demands.items():
        name = demand.ec2.capacity_reservation or ""
        if isinstance(found, Unavailable):
            yield unknown(account_region, name, found.reason)
            continue
        state, message = _judged(account_region, profile, demand, found.get(name), zones)
        if state == CheckState.OK:
            state, message = _room(name, found[name], needed[name])
        yield Check(account_region, name, state, message)


def _judged(
    account_region: AccountRegion,
    profile: str,
    demand: ReservationDemand,
    found: Reservation | None,
    zones: Mapping[str, str],
) -> tuple[CheckState, str]:
    """Return whether it is a reservation that the profile's instances fit into at all."""
    where = f"profiles.{profile}.ec2"
    if found is None:
        message = (
            f"there is no such capacity reservation in {account_region};"
            f" correct {where}.capacity_reservation"
        )
        return CheckState.FAILED, message
    if found.state != "active":
        when = f" and begins at {found.begins}" if found.state == "scheduled" else ""
        cure = "deploy then" if when else f"name an active one in {where}.capacity_reservation"
        return CheckState.FAILED, f"it is {found.state}{when}; {cure}"
    if found.instance_type not in demand.ec2.instance_types:
        message = (
            f"it is for {found.instance_type}, which {where}.instance_types does not name; put"
            " that type there, or name another reservation"
        )
        return CheckState.FAILED, message
    subnets = demand.ec2.subnets
    known = [zones[subnet] for subnet in subnets.subnet_ids if subnet in zones] if subnets else []
    if known and found.zone not in known:
        message = (
            f"it is in {found.zone}, and no subnet of {where}.network is; name a subnet in that"
            " zone"
        )
        return CheckState.FAILED, message
    return CheckState.OK, ""


def _room(name: str, found: Reservation, needed: int) -> tuple[CheckState, str]:
    if needed <= found.free:
        there = f"{count_of(found.free, 'more instance')} of {found.instance_type}"
        return CheckState.OK, f"it has room for {there} in {found.zone}"
    message = (
        f"the seats need {needed} more of {found.instance_type}, and it has room for {found.free};"
        " reserve more, or give some seats a profile without it"
    )
    if not found.free:
        return CheckState.FAILED, message
    return (
        CheckState.SHORT,
        f"{message}, or have seats take turns: {waiver(CheckState.SHORT, name)}",
    )
