"""Looks again, twice, and only then says gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workshop.account_region import AccountRegion
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
    def of(cls, plan: TeardownPlan, *, with_last: bool = True) -> Scan:
        """Return what the scan says that a plan was made of; ``with_last``, of all there is.

        Else without what goes after all the rest is shown to be gone.
        """
        last = plan.discovery.goes_last
        left = tuple(resource for resource in plan.left if with_last or not last(resource))
        return cls(now(), left, plan.unknown, plan.accepted)

    @property
    def clean(self) -> bool:
        """Whether nothing is left; what is unknown is not clean unless it was accepted."""
        return not self.left and not self.unknown

    @property
    def doubted(self) -> set[AccountRegion]:
        """Where something is left, or could not be looked at."""
        left = {resource.account_region for resource in self.left}
        return left | {unknown.account_region for unknown in self.unknown}

    @property
    def settled(self) -> bool:
        """Whether nothing is left where it was looked."""
        return not self.left and not any(unknown.tried for unknown in self.unknown)


def scan_twice(
    plan: Callable[[], TeardownPlan],
    interval: float,
    pause: Callable[[float], object],
    alone: Iterable[AccountRegion] = (),
) -> tuple[TeardownPlan, list[Scan]]:
    """Scan twice, that far apart, or once where that is not clean; return the last plan, too.

    Of the places in ``alone``, each is shown to be empty whatever the others are.
    """
    current = plan()
    scans = [Scan.of(current, with_last=False)]
    if scans[0].settled or not scans[0].doubted.issuperset(alone):
        pause(interval)
        current = plan()
        scans.append(Scan.of(current, with_last=False))
    return current, scans


def proven(scans: Sequence[Scan], places: Iterable[AccountRegion]) -> list[AccountRegion]:
    """Return the places of which two scans have shown that nothing is left."""
    if len(scans) < SCANS:
        return []
    doubted = {place for scan in scans for place in scan.doubted}
    return [place for place in places if place not in doubted]
