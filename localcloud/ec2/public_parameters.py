"""The SSM parameters that AWS itself publishes for its images."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter
from localcloud.ec2 import images

Record = dict[str, Any]


def patch_public_parameters() -> None:
    """Have GetParameter and GetParameters know them, once per process."""
    ministack_adapter.module("services.ssm")._public_parameter = parameter


def parameter(name: str) -> Record | None:
    """Return a public parameter, whose ARN names no account, or None."""
    value = images.parameter_value(name)
    if value is None:
        return None
    region = ministack_adapter.region()
    return {
        "Name": name,
        "Type": "String",
        "Value": value,
        "Version": 1,
        "LastModifiedDate": images.PUBLISHED,
        "ARN": f"arn:aws:ssm:{region}::parameter{name}",
        "DataType": "aws:ec2:image",
    }
