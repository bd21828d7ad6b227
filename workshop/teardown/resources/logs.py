"""Logs of SageMaker: a seat's streams in groups that all share, and groups of its endpoints.

SageMaker writes to ``/aws/sagemaker/TrainingJobs`` and its like, one group for all jobs of the
account and streams ``<job>/algo-1-...``; an endpoint has a group, ``/aws/sagemaker/Endpoints/...``.
Studio's streams are ``<domain>/<user profile or space>/<app type>/...``.
A log tells its writer by that name alone. It is proven by the job, endpoint or notebook of that
name while this is there; ``remember`` keeps what was proven, for when only the log is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags
from workshop.aws import errors
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import (
    Identity,
    Ownership,
    Resource,
    ScanCache,
    ScanContext,
)
from workshop.teardown.resources import names, unexplained
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.unexplained import COMPONENTS, ENDPOINTS, ROOT, WRITERS, writers

_KEY = "writers of logs"


def remember(context: ScanContext, resource: Resource) -> None:
    """Note a resource that is proven the workshop's, so that its log is proven too, for good.

    A stranger's that only looks alike is noted as well: its log's name is no claim then. What tags
    claim, they claim for the log, too, which has none of its own.
    """
    group = WRITERS.get(resource.resource_type)
    if group is not None and resource.ownership == Ownership.CLAIMED:
        _claimed(context)[group, resource.id] = resource.seat
    if group is not None and resource.ownership == Ownership.OWNED:
        _known(context)[group, resource.id] = resource.seat
    elif group is not None and resource.ownership == Ownership.FOREIGN:
        _known(context).setdefault((group, resource.id), None)


def remember_before(lasting: ScanCache, proven: Mapping[Identity, str]) -> None:
    """Note what an earlier run proved, and its seat: its writers may be gone since."""
    for (resource_type, name, place, _), seat in proven.items():
        known: dict[tuple[str, str], str | None] = lasting.get((_KEY, place), dict)
        if resource_type in WRITERS:
            known.setdefault((WRITERS[resource_type], name), seat)
        elif resource_type == LogStreams.name:
            group, _, stream = name.partition(":")
            known.setdefault((group, writers(group, stream)[0]), seat)
        elif resource_type == LogGroups.name:
            start = ENDPOINTS if name.startswith(ENDPOINTS) else COMPONENTS
            known.setdefault((start, name.removeprefix(start)), seat)


def _known(context: ScanContext) -> dict[tuple[str, str], str | None]:
    """Group and name of what was proven in this place -> its seat, None for a stranger's."""
    known: dict[tuple[str, str], str | None] = context.lasting.get(
        (_KEY, context.scope.place), dict
    )
    return known


def _is_known(context: ScanContext, group: str, writer: str) -> bool:
    return (group, writer) in _known(context) or (group, writer) in _claimed(context)


def _claimed(context: ScanContext) -> dict[tuple[str, str], str]:
    """Group and name of what only tags or names claim in this place -> its seat."""
    claimed: dict[tuple[str, str], str] = context.lasting.get(
        (_KEY, "claimed", context.scope.place), dict
    )
    return claimed


def _tags(context: ScanContext, group: str, writer: str) -> dict[str, str]:
    """The tags that a log would have if its writer's were its own."""
    seat = _claimed(context).get((group, writer))
    return {} if seat is None else {tags.WORKSHOP: context.scope.workshop, tags.ATTENDEE: seat}


def _proven(context: ScanContext, group: str, writer: str) -> OwnershipVerdict | None:
    known = _known(context)
    if (group, writer) not in known:
        return None
    seat = known[group, writer]
    if seat is None:
        return OwnershipVerdict(Ownership.FOREIGN, f"the log of {writer}, which is somebody else's")
    return OwnershipVerdict(
        Ownership.OWNED, f"the log of {writer}, which is proven the workshop's", seat
    )


def _client(context: ScanContext) -> Any:
    return context.clients.client("logs", context.scope.place)


def _groups(context: ScanContext) -> list[dict[str, Any]]:
    """SageMaker's groups, listed once a scan for both resource types."""
    pages = _client(context).get_paginator("describe_log_groups").paginate(logGroupNamePrefix=ROOT)
    groups: list[dict[str, Any]] = context.memory.get(
        "log groups", lambda: [group for page in pages for group in page["logGroups"]]
    )
    return groups


class LogStreams(ResourceType):
    """Streams in the groups that the account's jobs and notebooks share.

    A group of a busy account holds far more streams than a listing of 50 a page should read. So
    those whose names begin with the workshop's are listed together, and for each proven job of
    another name its own.
    """

    name = names.LOG_STREAM
    service = "logs"
    after = names.WRITERS
    proven_by_writers = True
    cloudformation_type = "AWS::Logs::LogStream"
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for group in _groups(context):
            name = group["logGroupName"]
            if name.startswith((ENDPOINTS, COMPONENTS)):
                continue
            start = f"{context.scope.workshop}-"
            noted = {**_claimed(context), **_known(context)}
            others = [
                writer
                for (where, writer), seat in noted.items()
                if where == name and seat is not None and not writer.startswith(start)
            ]
            found = {
                resource.id: resource
                for prefix in (start, *(f"{one}/" for one in others))
                for resource in self._below(context, name, prefix)
            }
            for stream in unexplained.streams(context, name):
                [resource] = self._found(context, name, stream, unexplained.verdict(context))
                by = writers(name, stream["logStreamName"])
                # That a name only begins alike explains nothing.
                settled = resource.id in found and found[resource.id].ownership != Ownership.FOREIGN
                if not settled and not any(_is_known(context, name, one) for one in by):
                    found[resource.id] = resource
            yield from found.values()

    def _below(self, context: ScanContext, group: str, prefix: str) -> Iterator[Resource]:
        pages = self.pages(
            context, "describe_log_streams", logGroupName=group, logStreamNamePrefix=prefix
        )
        try:
            for page in pages:
                for stream in page["logStreams"]:
                    yield from self._judged(context, group, stream)
        except ClientError as error:
            if not errors.is_gone(error):
                raise

    def _judged(
        self, context: ScanContext, group: str, stream: dict[str, Any]
    ) -> Iterator[Resource]:
        name = stream["logStreamName"]
        some = writers(group, name)
        writer = next((one for one in some if _is_known(context, group, one)), some[0])
        found, claims = _proven(context, group, writer), _tags(context, group, writer)
        verdict = ownership.judge(context, name=writer, arn="", proof=found, tagged=claims)
        yield from self._found(context, group, stream, verdict)

    def _found(
        self,
        context: ScanContext,
        group: str,
        stream: Mapping[str, Any],
        verdict: OwnershipVerdict | None,
    ) -> Iterator[Resource]:
        name = stream["logStreamName"]
        yield from self.found(
            context,
            verdict,
            f"{group}:{name}",
            arn=stream.get("arn", ""),
            created=unexplained.moment(stream.get("creationTime")),
            details={"logGroupName": group, "logStreamName": name},
            unattributable=verdict is not None and verdict.ownership == Ownership.UNKNOWN,
        )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_log_stream(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        group, stream = resource.details["logGroupName"], resource.details["logStreamName"]
        # A name that another begins with comes before it: names are listed in order.
        found = self.client(context).describe_log_streams(
            logGroupName=group, logStreamNamePrefix=stream, limit=1
        )["logStreams"]
        return "there" if any(one["logStreamName"] == stream for one in found) else None


class LogGroups(ResourceType):
    """Groups of one endpoint or inference component each; the shared ones are never deleted.

    What still runs makes its group anew, so endpoints go first.
    """

    name = names.LOG_GROUP
    service = "logs"
    after = (names.ENDPOINT, names.INFERENCE_COMPONENT)
    proven_by_writers = True
    cloudformation_type = "AWS::Logs::LogGroup"
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for group in _groups(context):
            name = group["logGroupName"]
            verdict = self._judged(context, name)
            settled = verdict is not None and verdict.ownership != Ownership.FOREIGN
            if not settled and not self._is_known(context, name):
                verdict = (
                    unexplained.verdict(context) if unexplained.is_one(context, group) else verdict
                )
            yield from self.found(
                context,
                verdict,
                name,
                arn=group.get("logGroupArn", ""),
                created=unexplained.moment(group.get("creationTime")),
                unattributable=verdict is not None and verdict.ownership == Ownership.UNKNOWN,
            )

    @staticmethod
    def _writer(name: str) -> tuple[str, str] | None:
        """What a group's name begins with, and its writer; None for a group that many share."""
        start = next((one for one in (ENDPOINTS, COMPONENTS) if name.startswith(one)), None)
        return None if start is None else (start, name.removeprefix(start))

    def _judged(self, context: ScanContext, name: str) -> OwnershipVerdict | None:
        parts = self._writer(name)
        if parts is None:
            return None
        found, claims = _proven(context, *parts), _tags(context, *parts)
        return ownership.judge(context, name=parts[1], arn="", proof=found, tagged=claims)

    def _is_known(self, context: ScanContext, name: str) -> bool:
        parts = self._writer(name)
        return parts is not None and _is_known(context, *parts)

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_log_group(logGroupName=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        # Many groups may begin with this name; in order, it comes before them all.
        found = self.client(context).describe_log_groups(logGroupNamePrefix=resource.id, limit=1)
        there = any(one["logGroupName"] == resource.id for one in found["logGroups"])
        return "there" if there else None


TYPES: tuple[ResourceType, ...] = (LogStreams(), LogGroups())
