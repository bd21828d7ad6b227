"""Model package groups: the named shelves of the model registry."""

from __future__ import annotations

from workshop.localcloud.sagemaker.tables import Kind

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
    descending=False,
    takes_arn=True,
    status="ModelPackageGroupStatus",
    first_status="Completed",
)
