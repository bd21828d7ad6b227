"""The kinds of things that a teardown knows: one table a service."""

from __future__ import annotations

from dataclasses import replace

from workshop.teardown.resource import ResourceType
from workshop.teardown.resources import (
    buckets,
    catalog,
    dashboards,
    instances,
    logs,
    network_interfaces,
    repositories,
    sagemaker_types,
    schedules,
    tagged_resources,
    unexplained,
)

_WRITERS = (*unexplained.WRITERS, "AutoML job", "tuning job", "pipeline", "feature group")
"""What writes to logs and buckets for as long as it runs, and again while it stops."""


def _after_writers(kind: ResourceType) -> ResourceType:
    if isinstance(kind, buckets.Buckets | buckets.SharedObjects | logs.LogStreams):
        return replace(kind, after=_WRITERS)
    return kind


ALL: tuple[ResourceType, ...] = (
    *sagemaker_types.KINDS,
    *map(_after_writers, buckets.KINDS),
    *repositories.KINDS,
    *map(_after_writers, logs.KINDS),
    *dashboards.KINDS,
    *instances.KINDS,
    *schedules.KINDS,
    *catalog.KINDS,
    *network_interfaces.KINDS,
    *tagged_resources.KINDS,
)
