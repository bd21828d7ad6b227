"""What a teardown would do to each resource, and the digest that stands for it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from workshop.account_region import AccountRegion
from workshop.config.diagnostics import listing, suggestion
from workshop.config.models import Keep
from workshop.errors import UsageError
from workshop.naming import COHORT
from workshop.pricing import prices
from workshop.pricing.prices import Cost
from workshop.teardown.discovery import STACKS_AND_IDENTITIES, Discovery
from workshop.teardown.holders import STACK_RESOURCE
from workshop.teardown.region_inventory import TAGS
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.scan_target import Unknown


class PlanLine(NamedTuple):
    """What a plan shows of one resource; ``action`` is what would become of it."""

    resource_type: str
    id: str
    account_region: str
    created: str
    ownership: str
    seat: str
    action: str


class PlannedAction(StrEnum):
    """What is to become of a resource, in words that say what will happen."""

    DELETE = "delete"
    EMPTY = "everything in it is deleted"
    """In a teardown the stack that holds it is deleted afterwards, and itself with that."""
    WITH_STACK = "deleted with its stack"
    RECORD = "stop; its record stays"
    """AWS's API cannot delete it."""
    STOP = "stop"
    """Of a running workshop's stack: it stays, and costs less."""
    KEEP = "stays: the YAML keeps it"
    LEAVE_CLAIMED = "stays: only claimed"
    LEAVE_FOREIGN = "stays: not ours"
    LEAVE_UNKNOWN = "stays: unknown"


DONE = (
    PlannedAction.DELETE,
    PlannedAction.EMPTY,
    PlannedAction.WITH_STACK,
    PlannedAction.RECORD,
    PlannedAction.STOP,
)
"""Actions that change something."""

LOST = (PlannedAction.DELETE, PlannedAction.EMPTY)
"""Actions on a bucket after which its files are gone."""

_LEFT = {
    Ownership.FOREIGN: PlannedAction.LEAVE_FOREIGN,
    Ownership.UNKNOWN: PlannedAction.LEAVE_UNKNOWN,
    Ownership.CLAIMED: PlannedAction.LEAVE_CLAIMED,
}

_OURS = (Ownership.OWNED, Ownership.CLAIMED, Ownership.UNKNOWN)
"""What is, or may be, the workshop's."""

_PLACES = frozenset({"account", "Region", "workshop"})


def can_be_accepted(resource_type: str) -> bool:
    """Return whether a teardown can go without a type; not without stacks, roles and Regions."""
    return resource_type not in {*_PLACES, *STACKS_AND_IDENTITIES, STACK_RESOURCE}


@dataclass(frozen=True)
class Choices:
    """What whoever asks for a plan has chosen; a sweep of a running workshop keeps its stacks."""

    only: tuple[str, ...] | None = None
    include_claimed: bool = False
    abandon: bool = False
    stacks: bool = True
    contents: bool = True
    """Whether what buckets of stacks hold is deleted."""
    accept_unknown: tuple[str, ...] = ()
    """Resource types that need not be read: the verdict names them as not looked at."""
    save: Keep | None = None
    """What is saved first, and in ``to`` where; None saves nothing."""

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values, the same for choices that mean the same."""
        return {
            "only": None if self.only is None else sorted(self.only),
            "include_claimed": self.include_claimed,
            "abandon": self.abandon,
            "stacks": self.stacks,
            "contents": self.contents,
            "accept_unknown": sorted(self.accept_unknown),
            "save": None if self.save is None else self.save.model_dump(mode="json"),
        }


def check_accepted(
    names: Iterable[str],
    resource_types: Iterable[ResourceType],
    unlooked: Iterable[Unknown] = (),
    accounts: Collection[str] = (),
) -> None:
    """Raise UsageError for a name that is no resource type which a teardown could go without.

    Services that a profile opens, which are in ``unlooked``, are, and the ``accounts`` that are a
    seat's own; other accounts and Regions are not.
    """
    opened = {unknown.accepted_as for unknown in unlooked} - _PLACES
    known = sorted({resource_type.name for resource_type in resource_types} | {TAGS} | opened)
    for name in names:
        if name not in known and name not in accounts:
            raise UsageError(
                f"'--accept-unknown' knows no resource type {name!r};"
                f" {suggestion(name, known)}{listing(known)}"
            )


@dataclass(frozen=True)
class TeardownPlan:
    """What was found and what is to become of it."""

    discovery: Discovery
    resource_types: Mapping[str, ResourceType]
    choices: Choices

    def action(self, resource: Resource) -> PlannedAction | None:
        """Return what becomes of it; None for what a sweep does not touch."""
        if self.discovery.is_kept(resource):
            return PlannedAction.KEEP
        left = _LEFT.get(resource.ownership)
        included = left == PlannedAction.LEAVE_CLAIMED and self.choices.include_claimed
        known = self.resource_types.get(resource.resource_type)
        by_hand = known is not None and known.by_hand
        if left is not None and (by_hand or not included):
            return left
        if resource.resource_type in STACKS_AND_IDENTITIES:
            deleted = PlannedAction.WITH_STACK if resource.stack else PlannedAction.DELETE
            return deleted if self.choices.stacks else None
        resource_type = self.resource_types[resource.resource_type]
        if resource.stack:
            return self._in_stack(resource_type, resource)
        return PlannedAction.RECORD if resource_type.permanent else PlannedAction.DELETE

    def _in_stack(self, resource_type: ResourceType, resource: Resource) -> PlannedAction | None:
        # What all seats share is in use for as long as the workshop runs.
        shared = resource.seat == COHORT and not self.choices.stacks
        if resource_type.has_contents and self.choices.contents and not shared:
            return PlannedAction.EMPTY
        if self.choices.stacks:
            return PlannedAction.WITH_STACK
        return None if resource_type.deletable_in(resource.state) else PlannedAction.STOP

    @cached_property
    def actions(self) -> tuple[tuple[Resource, PlannedAction], ...]:
        """Every resource with its action, in a lasting order."""
        resources = sorted(self.discovery.resources.values(), key=lambda resource: resource.order)
        found = [(resource, self.action(resource)) for resource in resources]
        return tuple((resource, action) for resource, action in found if action is not None)

    @cached_property
    def _by_place(self) -> Mapping[AccountRegion, Sequence[tuple[Resource, PlannedAction]]]:
        found: dict[AccountRegion, list[tuple[Resource, PlannedAction]]] = defaultdict(list)
        for resource, action in self.actions:
            found[resource.account_region].append((resource, action))
        return found

    def actions_at(self, account_region: AccountRegion) -> Sequence[tuple[Resource, PlannedAction]]:
        """Return the resources of one account and Region with their actions."""
        return self._by_place.get(account_region, ())

    def resources(self, *actions: PlannedAction, at: AccountRegion | None = None) -> list[Resource]:
        """Return the resources of these actions, everywhere or in one account and Region."""
        some = self.actions if at is None else self.actions_at(at)
        return [resource for resource, action in some if action in actions]

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """What could not be listed, without what was accepted."""
        accepted = self.choices.accept_unknown
        return tuple(
            unknown for unknown in self.discovery.unknown if unknown.accepted_as not in accepted
        )

    @property
    def accepted(self) -> tuple[Unknown, ...]:
        """What could not be listed, or not be read, and need not be."""
        unread = [
            resource
            for resource in self.discovery.of(Ownership.UNKNOWN)
            if self.is_accepted(resource)
        ]
        return (
            *(unknown for unknown in self.discovery.unknown if unknown not in self.unknown),
            *(
                Unknown(
                    resource.resource_type, resource.account_region, f"{resource.id} {resource.why}"
                )
                for resource in unread
            ),
        )

    @property
    def unread(self) -> dict[tuple[AccountRegion, str], str]:
        """Types that could not be listed, or not be described in full, and why.

        What was read and tells nothing is no reason to keep what it might depend on: that is gone.
        """
        unread = {
            (unknown.account_region, unknown.resource_type): unknown.why for unknown in self.unknown
        }
        for resource in self.discovery.of(Ownership.UNKNOWN):
            if resource.is_unread and not self.is_accepted(resource):
                key = resource.account_region, resource.resource_type
                unread.setdefault(key, f"{resource.id} {resource.why}")
        return unread

    @property
    def left(self) -> list[Resource]:
        """What is there and should not be; what is kept does not count, nor does a record."""
        return [
            resource
            for resource in self.discovery.of(*_OURS)
            if not self.is_record(resource) and not self.is_accepted(resource)
        ]

    @property
    def to_accept(self) -> tuple[str, ...]:
        """Resource types that could not be listed or read, and which a teardown can go without."""
        return to_accept(self.unknown, self.left)

    def is_accepted(self, resource: Resource) -> bool:
        """Return whether it could not be read and need not be."""
        return resource.is_unread and resource.resource_type in self.choices.accept_unknown

    def is_record(self, resource: Resource) -> bool:
        """Return whether it is but the record of what runs no more, which AWS cannot delete."""
        resource_type = self.resource_types.get(resource.resource_type)
        return (
            resource_type is not None
            and resource_type.permanent
            and resource_type.deletable_in(resource.state)
            and resource.ownership != Ownership.UNKNOWN
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, and nothing that would be in doubt."""
        done = (PlannedAction.KEEP, PlannedAction.LEAVE_FOREIGN)
        return not self.unknown and all(
            action in done
            or self.is_accepted(resource)
            or (action == PlannedAction.RECORD and self.is_record(resource))
            for resource, action in self.actions
        )

    @property
    def cost(self) -> Cost:
        """What it all costs an hour; not complete where a price or a listing is missing."""
        resources = self.discovery.resources.values()
        return self._cost_of(resource for resource in resources if resource.ownership in _OURS)

    def cost_at(self, account_region: AccountRegion) -> Cost:
        """Return what all of one account and Region costs an hour."""
        missed = any(unknown.account_region == account_region for unknown in self.discovery.unknown)
        ours = (
            resource
            for resource in self.discovery.at(account_region)
            if resource.ownership in _OURS
        )
        return cost_of(ours, complete=not missed)

    @cached_property
    def cost_of_others(self) -> Cost:
        """What is paid for all along: for what nobody deletes, and what nobody could list."""
        return self._cost_of(
            self.resources(PlannedAction.LEAVE_CLAIMED, PlannedAction.LEAVE_UNKNOWN)
        )

    def _cost_of(self, resources: Iterable[Resource]) -> Cost:
        return cost_of(resources, complete=not self.discovery.unknown)

    @property
    def lines(self) -> list[PlanLine]:
        """One line for each resource: all that the digest covers, states and prices left out.

        A job that ends by itself meanwhile changes nothing about the plan.
        """
        return sorted(
            PlanLine(
                *(
                    resource.resource_type,
                    resource.id,
                    str(resource.account_region),
                    resource.identity[-1],
                ),
                *(resource.ownership, resource.seat, action),
            )
            for resource, action in self.actions
        )

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for all that is shown and was chosen."""
        missing = sorted(
            f"{unknown.resource_type}|{unknown.account_region}"
            for unknown in self.discovery.unknown
        )
        whole = json.dumps([self.lines, missing, self.choices.document()])
        return hashlib.sha256(whole.encode()).hexdigest()[:12]


def to_accept(unknown: Iterable[Unknown], left: Iterable[Resource]) -> tuple[str, ...]:
    """Return the types of these that a teardown can go without, though nobody could read them."""
    missing = [unknown_type.accepted_as for unknown_type in unknown]
    missing += [resource.resource_type for resource in left if resource.is_unread]
    return tuple(dict.fromkeys(name for name in missing if can_be_accepted(name)))


def cost_of(resources: Iterable[Resource], *, complete: bool) -> Cost:
    """Return what resources cost an hour, which is not all unless ``complete``."""
    known = prices.total(prices.cost(resource.hourly) for resource in resources)
    return known if complete else known + prices.NOT_KNOWN
