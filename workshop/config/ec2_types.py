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


def has_gpu(instance_type: str) -> bool:
    """Return whether a type is of AWS's families with GPUs, G and P."""
    return re.match(r"(?:g|gr|p)[0-9]", instance_type) is not None
