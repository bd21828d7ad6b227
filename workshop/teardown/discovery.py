"""Finds everything that could be a workshop's: all resource types of all places, side by side.

What is found is the union of what roles and makers prove, what the workshop's stacks hold, and
what tags and names claim. A listing that fails makes its kind unknown, never empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws import stacks as stack_listing
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.teardown import holders, roles
from workshop.teardown.holders import STACK, STACK_RESOURCE, StackRules
from workshop.teardown.resource import (
    STILL_THERE,
    Identity,
    Ownership,
    Resource,
    ScanCache,
    ScanContext,
    Scope,
    SeenRole,
)
from workshop.teardown.resources import logs, names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.roles import WorkshopIdentity

LISTING = 12
"""Resource types of one place that are listed at once."""

TAGS = "tag"
"""What the scan calls the tagging service's answer."""

STACKS_AND_IDENTITIES = frozenset({STACK, roles.ROLE, roles.POLICY})
"""What is deleted in steps of its own."""

_RESOURCE_TYPES = {roles.ROLE: "AWS::IAM::Role", roles.POLICY: "AWS::IAM::ManagedPolicy"}

_KEPT = frozenset({names.BUCKET, names.REPOSITORY})
"""What the YAML can keep."""

_GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


@dataclass(frozen=True)
class Unknown:
    """A resource type that could not be listed, and why; or what nobody tried to scan at."""

    resource_type: str
    place: AccountRegion
    why: str
    tried: bool = True

    def document(self) -> dict[str, str]:
        """Return it as plain JSON values."""
        return {"resource_type": self.resource_type, "place": str(self.place), "why": self.why}

    @property
    def message(self) -> str:
        """All of it in a sentence."""
        if self.tried:
            return f"{self.resource_type}s in {self.place} could not be listed: {self.why}"
        return f"not looked at: {self.resource_type}, {self.place}: {self.why}"


@dataclass(frozen=True)
class ScanTarget:
    """What is looked for: one workshop, in its places.

    ``seats`` are those that are chosen, by place; ``keep`` what the YAML keeps. ``whole`` when they
    are all, so that strays and the cohort count as well. ``unlooked`` is what cannot be looked at,
    although something of the workshop may be there, and ``began`` when it was first at work.
    """

    workshop: str
    environment: str
    seats: Mapping[AccountRegion, frozenset[str]]
    whole: bool
    keep: Mapping[AccountRegion, frozenset[str]] = field(default_factory=dict)
    unlooked: tuple[Unknown, ...] = ()
    began: Mapping[AccountRegion, datetime] = field(default_factory=dict)
    subnets: Mapping[AccountRegion, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def is_first(self, place: AccountRegion) -> bool:
        """Whether what belongs to the whole account counts in this of its places."""
        return place == min(one for one in self.seats if one.account == place.account)


@dataclass(frozen=True)
class Discovery:
    """All that one scan found.

    ``not_offered`` are types whose operations a Region does not have, so that there are none.
    """

    resources: Mapping[tuple[str, str, AccountRegion], Resource]
    stacks: Mapping[tuple[AccountRegion, str], StackSummary]
    stack_resources: Mapping[tuple[AccountRegion, str], tuple[Mapping[str, Any], ...]]
    contexts: Mapping[AccountRegion, ScanContext]
    unknown: tuple[Unknown, ...]
    not_offered: tuple[str, ...]

    def of(self, *ownership: Ownership) -> list[Resource]:
        """What is so, without what is kept."""
        return [
            resource
            for resource in self.resources.values()
            if resource.ownership in ownership and not self.is_kept(resource)
        ]

    def is_kept(self, resource: Resource) -> bool:
        """Whether the YAML says that it stays; a seat may call anything else by the same name."""
        return (
            resource.resource_type in _KEPT
            and resource.id in self.contexts[resource.place].scope.keep
        )


@dataclass(frozen=True)
class _Known:
    """What earlier scans found out."""

    lasting: ScanCache
    proven: Mapping[Identity, str]


def _as_proven(resource: Resource, proven: Mapping[Identity, str]) -> Resource:
    """A resource as it was proven before, where now it is but claimed."""
    if resource.ownership != Ownership.CLAIMED or resource.identity not in proven:
        return resource
    why = "proven before, by what has been deleted since"
    return replace(resource, ownership=Ownership.OWNED, why=why, seat=proven[resource.identity])


@dataclass
class _RegionInventory:
    """What is known of a place before its resource types are listed."""

    place: AccountRegion
    stacks: dict[str, StackSummary] = field(default_factory=dict)
    stack_resources: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    roles: list[WorkshopIdentity] = field(default_factory=list)
    policies: list[WorkshopIdentity] = field(default_factory=list)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)


def discover(
    clients: Clients,
    target: ScanTarget,
    resource_types: Sequence[ResourceType],
    lasting: ScanCache | None = None,
    proven: Mapping[Identity, str] | None = None,
) -> Discovery:
    """Look once at every place of ``target``.

    ``lasting`` and ``proven``, which is the seat of whatever was proven, may come from an earlier
    scan.
    """
    known = _Known(ScanCache() if lasting is None else lasting, proven or {})
    where = list(target.seats)
    with ThreadPoolExecutor(max(1, len(where))) as pool:
        scans = list(pool.map(partial(_scan, clients, target, resource_types, known), where))
    return Discovery(
        resources={key: resource for scan in scans for key, resource in scan.resources.items()},
        stacks={key: stack for scan in scans for key, stack in scan.stacks.items()},
        stack_resources={key: held for scan in scans for key, held in scan.stack_resources.items()},
        contexts={place: context for scan in scans for place, context in scan.contexts.items()},
        unknown=(*(one for scan in scans for one in scan.unknown), *target.unlooked),
        not_offered=tuple(dict.fromkeys(one for scan in scans for one in scan.not_offered)),
    )


def _scan(
    clients: Clients,
    target: ScanTarget,
    resource_types: Sequence[ResourceType],
    known: _Known,
    place: AccountRegion,
) -> Discovery:
    inventory = _survey(clients, target, place, known.lasting)
    rules = _rules(target, inventory, known.proven)
    scope = _scope(target, inventory, rules)
    held = holders.holders(rules, inventory.stacks, inventory.stack_resources)
    by_name = {resource_type.name: resource_type for resource_type in resource_types}
    context = ScanContext(
        clients,
        scope,
        tagged=inventory.tagged,
        lasting=known.lasting,
        proven=known.proven,
        since=_since(target, inventory, rules, known.proven),
        roles=_seen_roles(inventory, held, known.lasting),
    )
    resources: list[Resource] = []
    not_offered: list[str] = []
    # A log is proven by what wrote it, so that has to be known first.
    for late in (False, True):
        some = [one for one in resource_types if one.proven_by_writers == late]
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
                        Unknown(resource_type.name, place, errors.describe(answer))
                    )
        with_stacks = holders.with_stacks(found, held, by_name)
        judged = [_as_proven(resource, known.proven) for resource in with_stacks]
        for resource in judged:
            logs.remember(context, resource)
        resources += judged
    resources += _stacks(inventory, rules)
    resources += _identities(context, inventory, held)
    own = {
        (place, resource.id)
        for resource in resources
        if resource.resource_type == STACK and not resource.of_environment
    }
    return Discovery(
        resources={resource.key: resource for resource in resources},
        stacks={
            (place, name): one for name, one in inventory.stacks.items() if (place, name) in own
        },
        stack_resources={(place, name): some for name, some in inventory.stack_resources.items()},
        contexts={place: context},
        unknown=tuple(inventory.unknown),
        not_offered=tuple(not_offered),
    )


def _find(context: ScanContext, resource_type: ResourceType) -> list[Resource] | Exception:
    try:
        return list(resource_type.find(context))
    except errors.Refusal as error:
        return error


def _survey(
    clients: Clients, target: ScanTarget, place: AccountRegion, lasting: ScanCache
) -> _RegionInventory:
    inventory = _RegionInventory(place)
    first = target.is_first(place)

    def here(found: list[WorkshopIdentity]) -> list[WorkshopIdentity]:
        """Those of this Region; what tells none counts in the first one of its account."""
        return [one for one in found if one.region == place.region or (first and not one.region)]

    def read_roles() -> None:
        inventory.roles = here(roles.roles(clients, target.workshop, place))

    def read_policies() -> None:
        inventory.policies = here(roles.policies(clients, target.workshop, place))

    def read_tags() -> None:
        inventory.tagged = tagged(clients, target.workshop, place)

    def read_stacks() -> None:
        inventory.stacks = stack_listing.stacks(clients, place)
        rules = _rules(target, inventory, {})
        own = [stack for stack in inventory.stacks.values() if rules.may_be_ours(stack)]
        with ThreadPoolExecutor(LISTING) as pool:
            held_by = pool.map(partial(_resources, clients, place, lasting), own)
            for stack, held in zip(own, held_by, strict=True):
                if isinstance(held, tuple):
                    inventory.stack_resources[stack.name] = held
                else:
                    why = f"{stack.name}: {errors.describe(held)}"
                    inventory.unknown.append(Unknown(STACK_RESOURCE, place, why))

    def read(resource_type: str, part: Callable[[], None]) -> None:
        try:
            part()
        except errors.Refusal as error:
            inventory.unknown.append(Unknown(resource_type, place, errors.describe(error)))

    parts = {
        STACK: read_stacks,
        roles.ROLE: read_roles,
        roles.POLICY: read_policies,
        TAGS: read_tags,
    }
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(read, parts, parts.values()))
    return inventory


def tagged(clients: Clients, workshop: str, place: AccountRegion) -> dict[str, dict[str, str]]:
    """The tags of all that carries the workshop's tag, by ARN; botocore's errors pass through."""
    client = clients.client("resourcegroupstaggingapi", place)
    pages = client.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": tags.WORKSHOP, "Values": [workshop]}],
        PaginationConfig={"PageSize": 100},
    )
    return {
        one["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for page in pages
        for one in page["ResourceTagMappingList"]
    }


def _resources(
    clients: Clients, place: AccountRegion, lasting: ScanCache, stack: StackSummary
) -> tuple[Mapping[str, Any], ...] | Exception:
    """What a stack holds, asked anew only where it may have changed since an earlier scan."""
    client = clients.client("cloudformation", place)

    def read() -> tuple[Mapping[str, Any], ...]:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack.name)
        return tuple(
            one
            for page in pages
            for one in page["StackResourceSummaries"]
            if one["ResourceStatus"] not in _GONE
        )

    try:
        if not is_settled(stack):
            return read()
        held: tuple[Mapping[str, Any], ...] = lasting.get(stands_for(stack), read)
    except errors.Refusal as error:
        return () if errors.is_gone(error) else error
    return held


def is_settled(stack: StackSummary) -> bool:
    """Whether what the stack holds stays as it is until somebody begins to change it."""
    return stack.status.endswith("_COMPLETE")


def stands_for(stack: StackSummary) -> tuple[str, ...]:
    """The key in a lasting memory of what the stack holds for as long as nobody changes it."""
    changed = "" if stack.changed is None else stack.changed.isoformat()
    return ("resources", stack.id, stack.status, changed)


_CUT_OFF = timedelta(seconds=1)
"""IAM tells whole seconds: what others made within that one is not of the workshop's time."""


def _since(
    target: ScanTarget,
    inventory: _RegionInventory,
    rules: StackRules,
    proven: Mapping[Identity, str],
) -> datetime | None:
    """When the workshop began in a place, as its stacks, roles and records tell."""
    verdicts = ((stack, rules.judge(stack)) for stack in inventory.stacks.values())
    made = [
        stack.created
        for stack, verdict in verdicts
        if verdict is not None and verdict.ownership == Ownership.OWNED
    ]
    made += [role.created + _CUT_OFF for role in inventory.roles]
    made += [
        datetime.fromisoformat(created) + (_CUT_OFF if resource_type == roles.ROLE else timedelta())
        for resource_type, _, place, created in proven
        if place == inventory.place and resource_type in (STACK, roles.ROLE) and created
    ]
    if inventory.place in target.began:
        made.append(target.began[inventory.place])
    return min(made, default=None)


def _seen_roles(
    inventory: _RegionInventory, held: holders.Held, lasting: ScanCache
) -> tuple[SeenRole, ...]:
    """The roles of the account that are there, or were when an earlier scan noted them.

    One that was deleted by hand is in its stack all the same.
    """
    account = inventory.place.account
    there = roles.seen_now(inventory.roles, account)
    before = [one for one in roles.remembered(lasting) if one.account == account]
    roles.remember(lasting, there)
    known = {one.name for one in (*there, *before)}
    missing = [
        SeenRole(account, name, "", stack.created, STILL_THERE)
        for (resource_type, name), (stack, _) in held.items()
        if resource_type == _RESOURCE_TYPES[roles.ROLE] and name not in known
    ]
    return (*(replace(one, seen=STILL_THERE) for one in there), *before, *missing)


def _rules(
    target: ScanTarget, inventory: _RegionInventory, proven: Mapping[Identity, str]
) -> StackRules:
    """What makes a stack of one place the workshop's."""
    known = {role.seat for role in inventory.roles}
    known |= {seat for (*_, place, _), seat in proven.items() if place == inventory.place}
    return StackRules(
        target.workshop,
        target.environment,
        inventory.place,
        seats=target.seats[inventory.place],
        whole=target.whole,
        known=frozenset(known - {""}),
    )


def _scope(target: ScanTarget, inventory: _RegionInventory, rules: StackRules) -> Scope:
    """The scope of one place: with all seats that left a trace, where it is about all."""
    seats = set(target.seats[inventory.place])
    if target.whole:
        verdicts = map(rules.judge, inventory.stacks.values())
        seats |= {one.seat for one in verdicts if one and one.ownership == Ownership.OWNED}
        seats |= {role.seat for role in inventory.roles}
    return Scope(
        workshop=target.workshop,
        environment=target.environment,
        place=inventory.place,
        seats=frozenset(seats - {naming.COHORT, ""}),
        whole=target.whole,
        keep=target.keep.get(inventory.place, frozenset()),
        subnets=target.subnets.get(inventory.place, {}),
    )


def _stacks(inventory: _RegionInventory, rules: StackRules) -> Iterable[Resource]:
    for stack in inventory.stacks.values():
        verdict = rules.judge(stack)
        if verdict is not None:
            yield Resource(
                STACK,
                stack.name,
                inventory.place,
                verdict.ownership,
                verdict.why,
                seat=verdict.seat,
                arn=stack.id,
                state=stack.status,
                created=stack.created,
                of_environment=verdict.of_environment,
            )


def _identities(
    context: ScanContext, inventory: _RegionInventory, held: holders.Held
) -> Iterable[Resource]:
    """Roles and policies as resources; of those that no stack of ours holds, the tags are read."""

    def judged(resource: Resource) -> Resource:
        if resource.ownership != Ownership.OWNED:
            return resource
        by = holders.holder(resource, _RESOURCE_TYPES[resource.resource_type], held)
        if by is not None:
            return replace(resource, stack=by[0].name)
        key = ("environment", resource.arn, resource.identity[-1])
        try:
            named = context.lasting.get(
                key, lambda: roles.environment(context.clients, inventory.place, resource)
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
