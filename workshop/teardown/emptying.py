"""Takes everything out of a bucket: all versions, delete markers and unfinished uploads.

Versions go by DeleteObjects, a page of the listing (up to 1,000) a call. While some batches are
being deleted the next page is listed, and never more than a few pages are held, so that memory
does not grow with the bucket. DeleteObjects answers 200 with an error for each key that it did not
delete: these are read, asked for again where that can help, and named by key.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from botocore.exceptions import ClientError

from workshop.aws import errors
from workshop.aws.parallel import windowed
from workshop.counting import and_more, count_of
from workshop.errors import WorkshopError

IN_FLIGHT = 4
"""Batches of one bucket that are being deleted at a time. S3 bears 3,500 deletions a second below
one prefix, and counts each key (https://docs.aws.amazon.com/AmazonS3/latest/userguide/
optimizing-performance.html)."""

ATTEMPTS = 5
"""Of deleting one key that S3 failed at, the first included."""

ROUNDS = 5
"""Listings from the beginning; each round takes what came or was overlooked in the one before."""

MOST_LEFT = 1000
"""Keys that may stay before a bucket is given up: a denied bucket is not asked a million times."""

_GONE = frozenset({"NoSuchKey", "NoSuchVersion"})
"""What another teardown, or a rule of the bucket, has deleted since it was listed."""

_SHOWN = 3

# XML 1.0 cannot hold them, so a batch that names one is refused whole; DELETE has it in its path.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Key = tuple[str, str]
"""Of an object: its key and the version's id (``null`` in a bucket without versions)."""


@dataclass(frozen=True)
class RemainingVersion:
    """A version that is still there, and why."""

    key: str
    version: str
    code: str
    message: str

    @property
    def passes(self) -> bool:
        """Whether the same may go well later."""
        return errors.passes({"Code": self.code, "Message": self.message})

    def __str__(self) -> str:
        return f"{self.key} ({self.code}: {self.message})"


@dataclass
class _Batch:
    """What became of so many versions; each thread counts its own calls."""

    size: int
    left: list[RemainingVersion] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)


@dataclass
class EmptyingResult:
    """What was taken out: versions (delete markers among them), uploads, and calls by operation."""

    versions: int = 0
    uploads: int = 0
    calls: Counter[str] = field(default_factory=Counter)


class NotEmptied(WorkshopError):  # noqa: N818 - what is, not what went wrong
    """A bucket that still holds something; ``left`` are the versions that S3 would not delete."""

    def __init__(self, message: str, left: tuple[RemainingVersion, ...] = ()) -> None:
        self.left = left
        super().__init__(message)


@dataclass(frozen=True)
class BucketEmptier:
    """A bucket, or the part of it below ``prefix``, that belongs to the account ``owner``.

    Each call names the owner: a bucket that meanwhile is somebody else's refuses it.
    """

    client: Any
    name: str
    owner: str
    prefix: str = ""
    pause: Callable[[float], object] = time.sleep

    def empty(self) -> EmptyingResult:
        """Take everything out, and return when a listing shows nothing any more.

        Raises NotEmptied for what stays. botocore's errors pass through (a denied listing is no
        empty bucket); a bucket that is gone is empty.
        """
        done = EmptyingResult()
        try:
            for _ in range(ROUNDS):
                with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="s3") as pool:
                    self._abort_uploads(pool, done)
                    again = self._delete_versions(pool, done)
                if not again:
                    return done
        except ClientError as error:
            if errors.code(error.response) == "NoSuchBucket":
                return done
            raise
        raise NotEmptied(
            f"bucket {self.name} was emptied {ROUNDS} times and is not empty: something still"
            " writes to it; find and stop that, then run this again"
        )

    def holds_something(self) -> bool:
        """Return whether any version, marker or upload is there; not in a bucket that is gone."""
        try:
            versions = self.client.list_object_versions(**self._target, MaxKeys=1)
            if versions.get("Versions") or versions.get("DeleteMarkers"):
                return True
            uploads = self.client.list_multipart_uploads(
                **self._target, MaxUploads=1, EncodingType="url"
            )
        except ClientError as error:
            if errors.code(error.response) == "NoSuchBucket":
                return False
            raise
        return bool(uploads.get("Uploads"))

    @property
    def _target(self) -> dict[str, str]:
        return {**self._bucket, "Prefix": self.prefix}

    @property
    def _bucket(self) -> dict[str, str]:
        return {"Bucket": self.name, "ExpectedBucketOwner": self.owner}

    def _delete_versions(self, pool: ThreadPoolExecutor, done: EmptyingResult) -> bool:
        """Delete what a listing shows; whether to look again.

        Nothing need be looked at twice that fitted into one page: it was seen whole, before.
        """
        left: list[RemainingVersion] = []
        pages = 0
        for batch in windowed(pool, self._delete, self._version_pages(done.calls), IN_FLIGHT):
            pages += 1
            done.versions += batch.size - len(batch.left)
            done.calls += batch.calls
            left += batch.left
            if len(left) >= MOST_LEFT:
                break
        if left:
            raise NotEmptied(self._message(left), tuple(left))
        return pages > 1

    def _version_pages(self, calls: Counter[str]) -> Iterator[list[Key]]:
        """Yield the listing's pages, each given away once the one behind it is there.

        So the last version of a page, from which the listing goes on, is deleted after that.
        """
        held: list[Key] = []
        pages = self.client.get_paginator("list_object_versions").paginate(**self._target)
        for page in pages:
            calls["s3:ListObjectVersions"] += 1
            if held:
                yield held
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            held = [(version["Key"], version["VersionId"]) for version in found]
        if held:
            yield held

    def _delete(self, keys: list[Key]) -> _Batch:
        """Delete one batch, and ask again for what S3 failed at."""
        done = _Batch(len(keys))
        asked = keys
        for attempt in range(1, ATTEMPTS + 1):
            failed = list(self._ask(asked, done.calls))
            passing = [version for version in failed if version.passes and attempt < ATTEMPTS]
            done.left += [version for version in failed if version not in passing]
            if not passing:
                break
            asked = [(version.key, version.version) for version in passing]
            self.pause(0.1 * 2**attempt * random.uniform(0.5, 1))  # noqa: S311 - spreads retries
        return done

    def _ask(self, keys: list[Key], calls: Counter[str]) -> Iterator[RemainingVersion]:
        batch = [key for key in keys if not _NOT_IN_XML.search(key[0])]
        if batch:
            calls["s3:DeleteObjects"] += 1
            objects = [{"Key": key, "VersionId": version} for key, version in batch]
            answer = self.client.delete_objects(
                **self._bucket, Delete={"Objects": objects, "Quiet": True}
            )
            for error in answer.get("Errors", ()):
                if error.get("Code") not in _GONE:
                    yield _left(error, error["Key"], error.get("VersionId", "null"))
        for key, version in set(keys) - set(batch):
            calls["s3:DeleteObject"] += 1
            try:
                self.client.delete_object(**self._bucket, Key=key, VersionId=version)
            except ClientError as error:
                if errors.code(error.response) not in _GONE:
                    yield _left(error.response.get("Error", {}), key, version)

    def _abort_uploads(self, pool: ThreadPoolExecutor, done: EmptyingResult) -> None:
        for page in self._upload_pages():
            done.calls["s3:ListMultipartUploads"] += 1
            encoded = page.get("EncodingType") == "url"
            uploads = [
                (unquote_plus(upload["Key"]) if encoded else upload["Key"], upload["UploadId"])
                for upload in page.get("Uploads", ())
            ]
            for _ in pool.map(lambda upload: self._abort(*upload), uploads):
                done.calls["s3:AbortMultipartUpload"] += 1
                done.uploads += 1

    def _upload_pages(self) -> Iterator[dict[str, Any]]:
        """List unfinished uploads, which are aborted page by page, until no new one is there.

        In an encoding that holds every key: botocore asks for it and undoes it in other listings by
        itself. Each page is a first one, since botocore would go on from the encoded key.
        """
        pages = self.client.get_paginator("list_multipart_uploads")
        seen: set[str] = set()
        while True:
            listing = pages.paginate(**self._target, EncodingType="url")
            page: dict[str, Any] = next(iter(listing), {})
            new = {upload["UploadId"] for upload in page.get("Uploads", ())} - seen
            yield page
            if not new or not page.get("IsTruncated"):
                return
            seen |= new

    def _abort(self, key: str, upload: str) -> None:
        try:
            self.client.abort_multipart_upload(**self._bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if errors.code(error.response) != "NoSuchUpload":
                raise

    def _message(self, left: list[RemainingVersion]) -> str:
        shown = "; ".join(map(str, left[:_SHOWN]))
        more = and_more(len(left) - _SHOWN)
        count = count_of(len(left), "version")
        return (
            f"{count} in bucket {self.name} could not be deleted: {shown}{more}; take away what"
            " protects them (a bucket policy, an object lock), then run this again"
        )


def _left(error: Mapping[str, Any], key: str, version: str) -> RemainingVersion:
    return RemainingVersion(key, version, error.get("Code", ""), error.get("Message", ""))
