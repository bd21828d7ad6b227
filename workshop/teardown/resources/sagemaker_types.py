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
