"""Which machines a job or an endpoint has, by its description; nobody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workshop.pricing.prices import Use
from workshop.status.snapshot import PROCESSING, TRANSFORM, Machines, Unknown

Described = tuple[Machines, ...] | Unknown


def of_job(kind: str, job: Mapping[str, Any]) -> tuple[Machines, ...]:
    """The machines of a job: of training, of the warm pool that it left, of the other kinds."""
    if kind == PROCESSING:
        return (_equal("processing", job["ProcessingResources"]["ClusterConfig"]),)
    if kind == TRANSFORM:
        return (_equal("transform", job["TransformResources"]),)
    config, spot = job["ResourceConfig"], job.get("EnableManagedSpotTraining", False)
    return tuple(
        replace(_equal("training", one), spot=spot)
        for one in config.get("InstanceGroups") or [config]
    )


def of_endpoint(endpoint: Mapping[str, Any], config: Mapping[str, Any]) -> Described:
    """The endpoint tells how many machines run, and only its configuration of which type."""
    running = {one["VariantName"]: one for one in _variants(endpoint)}
    found = []
    for variant in _variants(config):
        now = running.get(variant["VariantName"], {})
        serverless = variant.get("ServerlessConfig")
        if serverless and not serverless.get("ProvisionedConcurrency"):
            continue  # It costs by the request.
        if "InstanceType" not in variant:
            name = endpoint["EndpointName"]
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
