"""Which machines a job or an endpoint has, which only its own description tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workshop.fleet.status.calls import Calls
from workshop.fleet.status.found import (
    ENDPOINT,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    WARM_POOL,
    Machines,
    Unknown,
    Work,
)
from workshop.prices import Use

Described = tuple[Machines, ...] | Unknown


def of(calls: Calls, work: Work) -> Described:
    """The machines of one job or endpoint; botocore's errors pass through."""
    return DESCRIBED[work.kind](calls, work.name)


def _training(calls: Calls, name: str) -> Described:
    config = calls.one("sagemaker", "DescribeTrainingJob", TrainingJobName=name)["ResourceConfig"]
    return tuple(_equal("training", one) for one in config.get("InstanceGroups") or [config])


def _processing(calls: Calls, name: str) -> Described:
    job = calls.one("sagemaker", "DescribeProcessingJob", ProcessingJobName=name)
    return (_equal("processing", job["ProcessingResources"]["ClusterConfig"]),)


def _transform(calls: Calls, name: str) -> Described:
    job = calls.one("sagemaker", "DescribeTransformJob", TransformJobName=name)
    return (_equal("transform", job["TransformResources"]),)


def _endpoint(calls: Calls, name: str) -> Described:
    # The endpoint tells how many machines run, and only its configuration of which type.
    endpoint = calls.one("sagemaker", "DescribeEndpoint", EndpointName=name)
    config = calls.one(
        "sagemaker", "DescribeEndpointConfig", EndpointConfigName=endpoint["EndpointConfigName"]
    )
    running = {one["VariantName"]: one for one in _variants(endpoint)}
    found = []
    for variant in _variants(config):
        now = running.get(variant["VariantName"], {})
        serverless = variant.get("ServerlessConfig")
        if serverless and not serverless.get("ProvisionedConcurrency"):
            continue  # It costs by the request.
        if "InstanceType" not in variant:
            return Unknown(f"endpoint {name} has a variant without an instance type of its own")
        count = now.get("CurrentInstanceCount", variant.get("InitialInstanceCount", 1))
        found.append(Machines("endpoint", variant["InstanceType"], count))
    return tuple(found)


def _variants(described: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        *described.get("ProductionVariants", []),
        *described.get("ShadowProductionVariants", []),
    ]


def _equal(use: Use, config: Mapping[str, Any]) -> Machines:
    return Machines(use, config["InstanceType"], config["InstanceCount"])


DESCRIBED = {
    TRAINING: _training,
    WARM_POOL: _training,
    PROCESSING: _processing,
    TRANSFORM: _transform,
    ENDPOINT: _endpoint,
}
