"""Which machines run, and what they cost an hour, by SageMaker's own descriptions.

Nothing is asked of AWS here: descriptions come from whoever has read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workshop.pricing import prices
from workshop.pricing.prices import NOT_KNOWN, Cost, Use

NOTEBOOK_AT_REST = frozenset({"Stopped", "Failed", "Updating", "Deleting"})
"""Statuses of a notebook without a machine: only a stopped or failed one is updated or deleted."""

ENDPOINT_AT_REST = frozenset({"Failed", "OutOfService"})
"""Statuses of an endpoint without machines; one that is deleted has them until it is gone."""

JOB_RUNS = ("InProgress", "Stopping")
"""Statuses in which a job has its machines, which is billed."""


@dataclass(frozen=True, slots=True)
class Machines:
    """Equal machines that run; ``spot`` where a training job asked for spare capacity."""

    use: Use
    instance_type: str
    count: int
    spot: bool = False


def notebook_has_machine(status: str) -> bool:
    """Return whether a notebook has a machine, which is billed and counts against its quota.

    AWS bills it from InService until it is told to stop. Pending and Stopping count as well, which
    is the more careful figure for a minute or two, and so does a status that is not known here.
    """
    return status not in NOTEBOOK_AT_REST


def notebook_cost(status: str, instance_type: str, region: str) -> Cost:
    """Return what a notebook's machine costs an hour; its disk costs beside that."""
    if not notebook_has_machine(status):
        return Cost()
    return prices.cost(prices.hourly("notebook", instance_type, region))


BOX_AT_REST = frozenset({"stopped", "terminated", "shutting-down"})
"""States of an EC2 instance without a machine; while it stops it is billed only if it hibernates,
and pending counts as well, which is the more careful figure for a minute."""


def box_has_machine(state: str) -> bool:
    """Return whether an EC2 instance has a machine, which is billed."""
    return state not in BOX_AT_REST


def box_cost(state: str, instance_type: str, region: str) -> Cost:
    """Return what an EC2 instance's machine costs an hour; its disk costs beside that."""
    if not box_has_machine(state):
        return Cost()
    return prices.cost(prices.hourly("box", instance_type, region))


def described_notebook_cost(notebook: Mapping[str, Any], region: str) -> Cost:
    """Return what a notebook costs an hour: its disk, and its machine while it has one."""
    disk = prices.cost(prices.volume_hourly(notebook.get("VolumeSizeInGB", 5), region))
    status, instance_type = notebook["NotebookInstanceStatus"], notebook["InstanceType"]
    return disk + notebook_cost(status, instance_type, region)


def machines_cost(machines: Iterable[Machines] | None, region: str) -> Cost:
    """Return what machines cost an hour; None stands for machines that are not known."""
    if machines is None:
        return NOT_KNOWN
    return prices.total(
        prices.cost(prices.hourly(group.use, group.instance_type, region)) * group.count
        for group in machines
    )


def training_machines(job: Mapping[str, Any]) -> tuple[Machines, ...] | None:
    """Return the machines of a training job, or of the warm pool that it has left.

    None where it does not say which type they are of.
    """
    config, spot = job.get("ResourceConfig", {}), job.get("EnableManagedSpotTraining", False)
    groups = config.get("InstanceGroups") or [config]
    if not all("InstanceType" in group for group in groups):
        return None
    return tuple(_equal("training", group, spot=spot) for group in groups)


def processing_machines(job: Mapping[str, Any]) -> tuple[Machines, ...]:
    """Return the machines of a processing job."""
    return (_equal("processing", job["ProcessingResources"]["ClusterConfig"]),)


def transform_machines(job: Mapping[str, Any]) -> tuple[Machines, ...]:
    """Return the machines of a transform job."""
    return (_equal("transform", job["TransformResources"]),)


def endpoint_machines(
    endpoint: Mapping[str, Any], config: Mapping[str, Any]
) -> tuple[Machines, ...] | None:
    """Return the machines of an endpoint, None where a variant has no instance type of its own.

    The endpoint says how many run, and only its configuration of which type. A serverless variant
    costs by the request.
    """
    running = {variant["VariantName"]: variant for variant in variants(endpoint)}
    machines = []
    for variant in variants(config):
        serverless = variant.get("ServerlessConfig")
        if serverless and not serverless.get("ProvisionedConcurrency"):
            continue
        if "InstanceType" not in variant:
            return None
        now = running.get(variant["VariantName"], {})
        count = now.get("CurrentInstanceCount", variant.get("InitialInstanceCount", 1))
        machines.append(Machines("endpoint", variant["InstanceType"], count))
    return tuple(machines)


def variants(description: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the variants of an endpoint or of its configuration, shadows among them."""
    return [
        *description.get("ProductionVariants", []),
        *description.get("ShadowProductionVariants", []),
    ]


def _equal(use: Use, config: Mapping[str, Any], *, spot: bool = False) -> Machines:
    return Machines(use, config["InstanceType"], config.get("InstanceCount", 1), spot)
