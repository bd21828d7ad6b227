"""Brings a dataset from another bucket, inside S3 where the caller may copy it from there.

Objects are copied in the parts in which they were uploaded, so that their ETags come out the same.
A bucket that lets everybody read is read without a signature where the caller's own is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.datasets.pushing import THREADS, Arrivals, DatasetsBucket, in_parallel
from workshop.errors import UsageError, WorkshopError
from workshop.teardown import save_paths
from workshop.teardown.s3_copy import BucketDestination, CopyError, Entry, Source

_DENIED = ("AccessDenied", "403", "AllAccessDisabled")


@dataclass(frozen=True)
class DatasetSource:
    """What lies below a prefix of another bucket: entries by their name below it."""

    source: Source
    entries: Mapping[str, Entry]


@dataclass(frozen=True)
class CopyPlan:
    """What is copied into one bucket: entries of the source by key there."""

    bucket: DatasetsBucket
    source: Source
    send: Mapping[str, Entry]
    replaced: tuple[str, ...] = ()
    """Of these, those that are there and differ."""
    same: int = 0
    delete: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Return how many bytes are copied."""
        return sum(entry.size for entry in self.send.values())


def read(clients: Clients, into: DatasetsBucket, address: str) -> DatasetSource:
    """Return what ``s3://bucket/prefix/`` holds; raise WorkshopError where that cannot be read."""
    place = save_paths.read(address)
    if not isinstance(place, save_paths.Prefix):
        raise UsageError(f"{address} is no place in S3; write s3://bucket/prefix/")
    prefix = f"{place.prefix}/" if place.prefix else ""
    client = clients.client("s3", into.account_region)
    for signed in (True, False):
        source = Source(client if signed else _unsigned(client), place.bucket)
        try:
            found = {entry.key.removeprefix(prefix): entry for entry in source.entries(prefix)}
        except (BotoCoreError, ClientError) as error:
            refused = isinstance(error, ClientError) and errors.code(error.response) in _DENIED
            if refused and signed:
                continue
            raise WorkshopError(
                f"{address} could not be listed ({errors.describe(error)}); see its name, and"
                " whether you may read it"
            ) from error
        files = {name: entry for name, entry in found.items() if name and name[-1] != "/"}
        if not files:
            raise UsageError(f"{address} holds nothing; see its name with: aws s3 ls {address}")
        return DatasetSource(source, files)
    raise AssertionError("the last client has returned or raised")


def _unsigned(client: Any) -> Any:
    """Return a client that says to nobody who it is, for the same endpoint."""
    return boto3.client(
        "s3",
        region_name=client.meta.region_name,
        endpoint_url=client.meta.endpoint_url,
        config=Config(signature_version=UNSIGNED, s3=client.meta.config.s3),
    )


def plan(
    bucket: DatasetsBucket,
    source: Source,
    entries: Mapping[str, Entry],
    prefix: str,
    *,
    delete: bool,
) -> CopyPlan:
    """Compare objects, by their key here, with what is there."""
    there, target = bucket.entries(prefix), _target(bucket)

    def same(key: str) -> bool:
        return key in there and target.same(source, key, entries[key], there[key])

    try:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="compare") as pool:
            known = dict(zip(entries, pool.map(same, entries), strict=True))
    except (BotoCoreError, ClientError) as error:
        raise bucket.failed(error) from error
    send = {key: entry for key, entry in entries.items() if not known[key]}
    return CopyPlan(
        bucket,
        source,
        send,
        tuple(key for key in send if key in there),
        sum(known.values()),
        tuple(sorted(there.keys() - entries.keys())) if delete else (),
    )


def _target(bucket: DatasetsBucket) -> BucketDestination:
    return BucketDestination(
        bucket.client, save_paths.Prefix(bucket.name, ""), bucket.clients.clearing_up
    )


def copy(planned: CopyPlan, arrived: Arrivals) -> None:
    """Copy what differs and delete what is to go; raise WorkshopError where that fails."""
    bucket, target = planned.bucket, _target(planned.bucket)
    bucket.delete(planned.replaced)

    def bring(key: str) -> None:
        entry = planned.send[key]
        try:
            target.copy(planned.source, key, entry)
        except ClientError as error:
            if errors.code(error.response) not in _DENIED:
                raise
            # The caller's own signature is refused, and nobody's is not.
            with closing(planned.source.body(entry)) as body:
                bucket.client.upload_fileobj(body, bucket.name, key)
        arrived(entry.size, files=1)

    try:
        in_parallel(bring, planned.send)
    except CopyError as error:
        raise WorkshopError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise bucket.failed(error) from error
    there = bucket.entries()
    wrong = [key for key, entry in planned.send.items() if there[key].size != entry.size]
    if wrong:
        raise WorkshopError(f"{wrong[0]} did not arrive whole; run this again")
    bucket.delete(planned.delete)
