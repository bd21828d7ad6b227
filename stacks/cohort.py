"""The cohort stack: what all seats of one account and Region share."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from stacks.acknowledgements import wildcards
from stacks.base import Placement, WorkshopStack
from workbench.boundary import PermissionsBoundary
from workbench.bucket import WorkbenchBucket
from workbench.dashboard import WorkbenchDashboard
from workbench.widgets import cohort_body
from workshop import policies
from workshop.settings import Cohort


class CohortStack(WorkshopStack):
    """The permissions boundary, the read-only datasets and the cohort's dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        cohort: Cohort,
        extra_actions: Sequence[str],
        feature_store: bool,
        training_gpu: bool,
        processing_gpu: bool,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="cohort",
            description="What all seats of a workshop share. Delete it after the last seat: its"
            " permissions boundary cannot go while a seat's role uses it.",
            placement=placement,
            termination_protection=cohort.termination_protection,
        )
        names = placement.inside
        document = policies.boundary_policy(
            names, extra_actions=extra_actions, feature_store=feature_store
        )
        policies.check_managed(document, f"{self.stack_name}: the permissions boundary")
        boundary = PermissionsBoundary(
            self,
            "Boundary",
            policy_name=names.boundary,
            path=names.iam_path,
            description="The most that any seat of the workshop may do",
            document=document,
        )
        wildcards(boundary.policy, {"boundary": document})
        datasets = WorkbenchBucket(
            self,
            "Datasets",
            bucket_name=names.datasets_bucket,
            versioned=True,
            noncurrent_days=30,
            incomplete_upload_days=1,
            keep=cohort.keep_datasets,
        )
        dashboard = WorkbenchDashboard(
            self,
            "AllSeats",
            dashboard_name=names.dashboard,
            body=cohort_body(
                names, period=60, training_gpu=training_gpu, processing_gpu=processing_gpu
            ),
        )
        boundary.is_deleted_before(datasets, dashboard)
        self._output("DatasetsBucket", names.datasets_bucket, "Shared datasets, read-only to seats")
        self._output("BoundaryArn", names.boundary_arn, "Permissions boundary of every seat's role")
        self._output("DashboardName", names.dashboard, "Name of the cohort's dashboard")
