"""The resource types that a teardown knows: one table a service. A new type is added to one."""

from __future__ import annotations

from workshop.teardown.resources import (
    buckets,
    catalog,
    copies,
    dashboards,
    instance_parts,
    instances,
    logs,
    network_interfaces,
    repositories,
    sagemaker_types,
    schedules,
)
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.tagged_resources import TaggedResources

_LISTED: tuple[ResourceType, ...] = (
    *sagemaker_types.TYPES,
    *buckets.TYPES,
    *repositories.TYPES,
    *logs.TYPES,
    *dashboards.TYPES,
    *instances.TYPES,
    *copies.TYPES,
    *instance_parts.TYPES,
    *schedules.TYPES,
    *catalog.TYPES,
    *network_interfaces.TYPES,
)

ALL: tuple[ResourceType, ...] = (*_LISTED, TaggedResources(_LISTED))
