"""Whether the seats' EC2 instances can be made: machines, images, and where they are to go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from workshop.account_region import AccountRegion
from workshop.aws import ec2_offers
from workshop.aws.boxes import STACK_NAME
from workshop.aws.clients import Clients
from workshop.aws.ec2_offers import Offers
from workshop.aws.reads import Unavailable
from workshop.config.ec2 import Ec2
from workshop.config.images import Pin
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.preflight import offerings, quotas, reservations, vcpus
from workshop.preflight.checks import Check, CheckState, unknown
from workshop.preflight.offerings import Subnet, SubnetDemand
from workshop.preflight.request import ParallelReads, PreflightRequest
from workshop.preflight.reservations import ReservationDemand
from workshop.preflight.vcpus import BoxDemand

DEFAULT_VPC = "default VPC"


@dataclass(frozen=True)
class MachineType:
    """An instance type as EC2 describes it."""

    name: str
    vcpus: int
    architectures: tuple[str, ...]


@dataclass(frozen=True)
class MachineImage:
    """An image as EC2 describes it; ``root_gb`` is the least that its root disk takes."""

    id: str
    state: str
    architecture: str
    root_gb: int


def machine_types(
    clients: Clients, account_region: AccountRegion, names: Collection[str]
) -> dict[str, MachineType]:
    """Return those of the types that the Region has; botocore's errors pass through."""
    found: dict[str, MachineType] = {}
    # A filter, since asking by name fails for all when the Region lacks one of them.
    wanted = [{"Name": "instance-type", "Values": sorted(names)}]
    for page in clients.pages(account_region, "ec2", "DescribeInstanceTypes", Filters=wanted):
        for described in page["InstanceTypes"]:
            found[described["InstanceType"]] = MachineType(
                described["InstanceType"],
                int(described["VCpuInfo"]["DefaultVCpus"]),
                tuple(described["ProcessorInfo"]["SupportedArchitectures"]),
            )
    return found


def machine_images(
    clients: Clients, account_region: AccountRegion, ids: Collection[str]
) -> dict[str, MachineImage]:
    """Return those of the images that the caller can see; botocore's errors pass through."""
    wanted = [{"Name": "image-id", "Values": sorted(ids)}]
    found: dict[str, MachineImage] = {}
    for page in clients.pages(account_region, "ec2", "DescribeImages", Filters=wanted):
        for image in page["Images"]:
            sizes = [
                int(disk.get("Ebs", {}).get("VolumeSize", 0))
                for disk in image.get("BlockDeviceMappings", ())
                if disk.get("DeviceName") == image.get("RootDeviceName")
            ]
            found[image["ImageId"]] = MachineImage(
                image["ImageId"], image["State"], image["Architecture"], max(sizes, default=0)
            )
    return found


def running(clients: Clients, account_region: AccountRegion) -> dict[str, str]:
    """Return the types of all instances that count against quotas: by stack's name, else by id.

    Spot instances have quotas of their own. botocore's errors pass through.
    """
    found: dict[str, str] = {}
    states = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    for page in clients.pages(account_region, "ec2", "DescribeInstances", Filters=states):
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                if instance.get("InstanceLifecycle") is None:
                    given = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
                    found[given.get(STACK_NAME, instance["InstanceId"])] = instance["InstanceType"]
    return found


def default_vpc(clients: Clients, account_region: AccountRegion) -> str:
    """Return the id of the default VPC, empty where there is none; botocore's errors pass."""
    wanted = [{"Name": "is-default", "Values": ["true"]}]
    pages = clients.pages(account_region, "ec2", "DescribeVpcs", Filters=wanted)
    return next((str(vpc["VpcId"]) for page in pages for vpc in page["Vpcs"]), "")


@dataclass(frozen=True)
class BoxSeats:
    """The chosen seats of one account and Region that have an EC2 instance."""

    request: PreflightRequest

    @cached_property
    def seats(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.request.seats if self.request.profile(seat).has_box)

    @cached_property
    def profiles(self) -> dict[str, Ec2]:
        """What their profiles say."""
        profiles = {seat.profile: self.request.profile(seat).ec2 for seat in self.seats}
        return {name: ec2 for name, ec2 in profiles.items() if ec2 is not None}

    @cached_property
    def first(self) -> tuple[str, ...]:
        """The types that they are to have."""
        return tuple(dict.fromkeys(seat.box_type for seat in self.seats))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """Those, and the ones that may take their place."""
        others = (name for ec2 in self.profiles.values() for name in ec2.instance_types)
        return tuple(dict.fromkeys((*self.first, *others)))

    @cached_property
    def subnets(self) -> dict[str, SubnetDemand]:
        """Their subnets, with the instances to be made that may have to be in each of them."""
        making = Counter(seat.profile for seat in self.request.making)
        found: dict[str, list[tuple[str, Ec2]]] = {}
        for name, ec2 in self.profiles.items():
            for subnet in ec2.subnets.subnet_ids if ec2.subnets else ():
                found.setdefault(subnet, []).append((name, ec2))
        return {
            subnet: SubnetDemand(
                tuple(
                    dict.fromkeys(type_name for _, ec2 in some for type_name in ec2.instance_types)
                ),
                sum(making[name] for name, _ in some),
                tuple(
                    dict.fromkeys(
                        group
                        for _, ec2 in some
                        for group in (ec2.subnets.security_group_ids if ec2.subnets else ())
                    )
                ),
            )
            for subnet, some in found.items()
        }

    @property
    def security_groups(self) -> set[str]:
        """The security groups of the organiser's that their instances are to have."""
        return {group for demand in self.subnets.values() for group in demand.security_groups}

    @cached_property
    def pins(self) -> dict[str, tuple[Pin, Ec2]]:
        """The images of their profiles, by profile."""
        region = self.request.account_region.region
        pins = self.request.loaded.pins
        found = {name: (pins.find(ec2.image, region), ec2) for name, ec2 in self.profiles.items()}
        return {name: (pin, ec2) for name, (pin, ec2) in found.items() if pin is not None}

    @property
    def reserved(self) -> set[str]:
        """The capacity reservations that their profiles name."""
        named = (ec2.capacity_reservation for ec2 in self.profiles.values())
        return {name for name in named if name is not None}

    def of_reservations(self, there: Mapping[str, str]) -> dict[str, ReservationDemand]:
        """Return what each profile with a reservation wants of it, beside what runs."""
        needed = Counter(
            seat.profile for seat in self.seats if self.request.loaded.names(seat).box not in there
        )
        return {
            name: ReservationDemand(ec2, needed[name])
            for name, ec2 in self.profiles.items()
            if ec2.capacity_reservation and needed[name]
        }

    def demand(self, there: Mapping[str, str]) -> BoxDemand:
        """Return what is needed beside what runs; one in a reservation of its own needs nothing."""
        needed = Counter(
            seat.box_type
            for seat in self.seats
            if self.request.loaded.names(seat).box not in there
            and not self.profiles[seat.profile].capacity_reservation
        )
        return BoxDemand(dict(needed), dict(Counter(there.values())))


def read(ask: ParallelReads, boxes: BoxSeats) -> Callable[[], Iterator[Check]]:
    """Begin all questions about the instances; return what judges the answers."""
    where = boxes.request.account_region
    in_default = any(not ec2.subnets for ec2 in boxes.profiles.values())
    applied = ask(quotas.applied, where, tuple(quota for _, quota in vcpus.FAMILIES))
    there = ask(running, where)
    offered = ask(ec2_offers.offers, where, "availability-zone", boxes.types)
    images = ask(machine_images, where, {pin.image for pin, _ in boxes.pins.values()})
    subnets = ask(offerings.subnets, where, tuple(boxes.subnets)) if boxes.subnets else None
    named = boxes.security_groups
    groups = ask(offerings.security_groups, where, named) if named else None
    vpc = ask(default_vpc, where) if in_default else None
    reserved = ask(reservations.reservations, where, boxes.reserved) if boxes.reserved else None

    def judge() -> Iterator[Check]:
        now = there.result()
        others = () if isinstance(now, Unavailable) else now.values()
        types = ask(machine_types, where, {*boxes.types, *others}).result()
        yield from _vcpus(boxes, now, applied.result(), types)
        yield from _offered(boxes, offered.result())
        yield from _images(boxes, images.result(), types)
        if subnets is not None:
            yield from _subnets(boxes, subnets.result(), offered.result())
            yield from _vpcs(boxes, subnets.result())
        if subnets is not None and groups is not None:
            yield from offerings.check_groups(
                where, boxes.subnets, subnets.result(), groups.result(), setting="ec2.network"
            )
        if reserved is not None:
            listed = subnets.result() if subnets is not None else {}
            zones = {} if isinstance(listed, Unavailable) else listed
            yield from reservations.checks(
                where,
                boxes.of_reservations({} if isinstance(now, Unavailable) else now),
                now if isinstance(now, Unavailable) else reserved.result(),
                {name: subnet.zone for name, subnet in zones.items()},
            )
        if vpc is not None:
            yield _vpc(where, vpc.result())

    return judge


def _vcpus(
    boxes: BoxSeats,
    there: Mapping[str, str] | Unavailable,
    found: quotas.Quotas | Unavailable,
    types: Mapping[str, MachineType] | Unavailable,
) -> Iterator[Check]:
    where = boxes.request.account_region
    if isinstance(there, Unavailable):
        for limit in boxes.demand({}).limits:
            yield unknown(where, limit.name, there.reason)
        return
    each = (
        types
        if isinstance(types, Unavailable)
        else {name: machine_type.vcpus for name, machine_type in types.items()}
    )
    yield from vcpus.checks(where, boxes.demand(there), found, each)


def _offered(boxes: BoxSeats, offered: Offers | Unavailable) -> Iterator[Check]:
    """Yield for each type in which zones EC2 offers it; what may take its place warns."""
    where = boxes.request.account_region
    for name in boxes.types:
        subject = f"EC2 {name}"
        if isinstance(offered, Unavailable):
            yield unknown(where, subject, offered.reason)
            continue
        zones = sorted(zone for zone, types in offered.items() if name in types)
        if zones:
            yield Check(where, subject, CheckState.OK, f"offered in {', '.join(zones)}")
        else:
            state = CheckState.FAILED if name in boxes.first else CheckState.WARNING
            message = f"EC2 has no {name} in {where.region}; name another type, or another Region"
            yield Check(where, subject, state, message)


def _images(
    boxes: BoxSeats,
    found: Mapping[str, MachineImage] | Unavailable,
    types: Mapping[str, MachineType] | Unavailable,
) -> Iterator[Check]:
    where = boxes.request.account_region
    pin_anew = boxes.request.loaded.command("image pin")
    for profile, (pin, ec2) in boxes.pins.items():
        subject = f"image of {profile}"
        if isinstance(found, Unavailable):
            yield unknown(where, subject, found.reason)
            continue
        image = found.get(pin.image)
        if image is None or image.state != "available":
            there = f"is {image.state}" if image else f"is not to be seen in {where.region}"
            message = f"{pin.image} {there}; pin the one that is there now with: {pin_anew}"
            yield Check(where, subject, CheckState.FAILED, message)
            continue
        wrong = [
            name
            for name in ec2.instance_types
            if not isinstance(types, Unavailable)
            and name in types
            and image.architecture not in types[name].architectures
        ]
        if wrong:
            message = (
                f"{pin.image} is for {image.architecture}, which is not that of"
                f" {', '.join(wrong)}; name types of one architecture, and an image for it"
            )
            yield Check(where, subject, CheckState.FAILED, message)
        elif image.root_gb > ec2.volume_gb:
            message = (
                f"{pin.image} needs a disk of {image.root_gb} GB, and ec2.volume_gb is"
                f" {ec2.volume_gb}; give it {image.root_gb} or more"
            )
            yield Check(where, subject, CheckState.FAILED, message)
        else:
            message = f"{pin.image} is there, for {image.architecture}"
            yield Check(where, subject, CheckState.OK, message)


def _subnets(
    boxes: BoxSeats, found: Mapping[str, Subnet] | Unavailable, offered: Offers | Unavailable
) -> Iterator[Check]:
    where = boxes.request.account_region
    for name, demand in boxes.subnets.items():
        if isinstance(found, Unavailable):
            yield unknown(where, name, found.reason)
        elif name not in found:
            message = f"there is no such subnet in {where.region}; correct ec2.network.subnet_ids"
            yield Check(where, name, CheckState.FAILED, message)
        else:
            yield _subnet(where, found[name], demand.types, offered)


def _vpcs(boxes: BoxSeats, found: Mapping[str, Subnet] | Unavailable) -> Iterator[Check]:
    """Yield which profiles have subnets of several VPCs or of another one, or too few addresses."""
    where = boxes.request.account_region
    making = Counter(seat.profile for seat in boxes.request.making)
    for profile, ec2 in boxes.profiles.items():
        if ec2.subnets is None or isinstance(found, Unavailable):
            continue
        subject = f"profiles.{profile}.ec2.network"
        some = [found[name] for name in ec2.subnets.subnet_ids if name in found]
        wanted = ec2.subnets.vpc_id or next((subnet.vpc for subnet in some), "")
        other = next((subnet for subnet in some if subnet.vpc != wanted), None)
        if other is not None:
            message = (
                f"{other.id} is of {other.vpc}, and not of {wanted}; name subnets of one VPC, and"
                " its id as 'vpc_id' unless 'security_group_ids' are there"
            )
            yield Check(where, subject, CheckState.FAILED, message)
        free = sum(subnet.free_addresses for subnet in some)
        if len(some) == len(ec2.subnets.subnet_ids) and 0 < free < making[profile]:
            message = (
                f"{count_of(free, 'free address')} for {count_of(making[profile], 'EC2 instance')};"
                " name a larger subnet, or more of them"
            )
            yield Check(where, subject, CheckState.FAILED, message)


def _subnet(
    where: AccountRegion, subnet: Subnet, types: Sequence[str], offered: Offers | Unavailable
) -> Check:
    free = count_of(subnet.free_addresses, "free address")
    if isinstance(offered, Unavailable):
        return unknown(where, subnet.id, offered.reason)
    here = [name for name in types if name in offered.get(subnet.zone, ())]
    if not here:
        message = (
            f"it is in {subnet.zone}, where EC2 offers no {' and no '.join(dict.fromkeys(types))};"
            " name a subnet in another zone"
        )
        return Check(where, subnet.id, CheckState.FAILED, message)
    if not subnet.free_addresses:
        message = f"it is in {subnet.zone} and has no free address; name another one"
        return Check(where, subnet.id, CheckState.FAILED, message)
    message = f"it is in {subnet.zone}, where EC2 offers {', '.join(here)}, and has {free}"
    return Check(where, subnet.id, CheckState.OK, message)


def _vpc(where: AccountRegion, found: str | Unavailable) -> Check:
    if isinstance(found, Unavailable):
        return unknown(where, DEFAULT_VPC, found.reason)
    if found:
        return Check(where, DEFAULT_VPC, CheckState.OK, f"{found} is there")
    message = (
        f"{where.region} has none, and ec2.network names no subnets; name some, or make it with:"
        f" aws ec2 create-default-vpc --region {where.region}"
    )
    return Check(where, DEFAULT_VPC, CheckState.FAILED, message)
