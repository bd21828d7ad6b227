"""An environment whose seats have EC2 instances, in each way that a profile can say."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.support import config_folder
from tests.support.assemblies import Synthesized, exemplars, synthesize
from workshop.config import images
from workshop.config.environment import LoadedEnvironment
from workshop.config.images import Pin, Pins

PROFILES = """\
roster: {file: people.csv, profile: plain}
profiles:
  plain:
    notebook: {enabled: false}
    ec2:
      instance_types: [g5.xlarge, g4dn.xlarge]
  both:
    notebook: {packages: [xgboost]}
    ec2:
      instance_types: [g5g.xlarge]
      image: deep-learning-pytorch-arm64
      volume_gb: 200
      metadata_hops: 2
      network:
        subnet_ids: [subnet-0abc1234567890125, subnet-0abc1234567890126]
        vpc_id: vpc-0abc1234567890125
  reserved:
    notebook: {enabled: false}
    ec2:
      instance_types: [p4d.24xlarge]
      image: ami-0abc1234567890def
      capacity_reservation: cr-0abc1234567890def
      capacity_block: true
      network: {subnet_ids: [subnet-0abc1234567890125], security_group_ids: [sg-0abc1234567890125]}
"""
ROSTER = """\
id,profile,instance_type,volume_gb,region
ada,plain,,,
ben,plain,g5.12xlarge,300,us-east-1
cleo,both,ml.m5.large,50,
dan,reserved,,,
eve,both,g5g.2xlarge,,
"""
REGIONS = ("eu-west-1", "us-east-1")


def pin(number: int, architecture: str = "x86_64", device: str = "/dev/sda1") -> Pin:
    """An image as ``workshop image pin`` writes it."""
    return Pin.model_validate(
        {
            "image": f"ami-0abc123456789000{number}",
            "architecture": architecture,
            "root_device": device,
            "root_gb": 75,
            "created": "2026-11-02",
        }
    )


def pins() -> Pins:
    """The images of all profiles, in both Regions."""
    by_region = {}
    for number, region in enumerate(REGIONS):
        by_region[region] = {
            images.source("deep-learning-pytorch"): pin(number),
            images.source("deep-learning-pytorch-arm64"): pin(number + 2, "arm64"),
            "ami-0abc1234567890def": pin(number + 4, device="/dev/xvda"),
        }
    return Pins(by_region)


def write(folder: Path, text: str = PROFILES, roster: str = ROSTER) -> Path:
    """Put such an environment, ``dev``, with its pins into a folder."""
    config_folder.write(folder, f"{config_folder.HEAD}{text}")
    (folder / "people.csv").write_text(roster, encoding="utf-8")
    file = images.path(folder)
    file.parent.mkdir(exist_ok=True)
    file.write_text(images.text(pins()), encoding="utf-8")
    return folder


@cache
def boxed_environment() -> LoadedEnvironment:
    """The environment, read once."""
    return config_folder.load(write(Path(mkdtemp(prefix="boxes-"))))


@cache
def boxed() -> Synthesized:
    """One seat of each profile, synthesized once."""
    loaded = boxed_environment()
    return synthesize(loaded, list(exemplars(loaded).values()))
