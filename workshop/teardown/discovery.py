"""Finds everything that could be a workshop's: all kinds of all places, side by side.

What is found is the union of what roles and makers prove, what the workshop's stacks hold, and
what tags and names claim. A listing that fails makes its kind unknown, never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.aws import stacks as inventory
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.teardown import holders, refusals, roles
from workshop.teardown.holders import STACK, STACK_RESOURCE, StackRules
from workshop.teardown.resource import (
    STILL_THERE,
    Identity,
    Ownership,
    Resource,
    ResourceType,
    ScanCache,
    ScanContext,
    Scope,
    SeenRole,
)
from workshop.teardown.resources import logs

LISTING = 12
"""Kinds of one place that are listed at once."""

NOT_KINDS = frozenset({STACK, roles.ROLE, roles.POLICY})
"""What is deleted in steps of its own."""

_RESOURCE_TYPES = {roles.ROLE: "AWS::IAM::Role", roles.POLICY: "AWS::IAM::ManagedPolicy"}

_KEPT = frozenset({"bucket", "repository"})
"""What the YAML can keep."""

_GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


@dataclass(frozen=True)
class Unknown:
    """A kind that could not be listed in a place, and why; or what nobody tried to look at."""

    kind: str
    place: AccountRegion
    why: str
    tried: bool = True

    @property
    def told(self) -> str:
        """All of it in a sentence."""
        if self.tried:
            return f"{self.kind}s in {self.place} could not be listed: {self.why}"
        return f"not looked at: {self.kind}, {self.place}: {self.why}"


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
    """All that one look found.

    ``not_offered`` are kinds whose operations a Region does not have, so that there are none.
    """

    things: Mapping[tuple[str, str, AccountRegion], Resource]
    stacks: Mapping[tuple[AccountRegion, str], StackSummary]
    resources: Mapping[tuple[AccountRegion, str], tuple[Mapping[str, Any], ...]]
    worlds: Mapping[AccountRegion, ScanContext]
    unknown: tuple[Unknown, ...]
    not_offered: tuple[str, ...]

    def of(self, *ownership: Ownership) -> list[Resource]:
        """What is so, without what is kept."""
        return [
            thing
            for thing in self.things.values()
            if thing.ownership in ownership and not self.is_kept(thing)
        ]

    def is_kept(self, thing: Resource) -> bool:
        """Whether the YAML says that it stays; a seat may call anything else by the same name."""
        return thing.kind in _KEPT and thing.id in self.worlds[thing.place].scope.keep


@dataclass(frozen=True)
class _Known:
    """What earlier looks found out."""

    lasting: ScanCache
    proven: Mapping[Identity, str]


def _as_proven(thing: Resource, proven: Mapping[Identity, str]) -> Resource:
    """A thing as it was proven before, where now it is but claimed."""
    if thing.ownership != Ownership.CLAIMED or thing.identity not in proven:
        return thing
    why = "proven before, by what has been deleted since"
    return replace(thing, ownership=Ownership.OWNED, why=why, seat=proven[thing.identity])


@dataclass
class _RegionInventory:
    """What is known of a place before its kinds are listed."""

    place: AccountRegion
    stacks: dict[str, StackSummary] = field(default_factory=dict)
    resources: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    identities: roles.WorkshopIdentities = field(default_factory=roles.WorkshopIdentities)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)


def discover(
    clients: Clients,
    target: ScanTarget,
    kinds: Sequence[ResourceType],
    lasting: ScanCache | None = None,
    proven: Mapping[Identity, str] | None = None,
) -> Discovery:
    """Look once at every place of ``target``.

    ``lasting`` and ``proven``, which is the seat of whatever was proven, may come from an earlier
    look.
    """
    known = _Known(ScanCache() if lasting is None else lasting, proven or {})
    where = list(target.seats)
    with ThreadPoolExecutor(max(1, len(where))) as pool:
        looks = list(pool.map(partial(_look, clients, target, kinds, known), where))
    return Discovery(
        things={key: thing for look in looks for key, thing in look.things.items()},
        stacks={key: stack for look in looks for key, stack in look.stacks.items()},
        resources={key: held for look in looks for key, held in look.resources.items()},
        worlds={place: world for look in looks for place, world in look.worlds.items()},
        unknown=(*(one for look in looks for one in look.unknown), *target.unlooked),
        not_offered=tuple(dict.fromkeys(one for look in looks for one in look.not_offered)),
    )


def _look(
    clients: Clients,
    target: ScanTarget,
    kinds: Sequence[ResourceType],
    known: _Known,
    place: AccountRegion,
) -> Discovery:
    ground = _survey(clients, target, place, known.lasting)
    rules = _rules(target, ground, known.proven)
    scope = _scope(target, ground, rules)
    held = holders.holders(rules, ground.stacks, ground.resources)
    by_name = {kind.name: kind for kind in kinds}
    world = ScanContext(
        clients,
        scope,
        tagged=ground.tagged,
        lasting=known.lasting,
        proven=known.proven,
        since=_since(target, ground, rules, known.proven),
        roles=_seen_roles(ground, held, known.lasting),
    )
    things: list[Resource] = []
    not_offered: list[str] = []
    # A log is proven by what wrote it, so that has to be known first.
    late = [kind for kind in kinds if isinstance(kind, logs.LogStreams | logs.LogGroups)]
    for some in ([kind for kind in kinds if kind not in late], late):
        found: list[Resource] = []
        with ThreadPoolExecutor(LISTING) as pool:
            for kind, answer in zip(some, pool.map(partial(_find, world), some), strict=True):
                if isinstance(answer, list):
                    found += answer
                elif refusals.is_not_offered(answer):
                    not_offered.append(kind.name)
                else:
                    ground.unknown.append(Unknown(kind.name, place, refusals.told(answer)))
        with_stacks = holders.with_stacks(found, held, by_name)
        judged = [_as_proven(thing, known.proven) for thing in with_stacks]
        for thing in judged:
            logs.remember(world, thing)
        things += judged
    things += _stack_things(ground, rules)
    things += _identity_things(world, ground, held)
    own = {
        (place, thing.id) for thing in things if thing.kind == STACK and not thing.of_environment
    }
    return Discovery(
        things={thing.key: thing for thing in things},
        stacks={(place, name): one for name, one in ground.stacks.items() if (place, name) in own},
        resources={(place, name): some for name, some in ground.resources.items()},
        worlds={place: world},
        unknown=tuple(ground.unknown),
        not_offered=tuple(not_offered),
    )


def _find(world: ScanContext, kind: ResourceType) -> list[Resource] | Exception:
    try:
        return list(kind.find(world))
    except refusals.Refusal as error:
        return error


def _survey(
    clients: Clients, target: ScanTarget, place: AccountRegion, lasting: ScanCache
) -> _RegionInventory:
    ground = _RegionInventory(place)

    def part(kind: str, read: Any) -> None:
        try:
            read()
        except refusals.Refusal as error:
            ground.unknown.append(Unknown(kind, place, refusals.told(error)))

    first = target.is_first(place)

    def read_roles() -> None:
        found = roles.WorkshopIdentities(roles=roles.roles(clients, target.workshop, place))
        some = roles.here(found, place, first=first).roles
        ground.identities = replace(ground.identities, roles=some)

    def read_policies() -> None:
        found = roles.WorkshopIdentities(policies=roles.policies(clients, target.workshop, place))
        some = roles.here(found, place, first=first).policies
        ground.identities = replace(ground.identities, policies=some)

    def read_identities() -> None:
        part(roles.ROLE, read_roles)
        part(roles.POLICY, read_policies)

    def read_tags() -> None:
        ground.tagged = tagged(clients, target.workshop, place)

    def read_stacks() -> None:
        ground.stacks = inventory.stacks(clients, place)
        rules = _rules(target, ground, {})
        own = [one for one in ground.stacks.values() if rules.may_be_ours(one)]
        with ThreadPoolExecutor(LISTING) as pool:
            held_by = pool.map(partial(_resources, clients, place, lasting), own)
            for stack, held in zip(own, held_by, strict=True):
                if isinstance(held, tuple):
                    ground.resources[stack.name] = held
                else:
                    told = f"{stack.name}: {refusals.told(held)}"
                    ground.unknown.append(Unknown(STACK_RESOURCE, place, told))

    parts = {
        STACK: read_stacks,
        roles.ROLE: read_identities,
        "tag": read_tags,
    }
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(part, parts, parts.values()))
    return ground


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
    """What a stack holds, asked anew only where it may have changed since an earlier look."""
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
    except refusals.Refusal as error:
        return () if refusals.is_gone(error) else error
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
    target: ScanTarget, ground: _RegionInventory, rules: StackRules, proven: Mapping[Identity, str]
) -> datetime | None:
    """When the workshop began in a place, as its stacks, roles and records tell."""
    verdicts = ((stack, rules.judge(stack)) for stack in ground.stacks.values())
    made = [
        stack.created
        for stack, verdict in verdicts
        if verdict is not None and verdict.ownership == Ownership.OWNED
    ]
    made += [role.created + _CUT_OFF for role in ground.identities.roles]
    made += [
        datetime.fromisoformat(created) + (_CUT_OFF if kind == roles.ROLE else timedelta())
        for kind, _, place, created in proven
        if place == ground.place and kind in (STACK, roles.ROLE) and created
    ]
    if ground.place in target.began:
        made.append(target.began[ground.place])
    return min(made, default=None)


def _seen_roles(
    ground: _RegionInventory, held: holders.Held, lasting: ScanCache
) -> tuple[SeenRole, ...]:
    """The roles of the account that are there, or were when an earlier look noted them.

    One that was deleted by hand is in its stack all the same.
    """
    account = ground.place.account
    there = roles.seen_now(ground.identities.roles, account)
    before = [one for one in roles.remembered(lasting) if one.account == account]
    roles.remember(lasting, there)
    known = {one.name for one in (*there, *before)}
    missing = [
        SeenRole(account, name, "", stack.created, STILL_THERE)
        for (kind, name), (stack, _) in held.items()
        if kind == _RESOURCE_TYPES[roles.ROLE] and name not in known
    ]
    return (*(replace(one, seen=STILL_THERE) for one in there), *before, *missing)


def _rules(
    target: ScanTarget, ground: _RegionInventory, proven: Mapping[Identity, str]
) -> StackRules:
    """What makes a stack of one place the workshop's."""
    known = {role.seat for role in ground.identities.roles}
    known |= {seat for (*_, place, _), seat in proven.items() if place == ground.place}
    return StackRules(
        target.workshop,
        target.environment,
        ground.place,
        seats=target.seats[ground.place],
        whole=target.whole,
        known=frozenset(known - {""}),
    )


def _scope(target: ScanTarget, ground: _RegionInventory, rules: StackRules) -> Scope:
    """The scope of one place: with all seats that left a trace, where it is about all."""
    seats = set(target.seats[ground.place])
    if target.whole:
        verdicts = map(rules.judge, ground.stacks.values())
        seats |= {one.seat for one in verdicts if one and one.ownership == Ownership.OWNED}
        seats |= {role.seat for role in ground.identities.roles}
    return Scope(
        workshop=target.workshop,
        environment=target.environment,
        place=ground.place,
        seats=frozenset(seats - {naming.COHORT, ""}),
        whole=target.whole,
        keep=target.keep.get(ground.place, frozenset()),
        subnets=target.subnets.get(ground.place, {}),
    )


def _stack_things(ground: _RegionInventory, rules: StackRules) -> Iterable[Resource]:
    for stack in ground.stacks.values():
        verdict = rules.judge(stack)
        if verdict is not None:
            yield Resource(
                STACK,
                stack.name,
                ground.place,
                verdict.ownership,
                verdict.why,
                seat=verdict.seat,
                arn=stack.id,
                state=stack.status,
                created=stack.created,
                of_environment=verdict.of_environment,
            )


def _identity_things(
    world: ScanContext, ground: _RegionInventory, held: holders.Held
) -> Iterable[Resource]:
    """Roles and policies as things; of those that no stack of ours holds, the tags are read."""

    def judged(thing: Resource) -> Resource:
        if thing.ownership != Ownership.OWNED:
            return thing
        by = holders.holder(thing, _RESOURCE_TYPES[thing.kind], held)
        if by is not None:
            return replace(thing, stack=by[0].name)
        key = ("environment", thing.arn, thing.identity[-1])
        try:
            named = world.lasting.get(
                key, lambda: roles.environment(world.clients, ground.place, thing)
            )
        except refusals.Refusal as error:
            why = f"its tags could not be read: {refusals.told(error)}"
            return replace(thing, ownership=Ownership.UNKNOWN, why=why)
        if named in ("", world.scope.environment):
            return thing
        why = f"its tags say that it belongs to environment {named!r}"
        return replace(thing, ownership=Ownership.FOREIGN, why=why, of_environment=named)

    found = list(roles.things(world.scope, ground.identities))
    with ThreadPoolExecutor(LISTING) as pool:
        yield from pool.map(judged, found)
