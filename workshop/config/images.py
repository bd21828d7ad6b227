"""Machine images of EC2 instances: AWS's by name, and the file in which each image is pinned.

What a public parameter of SSM names moves with every release of AWS's, and an instance of another
image is another instance. So nobody asks when templates are made: ``workshop image pin`` asks AWS,
and writes what it answers into a file beside the environments, to be checked in with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from workshop.config import rules, yaml_document
from workshop.config.diagnostics import Diagnostic
from workshop.config.ec2_types import Architecture
from workshop.config.model import Model, Whole
from workshop.files import shown

PINS = Path("images") / "pins.yaml"
"""Where the pins are, below the folder of the environments, each of whose own files is one."""

_HEAD = """\
# Which machine images the EC2 instances of this folder's environments have, by Region.
# Written by: workshop image pin NAME
"""


@dataclass(frozen=True)
class NamedImage:
    """One of AWS's own images: the public SSM parameter of its newest release."""

    parameter: str
    architecture: Architecture


_DEEP_LEARNING = "/aws/service/deeplearning/ami"

NAMED: Mapping[str, NamedImage] = MappingProxyType(
    {
        "deep-learning-pytorch": NamedImage(
            f"{_DEEP_LEARNING}/x86_64/oss-nvidia-driver-gpu-pytorch-2.12-ubuntu-24.04/latest/ami-id",
            "x86_64",
        ),
        "deep-learning-pytorch-arm64": NamedImage(
            f"{_DEEP_LEARNING}/arm64/oss-nvidia-driver-gpu-pytorch-2.12-ubuntu-24.04/latest/ami-id",
            "arm64",
        ),
        "deep-learning-base": NamedImage(
            f"{_DEEP_LEARNING}/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id",
            "x86_64",
        ),
        "amazon-linux": NamedImage(
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            "x86_64",
        ),
        "amazon-linux-arm64": NamedImage(
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
            "arm64",
        ),
    }
)
"""AWS's images by the name that the YAML has: with PyTorch, with NVIDIA's driver and Docker alone,
and without a GPU's driver. How parameters of deep learning images are named:
https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html; of Amazon Linux:
https://docs.aws.amazon.com/linux/al2023/ug/ec2.html. AWS patches a release of PyTorch for a year
from its first day (https://docs.aws.amazon.com/dlami/latest/devguide/dlami-support-policy-table.html):
that of 2.9 ended in October 2026.
"""


def source(image: str) -> str:
    """Return what the YAML's image stands for: a parameter of SSM, or the id of an image."""
    return NAMED[image].parameter if image in NAMED else image


class Pin(Model):
    """What AWS said of an image in one Region."""

    image: Annotated[str, rules.AMI]
    """The image's id."""
    architecture: Architecture
    """Its processor architecture."""
    root_device: Annotated[str, rules.DEVICE]
    """The device name of its root disk."""
    root_gb: Whole = Field(ge=1, le=65_536)
    """The size of its root disk in GB, below which no instance's can be."""
    created: Annotated[str, rules.DAY]
    """The day on which it was made."""


@dataclass(frozen=True)
class Pins:
    """The pins of a folder: Region, then what the image was asked for by, then the pin."""

    by_region: Mapping[str, Mapping[str, Pin]] = field(default_factory=dict)

    def find(self, image: str, region: str) -> Pin | None:
        """Return the pin of the YAML's image in a Region, None where there is none."""
        return self.by_region.get(region, {}).get(source(image))


_PINS: TypeAdapter[dict[str, dict[str, Pin]]] = TypeAdapter(dict[str, dict[str, Pin]])


def path(config_dir: Path) -> Path:
    """Return where the pins of a folder of environments are."""
    return config_dir / PINS


def read(config_dir: Path) -> tuple[Pins, tuple[Diagnostic, ...]]:
    """Return the pins of a folder, and what is wrong with their file; no file has no pins."""
    file = path(config_dir)
    if not file.is_file():
        return Pins(), ()
    try:
        document = yaml_document.parse(yaml_document.read(file))
    except yaml_document.UnreadableError as error:
        return Pins(), tuple(each.of(shown(file)) for each in error.diagnostics)
    try:
        return Pins(_PINS.validate_python(document.data)), ()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = first["loc"]
        message = "is not as 'workshop image pin' writes it; remove the file, and pin anew"
        return Pins(), (Diagnostic(document.line(place), place, message, shown(file)),)


def text(pins: Pins) -> str:
    """Return the text of the file that holds pins."""
    plain: dict[str, Any] = {
        region: {name: pin.model_dump() for name, pin in sorted(of_region.items())}
        for region, of_region in sorted(pins.by_region.items())
    }
    return _HEAD + yaml.safe_dump(plain, sort_keys=False, width=1_000, allow_unicode=True)
