"""Describes what runs, in bulk where AWS can, and else one by one, up to a bound.

``Search`` gives whole training jobs and endpoints, a hundred with one call. It has no processing
and transform jobs and no configurations of endpoints, which alone tell the instance types of an
endpoint: these are described by themselves. They never change, so once is enough, and one scan
describes at most :data:`DESCRIPTIONS` of them, at a rate; the next scan goes on from there.
Search may be some seconds behind the listings: what it does not have yet is described as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import PAGE, Clients
from workshop.aws.rate_limit import MinInterval
from workshop.aws.reads import Unavailable, attempt
from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.status.snapshot import (
    ENDPOINT,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    WARM_POOL,
    RunningJob,
)

DESCRIPTIONS = 200
"""An endpoint and a job for each seat of a class of 100; ten seconds, at that rate."""
DESCRIPTIONS_PER_SECOND = 20.0

VALUE = 1024
"""The longest value that a filter of Search takes, in characters; names are joined by commas."""

SEARCHED = {TRAINING: "TrainingJob", WARM_POOL: "TrainingJob", ENDPOINT: "Endpoint"}


class _Described(NamedTuple):
    """How SageMaker describes a kind by itself, and the machines that a description tells."""

    noun: str
    machines: Callable[[Mapping[str, Any]], tuple[Machines, ...] | None]


_JOBS = {
    TRAINING: _Described("TrainingJob", billing.training_machines),
    WARM_POOL: _Described("TrainingJob", billing.training_machines),
    PROCESSING: _Described("ProcessingJob", billing.processing_machines),
    TRANSFORM: _Described("TransformJob", billing.transform_machines),
}

LEFT = Unavailable(
    f"one scan describes {DESCRIPTIONS} resources at most (processing and transform jobs,"
    " configurations of endpoints); with --watch, the next scan goes on with the others"
)

GONE = Unavailable("it was gone when it was described")
"""Of what a listing still had: it has no machines, and is not unknown."""

Described = tuple[Machines, ...] | Unavailable
Key = tuple[str, datetime]


@dataclass
class DescribeCache:
    """What was read and cannot change, kept between scans: by ARN and last change.

    ``machines`` is of jobs, ``configs`` the variants of endpoints' configurations by the endpoint.
    """

    machines: dict[Key, tuple[Machines, ...]] = field(default_factory=dict)
    configs: dict[Key, Mapping[str, Any]] = field(default_factory=dict)


class Descriptions:
    """The machines of what one scan of one account and Region has listed."""

    def __init__(
        self, clients: Clients, account_region: AccountRegion, cache: DescribeCache
    ) -> None:
        self._clients = clients
        self._account_region = account_region
        self._cache = cache
        self._spacing = MinInterval(1 / DESCRIPTIONS_PER_SECOND)
        self._left = DESCRIPTIONS
        self._lock = threading.Lock()

    def of(
        self, pool: ThreadPoolExecutor, work: Collection[RunningJob]
    ) -> dict[RunningJob, Described]:
        """Return the machines of each; what AWS does not tell is Unavailable and hides no other."""
        new = [job for job in work if job.kind != TUNING and _key(job) not in self._cache.machines]
        searched = self._searched(new)
        answers = pool.map(lambda job: attempt(lambda: self._machines(job, searched)), new)
        described = dict(zip(new, answers, strict=True))
        return {job: described.get(job, self._cache.machines.get(_key(job), ())) for job in work}

    def _searched(self, work: Iterable[RunningJob]) -> dict[str, Mapping[str, Any] | Unavailable]:
        """Return whole training jobs and endpoints by their ARNs, as far as Search has them."""
        names: dict[str, dict[str, str]] = {}
        for job in work:
            if job.kind in SEARCHED:
                names.setdefault(SEARCHED[job.kind], {})[job.name] = job.arn
        found: dict[str, Mapping[str, Any] | Unavailable] = {}
        for noun, arns in names.items():
            for batch in batches(arns):
                records = attempt(partial(search, self._clients, self._account_region, noun, batch))
                if isinstance(records, Unavailable):
                    found |= dict.fromkeys((arns[name] for name in batch), records)
                else:
                    found |= records
        return found

    def _machines(
        self, job: RunningJob, searched: Mapping[str, Mapping[str, Any] | Unavailable]
    ) -> Described:
        whole = searched.get(job.arn)
        if whole is None or (
            # An endpoint can be changed; a training job cannot.
            job.kind == ENDPOINT
            and not isinstance(whole, Unavailable)
            and whole["LastModifiedTime"] < job.changed
        ):
            noun = "Endpoint" if job.kind == ENDPOINT else _JOBS[job.kind].noun
            try:
                whole = self._describe(noun, job.name)
            except ClientError as error:
                if errors.is_gone(error):
                    return GONE
                raise
        if isinstance(whole, Unavailable):
            return whole
        if job.kind == ENDPOINT:
            config = self._config(job, whole["EndpointConfigName"])
            if isinstance(config, Unavailable):
                return config
            # Not kept, since an endpoint that scales has another number of machines each time.
            machines = billing.endpoint_machines(whole, config)
        else:
            machines = _JOBS[job.kind].machines(whole)
            if machines is not None:
                self._cache.machines[_key(job)] = machines
        if machines is None:
            return Unavailable(f"{job.kind} {job.name} does not tell all its instance types")
        return machines

    def _config(self, endpoint: RunningJob, name: str) -> Mapping[str, Any] | Unavailable:
        if _key(endpoint) not in self._cache.configs:
            config = self._describe("EndpointConfig", name)
            if isinstance(config, Unavailable):
                return config
            self._cache.configs[_key(endpoint)] = config
        return self._cache.configs[_key(endpoint)]

    def _describe(self, noun: str, name: str) -> Mapping[str, Any] | Unavailable:
        """Return the answer of one call; Unavailable after enough of them in this scan."""
        with self._lock:
            if not self._left:
                return LEFT
            self._left -= 1
        self._spacing.wait()
        request = {f"{noun}Name": name}
        return self._clients.call(self._account_region, "sagemaker", f"Describe{noun}", **request)


def _key(job: RunningJob) -> Key:
    return job.arn, job.changed


def search(
    clients: Clients, account_region: AccountRegion, noun: str, names: Collection[str]
) -> dict[str, Mapping[str, Any]]:
    """Return whole training jobs or endpoints of a batch of names, by ARN, as Search has them.

    botocore's errors pass through.
    """
    filters = [
        {"Name": f"{noun}Name", "Operator": "In", "Value": value} for value in _values(names)
    ]
    pages = clients.pages(
        account_region,
        "sagemaker",
        "Search",
        Resource=noun,
        SearchExpression={"Filters": filters, "Operator": "Or"},
    )
    return {
        record[noun][f"{noun}Arn"]: record[noun] for page in pages for record in page["Results"]
    }


def batches(names: Collection[str]) -> Iterator[list[str]]:
    """Yield names in as many parts as questions to Search are needed for them."""
    every = list(names)
    return (every[first : first + PAGE] for first in range(0, len(every), PAGE))


def _values(names: Iterable[str]) -> list[str]:
    """Return the names, joined by commas into as few texts as filters can take."""
    values: list[str] = []
    for name in names:
        if values and len(values[-1]) + 1 + len(name) <= VALUE:
            values[-1] += f",{name}"
        else:
            values.append(name)
    return values
