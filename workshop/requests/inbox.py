"""The document that agents read, in the cohort's bucket of each account and Region.

Its form is told by :mod:`workshop.agent.inbox`. It is written only if it is still what was read:
two organisers at once lose nothing of each other's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.agent import inbox as agents
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.errors import WorkshopError
from workshop.requests import conditional

MOST_REQUESTS = 100
MOST_SHARED = 50
LONGEST_MESSAGE = 2_000
"""Characters."""
LARGEST_FILE = 1_000_000_000
"""Bytes of a file that is shared with everybody."""

Inbox = Mapping[str, Any]


def new_id(now: float) -> str:
    """Return an id that sorts by time and that nobody else gives."""
    whole = time.strftime("%Y-%m-%dT%H%M%S", time.gmtime(now))
    return f"{whole}{int(now * 1000) % 1000:03}-{token_hex(3)}"


def with_message(document: Inbox, message_id: str, text: str, now: float) -> Inbox:
    """Return the document with one more message to all; messages to single seats stay."""
    message = {"id": message_id, "time": now, "text": text}
    known = agents.every_message(dict(document))
    to_all = [message for message in known if message.get("seats") is None][
        1 - agents.MOST_MESSAGES :
    ]
    kept = [message for message in known if message.get("seats") is not None or message in to_all]
    return {**document, "messages": [*kept, message]}


def with_request(
    document: Inbox,
    request_id: str,
    kind: str,
    now: float,
    *,
    seats: Collection[str],
    **more: Any,
) -> Inbox:
    """Return the document with one more request, and without those that count no more."""
    kept = [
        request
        for request in document.get("requests", [])
        if now - request.get("time", 0) < agents.FRESH
    ]
    request = {"id": request_id, "kind": kind, "time": now, "seats": sorted(seats), **more}
    return {**document, "requests": [*kept, request][-MOST_REQUESTS:]}


def with_shared(document: Inbox, version: str, files: Collection[Mapping[str, Any]]) -> Inbox:
    """Return the document with one more version of content."""
    shared = {"version": version, "files": [dict(file) for file in files]}
    return {**document, "shared": [*agents.shared(dict(document)), shared][-MOST_SHARED:]}


def with_content(document: Inbox, folders: Collection[Mapping[str, Any]]) -> Inbox:
    """Return the document with these folders of content, and no other."""
    return {**document, "content": [dict(folder) for folder in folders]}


@dataclass(frozen=True)
class CohortInbox:
    """The document of one account and Region."""

    clients: Clients
    loaded: LoadedEnvironment
    account_region: AccountRegion

    @property
    def bucket(self) -> str:
        """Return the cohort's bucket, which holds it."""
        return self.loaded.cohort_names(self.account_region).datasets_bucket

    def change(self, edit: Callable[[Inbox], Inbox]) -> None:
        """Write what ``edit`` makes of the document; raise WorkshopError where that fails."""
        for _ in range(conditional.TRIES):
            document, condition = self._read()
            body = json.dumps(edit(document), ensure_ascii=False).encode()
            try:
                self._call("PutObject", agents.KEY, Body=body, **condition)
            except ClientError as error:
                if not errors.is_outrun(error):
                    raise self._failed(error) from error
            else:
                return
        raise WorkshopError(
            f"others write to s3://{self.bucket}/{agents.KEY} all the time; run this again"
        )

    def messages(self) -> list[dict[str, Any]]:
        """Return the messages to anybody, oldest first; raise WorkshopError where that fails."""
        document, _ = self._read()
        return agents.every_message(dict(document))

    def read(self) -> Inbox:
        """Return the document; raise WorkshopError where that fails."""
        return self._read()[0]

    def upload(self, path: Path, key: str) -> int:
        """Put a file into the cohort's bucket and return its size."""
        size = path.stat().st_size
        try:
            with path.open("rb") as body:
                self._call("PutObject", key, Body=body)
        except ClientError as error:
            raise self._failed(error) from error
        return size

    def _read(self) -> tuple[Inbox, dict[str, str]]:
        """Return the document, and the condition under which it is still the same."""
        try:
            return conditional.read(partial(self._call, "GetObject", agents.KEY))
        except ClientError as error:
            raise self._failed(error) from error

    def _call(self, operation: str, key: str, **more: Any) -> dict[str, Any]:
        return self.clients.call(
            self.account_region,
            "s3",
            operation,
            Bucket=self.bucket,
            Key=key,
            ExpectedBucketOwner=self.account_region.account,
            **more,
        )

    def _failed(self, error: ClientError) -> WorkshopError:
        where = f"in account {self.account_region.account}, {self.account_region.region}"
        if errors.code(error.response) == "NoSuchBucket":
            return WorkshopError(
                f"there is no bucket {self.bucket} {where}; make it with:"
                f" {self.loaded.command('deploy')}"
            )
        if errors.is_no_way_in(error):
            return WorkshopError(errors.reason(error))
        return WorkshopError(
            f"s3://{self.bucket} {where} could not be used ({errors.describe(error)});"
            " mend that and run this again"
        )
