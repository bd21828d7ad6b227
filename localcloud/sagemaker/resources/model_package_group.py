"""Model package groups: the named tables of the model registry.

A group counts its versions as long as it exists, so that no number is ever given twice. It cannot
be deleted while it holds any; the wording of that refusal is not measured on AWS.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from localcloud.protocol.errors import ApiError
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, SageMakerResourceType


def _is_empty(engine: SageMakerEngine, request: Members, members: Members) -> None:
    name = members["ModelPackageGroupName"]
    for package in engine.records(engine.kinds["ModelPackage"]):
        if package["members"].get("ModelPackageGroupName") == name:
            raise ApiError(
                "ConflictException",
                f"Model Package Group {members['ModelPackageGroupArn']} cannot be deleted because "
                "it still contains model packages.",
            )


KIND = SageMakerResourceType(
    noun="ModelPackageGroup",
    words="Model Package Group",
    missing="ModelPackageGroup {arn} does not exist.",
    duplicate="Model Package Group already exists: {arn}",
    descending=False,
    takes_arn=True,
    status="ModelPackageGroupStatus",
    first_status="Completed",
    on_delete=(_is_empty,),
    uses=lambda _: {"Maximum number of SageMaker Model Package Groups allowed per account": 1.0},
    live=frozenset(("Completed",)),
)
