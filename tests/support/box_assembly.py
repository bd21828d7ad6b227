"""Templates of seats with EC2 instances, of a workshop as small as the shipped ``demo``."""

from __future__ import annotations

import fcntl
from functools import cache
from pathlib import Path

from localcloud.ec2 import images as public
from tests.support import config_folder, shared_folder
from tests.support.assemblies import Synthesized, exemplars, synthesize
from workshop.config import images
from workshop.config.images import NAMED, Pin, Pins

REGION = "us-east-1"
TEXT = """\
workshop: demo
account: "000000000000"
region: us-east-1
start: 2026-01-01T09:00:00+00:00
end: 2099-12-31T17:00:00+00:00
roster: {file: people.csv, profile: box}
"""
ROSTER = "id,profile\nada,box\nben,both\n"
PROFILES = (
    "profiles: {box: {notebook: {enabled: false},"
    " ec2: {instance_types: [g5.xlarge, g4dn.xlarge]}},"
    " both: {ec2: {instance_types: [g5.xlarge]}}}"
)
"""With an instance in the notebook's place, and beside it."""


def pins() -> Pins:
    """What ``workshop image pin`` writes when it asks the local cloud."""
    found = {}
    for image in NAMED.values():
        known = public.public()[image.parameter]
        found[image.parameter] = Pin.model_validate(
            {
                "image": known.id(REGION),
                "architecture": known.architecture,
                "root_device": known.root_device,
                "root_gb": known.root_gb,
                "created": "2026-11-16",
            }
        )
    return Pins({REGION: found})


def write_pins(folder: Path) -> None:
    """Put the pins beside the environments of a folder."""
    file = images.path(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(images.text(pins()), encoding="utf-8")


@cache
def boxed_demo() -> Synthesized:
    """One seat of each profile, synthesized once by all workers of a run."""
    config = shared_folder.folder() / "boxed-config"
    directory = shared_folder.folder() / "boxed-demo"
    with Path(f"{directory}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not config.exists():
            config_folder.write(config, f"{TEXT}{PROFILES}\n")
            (config / "people.csv").write_text(ROSTER, encoding="utf-8")
            write_pins(config)
        loaded = config_folder.load(config)
        if not directory.exists():
            made = synthesize(loaded, list(exemplars(loaded).values()))
            made.directory.rename(directory)
    return Synthesized(loaded, directory)


def box_text(profile: str, kind: str) -> str:
    """The template of one of its stacks."""
    seat = exemplars(boxed_demo().loaded)[profile]
    return boxed_demo().text(f"demo-{seat}-{kind}")
