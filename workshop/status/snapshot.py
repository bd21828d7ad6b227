"""What was found in one place, as plain data; what could not be read is Unknown, never empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.pricing.prices import Use

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


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was asked for and not answered; ``why`` is AWS's own sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class NotebookState:
    """A notebook instance as one listing of all tells it; ``changed`` is when its status did."""

    name: str
    arn: str
    status: str
    instance_type: str
    changed: datetime


@dataclass(frozen=True, slots=True)
class Machines:
    """Equal machines that run; ``spot`` where a training job asked for spare capacity."""

    use: Use
    instance_type: str
    count: int
    spot: bool = False


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that runs or an endpoint that is up; ``kind`` is one of KINDS."""

    kind: str
    name: str
    arn: str
    status: str
    since: datetime
    changed: datetime
    machines: tuple[Machines, ...] | Unknown = ()


@dataclass(frozen=True)
class Snapshot:
    """Everything of one place.

    ``work`` is by kind, ``active`` is the last line in the log of a notebook by its name, ``tags``
    are those of what needed them, by ARN.
    """

    place: AccountRegion
    stacks: Mapping[str, StackSummary] | Unknown
    notebooks: Mapping[str, NotebookState] | Unknown
    active: Mapping[str, datetime] | Unknown
    work: Mapping[str, tuple[RunningJob, ...] | Unknown]
    tags: Mapping[str, Mapping[str, str]] | Unknown

    @property
    def running(self) -> tuple[RunningJob, ...]:
        """All work that could be read."""
        return tuple(
            work
            for listed in self.work.values()
            if not isinstance(listed, Unknown)
            for work in listed
        )

    @property
    def may_hide_work(self) -> bool:
        """Whether something that costs could not be listed, or given to whose it is."""
        unread = any(isinstance(one, Unknown) for one in (self.notebooks, *self.work.values()))
        return unread or (isinstance(self.tags, Unknown) and bool(self.running))

    @property
    def unknown(self) -> dict[str, str]:
        """What could not be read, and why."""
        parts = {
            "stacks": self.stacks,
            "notebooks": self.notebooks,
            "notebook logs": self.active,
            **{_plural(kind): listed for kind, listed in self.work.items()},
            "tags": self.tags,
        }
        machines = [work.machines for work in self.running if isinstance(work.machines, Unknown)]
        if machines:
            parts[f"machines of {len(machines)} jobs or endpoints"] = machines[0]
        return {name: part.why for name, part in parts.items() if isinstance(part, Unknown)}


def _plural(kind: str) -> str:
    return f"{kind}s" if kind in (WARM_POOL, ENDPOINT) else f"{kind} jobs"
