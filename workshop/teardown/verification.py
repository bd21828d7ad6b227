"""Looks again, twice, and only then says gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from workshop.events import now
from workshop.teardown.discovery import STACKS_AND_IDENTITIES, Discovery, Unknown
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources.base import ResourceType

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

    @property
    def clean(self) -> bool:
        """Whether nothing is left; what is unknown is not clean unless it was accepted."""
        return not self.left and not self.unknown

    @property
    def settled(self) -> bool:
        """Whether nothing is left where it was looked."""
        return not self.left and not any(one.tried for one in self.unknown)


def scan(
    discovery: Discovery,
    resource_types: Mapping[str, ResourceType],
    accept_unknown: Collection[str] = (),
) -> Scan:
    """What one scan says: records that AWS cannot delete, and what is kept, do not count.

    Resource types in ``accept_unknown`` are not missed where they could not be listed or read.
    """
    ours = discovery.of(Ownership.OWNED, Ownership.CLAIMED, Ownership.UNKNOWN)
    left = [resource for resource in ours if not is_record(resource, resource_types)]
    unread = [
        resource
        for resource in left
        if resource.is_unread and resource.resource_type in accept_unknown
    ]
    unknown = tuple(one for one in discovery.unknown if one.resource_type not in accept_unknown)
    accepted = [one for one in discovery.unknown if one.resource_type in accept_unknown]
    accepted += [Unknown(one.resource_type, one.place, f"{one.id} {one.why}") for one in unread]
    return Scan(now(), tuple(one for one in left if one not in unread), unknown, tuple(accepted))


def is_record(resource: Resource, resource_types: Mapping[str, ResourceType]) -> bool:
    """Whether it is but the record of what runs no more, which AWS's API cannot delete."""
    if resource.resource_type in STACKS_AND_IDENTITIES:
        return False
    resource_type = resource_types[resource.resource_type]
    ended = resource_type.deletable_in(resource.state)
    known = resource.ownership != Ownership.UNKNOWN
    return resource_type.permanent and ended and known


def twice(
    discover: Callable[[], Discovery],
    resource_types: Mapping[str, ResourceType],
    interval: float,
    pause: Callable[[float], object],
    accept_unknown: Collection[str] = (),
) -> tuple[Discovery, list[Scan]]:
    """Two scans that far apart, or one that is not clean; the last discovery with the scans."""
    discovery = discover()
    scans = [scan(discovery, resource_types, accept_unknown)]
    if scans[0].settled:
        pause(interval)
        discovery = discover()
        scans.append(scan(discovery, resource_types, accept_unknown))
    return discovery, scans
