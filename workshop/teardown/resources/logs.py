"""Logs of SageMaker: a seat's streams in groups that all share, and groups of its endpoints.

SageMaker writes to ``/aws/sagemaker/TrainingJobs`` and its like, one group for all jobs of the
account and streams ``<job>/algo-1-...``; an endpoint has a group, ``/aws/sagemaker/Endpoints/...``.
Studio's streams are ``<domain>/<user profile or space>/<app type>/...``.
A log tells its writer by that name alone. It is proven by the job, endpoint or notebook of that
name while this is there; ``remember`` keeps what was proven, for when only the log is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags
from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import (
    Identity,
    Ownership,
    Resource,
    ResourceType,
    ScanCache,
    ScanContext,
)
from workshop.teardown.resources import unexplained
from workshop.teardown.resources.unexplained import COMPONENTS, ENDPOINTS, ROOT, WRITERS, writers

_KEY = "writers of logs"


def remember(world: ScanContext, thing: Resource) -> None:
    """Note a thing that is proven the workshop's, so that its log is proven too, for good.

    A stranger's that only looks alike is noted as well: its log's name is no claim then. What tags
    claim, they claim for the log, too, which has none of its own.
    """
    group = WRITERS.get(thing.kind)
    if group is not None and thing.ownership == Ownership.CLAIMED:
        _claimed(world)[group, thing.id] = thing.seat
    if group is not None and thing.ownership == Ownership.OWNED:
        _known(world)[group, thing.id] = thing.seat
    elif group is not None and thing.ownership == Ownership.FOREIGN:
        _known(world).setdefault((group, thing.id), None)


def remember_before(lasting: ScanCache, proven: Mapping[Identity, str]) -> None:
    """Note what an earlier run proved, and its seat: its writers may be gone since."""
    for (kind, name, place, _), seat in proven.items():
        known: dict[tuple[str, str], str | None] = lasting.get((_KEY, place), dict)
        if kind in WRITERS:
            known.setdefault((WRITERS[kind], name), seat)
        elif kind == LogStreams.name:
            group, _, stream = name.partition(":")
            known.setdefault((group, writers(group, stream)[0]), seat)
        elif kind == LogGroups.name:
            start = ENDPOINTS if name.startswith(ENDPOINTS) else COMPONENTS
            known.setdefault((start, name.removeprefix(start)), seat)


def _known(world: ScanContext) -> dict[tuple[str, str], str | None]:
    """Group and name of what was proven in this place -> its seat, None for a stranger's."""
    known: dict[tuple[str, str], str | None] = world.lasting.get((_KEY, world.scope.place), dict)
    return known


def _is_known(world: ScanContext, group: str, writer: str) -> bool:
    return (group, writer) in _known(world) or (group, writer) in _claimed(world)


def _claimed(world: ScanContext) -> dict[tuple[str, str], str]:
    """Group and name of what only tags or names claim in this place -> its seat."""
    claimed: dict[tuple[str, str], str] = world.lasting.get(
        (_KEY, "claimed", world.scope.place), dict
    )
    return claimed


def _tags(world: ScanContext, group: str, writer: str) -> dict[str, str]:
    """The tags that a log would have if its writer's were its own."""
    seat = _claimed(world).get((group, writer))
    return {} if seat is None else {tags.WORKSHOP: world.scope.workshop, tags.ATTENDEE: seat}


def _proven(world: ScanContext, group: str, writer: str) -> Proof | None:
    known = _known(world)
    if (group, writer) not in known:
        return None
    seat = known[group, writer]
    if seat is None:
        return Proof(Ownership.FOREIGN, f"the log of {writer}, which is somebody else's")
    return Proof(Ownership.OWNED, f"the log of {writer}, which is proven the workshop's", seat)


def _client(world: ScanContext) -> Any:
    return world.clients.client("logs", world.scope.place)


def _groups(world: ScanContext) -> list[dict[str, Any]]:
    """SageMaker's groups, listed once a scan for both kinds."""
    pages = _client(world).get_paginator("describe_log_groups").paginate(logGroupNamePrefix=ROOT)
    groups: list[dict[str, Any]] = world.memory.get(
        "log groups", lambda: [group for page in pages for group in page["logGroups"]]
    )
    return groups


@dataclass(frozen=True)
class LogStreams:
    """Streams in the groups that the account's jobs and notebooks share.

    A group of a busy account holds far more streams than a listing of 50 a page should read. So
    those whose names begin with the workshop's are listed together, and for each proven job of
    another name its own.
    """

    name: str = "log stream"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::Logs::LogStream"
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        for group in _groups(world):
            name = group["logGroupName"]
            if name.startswith((ENDPOINTS, COMPONENTS)):
                continue
            start = f"{world.scope.workshop}-"
            noted = {**_claimed(world), **_known(world)}
            others = [
                writer
                for (where, writer), seat in noted.items()
                if where == name and seat is not None and not writer.startswith(start)
            ]
            found = {
                thing.id: thing
                for prefix in (start, *(f"{one}/" for one in others))
                for thing in self._below(world, name, prefix)
            }
            for stream in unexplained.streams(world, name):
                thing = self._thing(world, name, stream, unexplained.verdict(world))
                by = writers(name, stream["logStreamName"])
                # That a name only begins alike explains nothing.
                settled = thing.id in found and found[thing.id].ownership != Ownership.FOREIGN
                if not settled and not any(_is_known(world, name, one) for one in by):
                    found[thing.id] = thing
            yield from found.values()

    def _below(self, world: ScanContext, group: str, prefix: str) -> Iterator[Resource]:
        pages = (
            _client(world)
            .get_paginator("describe_log_streams")
            .paginate(logGroupName=group, logStreamNamePrefix=prefix)
        )
        try:
            for page in pages:
                for stream in page["logStreams"]:
                    yield from self._judged(world, group, stream)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def _judged(self, world: ScanContext, group: str, stream: dict[str, Any]) -> Iterator[Resource]:
        name = stream["logStreamName"]
        some = writers(group, name)
        writer = next((one for one in some if _is_known(world, group, one)), some[0])
        found, claims = _proven(world, group, writer), _tags(world, group, writer)
        verdict = ownership.judge(world, name=writer, arn="", proof=found, tagged=claims)
        if verdict is not None:
            yield self._thing(world, group, stream, verdict)

    def _thing(
        self, world: ScanContext, group: str, stream: Mapping[str, Any], verdict: ownership.Whose
    ) -> Resource:
        name = stream["logStreamName"]
        return Resource(
            kind=self.name,
            id=f"{group}:{name}",
            place=world.scope.place,
            ownership=verdict.ownership,
            why=verdict.why,
            seat=verdict.seat,
            arn=stream.get("arn", ""),
            created=unexplained.moment(stream.get("creationTime")),
            details={"logGroupName": group, "logStreamName": name},
            untold=verdict.ownership == Ownership.UNKNOWN,
        )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_log_stream(**thing.details)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        group, stream = thing.details["logGroupName"], thing.details["logStreamName"]
        try:
            # A name that another begins with comes before it: names are listed in order.
            found = _client(world).describe_log_streams(
                logGroupName=group, logStreamNamePrefix=stream, limit=1
            )["logStreams"]
        except ClientError as error:
            if refusals.is_gone(error):
                return None
            raise
        return "there" if any(one["logStreamName"] == stream for one in found) else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True


@dataclass(frozen=True)
class LogGroups:
    """Groups of one endpoint or inference component each; the shared ones are never deleted.

    What still runs makes its group anew, so endpoints go first.
    """

    name: str = "log group"
    after: tuple[str, ...] = ("endpoint", "inference component")
    resource_type: str = "AWS::Logs::LogGroup"
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        for group in _groups(world):
            name = group["logGroupName"]
            verdict = self._judged(world, name)
            settled = verdict is not None and verdict.ownership != Ownership.FOREIGN
            if not settled and not self._is_known(world, name):
                verdict = (
                    unexplained.verdict(world) if unexplained.is_one(world, group) else verdict
                )
            if verdict is not None:
                yield Resource(
                    kind=self.name,
                    id=name,
                    place=world.scope.place,
                    ownership=verdict.ownership,
                    why=verdict.why,
                    seat=verdict.seat,
                    arn=group.get("logGroupArn", ""),
                    created=unexplained.moment(group.get("creationTime")),
                    untold=verdict.ownership == Ownership.UNKNOWN,
                )

    @staticmethod
    def _writer(name: str) -> tuple[str, str] | None:
        """What a group's name begins with, and its writer; None for a group that many share."""
        start = next((one for one in (ENDPOINTS, COMPONENTS) if name.startswith(one)), None)
        return None if start is None else (start, name.removeprefix(start))

    def _judged(self, world: ScanContext, name: str) -> ownership.Whose | None:
        parts = self._writer(name)
        if parts is None:
            return None
        found, claims = _proven(world, *parts), _tags(world, *parts)
        return ownership.judge(world, name=parts[1], arn="", proof=found, tagged=claims)

    def _is_known(self, world: ScanContext, name: str) -> bool:
        parts = self._writer(name)
        return parts is not None and _is_known(world, *parts)

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_log_group(logGroupName=thing.id)
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        # Many groups may begin with this name; in order, it comes before them all.
        found = _client(world).describe_log_groups(logGroupNamePrefix=thing.id, limit=1)
        there = any(one["logGroupName"] == thing.id for one in found["logGroups"])
        return "there" if there else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True


KINDS: tuple[ResourceType, ...] = (LogStreams(), LogGroups())
