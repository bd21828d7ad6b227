"""What the name of an EC2 instance type says: its family, its architecture, its accelerators.

Whether EC2 offers a type in a zone, and what machine it is exactly, only the service knows.
"""

from __future__ import annotations

import re
from typing import Literal

Architecture = Literal["x86_64", "arm64"]

_FAMILY = re.compile(r"(?P<series>[a-z]+)(?P<generation>[0-9]+)?(?P<attributes>[a-z0-9-]*)")


def family(instance_type: str) -> str:
    """Return ``g5`` of ``g5.xlarge``."""
    return instance_type.partition(".")[0]


def architecture(instance_type: str) -> Architecture:
    """Return the processor architecture that a type's name stands for.

    A ``g`` behind the generation is a processor of AWS's own, as in ``g5g`` and ``c7gn``
    (https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html); the first
    generation had no such letter (``a1``).
    """
    found = _FAMILY.fullmatch(family(instance_type))
    if found is None:
        return "x86_64"
    is_arm = "g" in found["attributes"] or found["series"] == "a"
    return "arm64" if is_arm else "x86_64"


GPUS = {
    "g4dn": "T4",
    "g5": "A10G",
    "g5g": "T4g",
    "g6": "L4",
    "gr6": "L4",
    "g6e": "L40S",
    "p3": "V100",
    "p3dn": "V100",
    "p4d": "A100",
    "p4de": "A100",
    "p5": "H100",
    "p5e": "H200",
    "p5en": "H200",
    "p6-b200": "B200",
    "p6-b300": "B300",
}
"""Family -> its GPUs (https://aws.amazon.com/ec2/instance-types/)."""


def gpu(instance_type: str) -> str:
    """Return the name of a type's GPUs, empty for none or one that is not known here."""
    return GPUS.get(family(instance_type), "")
