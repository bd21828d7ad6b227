"""CloudWatch metrics of what runs, in the namespaces and dimensions that the service uses.

Source: "Monitor Amazon SageMaker AI with Amazon CloudWatch" in the developer guide.
"""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import hashlib
from collections.abc import Mapping

from localcloud import ministack_adapter

MACHINE = ("CPUUtilization", "MemoryUtilization", "DiskUtilization")
GPU = ("GPUUtilization", "GPUMemoryUtilization")
_GPU_FAMILIES = ("p", "g", "trn", "inf")


def has_gpu(instance_type: str) -> bool:
    """Whether a type such as ``ml.g5.xlarge`` has an accelerator, by its family."""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    return family.startswith(_GPU_FAMILIES)


def publish(
    namespace: str,
    dimensions: Mapping[str, str],
    values: Mapping[str, float],
    moment: float,
    unit: str = "Percent",
) -> None:
    """Publish one value for each metric name, at a moment (seconds since the epoch)."""
    cloudwatch = ministack_adapter.module("services.cloudwatch")
    for name, value in values.items():
        cloudwatch._store_datum(
            namespace, name, dict(dimensions), moment, unit, value, None, None, None
        )


def machine(
    namespace: str,
    dimensions: Mapping[str, str],
    instance_type: str,
    moment: float,
    tells: tuple[str, ...] = MACHINE,
) -> None:
    """Publish how busy one machine is: plausible, and the same in every run.

    ``tells`` names the metrics that every machine has; with an accelerator it has more.
    """
    names = tells + (GPU if has_gpu(instance_type) else ())
    host = "/".join(dimensions.values())
    values = {name: level(f"{host}:{name}", moment) for name in names}
    publish(namespace, dimensions, values, moment)


def level(what: str, moment: float) -> float:
    """Give a percentage between 20 and 95 that depends on nothing but its arguments."""
    digest = hashlib.sha256(f"{what}@{int(moment)}".encode()).digest()
    return 20.0 + 75.0 * digest[0] / 255
