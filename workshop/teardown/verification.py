"""Looks again, twice, and only then says gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from workshop.teardown.discovery import NOT_KINDS, Discovery, Unknown
from workshop.teardown.events import now
from workshop.teardown.resource import Ownership, Permanent, Resource, ResourceType

LOOKS = 2
"""That find nothing, before anything is called gone."""

INTERVAL = 30.0
"""Seconds between the two looks, at least."""


@dataclass(frozen=True)
class Scan:
    """One look: what is left, and what could not be looked at."""

    at: datetime
    left: tuple[Resource, ...]
    unknown: tuple[Unknown, ...]
    accepted: tuple[Unknown, ...] = ()
    """What could not be looked at either, and need not be, as whoever asked has said."""

    @property
    def clean(self) -> bool:
        """Whether nothing is left; what is unknown is not clean unless it was accepted."""
        return not self.left and not self.unknown

    @property
    def settled(self) -> bool:
        """Whether nothing is left where it was looked."""
        return not self.left and not any(one.tried for one in self.unknown)


def scan(
    discovery: Discovery, kinds: Mapping[str, ResourceType], accept_unknown: Collection[str] = ()
) -> Scan:
    """What one look says: records that AWS cannot delete, and what is kept, do not count.

    Resource types in ``accept_unknown`` are not missed where they could not be listed or read.
    """
    ours = discovery.of(Ownership.OWNED, Ownership.CLAIMED, Ownership.UNKNOWN)
    left = [thing for thing in ours if not is_record(thing, kinds)]
    unread = [thing for thing in left if thing.is_unread and thing.kind in accept_unknown]
    unknown = tuple(one for one in discovery.unknown if one.kind not in accept_unknown)
    accepted = [one for one in discovery.unknown if one.kind in accept_unknown]
    accepted += [Unknown(one.kind, one.place, f"{one.id} {one.why}") for one in unread]
    return Scan(now(), tuple(one for one in left if one not in unread), unknown, tuple(accepted))


def is_record(thing: Resource, kinds: Mapping[str, ResourceType]) -> bool:
    """Whether it is but the record of what runs no more, which AWS's API cannot delete."""
    if thing.kind in NOT_KINDS:
        return False
    kind = kinds[thing.kind]
    ended = kind.deletable_in(thing.state)
    known = thing.ownership != Ownership.UNKNOWN
    return isinstance(kind, Permanent) and kind.permanent and ended and known


def twice(
    look: Callable[[], Discovery],
    kinds: Mapping[str, ResourceType],
    interval: float,
    pause: Callable[[float], object],
    accept_unknown: Collection[str] = (),
) -> tuple[Discovery, list[Scan]]:
    """Two looks that far apart, or one that is not clean; the last discovery with the scans."""
    discovery = look()
    scans = [scan(discovery, kinds, accept_unknown)]
    if scans[0].settled:
        pause(interval)
        discovery = look()
        scans.append(scan(discovery, kinds, accept_unknown))
    return discovery, scans
