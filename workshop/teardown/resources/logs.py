"""Logs of SageMaker: a seat's streams in groups that all share, and groups of its endpoints.

SageMaker writes to ``/aws/sagemaker/TrainingJobs`` and its like, one group for all jobs of the
account and streams ``<job>/algo-1-...``; an endpoint has a group, ``/aws/sagemaker/Endpoints/...``.
Studio's streams are ``<domain>/<user profile or space>/<app type>/...``.
A log tells its writer by that name alone. It is proven by the job, endpoint or notebook of that
name while this is there; ``remember`` keeps what was proven, for when only the log is left, and of
an endpoint that was deleted during the workshop the watch has noted it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workshop import tags
from workshop.aws import errors
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Identity, Ownership, Resource, ScanCache, ScanContext
from workshop.teardown.resources import names, seen_endpoints, unexplained
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.sagemaker_types import LOG_GROUPS, WRITERS
from workshop.teardown.resources.unexplained import COMPONENTS, ENDPOINTS, ROOT, writers

_CERTAINTY = (Ownership.FOREIGN, Ownership.CLAIMED, Ownership.OWNED)

Notes = dict[tuple[str, str], tuple[Ownership, str]]
"""Log group and name of what writes to it -> whose that is, and its seat."""


def remember(context: ScanContext, resource: Resource) -> None:
    """Note whose a resource is that writes logs, so that its log is judged alike, for good.

    A stranger's that only looks alike is noted as well: its log's name is no claim then. What tags
    claim, they claim for the log, too, which has none of its own.
    """
    group = LOG_GROUPS.get(resource.resource_type)
    if group is not None and resource.ownership in _CERTAINTY:
        _note(_notes(context), (group, resource.id), resource.ownership, resource.seat)


def remember_before(lasting: ScanCache, proven: Mapping[Identity, str]) -> None:
    """Note what an earlier run proved, and its seat: its writers may be gone since."""
    for (resource_type, name, account_region, _), seat in proven.items():
        if resource_type in LOG_GROUPS:
            key = LOG_GROUPS[resource_type], name
        elif resource_type == LogStreams.name:
            group, _, stream = name.partition(":")
            key = group, writers(group, stream)[0]
        elif resource_type == LogGroups.name:
            start = ENDPOINTS if name.startswith(ENDPOINTS) else COMPONENTS
            key = start, name.removeprefix(start)
        else:
            continue
        notes: Notes = lasting.get(("writers of logs", account_region), dict)
        notes.setdefault(key, (Ownership.OWNED, seat))


def _notes(context: ScanContext) -> Notes:
    notes: Notes = context.lasting.get(("writers of logs", context.scope.account_region), dict)
    return notes


def _note(notes: Notes, key: tuple[str, str], ownership: Ownership, seat: str) -> None:
    known, _ = notes.get(key, (Ownership.FOREIGN, ""))
    if _CERTAINTY.index(ownership) >= _CERTAINTY.index(known):
        notes[key] = ownership, seat


def _verdict(context: ScanContext, group: str, writer: str) -> OwnershipVerdict | None:
    """Return the verdict on a log by what was noted of its writer, else by the writer's name."""
    noted, seat = _notes(context).get((group, writer), (None, ""))
    proof, tagged = None, {}
    if noted == Ownership.OWNED:
        why = f"the log of {writer}, which is proven the workshop's"
        proof = OwnershipVerdict(Ownership.OWNED, why, seat)
    elif noted == Ownership.FOREIGN:
        why = f"the log of {writer}, which is somebody else's"
        proof = OwnershipVerdict(Ownership.FOREIGN, why)
    elif noted == Ownership.CLAIMED:
        # The tags that the log would have if its writer's were its own.
        tagged = {tags.WORKSHOP: context.scope.workshop, tags.ATTENDEE: seat}
    return ownership.judge(context, name=writer, arn="", proof=proof, tagged=tagged)


class _LogType(ResourceType):
    """What CloudWatch Logs keeps of SageMaker's."""

    service = "logs"
    reads = ("logs:DescribeLogGroups", "logs:DescribeLogStreams")
    proven_by_writers = True
    wait_after_delete = False

    def groups(self, context: ScanContext) -> list[dict[str, Any]]:
        """Return SageMaker's groups, listed once a scan for both resource types."""
        listed = self.listed(context, "describe_log_groups", "logGroups", logGroupNamePrefix=ROOT)
        groups: list[dict[str, Any]] = context.memory.get("log groups", lambda: list(listed))
        return groups

    def log(
        self,
        context: ScanContext,
        verdict: OwnershipVerdict | None,
        id_: str,
        description: Mapping[str, Any],
        **more: Any,
    ) -> Iterator[Resource]:
        """Yield a log with the verdict on it; nothing where there is none."""
        yield from self.found(
            context,
            verdict,
            id_,
            created=unexplained.moment(description.get("creationTime")),
            unattributable=verdict is not None and verdict.ownership == Ownership.UNKNOWN,
            **more,
        )


class LogStreams(_LogType):
    """Streams in the groups that the account's jobs and notebooks share.

    A group of a busy account holds far more streams than a listing of 50 a page should read. So
    those whose names begin with the workshop's are listed together, and for each proven job of
    another name its own.
    """

    name = names.LOG_STREAM
    after = WRITERS
    cloudformation_type = "AWS::Logs::LogStream"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for group in self.groups(context):
            name = group["logGroupName"]
            if name.startswith((ENDPOINTS, COMPONENTS)):
                continue
            start, notes = f"{context.scope.workshop}-", _notes(context)
            others = [
                writer
                for (noted_group, writer), (noted, _) in list(notes.items())
                if noted_group == name
                and noted != Ownership.FOREIGN
                and not writer.startswith(start)
            ]
            found = {
                resource.id: resource
                for prefix in (start, *(f"{writer}/" for writer in others))
                for resource in self._below(context, name, prefix)
            }
            for stream in unexplained.streams(context, name):
                [resource] = self._stream(context, name, stream, unexplained.verdict(context))
                # That a name only begins alike explains nothing.
                settled = resource.id in found and found[resource.id].ownership != Ownership.FOREIGN
                noted_writer = self._noted_writer(context, name, stream["logStreamName"])
                if not settled and noted_writer is None:
                    found[resource.id] = resource
            yield from found.values()

    def _below(self, context: ScanContext, group: str, prefix: str) -> Iterator[Resource]:
        request = {"logGroupName": group, "logStreamNamePrefix": prefix}
        with errors.gone_is_fine():
            for stream in self.listed(context, "describe_log_streams", "logStreams", **request):
                name = stream["logStreamName"]
                writer = self._noted_writer(context, group, name) or writers(group, name)[0]
                verdict = _verdict(context, group, writer)
                yield from self._stream(context, group, stream, verdict)

    @staticmethod
    def _noted_writer(context: ScanContext, group: str, stream: str) -> str | None:
        notes = _notes(context)
        return next((name for name in writers(group, stream) if (group, name) in notes), None)

    def _stream(
        self,
        context: ScanContext,
        group: str,
        stream: Mapping[str, Any],
        verdict: OwnershipVerdict | None,
    ) -> Iterator[Resource]:
        name = stream["logStreamName"]
        details = {"logGroupName": group, "logStreamName": name}
        arn = stream.get("arn", "")
        yield from self.log(context, verdict, f"{group}:{name}", stream, arn=arn, details=details)

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_log_stream(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        group, stream = resource.details["logGroupName"], resource.details["logStreamName"]
        # A name that another begins with comes before it: names are listed in order.
        found = self.client(context).describe_log_streams(
            logGroupName=group, logStreamNamePrefix=stream, limit=1
        )["logStreams"]
        return (
            "there"
            if any(found_stream["logStreamName"] == stream for found_stream in found)
            else None
        )


class LogGroups(_LogType):
    """Groups of one endpoint or inference component each; the shared ones are never deleted.

    What still runs makes its group anew, so endpoints go first.
    """

    name = names.LOG_GROUP
    after = (names.ENDPOINT, names.INFERENCE_COMPONENT)
    cloudformation_type = "AWS::Logs::LogGroup"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for group in self.groups(context):
            name, verdict, noted = group["logGroupName"], None, False
            start = next(
                (prefix for prefix in (ENDPOINTS, COMPONENTS) if name.startswith(prefix)), None
            )
            if start is not None:
                writer = name.removeprefix(start)
                verdict, noted = (
                    _verdict(context, start, writer),
                    (start, writer) in _notes(context),
                )
                if start == ENDPOINTS and not noted:
                    verdict = _of_deleted(context, writer, group) or verdict
            settled = verdict is not None and verdict.ownership != Ownership.FOREIGN
            if not settled and not noted and unexplained.is_unexplained(context, group):
                verdict = unexplained.verdict(context)
            yield from self.log(context, verdict, name, group, arn=group.get("logGroupArn", ""))

    def lists(self, arn: str) -> bool:
        """Return whether it is one of SageMaker's groups, which are all listed."""
        _, _, service, _, _, rest = arn.split(":", 5)
        return service == "logs" and rest.startswith(f"log-group:{ROOT}")

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_log_group(logGroupName=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        # Many groups may begin with this name; in order, it comes before them all.
        found = self.client(context).describe_log_groups(logGroupNamePrefix=resource.id, limit=1)
        there = any(group["logGroupName"] == resource.id for group in found["logGroups"])
        return "there" if there else None


def _of_deleted(
    context: ScanContext, endpoint: str, group: Mapping[str, Any]
) -> OwnershipVerdict | None:
    created = unexplained.moment(group.get("creationTime"))
    proof = seen_endpoints.proof(context, endpoint, created)
    if proof is None:
        return None
    return ownership.judge(context, name=endpoint, arn="", proof=proof, tagged={})


TYPES: tuple[ResourceType, ...] = (LogStreams(), LogGroups())
