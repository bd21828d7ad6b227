"""Which SageMaker instance types and which Regions there are, as far as botocore's data knows.

The data is as old as the installed botocore, and AWS adds to both at any time: what is not in it
deserves a question, not a refusal. Whether a Region offers a type, and how many of it an account
may use, only the service knows.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from botocore.endpoint_provider import RuleSetStandardLibrary
from botocore.loaders import Loader

Use = Literal["notebook", "training", "processing", "endpoint"]

_SHAPES: dict[Use, str] = {
    "notebook": "InstanceType",
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


@cache
def known(use: Use) -> frozenset[str]:
    """Return the instance types that SageMaker's API names for one use."""
    return frozenset(_model()["shapes"][_SHAPES[use]]["enum"])


@cache
def data_loader() -> Loader:
    """Return what reads botocore's data, once for this module and for all clients."""
    return Loader()


@cache
def _model() -> dict[str, dict[str, dict[str, list[str]]]]:
    model: dict[str, dict[str, dict[str, list[str]]]] = data_loader().load_service_model(
        "sagemaker", "service-2"
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
