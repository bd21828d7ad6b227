"""All kinds of SageMaker's resources that a workshop can leave behind."""

from __future__ import annotations

from workshop.teardown.resource import ResourceType
from workshop.teardown.resources import (
    sagemaker_jobs,
    sagemaker_records,
    sagemaker_serving,
    sagemaker_workbenches,
)

KINDS: tuple[ResourceType, ...] = (
    *sagemaker_jobs.KINDS,
    *sagemaker_serving.KINDS,
    *sagemaker_records.KINDS,
    *sagemaker_workbenches.KINDS,
)
