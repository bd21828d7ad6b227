"""The machine images of an environment as AWS knows them today, by Region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.config import images
from workshop.config.ec2_types import Architecture
from workshop.config.environment import LoadedEnvironment
from workshop.config.images import Pin, Pins
from workshop.errors import WorkshopError


@dataclass(frozen=True)
class PinChange:
    """An image of a Region as it was pinned, None for not at all, and as it is pinned now."""

    region: str
    source: str
    before: Pin | None
    after: Pin


def pin(clients: Clients, loaded: LoadedEnvironment) -> tuple[Pins, list[PinChange]]:
    """Return all pins of the folder with those of this environment as AWS answers now.

    Raise WorkshopError for an image that AWS does not know, or that no instance can be made of.
    """
    by_region = {region: dict(of_region) for region, of_region in loaded.pins.by_region.items()}
    changes = []
    for account_region, image in _needed(loaded):
        source, region = images.source(image), account_region.region
        found = _found(clients, account_region, image)
        before = by_region.setdefault(region, {}).get(source)
        by_region[region][source] = found
        changes.append(PinChange(region, source, before, found))
    return Pins(by_region), changes


def _needed(loaded: LoadedEnvironment) -> Iterator[tuple[AccountRegion, str]]:
    """Yield each image once in each Region, with an account that needs it there."""
    seen = set()
    for seat in loaded.seats:
        ec2 = loaded.settings.profiles[seat.profile].ec2
        if ec2 is not None and (seat.region, images.source(ec2.image)) not in seen:
            seen.add((seat.region, images.source(ec2.image)))
            yield seat.account_region, ec2.image


def _found(clients: Clients, account_region: AccountRegion, image: str) -> Pin:
    source = images.source(image)
    image_id = source
    try:
        if not source.startswith("ami-"):
            ssm = clients.client("ssm", account_region)
            image_id = str(ssm.get_parameter(Name=source)["Parameter"]["Value"])
        answer = clients.client("ec2", account_region).describe_images(ImageIds=[image_id])
    except ClientError as error:
        raise WorkshopError(
            f"AWS gives no image {image!r} in {account_region.region}: {error}; name another in"
            " 'image', or see whether its Region has it"
        ) from error
    if not answer["Images"]:
        raise WorkshopError(
            f"{image_id} is no image in {account_region.region} that {account_region.account} may"
            " use; name another in 'image'"
        )
    return _pin(answer["Images"][0])


def _pin(described: dict[str, Any]) -> Pin:
    root = described.get("RootDeviceName", "")
    sizes = [
        mapping["Ebs"]["VolumeSize"]
        for mapping in described.get("BlockDeviceMappings", ())
        if mapping.get("DeviceName") == root and "VolumeSize" in mapping.get("Ebs", {})
    ]
    name, architecture = described["ImageId"], described["Architecture"]
    if (state := described.get("State", "available")) != "available":
        raise WorkshopError(
            f"{name} is {state}; pin it when it is available, or name another in 'image'"
        )
    system = "Windows" if described.get("Platform") == "windows" else architecture
    if system not in get_args(Architecture):
        raise WorkshopError(
            f"{name} is an image for {system}, and seats' instances have Linux for"
            f" {' or '.join(get_args(Architecture))}; name another in 'image'"
        )
    if not sizes:
        raise WorkshopError(
            f"{name} has no disk of EBS's that an instance could keep; name another in 'image'"
        )
    return Pin(
        image=described["ImageId"],
        architecture=architecture,
        root_device=root,
        root_gb=sizes[0],
        created=str(described["CreationDate"])[:10],
    )
