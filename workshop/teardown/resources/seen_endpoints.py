"""Whose endpoints were that are deleted: the watch has noted it in a bucket that no seat writes.

A log that has a seat's prefix is proven the seat's if the watch saw an endpoint of that name with
the seat's tags, saw none of anybody else, and the log is not older. The name alone proves nothing,
since anybody may use it; nor do the tags alone, since a seat may call an endpoint like another's.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from botocore.exceptions import ClientError

from workshop import naming
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import CLOCKS_DIFFER, Ownership, ScanContext
from workshop.watch.endpoints import SEEN

Seen = dict[str, set[tuple[datetime, str]]]
"""Name of an endpoint -> when those were made that had it, and their seats; empty for no seat."""


def proof(context: ScanContext, name: str, created: datetime | None) -> OwnershipVerdict | None:
    """Return what the notes prove of the log of an endpoint that is gone, if anything."""
    # For as long as this process lives: the bucket goes before the teardown is done.
    where = context.scope.account_region
    seen: Seen = context.lasting.get(
        ("endpoints that the watch saw", where), lambda: _read(context)
    )
    made = seen.get(name, set())
    seat = naming.seat_of_name(context.scope.workshop, name)
    if created is None or {of for _, of in made} != {seat}:
        return None
    if created < min(at for at, _ in made) - CLOCKS_DIFFER:
        return None
    why = f"the log of {name}, which the watch saw with the tags of {seat}"
    return OwnershipVerdict(Ownership.OWNED, why, seat or "")


def _read(context: ScanContext) -> Seen:
    """Return what the watch has noted; nothing where there is no such bucket of this account.

    Without its notes, less is proven.
    """
    where = context.scope.account_region
    s3 = context.clients.client("s3", where)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=context.scope.names(naming.COHORT).watch_bucket,
        Prefix=SEEN,
        ExpectedBucketOwner=where.account,
    )
    found: Seen = defaultdict(set)
    try:
        keys = [found_object["Key"] for page in pages for found_object in page.get("Contents", [])]
    except ClientError:
        return {}
    for key in keys:
        name, _, rest = key.removeprefix(SEEN).partition("/")
        seconds, _, seat = rest.partition("/")
        if seconds.isdecimal():
            found[name].add((datetime.fromtimestamp(int(seconds), UTC), seat))
    return {**found}
