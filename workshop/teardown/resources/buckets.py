"""S3 buckets, and what the SageMaker Python SDK left in the bucket that an account shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop import naming
from workshop.aws.errors import code
from workshop.teardown import ownership
from workshop.teardown.emptying import BucketEmptier
from workshop.teardown.resource import Resource, ScanContext, Scope
from workshop.teardown.resources import names, tagged
from workshop.teardown.resources.base import ResourceType, tag_map

PAGE = 1000
"""Buckets a page; without a number S3 pages only for accounts with a raised quota."""


class Buckets(ResourceType):
    """The seats' buckets and the cohort's, orphans included: names ``vision-ada-...``, and tags."""

    name = names.BUCKET
    service = "s3"
    cloudformation_type = "AWS::S3::Bucket"
    after = names.WRITERS
    has_contents = True

    def find(self, context: ScanContext) -> Iterator[Resource]:
        client, start = self.client(context), self._arn(context, "")
        known = {
            arn.removeprefix(start): tags
            for arn, tags in context.tagged.items()
            if arn.startswith(start) and "/" not in arn
        }
        pages = client.get_paginator("list_buckets").paginate(
            # One namespace for all Regions: a seat's buckets are where the seat is.
            Prefix=f"{context.scope.workshop}-",
            BucketRegion=context.scope.place.region,
            PaginationConfig={"PageSize": PAGE},
        )
        for page in pages:
            for bucket in page["Buckets"]:
                tags = known.pop(bucket["Name"], None)
                yield from self._judged(context, bucket["Name"], tags, bucket["CreationDate"])
        for name, tags in known.items():
            # The tagging service is minutes behind: it may still tell of what is gone.
            if self._there(context, name):
                yield from self._judged(context, name, tags)

    def _judged(
        self, context: ScanContext, name: str, tags: Mapping[str, str] | None, created: Any = None
    ) -> Iterator[Resource]:
        if tags is None:
            if not tagged.asked_about(context.scope, name):
                return
            tags, gone = self._tags(context, name)
            if gone:
                return
        arn, maker = self._arn(context, name), _only_maker(context.scope, name)
        verdict = tagged.judge(context, name, arn, tags, maker=maker)
        yield from self.found(
            context,
            verdict,
            name,
            arn=arn,
            created=created,
            of_environment=tagged.other_environment(context.scope, tags, maker),
            stack_tag=(tags or {}).get(tagged.STACK_ID, ""),
        )

    def _arn(self, context: ScanContext, name: str) -> str:
        return f"arn:{self.client(context).meta.partition}:s3:::{name}"

    def _tags(self, context: ScanContext, name: str) -> tuple[dict[str, str] | None, bool]:
        """A bucket's tags, None where they cannot be read, and whether it is gone."""
        try:
            answer = self.client(context).get_bucket_tagging(**self._of(context, name))
        except ClientError as error:
            if code(error.response) == "NoSuchTagSet":
                return {}, False
            return None, code(error.response) == "NoSuchBucket"
        return tag_map(answer["TagSet"]), False

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
        BucketEmptier(self.client(context), resource.id, resource.place.account).empty()

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.empty(context, resource)
        self.client(context).delete_bucket(**self._of(context, resource.id))

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return "there" if self._there(context, resource.id) else None

    def _of(self, context: ScanContext, name: str) -> dict[str, str]:
        return {"Bucket": name, "ExpectedBucketOwner": context.scope.place.account}


class SharedObjects(ResourceType):
    """What lies below ``vision-ada-`` in ``sagemaker-<region>-<account>``, the SDK's own default.

    The bucket is everybody's in the account and is never deleted; one resource stands for all of a
    seat's objects, and only their keys say whose they are. The bucket's versions are listed once
    for the whole workshop, folded to the first folder.
    """

    name = names.SHARED_FOLDER
    service = "s3"
    after = names.WRITERS

    def find(self, context: ScanContext) -> Iterator[Resource]:
        scope = context.scope
        bucket = f"sagemaker-{scope.place.region}-{scope.place.account}"
        for prefix in sorted(self._prefixes(context, bucket)):
            verdict = ownership.judge(context, name=prefix, arn="", proof=None, tagged={})
            yield from self.found(
                context,
                verdict,
                f"s3://{bucket}/{prefix}",
                details={"bucket": bucket, "prefix": prefix},
            )

    def _prefixes(self, context: ScanContext, bucket: str) -> set[str]:
        pages = (
            self.client(context)
            .get_paginator("list_object_versions")
            .paginate(
                Bucket=bucket,
                ExpectedBucketOwner=context.scope.place.account,
                Prefix=f"{context.scope.workshop}-",
                Delimiter="/",
            )
        )
        found = set()
        try:
            for page in pages:
                folders = [one["Prefix"] for one in page.get("CommonPrefixes", ())]
                files = [
                    one["Key"]
                    for part in ("Versions", "DeleteMarkers")
                    for one in page.get(part, ())
                ]
                found |= {_seat_prefix(context.scope.workshop, key) for key in (*folders, *files)}
        except ClientError as error:
            if code(error.response) != "NoSuchBucket":
                raise
        return found - {""}

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self._part(context, resource).empty()

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        return "there" if self._part(context, resource).holds_something() else None

    def _part(self, context: ScanContext, resource: Resource) -> BucketEmptier:
        details = resource.details
        return BucketEmptier(
            self.client(context), details["bucket"], resource.place.account, details["prefix"]
        )


def _only_maker(scope: Scope, name: str) -> str:
    """The seat that alone may make a bucket of this name, as its boundary says; empty for none."""
    seat = naming.seat_of_name(scope.workshop, name) or ""
    ends = f"-{scope.place.account}-{scope.place.region}"
    return seat if len(name) > len(scope.names(seat).bucket("")) and name.endswith(ends) else ""


def _seat_prefix(workshop: str, key: str) -> str:
    """``vision-ada-`` of ``vision-ada-fit/output/model.tar.gz``, empty for any other key."""
    seat = naming.seat_of_name(workshop, key)
    return f"{workshop}-{seat}-" if seat else ""


TYPES: tuple[ResourceType, ...] = (Buckets(), SharedObjects())
