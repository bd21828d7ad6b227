"""S3 buckets, and what the SageMaker Python SDK left in the bucket that an account shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop import naming
from workshop.aws.errors import code
from workshop.teardown import ownership
from workshop.teardown.emptying import BucketEmptier
from workshop.teardown.resource import Resource, ResourceType, ScanContext, Scope
from workshop.teardown.resources import tagged

PAGE = 1000
"""Buckets a page; without a number S3 pages only for accounts with a raised quota."""


def _client(world: ScanContext) -> Any:
    return world.clients.client("s3", world.scope.place)


@dataclass(frozen=True)
class Buckets:
    """The seats' buckets and the cohort's, orphans included: names ``vision-ada-...``, and tags."""

    name: str = "bucket"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::S3::Bucket"
    needs_role: bool = False

    def find(self, world: ScanContext) -> Iterator[Resource]:
        client, start = _client(world), self._arn(world, "")
        known = {
            arn.removeprefix(start): tags
            for arn, tags in world.tagged.items()
            if arn.startswith(start) and "/" not in arn
        }
        pages = client.get_paginator("list_buckets").paginate(
            # One namespace for all Regions: a seat's buckets are where the seat is.
            Prefix=f"{world.scope.workshop}-",
            BucketRegion=world.scope.place.region,
            PaginationConfig={"PageSize": PAGE},
        )
        for page in pages:
            for bucket in page["Buckets"]:
                tags = known.pop(bucket["Name"], None)
                yield from self._judged(world, bucket["Name"], tags, bucket["CreationDate"])
        for name, tags in known.items():
            # The tagging service is minutes behind: it may still tell of what is gone.
            if self._there(world, name):
                yield from self._judged(world, name, tags)

    def _judged(
        self, world: ScanContext, name: str, tags: Mapping[str, str] | None, created: Any = None
    ) -> Iterator[Resource]:
        if tags is None:
            if not tagged.asked_about(world.scope, name):
                return
            tags, gone = self._tags(world, name)
            if gone:
                return
        arn, maker = self._arn(world, name), _only_maker(world.scope, name)
        verdict = tagged.judge(world, name, arn, tags, maker=maker)
        if verdict is not None:
            yield Resource(
                kind=self.name,
                id=name,
                place=world.scope.place,
                ownership=verdict.ownership,
                why=verdict.why,
                seat=verdict.seat,
                arn=arn,
                created=created,
                of_environment=tagged.other_environment(world.scope, tags, maker),
                stack_tag=(tags or {}).get(tagged.STACK_ID, ""),
            )

    @staticmethod
    def _arn(world: ScanContext, name: str) -> str:
        return f"arn:{_client(world).meta.partition}:s3:::{name}"

    def _tags(self, world: ScanContext, name: str) -> tuple[dict[str, str] | None, bool]:
        """A bucket's tags, None where they cannot be read, and whether it is gone."""
        try:
            answer = _client(world).get_bucket_tagging(**self._of(world, name))
        except ClientError as error:
            if code(error.response) == "NoSuchTagSet":
                return {}, False
            return None, code(error.response) == "NoSuchBucket"
        return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}, False

    def _there(self, world: ScanContext, name: str) -> bool:
        try:
            _client(world).head_bucket(**self._of(world, name))
        except ClientError as error:
            if code(error.response) in {"404", "NoSuchBucket"}:
                return False
            raise
        return True

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def empty(self, world: ScanContext, thing: Resource) -> None:
        """Take everything out; raises NotEmptied with the keys that stay."""
        BucketEmptier(_client(world), thing.id, thing.place.account).empty()

    def delete(self, world: ScanContext, thing: Resource) -> None:
        self.empty(world, thing)
        try:
            _client(world).delete_bucket(**self._of(world, thing.id))
        except ClientError as error:
            if code(error.response) != "NoSuchBucket":
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        return "there" if self._there(world, thing.id) else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True

    def _of(self, world: ScanContext, name: str) -> dict[str, str]:
        return {"Bucket": name, "ExpectedBucketOwner": world.scope.place.account}


@dataclass(frozen=True)
class SharedObjects:
    """What lies below ``vision-ada-`` in ``sagemaker-<region>-<account>``, the SDK's own default.

    The bucket is everybody's in the account and is never deleted; one thing stands for all of a
    seat's objects, and only their keys say whose they are. The bucket's versions are listed once
    for the whole workshop, folded to the first folder.
    """

    name: str = "folder in the shared bucket"
    after: tuple[str, ...] = ()
    resource_type: str = ""
    needs_role: bool = False

    def find(self, world: ScanContext) -> Iterator[Resource]:
        scope = world.scope
        bucket = f"sagemaker-{scope.place.region}-{scope.place.account}"
        for prefix in sorted(self._prefixes(world, bucket)):
            verdict = ownership.judge(world, name=prefix, arn="", proof=None, tagged={})
            if verdict is not None:
                yield Resource(
                    kind=self.name,
                    id=f"s3://{bucket}/{prefix}",
                    place=scope.place,
                    ownership=verdict.ownership,
                    why=verdict.why,
                    seat=verdict.seat,
                    details={"bucket": bucket, "prefix": prefix},
                )

    def _prefixes(self, world: ScanContext, bucket: str) -> set[str]:
        pages = (
            _client(world)
            .get_paginator("list_object_versions")
            .paginate(
                Bucket=bucket,
                ExpectedBucketOwner=world.scope.place.account,
                Prefix=f"{world.scope.workshop}-",
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
                found |= {_seat_prefix(world.scope.workshop, key) for key in (*folders, *files)}
        except ClientError as error:
            if code(error.response) != "NoSuchBucket":
                raise
        return found - {""}

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        self._part(world, thing).empty()

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        return "there" if self._part(world, thing).holds_something() else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True

    def _part(self, world: ScanContext, thing: Resource) -> BucketEmptier:
        details = thing.details
        return BucketEmptier(
            _client(world), details["bucket"], thing.place.account, details["prefix"]
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


KINDS: tuple[ResourceType, ...] = (Buckets(), SharedObjects())
