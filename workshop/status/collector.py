"""Reads the state of a workshop: paged listings side by side, then details of what runs.

A listing takes one call for each page, however many seats there are. No listing tells machines:
these come from ``describe``, in bulk as well and else within a bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from workshop import events
from workshop.account_region import AccountRegion
from workshop.aws.boxes import BoxState, boxes
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.aws.mlflow_apps import mlflow_apps
from workshop.aws.notebooks import NotebookState, notebooks
from workshop.aws.reads import ACCOUNTS_AT_ONCE, Unavailable, attempt, known, side_by_side
from workshop.aws.stacks import StackSummary, stacks
from workshop.aws.strays import Stray, off_roster
from workshop.aws.strays import seat as stray_seat
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.naming import stack_that_makes
from workshop.pricing.billing import ENDPOINT_AT_REST, JOB_RUNS
from workshop.status import report, watch_state
from workshop.status.box_use import box_use
from workshop.status.describe import GONE, DescribeCache, Described, Descriptions
from workshop.status.report import StatusRow, StatusTotals, Unattributed
from workshop.status.snapshot import (
    ENDPOINT,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    WARM_POOL,
    Owners,
    RunningJob,
    Snapshot,
)
from workshop.status.watch_state import WatchState

THREADS = 8
ARNS_AT_ONCE = 100
"""As many as GetResources takes."""

LOG_GROUP = "/aws/sagemaker/NotebookInstances"
LOG_PAGE = 50
"""CloudWatch Logs lists no more at once."""

RUNNING: tuple[dict[str, Any], ...] = tuple({"StatusEquals": status} for status in JOB_RUNS)


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


@dataclass(frozen=True)
class StatusScan:
    """The state at a moment; ``calls`` is how many were made, by ``service:Operation``.

    ``strays`` are the rows of seats that left the roster, which ``totals`` leaves out;
    ``stray_stacks`` are what they still have.
    ``watch`` is what the watches know, None where there is none to ask. ``shared`` is what is wrong
    with the stacks that all seats share, by account, Region and name.
    """

    at: datetime
    rows: tuple[StatusRow, ...]
    unattributed: tuple[Unattributed, ...]
    totals: StatusTotals
    unknown: Mapping[AccountRegion, Mapping[str, str]]
    calls: Mapping[str, int]
    strays: tuple[StatusRow, ...] = ()
    stray_stacks: tuple[Stray, ...] = ()
    snapshots: Mapping[AccountRegion, Snapshot] = field(default_factory=dict)
    watch: WatchState | None = None
    shared: Mapping[AccountRegion, Mapping[str, str]] = field(default_factory=dict)


def scan(
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    clients: Clients,
    cache: DescribeCache,
    also: Sequence[AccountRegion] = (),
) -> StatusScan:
    """Read each account and Region of ``seats``; one that does not answer hides no other.

    Seats that left the roster are looked for there and in the accounts and Regions ``also``.
    """

    def collect(account_region: AccountRegion) -> Snapshot:
        found = StatusCollector(
            clients, account_region, report.owners(loaded, account_region), cache
        ).snapshot(has_mlflow=loaded.settings.has_mlflow, has_boxes=loaded.settings.has_boxes)
        return replace(found, box_use=box_use(clients, loaded, seats, found))

    before = clients.calls
    account_regions = tuple(dict.fromkeys((*account_regions_of(seats), *also)))
    snapshots = side_by_side(collect, account_regions, threads=ACCOUNTS_AT_ONCE)
    rows = tuple(report.rows(loaded, seats, snapshots))
    stacked = {
        account_region: known(snapshot.stacks) for account_region, snapshot in snapshots.items()
    }
    strays = off_roster(loaded, stacked)
    left = tuple(stray_seat(loaded, stray) for stray in strays)
    everybody = replace(loaded, seats=(*loaded.seats, *left))
    unattributed = (report.unattributed(everybody, snapshot) for snapshot in snapshots.values())
    watch = watch_state.read(clients, loaded, account_regions, stacked)
    return StatusScan(
        at=events.now(),
        rows=rows,
        unattributed=tuple(found for found in unattributed if found is not None),
        totals=report.totals(rows),
        unknown={
            account_region: snapshot.unknown
            for account_region, snapshot in snapshots.items()
            if snapshot.unknown
        },
        calls=Counter(clients.calls) - before,
        strays=tuple(report.rows(everybody, left, snapshots)),
        stray_stacks=strays,
        snapshots=snapshots,
        watch=watch,
        shared=report.shared(loaded, rows, snapshots),
    )


class StatusCollector:
    """One scan of one account and Region."""

    def __init__(
        self, clients: Clients, account_region: AccountRegion, owners: Owners, cache: DescribeCache
    ) -> None:
        self._clients = clients
        self._account_region = account_region
        self._owners = owners
        self._descriptions = Descriptions(clients, account_region, cache)

    def snapshot(self, *, has_mlflow: bool = False, has_boxes: bool = False) -> Snapshot:
        """Read everything; what fails is Unavailable in the answer and hides nothing else.

        ``has_mlflow`` is whether seats have MLflow Apps of their own, ``has_boxes`` whether they
        have EC2 instances.
        """
        workshop = self._owners.workshop
        with ThreadPoolExecutor(THREADS) as pool:
            stacked = pool.submit(attempt, partial(stacks, self._clients, self._account_region))
            books = pool.submit(
                attempt, partial(notebooks, self._clients, self._account_region, workshop)
            )
            active = pool.submit(attempt, self._active)
            apps = pool.submit(
                attempt,
                lambda: mlflow_apps(self._clients, self._account_region) if has_mlflow else {},
            )
            work = dict(zip(LISTINGS, pool.map(self._listed, LISTINGS), strict=True))
            running = _all(work.values())
            machines = self._boxes(known(stacked.result()), has_boxes=has_boxes)
            tags = attempt(lambda: self._tags([*running, *known(books.result()).values()]))
            tagged = known(tags)
            described = self._descriptions.of(
                pool,
                [
                    job
                    for job in running
                    if not self._owners.is_another_workshops(tagged.get(job.arn, {}))
                ],
            )
        return Snapshot(
            account_region=self._account_region,
            stacks=stacked.result(),
            notebooks=books.result(),
            active=active.result(),
            work={
                kind: listed
                if isinstance(listed, Unavailable)
                else tuple(_there({job: described.get(job, ()) for job in listed}))
                for kind, listed in work.items()
            },
            tags=tags,
            boxes=machines,
            mlflow_apps=apps.result(),
        )

    def _boxes(
        self, stacked: Mapping[str, StackSummary], *, has_boxes: bool
    ) -> Mapping[str, BoxState] | Unavailable:
        """Return the seats' EC2 instances; nobody asks where no seat has or had any."""
        kind = stack_that_makes("AWS::EC2::Instance")
        workshop = self._owners.workshop
        if not has_boxes and not any(
            name.startswith(f"{workshop}-") and name.endswith(f"-{kind}") for name in stacked
        ):
            return {}
        return attempt(partial(boxes, self._clients, self._account_region, workshop))

    def of_others(self, kinds: Collection[str]) -> dict[str, tuple[RunningJob, ...] | Unavailable]:
        """Read what runs and is no seat's of the workshop; without tags, by names alone."""
        with ThreadPoolExecutor(THREADS) as pool:
            work = dict(zip(kinds, pool.map(self._listed, kinds), strict=True))
            running = _all(work.values())
            tagged = known(attempt(lambda: self._tags(running)))
            others = [
                job for job in running if self._owners.of(job.name, tagged.get(job.arn, {})) is None
            ]
            described = self._descriptions.of(pool, others)
        return {
            kind: listed
            if isinstance(listed, Unavailable)
            else tuple(_there({job: described[job] for job in listed if job in described}))
            for kind, listed in work.items()
        }

    def of_workshop(
        self, kind: str
    ) -> tuple[tuple[RunningJob, ...] | Unavailable, Mapping[str, Mapping[str, str]]]:
        """Read what runs of a kind, but for other workshops', and the tags of what needs them."""
        listed = self._listed(kind)
        if isinstance(listed, Unavailable):
            return listed, {}
        tags = attempt(partial(self._tags, listed))
        if isinstance(tags, Unavailable):
            return tags, {}
        ours = [job for job in listed if self._owners.by_name(job.name) or job.arn in tags]
        with ThreadPoolExecutor(THREADS) as pool:
            described = self._descriptions.of(pool, ours)
        return tuple(_there({job: described[job] for job in ours})), tags

    def _active(self) -> dict[str, datetime]:
        """Return when each notebook last wrote a line to its log, by the notebook's name.

        A notebook's streams are ``NAME/jupyter.log`` and those of its start, of which the first
        shows that somebody works. CloudWatch may be up to an hour behind with it.
        """
        active: dict[str, datetime] = {}
        try:
            for page in self._clients.pages(
                self._account_region,
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
                        active[notebook] = datetime.fromtimestamp(last, UTC)
        except ClientError as error:
            # SageMaker makes the group with the first line that any notebook writes.
            if code(error.response) != "ResourceNotFoundException":
                raise
        return active

    def _listed(self, kind: str) -> tuple[RunningJob, ...] | Unavailable:
        return attempt(lambda: tuple(self._work(kind)))

    def _work(self, kind: str) -> Iterable[RunningJob]:
        listing = LISTINGS[kind]
        by_arn = {}
        for request in listing.filters:
            for page in self._clients.pages(
                self._account_region, "sagemaker", listing.operation, **request
            ):
                for summary in page[listing.summaries]:
                    job = _read(kind, listing.noun, summary)
                    by_arn[job.arn] = job
        return (
            job for job in by_arn.values() if kind != ENDPOINT or job.status not in ENDPOINT_AT_REST
        )

    def _tags(
        self, resources: Iterable[RunningJob | NotebookState]
    ) -> dict[str, Mapping[str, str]]:
        """Return the tags of what the name alone does not give to a seat: 100 with one call."""
        arns = {
            resource.arn for resource in resources if self._owners.by_name(resource.name) is None
        }
        return tags_of(self._clients, self._account_region, arns)


def tags_of(
    clients: Clients, account_region: AccountRegion, arns: Iterable[str]
) -> dict[str, Mapping[str, str]]:
    """Return the tags of resources by their ARNs; botocore's errors pass through."""
    every = sorted(set(arns))
    tags: dict[str, Mapping[str, str]] = {}
    for first in range(0, len(every), ARNS_AT_ONCE):
        answer = clients.call(
            account_region,
            "resourcegroupstaggingapi",
            "GetResources",
            ResourceARNList=every[first : first + ARNS_AT_ONCE],
        )
        for tagged in answer["ResourceTagMappingList"]:
            tags[tagged["ResourceARN"]] = {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}
    return tags


def _there(described: Mapping[RunningJob, Described]) -> Iterator[RunningJob]:
    """Yield what runs with its machines, but what was gone when it was described."""
    for job, machines in described.items():
        if machines is not GONE:
            yield replace(job, machines=machines)


def _all(listings: Iterable[tuple[RunningJob, ...] | Unavailable]) -> list[RunningJob]:
    return [job for listed in listings if not isinstance(listed, Unavailable) for job in listed]


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
