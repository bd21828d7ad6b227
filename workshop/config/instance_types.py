"""Which instance types and which Regions there are, as far as botocore's data knows.

The data is as old as the installed botocore, and AWS adds to both at any time: what is not in it
deserves a question, not a refusal. Whether a Region offers a type, and how many of it an account
may use, only the service knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

from botocore.endpoint_provider import RuleSetStandardLibrary
from botocore.loaders import Loader

Use = Literal["notebook", "training", "processing", "transform", "endpoint"]
BOX: Literal["box"] = "box"
"""Beside SageMaker's uses: the EC2 instance of a seat."""

_SHAPES: dict[Use | Literal["box"], str] = {
    "notebook": "InstanceType",
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
    BOX: "InstanceType",
}


@cache
def known(use: Use | Literal["box"]) -> frozenset[str]:
    """Return the instance types that SageMaker's API names for one use, or EC2's for a box."""
    model = _model("ec2" if use == BOX else "sagemaker")
    return frozenset(model["shapes"][_SHAPES[use]]["enum"])


WITHOUT_PLATFORM = frozenset({"ml.g3", "ml.inf1", "ml.p2", "ml.p3", "ml.p3dn"})
"""Families of notebooks on which Amazon Linux 2023 does not run
(https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-al2023.html)."""
_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "metal")


def is_family(written: str) -> bool:
    """Return whether what is written stands for all sizes of a family, as ``ml.m5.*`` does."""
    return written.endswith(".*")


def family(instance_type: str) -> str:
    """Return ``ml.m5`` of ``ml.m5.large``, and of ``ml.m5.*``."""
    return instance_type.rpartition(".")[0]


def expanded(use: Use, written: Iterable[str]) -> tuple[str, ...]:
    """Return the instance types that are meant: of a family all that are known, small ones first.

    A family that is not known stands for nothing.
    """
    types: dict[str, None] = {}
    for entry in written:
        if is_family(entry):
            sizes = [each for each in known(use) if family(each) == family(entry)]
            types |= dict.fromkeys(sorted(sizes, key=_size))
        else:
            types[entry] = None
    return tuple(types)


def _size(instance_type: str) -> tuple[int, int]:
    """Return what sorts ``large`` before ``xlarge`` and ``2xlarge``."""
    number, word = re.fullmatch(r"(\d*)(.*)", instance_type.rpartition(".")[2]).groups()  # type: ignore[union-attr]
    return _SIZES.index(word) if word in _SIZES else len(_SIZES), int(number or 1)


@cache
def data_loader() -> Loader:
    """Return what reads botocore's data, once for this module and for all clients."""
    return Loader()


@cache
def _model(service: str) -> dict[str, dict[str, dict[str, list[str]]]]:
    model: dict[str, dict[str, dict[str, list[str]]]] = data_loader().load_service_model(
        service, "service-2"
    )
    return model


@cache
def known_regions() -> frozenset[str]:
    """Return the codes of all Regions, of every partition."""
    partitions = data_loader().load_data("endpoints")["partitions"]
    return frozenset(code for partition in partitions for code in partition["regions"])


@cache
def partition(region: str) -> dict[str, Any]:
    """Return botocore's data on the partition of a Region, known or by the form of its code."""
    known_partitions = RuleSetStandardLibrary(data_loader().load_data("partitions"))
    found: dict[str, Any] = known_partitions.aws_partition(region)
    return found
