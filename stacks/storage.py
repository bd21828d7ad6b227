"""The storage stack: a seat's buckets."""

from __future__ import annotations

from constructs import Construct

from stacks.base import Placement, SeatStack
from workbench.bucket import WorkbenchBucket
from workshop.settings import Storage


class StorageStack(SeatStack):
    """The buckets that the profile's YAML names."""

    def __init__(
        self, scope: Construct, construct_id: str, *, placement: Placement, storage: Storage
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            kind="storage",
            description="Buckets of one workshop seat. Empty them before you delete this stack.",
            placement=placement,
        )
        names = placement.inside
        for key, bucket in storage.buckets.items():
            WorkbenchBucket(
                self,
                key.capitalize(),
                bucket_name=names.bucket(key),
                versioned=bucket.versioned,
                noncurrent_days=bucket.noncurrent_days,
                incomplete_upload_days=bucket.incomplete_upload_days,
                expire_days=bucket.expire_days,
                keep=bucket.keep,
            )
            self._output(
                f"{key.capitalize()}Bucket", names.bucket(key), f"Name of the bucket '{key}'"
            )
