"""Ends one job or endpoint that a status shows, and nothing else of its seat.

A configuration and a model stay: they cost nothing, and the endpoint can be made from them again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import strays
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, attempt
from workshop.config.environment import LoadedEnvironment
from workshop.pricing import billing
from workshop.pricing.prices import Cost
from workshop.status import report
from workshop.status.collector import StatusScan
from workshop.status.snapshot import (
    ENDPOINT,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    WARM_POOL,
    RunningJob,
)


@dataclass(frozen=True)
class OwnedWork:
    """A job that runs or an endpoint that is up, whose it is, and what it costs an hour."""

    work: RunningJob
    seat: str
    account_region: AccountRegion

    @property
    def cost(self) -> Cost:
        machines = self.work.machines
        known = None if isinstance(machines, Unavailable) else machines
        return billing.machines_cost(known, self.account_region.region)

    @property
    def title(self) -> str:
        """Return ``ada's endpoint vision-ada-answer``."""
        return f"{self.seat}'s {_NOUNS[self.work.kind]} {self.work.name}"


_NOUNS = {
    TRAINING: "training job",
    WARM_POOL: "warm pool of",
    PROCESSING: "processing job",
    TRANSFORM: "transform job",
    TUNING: "tuning job",
    ENDPOINT: "endpoint",
}

_CALLS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    TRAINING: ("StopTrainingJob", "TrainingJobName", {}),
    WARM_POOL: (
        "UpdateTrainingJob",
        "TrainingJobName",
        {"ResourceConfig": {"KeepAlivePeriodInSeconds": 0}},
    ),
    PROCESSING: ("StopProcessingJob", "ProcessingJobName", {}),
    TRANSFORM: ("StopTransformJob", "TransformJobName", {}),
    TUNING: ("StopHyperParameterTuningJob", "HyperParameterTuningJobName", {}),
    ENDPOINT: ("DeleteEndpoint", "EndpointName", {}),
}
"""By kind, the operation that ends it, how it takes the name, and what else it is given."""


def running(loaded: LoadedEnvironment, seen: StatusScan) -> list[OwnedWork]:
    """Return what runs of every seat, those that left the roster as well; the dearest first."""
    left = (strays.seat(loaded, stray) for stray in seen.stray_stacks)
    loaded = replace(loaded, seats=(*loaded.seats, *left))
    owned = [
        OwnedWork(work, loaded.seat_id(seat, account_region.account), account_region)
        for account_region, snapshot in seen.snapshots.items()
        for work, seat in report.work_by_seat(loaded, snapshot)
        if seat is not None
    ]
    return sorted(owned, key=lambda work: (-work.cost.usd, work.title))


def named(owned: Iterable[OwnedWork], names: Collection[str]) -> dict[str, list[OwnedWork]]:
    """Return what has these names, of which one may be a job's and an endpoint's."""
    found: dict[str, list[OwnedWork]] = {name: [] for name in names}
    for work in owned:
        if work.work.name in found:
            found[work.work.name].append(work)
    return found


def end(clients: Clients, owned: OwnedWork) -> str:
    """Ask AWS to end it; return why it does not, empty where it does."""
    operation, member, more = _CALLS[owned.work.kind]
    ask = partial(clients.call, owned.account_region, "sagemaker", operation)
    answer = attempt(lambda: ask(**{member: owned.work.name}, **more))
    return answer.reason if isinstance(answer, Unavailable) else ""
