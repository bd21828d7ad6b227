"""A seat's bucket and the cohort's dataset bucket."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_s3 as s3
from constructs import Construct

from workbench.fn_sub import sub


class WorkbenchBucket(Construct):
    """A private, encrypted bucket that answers over TLS only.

    It is never emptied on deletion: CDK's ``auto_delete_objects`` would put a function, a role and
    an undying log group into every stack, and would ignore objects that it could not delete.
    """

    bucket: s3.Bucket

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket_name: str,
        versioned: bool,
        noncurrent_days: int,
        incomplete_upload_days: int,
        expire_days: int | None = None,
        keep: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=sub(bucket_name),
            versioned=versioned,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="tidy",
                    noncurrent_version_expiration=(
                        Duration.days(noncurrent_days) if versioned else None
                    ),
                    abort_incomplete_multipart_upload_after=Duration.days(incomplete_upload_days),
                    expiration=Duration.days(expire_days) if expire_days else None,
                )
            ],
            # What is kept from the rollback of its own creation is in the way of the next one.
            removal_policy=(
                RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if keep else RemovalPolicy.DESTROY
            ),
        )
        Validations.of(self.bucket).acknowledge(
            Acknowledgment(
                id="AwsSolutions-S1",
                reason="Access logs would outlive the workshop in a bucket of their own and name"
                " its attendees; CloudTrail is the organiser's audit trail.",
            )
        )
