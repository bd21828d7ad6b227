"""What events of SageMaker and EC2 say of a day: machines, for how long, at what cost, their stops.

All of it is computed from the state-change events alone, beside the product and without asking it:
it is what bill, watch and freezes are held against. Pure functions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

HOUR = 3600.0
NOUNS = {
    "SageMaker Endpoint State Change": "Endpoint",
    "SageMaker Notebook Instance State Change": "NotebookInstance",
    "SageMaker Processing Job State Change": "ProcessingJob",
    "SageMaker Training Job State Change": "TrainingJob",
}
KINDS = {
    "Endpoint": "endpoint",
    "NotebookInstance": "notebook",
    "ProcessingJob": "processing",
    "TrainingJob": "training",
}
"""Noun of an event -> the word of a bill."""
BOX, BOX_DISK = "EC2 instance", "EC2 disk"
TOTALS = {
    "endpoint": "Number of instances across active endpoints",
    "processing": "Number of instances across all processing jobs",
    "training": "Number of instances across all training jobs",
}
VCPUS = "Running On-Demand G and VT instances"
USES = {
    BOX: "EC2",
    "endpoint": "endpoint usage",
    "notebook": "notebook instance usage",
    "processing": "processing job usage",
    "training": "training job usage",
}

Price = Callable[[str, str], float]
"""USD per hour of a use and an instance type."""


@dataclass
class Span:
    """Equal machines of one resource: when they were held, and when they were billed.

    Times are epoch seconds; None is for what has not come yet.
    """

    seat: str
    kind: str
    name: str
    instance_type: str
    count: int
    held: float
    held_until: float | None = None
    billed: float | None = None
    billed_until: float | None = None

    def hours(self, until: float) -> float:
        """Return for how long it was billed, until a moment at most."""
        if self.billed is None:
            return 0.0
        end = until if self.billed_until is None else min(until, self.billed_until)
        return max(0.0, end - self.billed) / HOUR


@dataclass(frozen=True)
class Machine:
    """A seat's EC2 instance, of which events have the id alone."""

    seat: str
    name: str
    instance_type: str
    vcpus: int
    gigabytes: int
    made: float


@dataclass(frozen=True)
class Stopped:
    """A resource that began to stop, or to be deleted, at a moment."""

    at: float
    seat: str
    kind: str
    name: str


@dataclass
class Day:
    """All that the events of a day say; ``deletion`` is how long an endpoint takes to be gone."""

    workshop: str
    deletion: float
    spans: list[Span] = field(default_factory=list)
    disks: dict[str, tuple[str, float, int]] = field(default_factory=dict)
    """Notebook -> its seat, since when, and its GB."""
    machines: dict[str, Machine] = field(default_factory=dict)
    """EC2 instances by their ids, as they were described once."""
    stopped: list[Stopped] = field(default_factory=list)
    number: int = 0
    _open: dict[str, Span] = field(default_factory=dict)

    def take(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Read some events, in their order."""
        for event in events:
            noun = NOUNS.get(event["detail-type"])
            if event["source"] == "aws.ec2":
                self.number += 1
                at = datetime.fromisoformat(event["time"]).timestamp()
                self._instance(event["detail"]["instance-id"], event["detail"]["state"], at)
            if noun is not None:
                self.number += 1
                self._read(noun, event["detail"])

    def cost(
        self, price: Price, disk: float, box_disk: float, until: float
    ) -> dict[str, dict[str, float]]:
        """Return USD by seat and kind; disks are USD per hour of a GB, of notebooks and of EC2."""
        usd: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for span in self.spans:
            hourly = price(span.kind, span.instance_type) * span.count
            usd[span.seat][span.kind] += span.hours(until) * hourly
        for seat, since, gigabytes in self.disks.values():
            usd[seat]["disk"] += (until - since) / HOUR * gigabytes * disk
        for machine in self.machines.values():
            hours = (until - machine.made) / HOUR
            usd[machine.seat][BOX_DISK] += hours * machine.gigabytes * box_disk
        return {seat: dict(kinds) for seat, kinds in usd.items()}

    def peaks(self) -> dict[str, int]:
        """Return the most that was ever taken of each quota of machines."""
        changes: dict[str, list[tuple[float, int]]] = defaultdict(list)
        for span in self.spans:
            if span.kind == BOX:
                vcpus = self._vcpus(span.name)
                changes[VCPUS].append((span.held, vcpus))
                if span.held_until is not None:
                    changes[VCPUS].append((span.held_until, -vcpus))
                continue
            names = [f"{span.instance_type} for {USES[span.kind]}"]
            names += [TOTALS[span.kind]] if span.kind in TOTALS else []
            for name in names:
                changes[name].append((span.held, span.count))
                if span.held_until is not None:
                    changes[name].append((span.held_until, -span.count))
        return {name: _most(some) for name, some in sorted(changes.items())}

    def instances(self, seat: str, until: float) -> int:
        """Return the most machines that a seat's jobs and endpoints had at one time."""
        changes = []
        for span in self.spans:
            if span.seat == seat and span.kind not in ("notebook", BOX) and span.held <= until:
                changes.append((span.held, span.count))
                if span.held_until is not None:
                    changes.append((span.held_until, -span.count))
        return _most(changes)

    def running(self) -> list[str]:
        """Return what has machines, by kind and name."""
        return sorted(f"{span.kind} {span.name}" for span in self._open.values())

    def describe(self, machines: Mapping[str, Machine]) -> None:
        """Learn whose the instances are, and that they run since they were made."""
        self.machines.update(machines)
        for name, machine in machines.items():
            self._instance(name, "pending", machine.made)
            self._instance(name, "running", machine.made)

    def _vcpus(self, name: str) -> int:
        return next(machine.vcpus for machine in self.machines.values() if machine.name == name)

    def _instance(self, instance: str, state: str, at: float) -> None:
        machine = self.machines.get(instance)
        if machine is None:
            return
        key = f"{BOX} {machine.name}"
        if state == "pending":
            of = (machine.seat, BOX, machine.name, machine.instance_type, 1)
            self._begin(key, Span(*of, at))
        elif state == "running":
            self._open[key].billed = at
        elif state == "stopping":
            self._open[key].billed_until = at
            self.stopped.append(Stopped(at, machine.seat, BOX, machine.name))
        elif key in self._open:
            self._open.pop(key).held_until = at

    def _read(self, noun: str, detail: Mapping[str, Any]) -> None:
        name, status = detail[f"{noun}Name"], detail[f"{noun}Status"]
        kind, at = KINDS[noun], float(detail["LastModifiedTime"])
        seat = name.split("-")[1]
        key = f"{kind} {name}"
        if noun == "NotebookInstance":
            self._notebook(key, seat, status, at, detail)
        elif noun == "Endpoint":
            self._endpoint(key, seat, status, at, detail)
        else:
            self._job(key, noun, seat, status, detail)
        if status in ("Stopping", "Deleting"):
            self.stopped.append(Stopped(at, seat, kind, name))

    def _begin(self, key: str, span: Span) -> Span:
        self._open[key] = span
        self.spans.append(span)
        return span

    def _notebook(
        self, key: str, seat: str, status: str, at: float, detail: Mapping[str, Any]
    ) -> None:
        name = detail["NotebookInstanceName"]
        self.disks.setdefault(name, (seat, float(detail["CreationTime"]), detail["VolumeSizeInGB"]))
        if status == "Pending":
            self._begin(key, Span(seat, "notebook", name, detail["InstanceType"], 1, at))
        elif status == "InService":
            self._open[key].billed = at
        elif status == "Stopping":
            self._open[key].billed_until = at
        elif status == "Stopped":
            self._open.pop(key).held_until = at

    def _job(self, key: str, noun: str, seat: str, status: str, detail: Mapping[str, Any]) -> None:
        kind, name = KINDS[noun], detail[f"{noun}Name"]
        if status == "InProgress":
            machines = _machines(detail)
            made = float(detail["CreationTime"])
            count = machines["InstanceCount"]
            self._begin(key, Span(seat, kind, name, machines["InstanceType"], count, made))
        elif status != "Stopping":
            word = noun.removesuffix("Job")
            span, end = self._open.pop(key), detail[f"{word}EndTime"]
            span.held_until = end
            if detail.get(f"{word}StartTime"):
                span.billed, span.billed_until = detail[f"{word}StartTime"], end

    def _endpoint(
        self, key: str, seat: str, status: str, at: float, detail: Mapping[str, Any]
    ) -> None:
        if status == "Creating":
            (variant,) = detail["PendingDeploymentSummary"]["ProductionVariants"]
            made = float(detail["CreationTime"])
            kind, count = variant["InstanceType"], variant["DesiredInstanceCount"]
            name = detail["EndpointName"]
            span = self._begin(key, Span(seat, "endpoint", name, kind, count, made))
            span.billed = made
        elif status == "Deleting":
            # As the watch and the bill have it, what is being deleted is not billed any more.
            span = self._open.pop(key)
            span.held_until, span.billed_until = at + self.deletion, at


def _machines(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (
        detail["ResourceConfig"]
        if "ResourceConfig" in detail
        else detail["ProcessingResources"]["ClusterConfig"]
    )
    return found


def _most(changes: Iterable[tuple[float, int]]) -> int:
    """Return the highest sum; what ends at a moment makes room for what begins then."""
    return max(_sums(changes), default=0)


def _sums(changes: Iterable[tuple[float, int]]) -> Iterator[int]:
    now = 0
    for _, change in sorted(changes):
        now += change
        yield now


def by_kind(usd: Mapping[str, Mapping[str, float]]) -> Counter[str]:
    """Return USD by kind of all seats together."""
    sums: Counter[str] = Counter()
    for kinds in usd.values():
        for kind, amount in kinds.items():
            sums[kind] += amount  # type: ignore[assignment]
    return sums
