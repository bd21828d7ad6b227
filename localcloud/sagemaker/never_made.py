"""Listings of what nothing can make here: a cleaner asks for it, and there is none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.model import ListShape

from localcloud.protocol import models

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine
    from localcloud.sagemaker.resource_type import Members

LISTS = (
    "ListActions",
    "ListArtifacts",
    "ListContexts",
    "ListInferenceRecommendationsJobs",
    "ListLabelingJobs",
)
"""Operations whose resources no operation that is played makes."""


def _none(member: str, _engine: SageMakerEngine, _request: Members) -> Members:
    return {member: []}


def _listed(operation: str) -> str:
    """Return the member of the answer that holds what is listed."""
    output = models.operation("sagemaker", operation).output_shape
    members = getattr(output, "members", {}).items()
    return next(name for name, shape in members if isinstance(shape, ListShape))


OPERATIONS = {operation: partial(_none, _listed(operation)) for operation in LISTS}
