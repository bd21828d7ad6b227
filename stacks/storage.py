"""The storage stack: a seat's buckets."""

from __future__ import annotations

from stacks.base import SeatStack
from workbench.bucket import WorkbenchBucket
from workshop import tags
from workshop.config.profiles import Profile
from workshop.naming import Names

TEARDOWN = "workshop teardown -e {environment} --only "


class StorageStack(SeatStack):
    """The buckets that the profile's YAML names.

    To delete it once the buckets are used fails, as it should: its description and its output say
    what to run instead.
    """

    # A description can refer to nothing, and is the same for all seats.
    described = (
        "Buckets of one workshop seat. CloudFormation deletes them only while they are empty;"
        f" once the seat was used, run: {TEARDOWN}SEAT"
    )

    def _define(self, names: Names, profile: Profile) -> None:
        for key, bucket in profile.storage.buckets.items():
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
        environment = self.placement.tags[tags.ENVIRONMENT]
        self._output(
            "Teardown",
            f"{TEARDOWN.format(environment=environment)}{names.seat}",
            "What to run in place of deleting this stack once the seat was used",
        )
