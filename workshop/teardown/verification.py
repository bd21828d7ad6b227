"""Looks again, twice, and only then says gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from workshop.events import now
from workshop.teardown.plan import TeardownPlan
from workshop.teardown.resource import Resource
from workshop.teardown.scan_target import Unknown

SCANS = 2
"""That find nothing, before anything is called gone."""

INTERVAL = 30.0
"""Seconds between the two scans, at least."""


@dataclass(frozen=True)
class Scan:
    """One scan: what is left, and what could not be looked at."""

    at: datetime
    left: tuple[Resource, ...]
    unknown: tuple[Unknown, ...]
    accepted: tuple[Unknown, ...] = ()
    """What could not be looked at either, and need not be, as whoever asked has said."""

    @classmethod
    def of(cls, plan: TeardownPlan) -> Scan:
        """Return what the scan says that a plan was made of."""
        return cls(now(), tuple(plan.left), plan.unknown, plan.accepted)

    @property
    def clean(self) -> bool:
        """Whether nothing is left; what is unknown is not clean unless it was accepted."""
        return not self.left and not self.unknown

    @property
    def settled(self) -> bool:
        """Whether nothing is left where it was looked."""
        return not self.left and not any(unknown.tried for unknown in self.unknown)


def twice(
    plan: Callable[[], TeardownPlan], interval: float, pause: Callable[[float], object]
) -> tuple[TeardownPlan, list[Scan]]:
    """Scan twice, that far apart, or once where that is not clean; return the last plan, too."""
    current = plan()
    scans = [Scan.of(current)]
    if scans[0].settled:
        pause(interval)
        current = plan()
        scans.append(Scan.of(current))
    return current, scans
