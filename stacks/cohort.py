"""The cohort stack: what all seats of one account and Region share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from constructs import Construct

from stacks.base import Placement, WorkshopStack
from stacks.nag import wildcards
from workbench.bucket import WorkbenchBucket
from workbench.dashboard import WorkbenchDashboard
from workbench.dashboard_body import cohort_body
from workbench.policy import CohortPolicy
from workshop.config.models import Cohort
from workshop.config.profiles import Profile
from workshop.naming import BOUNDARY, COHORT, END, FREEZE
from workshop.policies.documents import Document
from workshop.policies.layout import cohort_policies

_EXTRA = "The YAML opens it on purpose (access.extra_statements); workshop check names it."
_DESCRIPTIONS = {
    BOUNDARY: "The most that any seat of the workshop may do",
    FREEZE: "What a seat loses while it is frozen",
    END: "What a seat loses when the workshop ends",
}


class CohortStack(WorkshopStack):
    """The policies of all seats, the read-only datasets and the cohort's dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        cohort: Cohort,
        profiles: Mapping[str, Profile],
        end: datetime,
        tag_keys: Sequence[str],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=placement.names.stack(COHORT),
            description="What all seats of a workshop share. Delete it after the last seat: its"
            " permissions boundary cannot go while a seat's role uses it.",
            placement=placement,
            termination_protection=cohort.termination_protection,
            compact=True,
        )
        names = placement.inside
        self._names = names
        made = {
            part: self._policy(part, document, profiles)
            for part, document in cohort_policies(
                names, profiles, end=end, tag_keys=tag_keys
            ).items()
        }
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
                names,
                period=60,
                training_gpu=any(profile.access.training_gpu for profile in profiles.values()),
                processing_gpu=any(profile.access.processing_gpu for profile in profiles.values()),
            ),
        )
        boundary = made.pop(BOUNDARY)
        boundary.is_deleted_before(*made.values(), datasets, dashboard)
        self._output("DatasetsBucket", names.datasets_bucket, "Shared datasets, read-only to seats")
        self._output("BoundaryArn", names.boundary_arn, "Permissions boundary of every seat's role")
        self._output("DashboardName", names.dashboard, "Name of the cohort's dashboard")

    def _policy(
        self, part: str, document: Document, profiles: Mapping[str, Profile]
    ) -> CohortPolicy:
        names = self._names
        policy = CohortPolicy(
            self,
            "".join(word.capitalize() for word in part.split("-")),
            policy_name=names.cohort_policy(part),
            path=names.iam_path,
            description=_DESCRIPTIONS.get(part, "What seats of the workshop may do"),
            document=document,
        )
        extra = [
            statement
            for profile in profiles.values()
            for statement in profile.access.extra_statements
        ]
        wildcards(policy.policy, {part: document}, {statement.sid: _EXTRA for statement in extra})
        return policy
