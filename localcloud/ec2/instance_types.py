"""What an instance type has: vCPUs, memory, architecture, GPUs (``instance_types.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from botocore.model import StringShape

from localcloud.ec2 import stores
from localcloud.protocol import models
from localcloud.protocol.errors import ApiError

Document = dict[str, Any]

_DATA = Path(__file__).with_name("instance_types.yaml")
_SHAPES = (
    "InstanceType",
    "TrainingInstanceType",
    "ProcessingInstanceType",
    "ProductionVariantInstanceType",
)
_GRAVITON = re.compile(r"[a-z]+\d+g")
_NOT_NITRO = re.compile(r"(c4|m4|p2|p3|t2)$")
_SMALL = {"nano": 1, "micro": 1, "small": 1, "medium": 1, "large": 2, "xlarge": 4}


@dataclass(frozen=True)
class Gpus:
    """The accelerators of an instance type."""

    name: str
    count: int
    mib: int
    """Memory of each."""


@dataclass(frozen=True)
class InstanceSize:
    """An instance type, such as ``g5.xlarge``."""

    name: str
    vcpus: int
    mib: int
    architecture: str
    gpus: Gpus | None

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]


@cache
def known() -> Mapping[str, InstanceSize]:
    """Return all types by name: those of SageMaker without their prefix, and some that EC2 has."""
    data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    names = {f"{family}.{size}" for family, sizes in data["also"].items() for size in sizes}
    for shape_name in _SHAPES:
        shape = models.service_model("sagemaker").shape_for(shape_name)
        if isinstance(shape, StringShape):
            names.update(name.removeprefix("ml.") for name in shape.enum)
    return {name: _instance_size(name, data) for name in sorted(names)}


def required(name: str) -> InstanceSize:
    """Return a type; raise EC2's refusal of one that does not exist."""
    found = known().get(name)
    if found is None:
        raise ApiError("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    return found


def _instance_size(name: str, data: Document) -> InstanceSize:
    family, _, size = name.partition(".")
    given = data["sizes"].get(family, {}).get(size)
    vcpus, gib = given or _by_size(family, size, data["gib_per_vcpu"])
    arm = bool(_GRAVITON.match(family)) or family in data["arm64"]
    gpus = data["gpus"].get(family)
    return InstanceSize(
        name=name,
        vcpus=vcpus,
        mib=int(gib * 1024),
        architecture="arm64" if arm else "x86_64",
        gpus=gpus
        and Gpus(gpus["name"], gpus["count"].get(size) or gpus["count"]["*"], gpus["mib"]),
    )


def _by_size(family: str, size: str, gib_per_vcpu: Mapping[str, float]) -> tuple[int, float]:
    times = size.removesuffix("xlarge")
    vcpus = 4 * int(times) if times.isdigit() else _SMALL[size]
    return vcpus, vcpus * gib_per_vcpu[family[0]]


# --- DescribeInstanceTypes -----------------------------------------------------------------------

_FILTERS: stores.Filters = {
    "instance-type": lambda described: [described["InstanceType"]],
    "current-generation": lambda described: [described["CurrentGeneration"]],
    "processor-info.supported-architecture": lambda described: described["ProcessorInfo"][
        "SupportedArchitectures"
    ],
    "vcpu-info.default-vcpus": lambda described: [described["VCpuInfo"]["DefaultVCpus"]],
    "memory-info.size-in-mib": lambda described: [described["MemoryInfo"]["SizeInMiB"]],
    "hypervisor": lambda described: [described.get("Hypervisor", "")],
}


def describe(request: Document, offered: frozenset[str]) -> Document:
    """DescribeInstanceTypes, of what the Region offers."""
    names = request.get("InstanceTypes") or ()
    for name in names:
        if name not in offered:
            raise ApiError(
                "InvalidInstanceType",
                f"The following supplied instance types do not exist: [{name}]",
            )
    found = [_described(size) for name, size in known().items() if name in (names or offered)]
    chosen = stores.selected(found, request, _FILTERS, "InstanceType")
    return stores.page(request, "InstanceTypes", chosen, default=100)


def _described(size: InstanceSize) -> Document:
    nitro = _NOT_NITRO.match(size.family) is None
    threads = 1 if size.architecture == "arm64" or size.vcpus == 1 else 2
    described: Document = {
        "InstanceType": size.name,
        "CurrentGeneration": size.family not in ("c4", "m4", "p2", "t2"),
        "FreeTierEligible": size.name in ("t2.micro", "t3.micro"),
        "SupportedUsageClasses": ["on-demand", "spot"],
        "SupportedRootDeviceTypes": ["ebs"],
        "SupportedVirtualizationTypes": ["hvm"],
        "BareMetal": False,
        "Hypervisor": "nitro" if nitro else "xen",
        "ProcessorInfo": {"SupportedArchitectures": [size.architecture]},
        "VCpuInfo": {
            "DefaultVCpus": size.vcpus,
            "DefaultCores": size.vcpus // threads,
            "DefaultThreadsPerCore": threads,
        },
        "MemoryInfo": {"SizeInMiB": size.mib},
        "EbsInfo": {"EbsOptimizedSupport": "default", "EncryptionSupport": "supported"},
        "NetworkInfo": {"EnaSupport": "required" if nitro else "supported"},
        "BurstablePerformanceSupported": size.family.startswith("t"),
        "HibernationSupported": False,
        "AutoRecoverySupported": size.gpus is None,
    }
    if size.gpus is not None:
        described["GpuInfo"] = {
            "Gpus": [
                {
                    "Name": size.gpus.name,
                    "Manufacturer": "NVIDIA",
                    "Count": size.gpus.count,
                    "MemoryInfo": {"SizeInMiB": size.gpus.mib},
                }
            ],
            "TotalGpuMemoryInMiB": size.gpus.count * size.gpus.mib,
        }
    return described
