"""A seat's container repository."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from workbench.fn_sub import sub


class WorkbenchRepository(Construct):
    """A private repository that tidies itself and goes away with its images."""

    repository: ecr.Repository

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str,
        immutable_tags: bool,
        scan_on_push: bool,
        keep_images: int,
        untagged_days: int,
        keep: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=sub(repository_name),
            image_tag_mutability=(
                ecr.TagMutability.IMMUTABLE if immutable_tags else ecr.TagMutability.MUTABLE
            ),
            image_scan_on_push=scan_on_push,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    rule_priority=1,
                    description="untagged images",
                    tag_status=ecr.TagStatus.UNTAGGED,
                    max_image_age=Duration.days(untagged_days),
                ),
                ecr.LifecycleRule(
                    rule_priority=2,
                    description="all but the newest images",
                    tag_status=ecr.TagStatus.ANY,
                    max_image_count=keep_images,
                ),
            ],
            empty_on_delete=not keep,
            # What is kept from the rollback of its own creation is in the way of the next one.
            removal_policy=(
                RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY
            ),
        )
