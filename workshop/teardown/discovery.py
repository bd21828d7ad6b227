"""Finds everything that could be a workshop's: all resource types of all Regions, side by side.

What is found is the union of what roles and makers prove, what the workshop's stacks hold, and
what tags and names claim. A listing that fails makes its kind unknown, never empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.naming import COHORT, ORGANISER
from workshop.teardown import holders, own_sets, roles
from workshop.teardown.holders import STACK, StackRules
from workshop.teardown.own_sets import STACK_SET, OwnSet
from workshop.teardown.region_inventory import (
    LISTING,
    RegionInventory,
    began,
    rules_of,
    scope_of,
    seen_roles,
    survey,
)
from workshop.teardown.resource import (
    Identity,
    Key,
    Ownership,
    Resource,
    ScanCache,
    ScanContext,
)
from workshop.teardown.resources import logs, names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.scan_target import ScanTarget, Unknown

STACKS_AND_IDENTITIES = frozenset({STACK, roles.ROLE, roles.POLICY, STACK_SET})
"""What is deleted in steps of its own."""

_RESOURCE_TYPES = {roles.ROLE: "AWS::IAM::Role", roles.POLICY: "AWS::IAM::ManagedPolicy"}

_KEPT = frozenset({names.BUCKET, names.REPOSITORY})
"""What the YAML can keep."""


AT_ONCE = 16
"""Accounts and Regions that are scanned side by side."""


@dataclass(frozen=True)
class Discovery:
    """All that one scan found.

    ``not_offered`` are types whose operations a Region does not have, so that there are none.
    """

    resources: Mapping[Key, Resource]
    stacks: Mapping[tuple[AccountRegion, str], StackSummary]
    stack_resources: Mapping[tuple[AccountRegion, str], tuple[Mapping[str, Any], ...]]
    contexts: Mapping[AccountRegion, ScanContext]
    unknown: tuple[Unknown, ...]
    not_offered: tuple[str, ...]
    sets: tuple[OwnSet, ...] = ()
    """The stack sets, where seats have accounts of their own."""
    way_in: frozenset[AccountRegion] = frozenset()
    """Where a stack of the workshop's is the organiser's way into the account."""

    def of(self, *ownership: Ownership) -> list[Resource]:
        """Return what is so, without what is kept."""
        return [
            resource
            for resource in self.resources.values()
            if resource.ownership in ownership and not self.is_kept(resource)
        ]

    @cached_property
    def _by_place(self) -> Mapping[AccountRegion, Sequence[Resource]]:
        found: dict[AccountRegion, list[Resource]] = defaultdict(list)
        for resource in self.resources.values():
            found[resource.account_region].append(resource)
        return found

    def at(self, account_region: AccountRegion) -> Sequence[Resource]:
        """Return what was found in one account and Region."""
        return self._by_place.get(account_region, ())

    def goes_last(self, resource: Resource) -> bool:
        """Return whether it stays until all else of its account is shown to be gone.

        That is so of the stack sets, and of the stack and role by which one can look.
        """
        if resource.resource_type == STACK_SET:
            return resource.ownership == Ownership.OWNED
        names = self.contexts[resource.account_region].scope.names(COHORT)
        called = {(STACK, names.stack(ORGANISER)), (roles.ROLE, names.organiser_role)}
        return (
            resource.account_region in self.way_in
            and resource.ownership == Ownership.OWNED
            and (resource.resource_type, resource.id) in called
        )

    def is_kept(self, resource: Resource) -> bool:
        """Return whether the YAML keeps it; a seat may call anything else by the same name."""
        return (
            resource.resource_type in _KEPT
            and resource.id in self.contexts[resource.account_region].scope.keep
        )


def _as_proven(resource: Resource, proven: Mapping[Identity, str]) -> Resource:
    """Return a resource as it was proven before, where now it is but claimed."""
    if resource.ownership != Ownership.CLAIMED or resource.identity not in proven:
        return resource
    why = "proven before, by what has been deleted since"
    return replace(resource, ownership=Ownership.OWNED, why=why, seat=proven[resource.identity])


def discover(
    clients: Clients,
    target: ScanTarget,
    resource_types: Sequence[ResourceType],
    lasting: ScanCache | None = None,
    proven: Mapping[Identity, str] | None = None,
) -> Discovery:
    """Look once at every account and Region of ``target``.

    ``lasting`` and ``proven``, which is the seat of whatever was proven, may come from an earlier
    scan.
    """
    target, unlisted = _with_sets(target)
    where = list(target.seats)
    scan = partial(_scan, *(clients, target, resource_types), lasting=lasting or ScanCache())
    by_account: dict[str, dict[Identity, str]] = defaultdict(dict)
    for identity, seat in (proven or {}).items():
        _, _, account_region, _ = identity
        by_account[account_region.account][identity] = seat
    known = [by_account[account_region.account] for account_region in where]
    with ThreadPoolExecutor(max(1, min(len(where), AT_ONCE))) as pool:
        scans = [_of_sets(target), *pool.map(scan, where, known)]
    return Discovery(
        resources={key: resource for scan in scans for key, resource in scan.resources.items()},
        stacks={key: stack for scan in scans for key, stack in scan.stacks.items()},
        stack_resources={key: held for scan in scans for key, held in scan.stack_resources.items()},
        contexts={
            account_region: context
            for scan in scans
            for account_region, context in scan.contexts.items()
        },
        unknown=(
            *(unknown for scan in scans for unknown in scan.unknown),
            *unlisted,
            *target.unlooked,
        ),
        not_offered=tuple(
            dict.fromkeys(resource_type for scan in scans for resource_type in scan.not_offered)
        ),
        sets=target.sets,
        way_in=frozenset() if target.members is None else target.members.ways_in(target.seats),
    )


def _with_sets(target: ScanTarget) -> tuple[ScanTarget, list[Unknown]]:
    """Return a target with the stack sets as they are now, and what could not be listed of them."""
    if target.members is None:
        return target, []
    try:
        sets = own_sets.find(target.members.calls, target.workshop, target.environment)
    except errors.Refusal as error:
        # Then no stack of theirs is proven.
        unlisted = Unknown(STACK_SET, target.members.home, errors.describe(error))
        return replace(target, sets=(), made={}), [unlisted]
    return replace(target, sets=tuple(sets), made=own_sets.made_by(sets)), []


def _of_sets(target: ScanTarget) -> Discovery:
    """Return the stack sets as resources, where all of them are asked about."""
    members = target.members
    asked = members is not None and members.home in target.seats
    resources = [own.resource(members.home) for own in target.sets] if members and asked else []
    return Discovery({resource.key: resource for resource in resources}, {}, {}, {}, (), ())


def _scan(
    clients: Clients,
    target: ScanTarget,
    resource_types: Sequence[ResourceType],
    account_region: AccountRegion,
    proven: Mapping[Identity, str],
    *,
    lasting: ScanCache,
) -> Discovery:
    """Return what one account and Region has; ``proven`` is what an earlier scan of it proved."""
    inventory = survey(clients, target, account_region, lasting)
    rules = rules_of(target, inventory, proven)
    scope = scope_of(target, inventory, rules)
    held = holders.holders(rules, inventory.stacks, inventory.stack_resources)
    by_name = {resource_type.name: resource_type for resource_type in resource_types}
    context = ScanContext(
        clients,
        scope,
        tagged=inventory.tagged,
        lasting=lasting,
        proven=proven,
        since=began(target, inventory, rules, proven),
        roles=seen_roles(inventory, held, lasting),
    )
    resources: list[Resource] = []
    not_offered: list[str] = []
    # A log is proven by what wrote it, so that has to be known first.
    for late in (False, True):
        some = [
            resource_type
            for resource_type in resource_types
            if resource_type.proven_by_writers == late
        ]
        found: list[Resource] = []
        with ThreadPoolExecutor(LISTING) as pool:
            for resource_type, answer in zip(
                some, pool.map(partial(_find, context), some), strict=True
            ):
                if isinstance(answer, list):
                    found += answer
                elif errors.is_not_offered(answer):
                    not_offered.append(resource_type.name)
                else:
                    inventory.unknown.append(
                        Unknown(resource_type.name, account_region, errors.describe(answer))
                    )
        with_stacks = holders.with_stacks(found, held, by_name)
        judged = [_as_proven(resource, proven) for resource in with_stacks]
        for resource in judged:
            logs.remember(context, resource)
        resources += judged
    resources += _stacks(inventory, rules)
    resources += _identities(context, inventory, held)
    own = {
        (account_region, resource.id)
        for resource in resources
        if resource.resource_type == STACK and not resource.of_environment
    }
    return Discovery(
        resources={
            resource.key: replace(
                resource, seat=scope.known(resource.seat), account_of=scope.alone_as
            )
            for resource in resources
        },
        stacks={
            (account_region, name): stack
            for name, stack in inventory.stacks.items()
            if (account_region, name) in own
        },
        stack_resources={
            (account_region, name): some for name, some in inventory.stack_resources.items()
        },
        contexts={account_region: context},
        unknown=tuple(inventory.unknown),
        not_offered=tuple(not_offered),
    )


def _find(context: ScanContext, resource_type: ResourceType) -> list[Resource] | Exception:
    try:
        return list(resource_type.find(context))
    except errors.Refusal as error:
        return error


def _stacks(inventory: RegionInventory, rules: StackRules) -> Iterable[Resource]:
    for name, stack in inventory.stacks.items():
        verdict = rules.judge(stack)
        if verdict is not None:
            yield Resource(
                STACK,
                name,
                inventory.account_region,
                verdict.ownership,
                verdict.why,
                seat=verdict.seat,
                arn=stack.id,
                state=stack.status,
                created=stack.created,
                of_environment=verdict.of_environment,
            )


def _identities(
    context: ScanContext, inventory: RegionInventory, held: holders.Held
) -> Iterable[Resource]:
    """Yield roles and policies; of those that no stack of ours holds, the tags are read."""

    def judged(resource: Resource) -> Resource:
        if resource.ownership != Ownership.OWNED:
            return resource
        by = holders.holder(resource, _RESOURCE_TYPES[resource.resource_type], held)
        if by is not None:
            return replace(resource, stack=by[0].name)
        key = ("environment", resource.arn, resource.identity[-1])
        try:
            named = context.lasting.get(
                key, lambda: roles.environment(context.clients, inventory.account_region, resource)
            )
        except errors.Refusal as error:
            why = f"its tags could not be read: {errors.describe(error)}"
            return replace(resource, ownership=Ownership.UNKNOWN, why=why)
        if named in ("", context.scope.environment):
            return resource
        why = f"its tags say that it belongs to environment {named!r}"
        return replace(resource, ownership=Ownership.FOREIGN, why=why, of_environment=named)

    found = list(roles.resources(context.scope, (*inventory.roles, *inventory.policies)))
    with ThreadPoolExecutor(LISTING) as pool:
        yield from pool.map(judged, found)
