"""An image of an organiser's own is pinned as EC2 describes it, if seats' instances can have it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support import config_folder
from workshop.aws.clients import Clients
from workshop.config import images
from workshop.environments import loader
from workshop.errors import WorkshopError
from workshop.images import pinning

OWN = "ami-0abc1234567890def"
BOX = f"profiles: {{attendee: {{notebook: {{enabled: false}}, ec2: {{image: {OWN}}}}}}}\n"
ROOT = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 90}}


def pinned(folder: Path, **more: Any) -> images.Pins:
    """The pins once EC2 has described the image so; the folder's environment asks for it."""
    described = {
        "ImageId": OWN,
        "State": "available",
        "Architecture": "x86_64",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [ROOT],
        "CreationDate": "2098-03-01T09:00:00.000Z",
        **more,
    }
    ec2 = SimpleNamespace(describe_images=lambda **_: {"Images": [described]})
    clients = cast("Clients", SimpleNamespace(client=lambda *_: ec2))
    config_folder.write(folder, f"{config_folder.HEAD}{config_folder.SEATS}{BOX}")
    return pinning.pin(clients, loader.load("dev", folder, pinned=False))[0]


def test_an_own_image_for_other_processors_than_the_types_is_refused_once_it_is_pinned(
    tmp_path: Path,
) -> None:
    pins = pinned(tmp_path, Architecture="arm64")
    pin = pins.find(OWN, "eu-west-1")
    assert pin is not None
    assert (pin.architecture, pin.root_device, pin.root_gb) == ("arm64", "/dev/xvda", 90)
    images.path(tmp_path).parent.mkdir()
    images.path(tmp_path).write_text(images.text(pins), encoding="utf-8")
    (mistake,) = config_folder.mistakes(tmp_path)
    assert f"'g5.xlarge' has x86_64 processors and the image '{OWN}' is for arm64" in mistake


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ({"State": "pending"}, "is pending; pin it when it is available, or name another"),
        ({"Architecture": "x86_64_mac"}, "is an image for x86_64_mac, and seats' instances have"),
        ({"Platform": "windows"}, "is an image for Windows, and seats' instances have Linux for"),
        ({"BlockDeviceMappings": []}, "has no disk of EBS's that an instance could keep; name"),
    ],
)
def test_an_own_image_that_no_seat_could_have_is_not_pinned(
    tmp_path: Path, described: dict[str, Any], said: str
) -> None:
    with pytest.raises(WorkshopError, match=f"^{OWN} {said}"):
        pinned(tmp_path, **described)
