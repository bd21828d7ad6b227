"""Objects in a seat's own bucket that organiser and agent hand to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workshop.aws import agent_reports as reports
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat


@dataclass(frozen=True)
class SeatObjects:
    """The bucket to which a seat's agent saves; botocore's errors pass through."""

    clients: Clients
    loaded: LoadedEnvironment
    seat: Seat

    def call(self, operation: str, key: str, **more: Any) -> dict[str, Any]:
        """Call an operation of S3 on an object."""
        return self.clients.call(
            self.seat.account_region, "s3", operation, Key=key, **self._bucket, **more
        )

    def forget(self, prefix: str, kept: str = "") -> None:
        """Delete every version below a prefix but one."""
        where: dict[str, Any] = {**self._bucket, "Prefix": prefix}
        for page in self.clients.pages(
            self.seat.account_region, "s3", "ListObjectVersions", **where
        ):
            for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if version["VersionId"] != kept:
                    self.call("DeleteObject", version["Key"], VersionId=version["VersionId"])

    @property
    def _bucket(self) -> dict[str, str]:
        return {
            "Bucket": reports.bucket(self.loaded, self.seat),
            "ExpectedBucketOwner": self.seat.account,
        }
