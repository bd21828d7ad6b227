"""Amazon's public images and the SSM parameters that name them (``images.yaml``)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from localcloud import ministack_adapter
from localcloud.ec2 import stores
from localcloud.protocol.errors import ApiError

Document = dict[str, Any]

_DATA = Path(__file__).with_name("images.yaml")
_OWNER = "898082745236"
"""The account of AWS's deep learning images."""
_LINUX_OWNER = "137112412989"
_TITLES = {
    "amazon-linux-2": "Amazon Linux 2",
    "amazon-linux-2023": "Amazon Linux 2023",
    "ubuntu-22.04": "Ubuntu 22.04",
    "ubuntu-24.04": "Ubuntu 24.04",
}
_DAY = "2026-11-16"
PUBLISHED = 1_794_819_600.0
"""When all of them were published, in seconds since the epoch."""


@dataclass(frozen=True)
class PublicImage:
    """What a public parameter stands for, in every Region."""

    parameter: str
    name: str
    architecture: str
    root_device: str
    root_gb: int

    def id(self, region: str) -> str:
        """Return its made-up id in a Region."""
        return f"ami-0{_digest('image', region, self.parameter)}"

    def described(self, region: str) -> Document:
        """Return it as DescribeImages does."""
        snapshot = f"snap-0{_digest('snapshot', region, self.parameter)}"
        owner = _LINUX_OWNER if "amazon-linux-latest" in self.parameter else _OWNER
        return {
            "ImageId": self.id(region),
            "ImageLocation": f"amazon/{self.name}",
            "State": "available",
            "OwnerId": owner,
            "ImageOwnerAlias": "amazon",
            "Public": True,
            "Architecture": self.architecture,
            "ImageType": "machine",
            "Name": self.name,
            "Description": self.name,
            "CreationDate": f"{_DAY}T09:00:00.000Z",
            "DeprecationTime": "2028-11-16T09:00:00.000Z",
            "RootDeviceType": "ebs",
            "RootDeviceName": self.root_device,
            "BlockDeviceMappings": [
                {
                    "DeviceName": self.root_device,
                    "Ebs": {
                        "SnapshotId": snapshot,
                        "VolumeSize": self.root_gb,
                        "VolumeType": "gp3",
                        "Iops": 3000,
                        "Throughput": 125,
                        "DeleteOnTermination": True,
                        "Encrypted": False,
                    },
                }
            ],
            "VirtualizationType": "hvm",
            "Hypervisor": "xen",
            "EnaSupport": True,
            "PlatformDetails": "Linux/UNIX",
            "UsageOperation": "RunInstances",
        }


@cache
def public() -> Mapping[str, PublicImage]:
    """Return all public images by the name of their parameter."""
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return {
        image.parameter: image for pattern, row in data.items() for image in _expanded(pattern, row)
    }


def parameter_value(name: str) -> str | None:
    """Return the id that a public parameter has in the Region being served, or None."""
    found = public().get(name)
    return None if found is None else found.id(ministack_adapter.region())


@cache
def _of_region(region: str) -> Mapping[str, Document]:
    named = [image.described(region) for image in public().values()]
    return {image["ImageId"]: image for image in [*named, *_of_ministack()]}


def all_images() -> list[Document]:
    """Return the public images and those of the account."""
    return [*_of_region(ministack_adapter.region()).values(), *stores.images().values()]


def required(name: str) -> Document:
    """Return an image that can be started; raise EC2's refusal of another id."""
    found = _of_region(ministack_adapter.region()).get(name) or stores.images().get(name)
    if found is None:
        raise missing(name)
    if found["State"] != "available":
        raise ApiError(
            "InvalidAMIID.Unavailable",
            f"The image ID '{name}' is not available: it is {found['State']}",
        )
    return found


def missing(name: str) -> ApiError:
    """Return EC2's refusal of an id that no image has."""
    return ApiError("InvalidAMIID.NotFound", f"The image id '[{name}]' does not exist")


def is_public(name: str) -> bool:
    """Whether an id is that of a public image in the Region being served."""
    return name in _of_region(ministack_adapter.region())


def _expanded(pattern: str, row: Document) -> Iterator[PublicImage]:
    for version, system in product(row.get("versions", [""]), row.get("systems", [""])):
        debian = system.startswith("ubuntu")
        title = _TITLES.get(system, "")
        day = _DAY.replace("-", "")
        yield PublicImage(
            parameter=pattern.format(version=version, system=system),
            name=row["name"].format(version=version, title=title, day=day),
            architecture=row["architecture"],
            root_device="/dev/sda1" if debian else "/dev/xvda",
            root_gb=row["root_gb"],
        )


def _of_ministack() -> Iterator[Document]:
    """Yield the images that ministack has always had."""
    for name, title, about, platform, device, owner, alias in stores.ec2()._STUB_AMIS:  # noqa: SLF001
        made = PublicImage(name, title, "x86_64", device, 8).described("")
        made |= {"ImageId": name, "Description": about, "OwnerId": owner}
        made |= {"Platform": platform} if platform else {}
        made.pop("ImageOwnerAlias") if alias is None else None
        yield made


def _digest(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]


# --- DescribeImages ------------------------------------------------------------------------------

_FILTERS: stores.Filters = {
    "architecture": lambda image: [image["Architecture"]],
    "creation-date": lambda image: [image["CreationDate"]],
    "description": lambda image: [image.get("Description", "")],
    "image-id": lambda image: [image["ImageId"]],
    "image-type": lambda image: [image["ImageType"]],
    "is-public": lambda image: [image["Public"]],
    "name": lambda image: [image["Name"]],
    "owner-alias": lambda image: [image.get("ImageOwnerAlias", "")],
    "owner-id": lambda image: [image["OwnerId"]],
    "platform": lambda image: [image.get("Platform", "")],
    "root-device-name": lambda image: [image["RootDeviceName"]],
    "root-device-type": lambda image: [image["RootDeviceType"]],
    "state": lambda image: [image["State"]],
    "virtualization-type": lambda image: [image["VirtualizationType"]],
    "block-device-mapping.snapshot-id": lambda image: [
        each["Ebs"]["SnapshotId"] for each in image["BlockDeviceMappings"]
    ],
}


def describe(request: Document) -> Document:
    """DescribeImages of the account's own images and Amazon's."""
    names, owners = request.get("ImageIds") or (), request.get("Owners") or ()
    found = {image["ImageId"]: image for image in all_images()}
    for name in names:
        if name not in found:
            raise missing(name)
    chosen = [
        image
        for name, image in found.items()
        if (not names or name in names) and (not owners or _owned(image, owners))
    ]
    listed = [
        {**image, "Tags": stores.tags(image["ImageId"])}
        for image in stores.selected(chosen, request, _FILTERS, "ImageId")
    ]
    return stores.page(request, "Images", listed)


def _owned(image: Document, owners: list[str]) -> bool:
    own = "self" if image["OwnerId"] == ministack_adapter.account() else ""
    return bool(({image["OwnerId"], image.get("ImageOwnerAlias", ""), own} - {""}) & set(owners))
