"""S3 buckets, and what the SageMaker Python SDK left in the bucket that an account shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop import naming
from workshop.aws import errors
from workshop.aws.errors import code
from workshop.teardown.emptying import BucketEmptier
from workshop.teardown.resource import Resource, ScanContext, Scope
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.sagemaker_types import WRITERS
from workshop.teardown.resources.tagged import TaggedType

PAGE = 1000
"""Buckets a page; without a number S3 pages only for accounts with a raised quota."""


class Buckets(TaggedType):
    """The seats' buckets and the cohort's, orphans included: names ``vision-ada-...``, and tags."""

    name = names.BUCKET
    service = "s3"
    cloudformation_type = "AWS::S3::Bucket"
    reads = ("s3:GetBucketTagging", "s3:ListAllMyBuckets")
    after = WRITERS
    has_contents = True
    without_stack_tag = ""

    def find(self, context: ScanContext) -> Iterator[Resource]:
        start = self._arn(context, "")
        tagged = {arn.removeprefix(start) for arn in context.tagged if arn.startswith(start)}
        buckets = self.listed(
            context,
            *("list_buckets", "Buckets"),
            # One namespace for all Regions: a seat's buckets are where the seat is.
            Prefix=f"{context.scope.workshop}-",
            BucketRegion=context.scope.account_region.region,
            PaginationConfig={"PageSize": PAGE},
        )
        for bucket in buckets:
            tagged.discard(bucket["Name"])
            yield from self._judged(context, bucket["Name"], bucket["CreationDate"])
        for name in sorted(tagged):
            # The tagging service is minutes behind: it may still tell of what is gone.
            if "/" not in name and self._there(context, name):
                yield from self._judged(context, name)

    def _judged(self, context: ScanContext, name: str, created: Any = None) -> Iterator[Resource]:
        arn, maker = self._arn(context, name), _only_maker(context.scope, name)
        yield from self.judged_by_own_tags(context, name, arn, maker=maker, created=created)

    def lists(self, arn: str) -> bool:
        """Return whether it is a bucket: access points and the like name their account."""
        return arn.split(":")[2] == "s3" and not arn.split(":")[4]

    def _arn(self, context: ScanContext, name: str) -> str:
        return f"arn:{self.client(context).meta.partition}:s3:::{name}"

    def read_tags(self, context: ScanContext, name: str, arn: str) -> Iterable[Mapping[str, str]]:  # noqa: ARG002 - as its base
        try:
            answer = self.client(context).get_bucket_tagging(**self._of(context, name))
        except ClientError as error:
            if code(error.response) == "NoSuchTagSet":
                return ()
            raise
        tags: Iterable[Mapping[str, str]] = answer["TagSet"]
        return tags

    def _there(self, context: ScanContext, name: str) -> bool:
        try:
            self.client(context).head_bucket(**self._of(context, name))
        except ClientError as error:
            if code(error.response) in {"404", "NoSuchBucket"}:
                return False
            raise
        return True

    def empty(self, context: ScanContext, resource: Resource) -> None:
        """Take everything out; raises NotEmptied with the keys that stay."""
        BucketEmptier(self.client(context), resource.id, resource.account_region.account).empty()

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.empty(context, resource)
        self.client(context).delete_bucket(**self._of(context, resource.id))

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return "there" if self._there(context, resource.id) else None

    def _of(self, context: ScanContext, name: str) -> dict[str, str]:
        return {"Bucket": name, "ExpectedBucketOwner": context.scope.account_region.account}


class SharedObjects(ResourceType):
    """What lies below ``vision-ada-`` in ``sagemaker-<region>-<account>``, the SDK's own default.

    The bucket is everybody's in the account and is never deleted; where another account has that
    name, nothing of the workshop's is in it. One resource stands for all of a
    seat's objects, and only their keys say whose they are. The bucket's versions are listed once
    for the whole workshop, folded to the first folder.
    """

    name = names.SHARED_FOLDER
    service = "s3"
    reads = ("s3:ListAllMyBuckets", "s3:ListBucketMultipartUploads", "s3:ListBucketVersions")
    after = WRITERS

    def find(self, context: ScanContext) -> Iterator[Resource]:
        here = context.scope.account_region
        bucket = f"sagemaker-{here.region}-{here.account}"
        for prefix in sorted(self._prefixes(context, bucket)):
            details = {"bucket": bucket, "prefix": prefix}
            id_ = f"s3://{bucket}/{prefix}"
            yield from self.judged(context, id_, name=prefix, tagged={}, details=details)

    def _prefixes(self, context: ScanContext, bucket: str) -> set[str]:
        pages = (
            self.client(context)
            .get_paginator("list_object_versions")
            .paginate(
                Bucket=bucket,
                ExpectedBucketOwner=context.scope.account_region.account,
                Prefix=f"{context.scope.workshop}-",
                Delimiter="/",
            )
        )
        found = set()
        try:
            for page in pages:
                folders = [folder["Prefix"] for folder in page.get("CommonPrefixes", ())]
                files = [
                    version["Key"]
                    for part in ("Versions", "DeleteMarkers")
                    for version in page.get(part, ())
                ]
                found |= {_seat_prefix(context.scope.workshop, key) for key in (*folders, *files)}
        except ClientError as error:
            if code(error.response) != "NoSuchBucket" and not (
                errors.is_denied(error) and self._is_of_others(context, bucket)
            ):
                raise
        return found - {""}

    def _is_of_others(self, context: ScanContext, bucket: str) -> bool:
        """Return whether the account has no such bucket: anybody may have taken the name."""
        own = self.listed(
            context, "list_buckets", "Buckets", Prefix=bucket, PaginationConfig={"PageSize": PAGE}
        )
        return bucket not in {each["Name"] for each in own}

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self._part(context, resource).empty()

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return "there" if self._part(context, resource).holds_something() else None

    def _part(self, context: ScanContext, resource: Resource) -> BucketEmptier:
        details = resource.details
        return BucketEmptier(
            self.client(context),
            details["bucket"],
            resource.account_region.account,
            details["prefix"],
        )


def _only_maker(scope: Scope, name: str) -> str:
    """Return the seat whose boundary alone lets it make a bucket of this name; empty for none."""
    seat = naming.seat_of_name(scope.workshop, name) or ""
    ends = f"-{scope.account_region.account}-{scope.account_region.region}"
    return seat if len(name) > len(scope.names(seat).bucket("")) and name.endswith(ends) else ""


def _seat_prefix(workshop: str, key: str) -> str:
    """``vision-ada-`` of ``vision-ada-fit/output/model.tar.gz``, empty for any other key."""
    seat = naming.seat_of_name(workshop, key)
    return f"{workshop}-{seat}-" if seat else ""


TYPES: tuple[ResourceType, ...] = (Buckets(), SharedObjects())
