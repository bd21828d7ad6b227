"""What runs is described in bulk where AWS can, and else one by one, up to a bound.

``Search`` gives whole training jobs and endpoints, a hundred with one call. It has no processing
and transform jobs and no configurations of endpoints, which alone tell the instance types of an
endpoint: these are described by themselves. They never change, so once is enough, and one look
describes at most :data:`DESCRIPTIONS` of them, at a rate; whoever looks again goes on from there.
Search may be some seconds behind the listings: what it does not have yet is described as well.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from workshop.aws.rate_limit import RateLimiter
from workshop.status import machines
from workshop.status.calls import PAGE, Calls
from workshop.status.machines import Described
from workshop.status.snapshot import (
    ENDPOINT,
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    WARM_POOL,
    Machines,
    RunningJob,
    Unknown,
)

T = TypeVar("T")

DESCRIPTIONS = 200
"""An endpoint and a job for each seat of a class of 100; ten seconds, at that rate."""
DESCRIPTIONS_PER_SECOND = 20.0

VALUE = 1024
"""The longest value that a filter of Search takes, in characters; names are joined by commas."""

SEARCHED = {TRAINING: "TrainingJob", WARM_POOL: "TrainingJob", ENDPOINT: "Endpoint"}
ALONE = {
    TRAINING: ("DescribeTrainingJob", "TrainingJobName"),
    WARM_POOL: ("DescribeTrainingJob", "TrainingJobName"),
    PROCESSING: ("DescribeProcessingJob", "ProcessingJobName"),
    TRANSFORM: ("DescribeTransformJob", "TransformJobName"),
    ENDPOINT: ("DescribeEndpoint", "EndpointName"),
}
"""Operation that describes one of a kind, and the parameter for its name."""

LEFT = Unknown(
    f"one look describes {DESCRIPTIONS} things at most (processing and transform jobs,"
    " configurations of endpoints); with --watch, the next look goes on with the others"
)

Key = tuple[str, datetime]


@dataclass
class DescribeCache:
    """What was learned and cannot change, kept between looks: by ARN and last change.

    ``machines`` is of jobs, ``configs`` the variants of endpoints' configurations by the endpoint.
    """

    machines: dict[Key, tuple[Machines, ...]] = field(default_factory=dict)
    configs: dict[Key, Mapping[str, Any]] = field(default_factory=dict)


class Details:
    """The machines of what one look at one place has found."""

    def __init__(self, calls: Calls, memory: DescribeCache) -> None:
        self._calls = calls
        self._memory = memory
        self._pace = RateLimiter(DESCRIPTIONS_PER_SECOND)
        self._left = DESCRIPTIONS
        self._lock = threading.Lock()

    def of(
        self, pool: ThreadPoolExecutor, work: Collection[RunningJob]
    ) -> dict[RunningJob, Described]:
        """The machines of each; what AWS does not tell is Unknown and hides no other."""
        asked = [
            one for one in work if one.kind != TUNING and _key(one) not in self._memory.machines
        ]
        searched = self._searched(asked)
        told = pool.map(lambda one: known(lambda: self._machines(one, searched)), asked)
        described = dict(zip(asked, told, strict=True))
        return {one: described.get(one, self._memory.machines.get(_key(one), ())) for one in work}

    def _searched(self, work: Iterable[RunningJob]) -> dict[str, Mapping[str, Any] | Unknown]:
        """Whole training jobs and endpoints by their ARNs, as far as Search has them."""
        names: dict[str, dict[str, str]] = {}
        for one in work:
            if one.kind in SEARCHED:
                names.setdefault(SEARCHED[one.kind], {})[one.name] = one.arn
        found: dict[str, Mapping[str, Any] | Unknown] = {}
        for noun, arns in names.items():
            for some in _batches(arns):
                records = known(partial(self._search, noun, some))
                if isinstance(records, Unknown):
                    found |= dict.fromkeys((arns[name] for name in some), records)
                else:
                    found |= records
        return found

    def _search(self, noun: str, names: Collection[str]) -> dict[str, Mapping[str, Any]]:
        filters = [
            {"Name": f"{noun}Name", "Operator": "In", "Value": value} for value in _values(names)
        ]
        pages = self._calls.pages(
            "sagemaker",
            "Search",
            Resource=noun,
            SearchExpression={"Filters": filters, "Operator": "Or"},
        )
        return {
            record[noun][f"{noun}Arn"]: record[noun] for page in pages for record in page["Results"]
        }

    def _machines(
        self, work: RunningJob, searched: Mapping[str, Mapping[str, Any] | Unknown]
    ) -> Described:
        whole = searched.get(work.arn)
        if isinstance(whole, Unknown):
            return whole
        if whole is None or (
            # An endpoint can be changed; a training job cannot.
            work.kind == ENDPOINT and whole["LastModifiedTime"] < work.changed
        ):
            operation, parameter = ALONE[work.kind]
            whole = self._describe(operation, **{parameter: work.name})
            if isinstance(whole, Unknown):
                return whole
        if work.kind == ENDPOINT:
            config = self._config(work, whole["EndpointConfigName"])
            # Not kept, since an endpoint that scales has another number of machines each time.
            return config if isinstance(config, Unknown) else machines.of_endpoint(whole, config)
        found = machines.of_job(work.kind, whole)
        self._memory.machines[_key(work)] = found
        return found

    def _config(self, endpoint: RunningJob, name: str) -> Mapping[str, Any] | Unknown:
        if _key(endpoint) not in self._memory.configs:
            config = self._describe("DescribeEndpointConfig", EndpointConfigName=name)
            if isinstance(config, Unknown):
                return config
            self._memory.configs[_key(endpoint)] = config
        return self._memory.configs[_key(endpoint)]

    def _describe(self, operation: str, **request: str) -> Mapping[str, Any] | Unknown:
        """The answer of one call; Unknown when there were enough of them in this look."""
        with self._lock:
            if not self._left:
                return LEFT
            self._left -= 1
        self._pace.wait()
        return self._calls.one("sagemaker", operation, **request)


def known(ask: Callable[[], T]) -> T | Unknown:
    """What ``ask`` answers; an error of AWS, or of the way to it, is Unknown."""
    try:
        return ask()
    except (BotoCoreError, ClientError) as error:
        return Unknown(str(error))


def _key(work: RunningJob) -> Key:
    return work.arn, work.changed


def _batches(names: Collection[str]) -> Iterator[list[str]]:
    every = list(names)
    return (every[first : first + PAGE] for first in range(0, len(every), PAGE))


def _values(names: Iterable[str]) -> list[str]:
    """The names, joined by commas into as few texts as filters can take."""
    values: list[str] = []
    for name in names:
        if values and len(values[-1]) + 1 + len(name) <= VALUE:
            values[-1] += f",{name}"
        else:
            values.append(name)
    return values
