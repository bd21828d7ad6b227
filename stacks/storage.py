"""The storage stack: a seat's buckets."""

from __future__ import annotations

from constructs import Construct

from stacks.base import Placement, SeatStack
from workbench.bucket import WorkbenchBucket
from workshop import tags
from workshop.config.models import Storage


class StorageStack(SeatStack):
    """The buckets that the profile's YAML names.

    To delete it once the buckets are used fails, as it should: its description and its output say
    what to run instead.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, placement: Placement, storage: Storage
    ) -> None:
        names = placement.inside
        teardown = f"workshop teardown -e {placement.tags[tags.ENVIRONMENT]} --only "
        super().__init__(
            scope,
            construct_id,
            kind="storage",
            # A description can refer to nothing, and is the same for all seats.
            description="Buckets of one workshop seat. CloudFormation deletes them only while they"
            f" are empty; once the seat was used, run: {teardown}SEAT",
            placement=placement,
        )
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
        self._output(
            "Teardown",
            f"{teardown}{names.seat}",
            "What to run in place of deleting this stack once the seat was used",
        )
