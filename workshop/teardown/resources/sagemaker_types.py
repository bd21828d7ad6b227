"""All types of SageMaker's resources that a workshop can leave behind."""

from __future__ import annotations

from workshop.teardown.resources import (
    sagemaker_jobs,
    sagemaker_records,
    sagemaker_serving,
    sagemaker_workbenches,
)
from workshop.teardown.resources.base import ResourceType

TYPES: tuple[ResourceType, ...] = (
    *sagemaker_jobs.TYPES,
    *sagemaker_serving.TYPES,
    *sagemaker_records.TYPES,
    *sagemaker_workbenches.TYPES,
)

WRITERS = tuple(resource_type.name for resource_type in TYPES if resource_type.needs_role)
"""What runs with a role writes to logs and buckets, and again while it stops."""

LOG_GROUPS = {
    resource_type.name: resource_type.log_group
    for resource_type in TYPES
    if resource_type.log_group
}
"""Types that write logs, and where; what ends in a slash has a group for each resource."""
