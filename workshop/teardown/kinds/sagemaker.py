"""All kinds of SageMaker's resources that a workshop can leave behind."""

from __future__ import annotations

from workshop.teardown.kinds import (
    sagemaker_jobs,
    sagemaker_records,
    sagemaker_serving,
    sagemaker_workbenches,
)
from workshop.teardown.model import Kind

KINDS: tuple[Kind, ...] = (
    *sagemaker_jobs.KINDS,
    *sagemaker_serving.KINDS,
    *sagemaker_records.KINDS,
    *sagemaker_workbenches.KINDS,
)
