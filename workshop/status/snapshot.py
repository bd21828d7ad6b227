"""What was read in one account and Region, as plain data, and which seat it belongs to.

What could not be read is Unavailable, never empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workshop import tags as tag_rules
from workshop.account_region import AccountRegion
from workshop.aws.boxes import BoxState
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import Unavailable
from workshop.aws.stacks import StackSummary
from workshop.counting import plural
from workshop.naming import seat_of_name
from workshop.pricing.billing import Machines

TRAINING, WARM_POOL, PROCESSING, TRANSFORM, TUNING, ENDPOINT = KINDS = (
    "training",
    "warm pool",
    "processing",
    "transform",
    "tuning",
    "endpoint",
)
"""What can run beside a notebook. A tuning job costs by its training jobs, which are listed too; a
warm pool is the machines that a training job has ended on and keeps."""


@dataclass(frozen=True)
class Owners:
    """The seats of one workshop in one account and Region."""

    workshop: str
    seats: Collection[str]

    def by_name(self, name: str) -> str | None:
        """Return the seat whose prefix a name has, None for no seat's name."""
        seat = seat_of_name(self.workshop, name)
        return seat if seat in self.seats else None

    def of(self, name: str, tags: Mapping[str, str]) -> str | None:
        """Return the seat by the name, else by the tags; None where neither names one."""
        tagged = tag_rules.seat_of_tags(self.workshop, tags)
        return self.by_name(name) or (tagged if tagged in self.seats else None)

    def is_another_workshops(self, tags: Mapping[str, str]) -> bool:
        """Return whether the tags name a workshop, and not this one."""
        return tags.get(tag_rules.WORKSHOP, self.workshop) != self.workshop


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs or an endpoint that is up; ``kind`` is one of KINDS."""

    kind: str
    name: str
    arn: str
    status: str
    since: datetime
    changed: datetime
    machines: tuple[Machines, ...] | Unavailable = ()


@dataclass(frozen=True)
class Snapshot:
    """Everything in one account and Region.

    ``work`` is by kind, ``active`` is the last line in the log of a notebook by its name, ``tags``
    are by ARN, and only of what no name gives to a seat. ``mlflow_apps`` are the statuses of Apps
    by name, read where a profile has them.
    """

    account_region: AccountRegion
    stacks: Mapping[str, StackSummary] | Unavailable
    notebooks: Mapping[str, NotebookState] | Unavailable
    active: Mapping[str, datetime] | Unavailable
    work: Mapping[str, tuple[RunningJob, ...] | Unavailable]
    tags: Mapping[str, Mapping[str, str]] | Unavailable
    mlflow_apps: Mapping[str, str] | Unavailable = field(default_factory=dict)
    boxes: Mapping[str, BoxState] | Unavailable = field(default_factory=dict)
    """EC2 instances of seats by name; not asked for where no seat can have one."""
    box_use: Mapping[str, datetime | Unavailable | None] = field(default_factory=dict)
    """When EC2 instances that run were last used, by name; None where no agent tells it."""

    @property
    def running(self) -> tuple[RunningJob, ...]:
        """Return all jobs and endpoints that could be listed."""
        return tuple(
            work
            for listed in self.work.values()
            if not isinstance(listed, Unavailable)
            for work in listed
        )

    @property
    def may_hide_work(self) -> bool:
        """Return whether something that costs could not be listed, or its owner not be read."""
        unread = any(
            isinstance(listed, Unavailable)
            for listed in (self.notebooks, self.boxes, *self.work.values())
        )
        return unread or (isinstance(self.tags, Unavailable) and bool(self.running))

    @property
    def unknown(self) -> dict[str, str]:
        """Return what could not be read, and why."""
        parts = {
            "stacks": self.stacks,
            "notebooks": self.notebooks,
            "EC2 instances": self.boxes,
            "notebook logs": self.active,
            **{_plural(kind): listed for kind, listed in self.work.items()},
            "tags": self.tags,
            "MLflow Apps": self.mlflow_apps,
        }
        machines = [
            work.machines for work in self.running if isinstance(work.machines, Unavailable)
        ]
        if machines:
            parts[f"machines of jobs and endpoints ({len(machines)} of them)"] = machines[0]
        reports = [use for use in self.box_use.values() if isinstance(use, Unavailable)]
        if reports:
            parts[f"reports of EC2 instances ({len(reports)} of them)"] = reports[0]
        return {name: part.reason for name, part in parts.items() if isinstance(part, Unavailable)}


def _plural(kind: str) -> str:
    return plural(kind if kind in (WARM_POOL, ENDPOINT) else f"{kind} job")
