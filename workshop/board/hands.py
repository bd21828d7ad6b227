"""The hands that attendees have raised at the door, as they lie in the watch's bucket.

Each is one object, ``door/hands/<seat>.json``: ``word``, ``at`` (epoch seconds) and, once somebody
sees to it, ``taken``. It is written only if it is still what was read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.errors import WorkshopError

PREFIX = "door/hands/"
THREADS = 8
ORGANISER = "organiser"
"""Who has taken a hand that was taken on the board."""
_OTHERS = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
_NONE = frozenset({"NoSuchKey", "NoSuchBucket"})


@dataclass(frozen=True)
class RaisedHand:
    """What somebody needs; ``taken`` is who sees to it, empty for nobody yet."""

    word: str
    at: datetime
    taken: str


class Hands:
    """The hands of one environment; what has not changed is not read again."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._read: dict[tuple[AccountRegion, str], tuple[str, RaisedHand | None]] = {}

    def up(self, loaded: LoadedEnvironment, where: AccountRegion) -> dict[str, RaisedHand]:
        """Return the hands that are up, by seat; botocore's errors pass through."""
        bucket = loaded.cohort_names(where).watch_bucket
        try:
            pages = list(
                self._clients.pages(
                    where,
                    "s3",
                    "ListObjectsV2",
                    Bucket=bucket,
                    Prefix=PREFIX,
                    ExpectedBucketOwner=where.account,
                )
            )
        except ClientError as error:
            if errors.code(error.response) in _NONE:  # no watch, so no door
                return {}
            raise
        etags = {one["Key"]: one["ETag"] for page in pages for one in page.get("Contents", ())}
        new = [key for key, etag in etags.items() if self._kept(where, key)[0] != etag]
        for key, hand in side_by_side(
            lambda key: _parsed(self._object(where, bucket, key)[0]), new, threads=THREADS
        ).items():
            self._read[where, key] = (etags[key], hand)
        hands = {key: self._kept(where, key)[1] for key in etags}
        return {
            key.removeprefix(PREFIX).removesuffix(".json"): hand
            for key, hand in hands.items()
            if hand is not None
        }

    def take(self, loaded: LoadedEnvironment, where: AccountRegion, seat: str) -> str:
        """Note that the organiser sees to a hand, and return what became of it."""
        bucket, key = loaded.cohort_names(where).watch_bucket, f"{PREFIX}{seat}.json"
        body, etag = self._object(where, bucket, key)
        hand = _parsed(body)
        if hand is None:
            return f"{seat}: the hand is down"
        if hand.taken:
            return f"{seat}: {hand.taken} sees to it already"
        try:
            self._clients.call(
                where,
                "s3",
                "PutObject",
                Bucket=bucket,
                Key=key,
                Body=json.dumps({**_document(body), "taken": ORGANISER}).encode(),
                IfMatch=etag,
                ExpectedBucketOwner=where.account,
            )
        except ClientError as error:
            if errors.code(error.response) in _OTHERS:
                raise WorkshopError(
                    f"the hand of {seat} has changed meanwhile; look at it again"
                ) from error
            raise
        return f"{seat}: taken"

    def _kept(self, where: AccountRegion, key: str) -> tuple[str, RaisedHand | None]:
        return self._read.get((where, key), ("", None))

    def _object(self, where: AccountRegion, bucket: str, key: str) -> tuple[bytes, str]:
        """Return an object and its ETag, both empty for one that is gone."""
        try:
            answer = self._clients.call(
                where, "s3", "GetObject", Bucket=bucket, Key=key, ExpectedBucketOwner=where.account
            )
        except ClientError as error:
            if errors.code(error.response) in _NONE:
                return b"", ""
            raise
        return answer["Body"].read(), answer["ETag"]


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"null")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(body: bytes) -> RaisedHand | None:
    found = _document(body)
    try:
        at = datetime.fromtimestamp(float(found["at"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    return RaisedHand(str(found.get("word", "")), at, str(found.get("taken") or ""))
