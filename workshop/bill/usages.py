"""How long machines and disks were used, as AWS's descriptions tell: pure functions over them.

What a description does not tell is a bound and no guess. SageMaker says since when a notebook has
its present status, and an endpoint its present machines. What had been before is known from earlier
looks alone, see :mod:`workshop.bill.record`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from workshop.pricing import amounts, billing, prices
from workshop.pricing.amounts import Amount
from workshop.pricing.billing import JOB_RUNS, Machines
from workshop.pricing.prices import Use

Interval = tuple[datetime, datetime]

_HOUR = Decimal(3600)
_CREATION = timedelta(hours=1)
"""The longest that AWS takes to create or to change an endpoint."""

_USES: Mapping[str, Use] = {
    amounts.NOTEBOOK: "notebook",
    amounts.BOX: "box",
    amounts.TRAINING: "training",
    amounts.WARM_POOL: "training",
    amounts.PROCESSING: "processing",
    amounts.TRANSFORM: "transform",
    amounts.ENDPOINT: "endpoint",
}


@dataclass(frozen=True)
class Usage:
    """Equal machines, or a disk, and for how many seconds they were used.

    ``count`` is of machines, or the GB of a disk. A ``most`` of None is not known. What ``goes_on``
    was in use when it was last ``seen``.
    """

    key: str
    kind: str
    seat: str
    name: str
    account: str
    region: str
    instance_type: str
    count: int
    least: float
    most: float | None
    goes_on: bool
    seen: datetime

    @property
    def amount(self) -> Amount:
        """What it has cost at list prices; of an unknown price, nothing is known."""
        hourly = self._hourly
        if hourly is None:
            return Amount(most=Decimal(0) if self.most == 0 else None)
        least = hourly * Decimal(self.least) / _HOUR
        return Amount(least, None if self.most is None else hourly * Decimal(self.most) / _HOUR)

    @property
    def has_price(self) -> bool:
        """Whether a price of it is known."""
        return self._hourly is not None

    @property
    def _hourly(self) -> Decimal | None:
        if self.kind == amounts.DISK:
            return prices.volume_hourly(self.count, self.region)
        if self.kind == amounts.BOX_DISK:
            return prices.box_volume_hourly(self.count, self.region)
        hourly = prices.hourly(_USES[self.kind], self.instance_type, self.region)
        return None if hourly is None else hourly * self.count

    def gone(self, at: datetime) -> Usage:
        """Return it as it is where it is not there any more ``at`` a moment.

        It ended some time after it was last seen.
        """
        if not self.goes_on:
            return self
        most = None if self.most is None else self.most + _seconds(self.seen, at)
        return replace(self, most=most, goes_on=False)


@dataclass(frozen=True)
class Uptimes:
    """When a notebook or an EC2 instance is known to have had its machine, and when not."""

    up: tuple[Interval, ...] = ()
    down: tuple[Interval, ...] = ()

    def with_status(self, status: str, since: datetime, at: datetime) -> Uptimes:
        """Return them with what a status means that began ``since`` and is seen ``at`` a moment."""
        if since >= at:
            return self
        if status in ("InService", "running"):
            return replace(self, up=merged((*self.up, (since, at))))
        if status in ("Stopped", "Failed", "stopped"):
            return replace(self, down=merged((*self.down, (since, at))))
        return self  # on its way: since when it has no machine is not known


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same time as intervals in order that do not overlap."""
    made: list[Interval] = []
    for start, end in sorted(intervals):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return tuple(made)


def notebook_usage(found: Usage, created: datetime, uptimes: Uptimes, at: datetime) -> Usage:
    """Return how long a notebook has had its machine; ``found`` says what it is and whose."""
    life = _seconds(created, at)
    up, down = (_length(intervals, created) for intervals in (uptimes.up, uptimes.down))
    return replace(found, least=up, most=max(up, life - down))


def disk_usage(found: Usage, created: datetime, at: datetime, *, known: bool) -> Usage:
    """Return how long there was a disk of ``count`` GB at least, of so many where that is known."""
    life = _seconds(created, at)
    return replace(found, least=life, most=life if known else None)


def training_usages(job: Mapping[str, Any], found: Usage, at: datetime) -> Iterator[Usage]:
    """Yield what a training job has used, and the warm pool that it has left."""
    machines = billing.training_machines(job)
    start, end = job.get("TrainingStartTime"), job.get("TrainingEndTime")
    billable = job.get("BillableTimeInSeconds")
    elapsed = _seconds(start, end or at) if start else 0.0
    if billable is not None:
        least = most = float(billable)
    else:
        # AWS says only at the end how much of a spot job's time it bills.
        least, most = (0.0 if job.get("EnableManagedSpotTraining") else elapsed), elapsed
    runs = job["TrainingJobStatus"] in JOB_RUNS
    yield from _each(replace(found, least=least, most=most, goes_on=runs), machines)
    pool = job.get("WarmPoolStatus")
    if not pool:
        return
    retained = float(pool.get("ResourceRetainedBillableTimeInSeconds", 0))
    keeps = pool["Status"] == "Available"
    if keeps and end:
        retained = max(retained, _seconds(end, at))
    warm = replace(found, key=f"{found.key} warm pool", kind=amounts.WARM_POOL)
    yield from _each(replace(warm, least=retained, most=retained, goes_on=keeps), machines)


def processing_usages(job: Mapping[str, Any], found: Usage, at: datetime) -> Iterator[Usage]:
    """Yield what a processing job has used."""
    used = _elapsed(job, "Processing", found, at)
    yield from _each(used, billing.processing_machines(job))


def transform_usages(job: Mapping[str, Any], found: Usage, at: datetime) -> Iterator[Usage]:
    """Yield what a transform job has used."""
    used = _elapsed(job, "Transform", found, at)
    yield from _each(used, billing.transform_machines(job))


def endpoint_usages(
    found: Usage, machines: tuple[Machines, ...], created: datetime, uptimes: Uptimes, at: datetime
) -> Iterator[Usage]:
    """Yield what an endpoint has used with the machines that it has now.

    ``uptimes`` are when it is known to have had them. Where that leaves more time than AWS takes to
    create an endpoint, it had others, and nobody knows which.
    """
    up = _length(uptimes.up, created)
    life = _seconds(created, at)
    is_whole = life - up <= _CREATION.total_seconds()
    used = replace(found, least=up, most=life if is_whole else None)
    yield from _each(used, machines)


def endpoint_key(arn: str, created: datetime, machines: Iterable[Machines]) -> str:
    """Return a key that is another one once the endpoint has other machines."""
    words = (f"{group.count}x{group.instance_type}" for group in machines)
    return " ".join((arn, created.isoformat(), *words))


def _each(used: Usage, machines: tuple[Machines, ...] | None) -> Iterator[Usage]:
    """Yield the usage for each group of equal machines; of an unknown type there is no price.

    What is serverless has none: it costs by the request, which is not known here.
    """
    groups = (Machines("training", "", 1),) if machines is None else machines
    for number, group in enumerate(groups):
        key = f"{used.key} {number}" if number else used.key
        yield replace(used, key=key, instance_type=group.instance_type, count=group.count)


def _elapsed(job: Mapping[str, Any], word: str, found: Usage, at: datetime) -> Usage:
    start, end = job.get(f"{word}StartTime"), job.get(f"{word}EndTime")
    seconds = _seconds(start, end or at) if start else 0.0
    runs = job[f"{word}JobStatus"] in JOB_RUNS
    return replace(found, least=seconds, most=seconds, goes_on=runs)


def _length(intervals: Iterable[Interval], since: datetime) -> float:
    return sum(_seconds(max(start, since), end) for start, end in intervals)


def _seconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())
