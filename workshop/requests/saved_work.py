"""Copies what one seat's agents saved to another seat's bucket, for that seat's agents to restore.

Seats cannot read each other's buckets: whoever organises them copies, inside S3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.agent.files import MOST_FILES, Entry, document
from workshop.agent.saving import entries
from workshop.aws import agent_reports as reports
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import BOX, SeatMachine
from workshop.aws.reads import Unavailable, attempt, side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import WorkshopError

THREADS = 16


@dataclass(frozen=True)
class CopiedWork:
    """What lies in the other seat's bucket below ``prefix``; ``missing`` was not there to copy."""

    prefix: str
    files: int = 0
    bytes: int = 0
    missing: int = 0


def copy(
    clients: Clients, loaded: LoadedEnvironment, machine: SeatMachine, other: Seat
) -> CopiedWork:
    """Copy what a seat's machine saved to the bucket of another in the same account and Region.

    To do it twice is to do it once. Raise WorkshopError where something cannot be copied.
    """
    seat = machine.seat
    copying = _Copying(
        clients,
        seat,
        reports.bucket(loaded, seat),
        reports.bucket(loaded, other),
        reports.saved_below(loaded, seat, of_box=machine.kind is BOX),
    )
    done = attempt(copying.run)
    if isinstance(done, Unavailable):
        raise WorkshopError(
            f"the saved files of {seat.id} could not be copied ({done.reason}); mend that and run"
            " this again"
        )
    return done


@dataclass(frozen=True)
class _Copying:
    """A copy from one bucket to another; botocore's errors pass through."""

    clients: Clients
    seat: Seat
    source: str
    target: str
    saved: str
    """Below which prefix it lies."""

    @property
    def prefix(self) -> str:
        return f"{self.saved}from-{self.seat.id}/"

    def run(self) -> CopiedWork:
        saved = self._saved()
        if not saved:
            return CopiedWork(self.prefix)
        wanted = dict(sorted(saved.items())[:MOST_FILES])
        there = side_by_side(self._copy_one, wanted, threads=THREADS)
        kept = {path: entry for path, entry in wanted.items() if there[path]}
        body = json.dumps({"files": kept}).encode()
        self._call("PutObject", Bucket=self.target, Key=f"{self.prefix}manifest.json", Body=body)
        size = sum(entry[0] for entry in kept.values())
        return CopiedWork(self.prefix, len(kept), size, len(saved) - len(kept))

    def _saved(self) -> dict[str, Entry]:
        """Return what the seat's manifest says is saved."""
        try:
            answer = self._call("GetObject", Bucket=self.source, Key=f"{self.saved}manifest.json")
        except (BotoCoreError, ClientError) as error:
            if errors.is_gone(error):
                return {}
            raise
        manifest = document(answer["Body"].read())
        return {**entries(manifest, "files"), **entries(manifest, "unrestored")}

    def _copy_one(self, path: str) -> bool:
        """Return whether there was such an object to copy."""
        try:
            self._call(
                "CopyObject",
                Bucket=self.target,
                Key=f"{self.prefix}files/{path}",
                CopySource={"Bucket": self.source, "Key": f"{self.saved}files/{path}"},
                ExpectedSourceBucketOwner=self.seat.account,
            )
        except (BotoCoreError, ClientError) as error:
            if errors.is_gone(error):
                return False
            raise
        return True

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.clients.call(
            self.seat.account_region,
            "s3",
            operation,
            ExpectedBucketOwner=self.seat.account,
            **request,
        )
