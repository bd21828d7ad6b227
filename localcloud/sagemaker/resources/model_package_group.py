"""Model package groups: the named tables of the model registry, and who else may use them.

A group counts its versions as long as it exists, so that no number is ever given twice. It cannot
be deleted while it holds any; the wording of that refusal is not measured on AWS.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker.resource_type import Members, Record, SageMakerResourceType

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine


def _is_empty(engine: SageMakerEngine, request: Members, members: Members) -> None:
    name = members["ModelPackageGroupName"]
    for package in engine.records(engine.kinds["ModelPackage"]):
        if package["members"].get("ModelPackageGroupName") == name:
            raise ApiError(
                "ConflictException",
                f"Model Package Group {members['ModelPackageGroupArn']} cannot be deleted because "
                "it still contains model packages.",
            )


def _group(engine: SageMakerEngine, request: Members) -> Record:
    name = request["ModelPackageGroupName"]
    record = engine.record(KIND, name)
    if record is None:
        raise invalid(f"Cannot find Model Package Group: {engine.arn(KIND, name)}")
    return record


def put_policy(engine: SageMakerEngine, request: Members) -> Members:
    """PutModelPackageGroupPolicy: set or replace the resource policy."""
    record = _group(engine, request)
    record["policy"] = request["ResourcePolicy"]
    return {"ModelPackageGroupArn": record["arn"]}


def get_policy(engine: SageMakerEngine, request: Members) -> Members:
    """GetModelPackageGroupPolicy: the policy as it was put; refused if there is none."""
    return {"ResourcePolicy": _with_policy(engine, request)["policy"]}


def delete_policy(engine: SageMakerEngine, request: Members) -> Members:
    """DeleteModelPackageGroupPolicy: refused if there is none."""
    del _with_policy(engine, request)["policy"]
    return {}


def _with_policy(engine: SageMakerEngine, request: Members) -> Record:
    record = _group(engine, request)
    if "policy" not in record:
        raise invalid(f"Cannot find resource policy for: {record['arn']}")
    return record


KIND = SageMakerResourceType(
    noun="ModelPackageGroup",
    plural="ModelPackageGroups",
    arn_type="model-package-group",
    words="Model Package Group",
    name="ModelPackageGroupName",
    arn="ModelPackageGroupArn",
    summaries="ModelPackageGroupSummaryList",
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

OPERATIONS = {
    "PutModelPackageGroupPolicy": put_policy,
    "GetModelPackageGroupPolicy": get_policy,
    "DeleteModelPackageGroupPolicy": delete_policy,
}
"""Operations that no table describes."""
