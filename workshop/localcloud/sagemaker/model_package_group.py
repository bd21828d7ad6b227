"""Model package groups: the named shelves of the model registry."""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.localcloud import emulator
from workshop.localcloud.sagemaker.tables import Kind, Members, Record

if TYPE_CHECKING:
    from workshop.localcloud.sagemaker.engine import Engine


def _derived(engine: Engine, record: Record) -> Members:
    # The caller's identity is not known without IAM evaluation: the account's root stands in.
    return {"CreatedBy": {"IamIdentity": {"Arn": f"arn:aws:iam::{emulator.account()}:root"}}}


KIND = Kind(
    noun="ModelPackageGroup",
    plural="ModelPackageGroups",
    arn_type="model-package-group",
    words="Model Package Group",
    name="ModelPackageGroupName",
    arn="ModelPackageGroupArn",
    summaries="ModelPackageGroupSummaryList",
    missing="ModelPackageGroup {arn} does not exist.",
    duplicate="Model Package Group already exists: {arn}",
    sort_by="CreationTime",
    takes_arn=True,
    status="ModelPackageGroupStatus",
    first_status="Completed",
    derived=_derived,
)
