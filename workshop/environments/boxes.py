"""What is wrong with the EC2 instances of an environment, as far as its files and pins tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workshop.config import ec2_types, images, instance_types, rules
from workshop.config.diagnostics import Diagnostic, not_known
from workshop.config.ec2 import Ec2
from workshop.config.images import Pins
from workshop.config.models import Environment
from workshop.config.roster import Seat
from workshop.config.roster.sheet import Sheet
from workshop.config.yaml_document import Document
from workshop.counting import count_of


def diagnostics(
    document: Document, settings: Environment, seats: Sequence[Seat], pins: Pins
) -> Iterator[Diagnostic]:
    """Yield what EC2 would refuse."""
    for name, profile in settings.profiles.items():
        place = ("profiles", name)
        if profile.ec2:
            regions = sorted({seat.region for seat in seats if seat.profile == name})
            rows = [seat for seat in seats if seat.profile == name]
            yield from _of_profile(
                document, (*place, "ec2"), profile.ec2, rows, pins=pins, regions=regions
            )


def _of_profile(
    document: Document,
    place: tuple[str | int, ...],
    ec2: Ec2,
    seats: Sequence[Seat],
    *,
    pins: Pins,
    regions: Sequence[str],
) -> Iterator[Diagnostic]:
    """Yield what of one profile cannot be: two architectures, another than the image's, a disk."""
    every = dict.fromkeys((*ec2.instance_types, *(seat.box_type for seat in seats)))
    of_types = {name: ec2_types.architecture(name) for name in every}
    found = [pin for region in regions if (pin := pins.find(ec2.image, region))]
    known = images.NAMED.get(ec2.image)
    if known is not None:
        has, source = known.architecture, f"image {ec2.image!r}"
    elif found:
        has, source = found[0].architecture, f"image {ec2.image!r}"
    else:
        has, source = of_types[ec2.instance_types[0]], f"first type {ec2.instance_types[0]!r}"
    for name, architecture in of_types.items():
        if architecture != has:
            where: tuple[str | int, ...] = (*place, "instance_types")
            if name in ec2.instance_types:
                where = (*where, ec2.instance_types.index(name))
            message = (
                f"{name!r} has {architecture} processors and the {source} is for {has}; name types"
                " of one architecture, and an image for it"
            )
            yield Diagnostic(document.line(where), where, message)
    smallest = max((pin.root_gb for pin in found), default=0)
    least = min((ec2.volume_gb, *(seat.box_gb for seat in seats)))
    if least < smallest:
        where = (*place, "volume_gb")
        whose = "" if least == ec2.volume_gb else ", of a row of the roster,"
        message = f"{least}{whose} is less than the image needs; give it {smallest} or more"
        yield Diagnostic(document.line(where), where, message)


def without_machine(sheet: Sheet, settings: Environment) -> Iterator[Diagnostic]:
    """Yield rows whose type is of a machine that their profile does not have."""
    for row in sheet.rows:
        profile = settings.profiles[row.get("profile") or settings.roster.profile]
        written = row.get("instance_type")
        if written.startswith("ml."):
            wrong = not profile.has_notebook
            message = "is a notebook's, and the row's profile has none; name a type of EC2"
        else:
            wrong = bool(written) and not profile.has_box
            message = rules.INSTANCE_TYPE.message
        if wrong:
            yield Diagnostic(row.line, ("instance_type",), message)


def missing_pins(
    document: Document, settings: Environment, seats: Sequence[Seat], pins: Pins, cure: str
) -> Iterator[Diagnostic]:
    """Yield images of which nobody has asked AWS in a Region of a seat; ``cure`` is a command."""
    for name, profile in settings.profiles.items():
        if profile.ec2 is None:
            continue
        regions = sorted({seat.region for seat in seats if seat.profile == name})
        missing = [each for each in regions if pins.find(profile.ec2.image, each) is None]
        if missing:
            place = ("profiles", name, "ec2", "image")
            message = (
                f"{profile.ec2.image!r} is not pinned in {', '.join(missing)}; ask AWS which image"
                f" that is with: {cure}"
            )
            yield Diagnostic(document.line(place), place, message)


def doubts(document: Document, name: str, ec2: Ec2) -> Iterator[Diagnostic]:
    """Yield instance types of a profile that this release does not know."""
    known = sorted(instance_types.known("box"))
    for number, instance_type in enumerate(ec2.instance_types):
        if instance_type not in known:
            place = ("profiles", name, "ec2", "instance_types", number)
            message = f"{instance_type!r} {not_known(instance_type, 'EC2 instance type', known)}"
            yield Diagnostic(document.line(place), place, message)


def remarks(document: Document, settings: Environment) -> Iterator[Diagnostic]:
    """Yield profiles with an instance that nobody can enter as a seat, for who writes the file."""
    for name, profile in settings.profiles.items():
        if profile.has_box and not profile.access.has_console:
            place = ("profiles", name, "ec2")
            message = (
                "its seats have no role for people, so that only who may use Systems Manager in the"
                " account enters an instance; for attendees, name somebody in"
                f" profiles.{name}.access.console_organisers or console_principals"
            )
            yield Diagnostic(document.line(place), place, message)


def warnings(settings: Environment) -> Iterator[str]:
    """Yield what of an instance is possible and may not be meant, each with its cure."""
    for name, profile in settings.profiles.items():
        ec2, where = profile.ec2, f"profiles.{name}.ec2"
        if ec2 is None:
            continue
        if ec2.idle_stop_minutes is None:
            yield (
                f"{where}.idle_stop_minutes is null: an instance that nobody uses runs, and is"
                " billed, until the workshop ends"
            )
        elif ec2.busy_stop_hours is None:
            yield (
                f"{where}.busy_stop_hours is null: a program that never ends keeps an instance"
                " running and billed for ever"
            )
        if ec2.subnets and ec2.subnets.security_group_ids:
            groups = count_of(len(ec2.subnets.security_group_ids), "security group")
            yield (
                f"{where}.network has {groups} of yours: what they let in reaches every instance;"
                " attendees need nothing of it"
            )
