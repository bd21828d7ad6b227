"""Logs below ``/aws/sagemaker/`` that nothing explains: no job, endpoint or notebook of that name.

Whoever may write logs there, as seats may, can use any name. What was made since the workshop
began and has no writer may be a seat's: it is claimed, and never called gone. What somebody deleted
during the workshop leaves such logs as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from workshop import tags
from workshop.aws import errors
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, ScanContext
from workshop.teardown.resources.sagemaker_type import listed_key
from workshop.teardown.resources.sagemaker_types import LOG_GROUPS
from workshop.teardown.resources.sagemaker_workbenches import STUDIO

ROOT = "/aws/sagemaker/"
ENDPOINTS = f"{ROOT}Endpoints/"
COMPONENTS = f"{ROOT}InferenceComponents/"

_LATE = timedelta(hours=1)
"""By how much ``lastEventTimestamp`` may be behind (API reference of DescribeLogStreams)."""


def writers(group: str, stream: str) -> list[str]:
    """Return whose log a stream may be, by its name: the closest comes first.

    In a domain that is somebody else's, profiles and spaces may be the workshop's.
    """
    first, _, rest = stream.partition("/")
    return [f"{first}/{rest.partition('/')[0]}", first] if group == STUDIO else [first]


def moment(milliseconds: int | None) -> datetime | None:
    """Return the moment that CloudWatch Logs gives in milliseconds."""
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def verdict(context: ScanContext) -> OwnershipVerdict:
    """Return the verdict on a log that nothing explains, which tells of no seat."""
    message = "made since the workshop began, and nothing that is there explains it"
    return OwnershipVerdict(
        Ownership.CLAIMED if context.scope.whole else Ownership.UNKNOWN, message
    )


def is_unexplained(context: ScanContext, group: Mapping[str, Any]) -> bool:
    """Return whether nothing explains a whole group. A tag ``workshop`` of another's does."""
    name = group["logGroupName"]
    if not _is_new(context, group) or name in LOG_GROUPS.values():
        return False
    start = next((prefix for prefix in (ENDPOINTS, COMPONENTS) if name.startswith(prefix)), None)
    if start is not None:
        there = _names(context, start)
        if there is None or name.removeprefix(start) in there:
            return False
    return _workshop_of(context, group) in ("", context.scope.workshop)


def streams(context: ScanContext, group: str) -> Iterator[dict[str, Any]]:
    """Yield the streams of a group that jobs or notebooks share, which none of these has written.

    The latest come first, and those that are older than the workshop are not read.
    """
    there = _names(context, group)
    if context.since is None or there is None:
        return
    client = context.clients.client("logs", context.scope.account_region)
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=group, orderBy="LastEventTime", descending=True
    )
    with errors.gone_is_fine():
        for page in pages:
            found = page["logStreams"]
            for stream in found:
                known = there & set(writers(group, stream["logStreamName"]))
                if _is_new(context, stream) and not known:
                    yield stream
            last = [moment(stream.get("lastEventTimestamp")) for stream in found]
            if last and all(
                last_event is not None and last_event < context.since - _LATE for last_event in last
            ):
                return


def _names(context: ScanContext, group: str) -> frozenset[str] | None:
    """Return the names of all that may write to a group; None where they could not be listed."""
    resource_types = [
        resource_type for resource_type, where in LOG_GROUPS.items() if where == group
    ]
    found = [context.memory.recall(listed_key(resource_type)) for resource_type in resource_types]
    # A resource type that a Region does not offer is not listed, and writes nothing.
    some = [last_event for last_event in found if last_event is not None]
    return frozenset().union(*some) if some else None


def _is_new(context: ScanContext, log: Mapping[str, Any]) -> bool:
    created = moment(log.get("creationTime"))
    return context.since is not None and created is not None and created >= context.since


def _workshop_of(context: ScanContext, group: Mapping[str, Any]) -> str:
    client = context.clients.client("logs", context.scope.account_region)
    arn = str(group.get("logGroupArn") or group["arn"]).removesuffix(":*")
    with errors.gone_is_fine():
        return str(client.list_tags_for_resource(resourceArn=arn)["tags"].get(tags.WORKSHOP, ""))
    return ""
