"""What seats have spent, and the resources that it was counted of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

LONGEST = 86_400.0
"""Seconds that are counted of a resource at once: what was never seen may be as old."""


@dataclass
class Counted:
    """A resource: whose it is, what it costs an hour, and until when that was counted.

    ``seat`` is empty for what is no seat's, ``start`` 0 for what has not begun to bill. ``ended``
    once it was counted to its end. Times are epoch seconds.
    """

    seat: str = ""
    kind: str = ""
    hourly: float = 0.0
    instances: int = 0
    start: float = 0.0
    until: float = 0.0
    runs: bool = False
    ended: bool = False
    modified: float = 0.0
    """Of an endpoint, when it was modified last as it was read, if its size changes by that alone;
    0 where it has to be read again."""


BOX = "EC2 instance"
WORKBENCHES = ("notebook", BOX)
"""What a seat has to work on; the instances of all else are counted against a cap."""


@dataclass
class Spending:
    """What seats have spent in USD, by seat and kind, and the resources that count."""

    at: float = 0.0
    """When it was counted last; 0 for never."""
    usd: dict[str, dict[str, float]] = field(default_factory=dict)
    resources: dict[str, Counted] = field(default_factory=dict)

    def used(self, seat: str) -> float:
        """Return what a seat has spent."""
        return sum(self.usd.get(seat, {}).values())

    def running(self, seat: str) -> list[Counted]:
        """Return what runs of a seat."""
        return [
            resource
            for resource in self.resources.values()
            if resource.runs and resource.seat == seat
        ]

    def hourly(self, seat: str) -> float:
        """Return what a seat costs an hour now."""
        return sum(resource.hourly for resource in self.running(seat))

    def instances(self, seat: str) -> int:
        """Return how many instances a seat's jobs and endpoints have now."""
        return sum(
            resource.instances
            for resource in self.running(seat)
            if resource.kind not in WORKBENCHES
        )

    def count(self, key: str, found: Counted, now: float, end: float | None = None) -> None:
        """Count a resource from where it was counted last until now, or until its end."""
        self.resources[key] = found
        found.runs, found.ended = end is None, end is not None
        stop = now if end is None else min(end, now)
        if not found.start:
            found.until = stop
            return
        since = max(found.start, found.until, now - LONGEST)
        of_seat = self.usd.setdefault(found.seat, {})
        usd = found.hourly * max(0.0, stop - since) / 3600
        of_seat[found.kind] = of_seat.get(found.kind, 0.0) + usd
        found.until = max(found.until, stop)

    def end(self, arn: str, now: float) -> None:
        """Count an endpoint until now, at which it is deleted."""
        for key, resource in list(self.resources.items()):
            if key.startswith(f"{arn} ") and resource.runs and resource.seat:
                self.count(key, resource, now, now)

    def rest(self, kind: str, seen: Iterable[str]) -> None:
        """Note that of a kind no more runs than what was seen."""
        there = {*seen}
        for key, resource in self.resources.items():
            if resource.kind == kind and key not in there:
                resource.runs = False
