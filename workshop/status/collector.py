"""Asks AWS about one place: paged listings side by side, then details of what runs.

A listing takes one call for each page, however many seats there are. No listing tells machines:
these come from ``details``, in bulk as well and else within a bound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from workshop.aws import stacks as inventory
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.aws.stacks import StackSummary
from workshop.status.attribution import Owners
from workshop.status.calls import Calls, notebooks
from workshop.status.describe import DescribeCache, Details, known
from workshop.status.snapshot import (
    ENDPOINT,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    WARM_POOL,
    NotebookState,
    RunningJob,
    Snapshot,
    Unknown,
)

T = TypeVar("T")

THREADS = 8
ARNS_AT_ONCE = 100
"""As many as GetResources takes."""

LOG_GROUP = "/aws/sagemaker/NotebookInstances"
LOG_PAGE = 50

RUNNING: tuple[dict[str, Any], ...] = ({"StatusEquals": "InProgress"}, {"StatusEquals": "Stopping"})
DOWN = ("Failed", "Deleting")
"""Endpoints without machines; all others count as up, since they may bill."""


class _Listing(NamedTuple):
    operation: str
    summaries: str
    noun: str
    filters: tuple[dict[str, Any], ...] = RUNNING


LISTINGS = {
    TRAINING: _Listing("ListTrainingJobs", "TrainingJobSummaries", "TrainingJob"),
    WARM_POOL: _Listing(
        "ListTrainingJobs",
        "TrainingJobSummaries",
        "TrainingJob",
        ({"WarmPoolStatusEquals": "Available"},),
    ),
    PROCESSING: _Listing("ListProcessingJobs", "ProcessingJobSummaries", "ProcessingJob"),
    TRANSFORM: _Listing("ListTransformJobs", "TransformJobSummaries", "TransformJob"),
    TUNING: _Listing(
        "ListHyperParameterTuningJobs",
        "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJob",
    ),
    # An endpoint has many statuses in which it bills, and a filter takes one.
    ENDPOINT: _Listing("ListEndpoints", "Endpoints", "Endpoint", ({},)),
}


class StatusCollector:
    """One look at one place."""

    def __init__(
        self, clients: Clients, calls: Calls, owners: Owners, memory: DescribeCache
    ) -> None:
        self._clients = clients
        self._calls = calls
        self._owners = owners
        self._details = Details(calls, memory)

    def found(self) -> Snapshot:
        """Ask; whatever fails is Unknown in the answer and hides nothing else."""
        with ThreadPoolExecutor(THREADS) as pool:
            stacks = pool.submit(known, self._stacks)
            books = pool.submit(known, lambda: notebooks(self._calls, self._owners.workshop))
            active = pool.submit(known, self._active)
            work = dict(zip(LISTINGS, pool.map(self._listed, LISTINGS), strict=True))
            running = _all(work.values())
            tags = known(lambda: self._tags([*running, *_some(books.result())]))
            tagged: Mapping[str, Mapping[str, str]] = {} if isinstance(tags, Unknown) else tags
            ours = [
                one
                for one in running
                if not self._owners.is_another_workshops(tagged.get(one.arn, {}))
            ]
            described = self._details.of(pool, ours)
        return Snapshot(
            place=self._calls.place,
            stacks=stacks.result(),
            notebooks=books.result(),
            active=active.result(),
            work={
                kind: listed
                if isinstance(listed, Unknown)
                else tuple(replace(one, machines=described.get(one, ())) for one in listed)
                for kind, listed in work.items()
            },
            tags=tags,
        )

    def of_others(self, kinds: Collection[str]) -> dict[str, tuple[RunningJob, ...] | Unknown]:
        """What runs and is no seat's of the workshop; where tags are not told, by names alone."""
        with ThreadPoolExecutor(THREADS) as pool:
            work = dict(zip(kinds, pool.map(self._listed, kinds), strict=True))
            running = _all(work.values())
            tags = known(lambda: self._tags(running))
            tagged: Mapping[str, Mapping[str, str]] = {} if isinstance(tags, Unknown) else tags
            theirs = [
                one for one in running if self._owners.of(one.name, tagged.get(one.arn, {})) is None
            ]
            described = self._details.of(pool, theirs)
        return {
            kind: listed
            if isinstance(listed, Unknown)
            else tuple(replace(one, machines=described[one]) for one in listed if one in described)
            for kind, listed in work.items()
        }

    def _stacks(self) -> dict[str, StackSummary]:
        pages = inventory.pages(
            self._clients,
            self._calls.place,
            before_each=lambda: self._calls.note("cloudformation:DescribeStacks"),
        )
        return {stack.name: stack for page in pages for stack in page}

    def _active(self) -> dict[str, datetime]:
        """When each notebook last wrote a line to its log, by the notebook's name.

        A notebook's streams are ``NAME/jupyter.log`` and those of its start, of which the first
        tells that somebody works. CloudWatch may be up to an hour behind with it.
        """
        found: dict[str, datetime] = {}
        try:
            for page in self._calls.pages(
                "logs",
                "DescribeLogStreams",
                size=LOG_PAGE,
                logGroupName=LOG_GROUP,
                logStreamNamePrefix=f"{self._owners.workshop}-",
            ):
                for stream in page["logStreams"]:
                    notebook, _, log = stream["logStreamName"].partition("/")
                    if log == "jupyter.log" and "lastEventTimestamp" in stream:
                        last = stream["lastEventTimestamp"] / 1000
                        found[notebook] = datetime.fromtimestamp(last, UTC)
        except ClientError as error:
            # SageMaker makes the group with the first line that any notebook writes.
            if code(error.response) != "ResourceNotFoundException":
                raise
        return found

    def _listed(self, kind: str) -> tuple[RunningJob, ...] | Unknown:
        return known(lambda: tuple(self._work(kind)))

    def _work(self, kind: str) -> Iterable[RunningJob]:
        listing = LISTINGS[kind]
        by_arn = {}
        for asked in listing.filters:
            for page in self._calls.pages("sagemaker", listing.operation, **asked):
                for summary in page[listing.summaries]:
                    work = _read(kind, listing.noun, summary)
                    by_arn[work.arn] = work
        return (work for work in by_arn.values() if kind != ENDPOINT or work.status not in DOWN)

    def _tags(self, things: Iterable[RunningJob | NotebookState]) -> dict[str, Mapping[str, str]]:
        """The tags of what the name alone does not give to a seat: one call for 100 of them."""
        arns = sorted({one.arn for one in things if self._owners.by_name(one.name) is None})
        found: dict[str, Mapping[str, str]] = {}
        for first in range(0, len(arns), ARNS_AT_ONCE):
            answer = self._calls.one(
                "resourcegroupstaggingapi",
                "GetResources",
                ResourceARNList=arns[first : first + ARNS_AT_ONCE],
            )
            for one in answer["ResourceTagMappingList"]:
                found[one["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        return found


def _some(listed: Mapping[str, T] | Unknown) -> Iterable[T]:
    return () if isinstance(listed, Unknown) else listed.values()


def _all(listings: Iterable[tuple[RunningJob, ...] | Unknown]) -> list[RunningJob]:
    return [one for listed in listings if not isinstance(listed, Unknown) for one in listed]


def _read(kind: str, noun: str, summary: Mapping[str, Any]) -> RunningJob:
    created = summary["CreationTime"]
    return RunningJob(
        kind=kind,
        name=summary[f"{noun}Name"],
        arn=summary[f"{noun}Arn"],
        status=summary[f"{noun}Status"],
        since=created,
        changed=summary.get("LastModifiedTime", created),
    )
