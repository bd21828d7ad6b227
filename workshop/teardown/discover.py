"""Finds everything that could be a workshop's: all kinds of all places, side by side.

What is found is the union of what roles and makers prove, what the workshop's stacks hold, and
what tags and names claim. A listing that fails makes its kind unknown, never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from workshop import naming, tags
from workshop.aws.clients import Clients
from workshop.fleet import inventory
from workshop.fleet.inventory import FoundStack
from workshop.naming import Names
from workshop.places import Place
from workshop.teardown import refusals, roles
from workshop.teardown.kinds import logs
from workshop.teardown.model import Identity, Kind, Memory, Ownership, Scope, Thing, World

LISTING = 12
"""Kinds of one place that are listed at once."""

STACK = "stack"
NOT_KINDS = frozenset({STACK, roles.ROLE, roles.BOUNDARY})
"""What is deleted in steps of its own."""

_WORDS = 3
"""In a seat's stack's name: workshop, seat, kind."""

_GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


@dataclass(frozen=True)
class Target:
    """What is looked for: one workshop, in its places.

    ``seats`` are those of the roster that are chosen, by place; ``keep`` what the YAML keeps.
    ``whole`` when they are all, so that strays and the cohort count as well.
    """

    workshop: str
    environment: str
    seats: Mapping[Place, frozenset[str]]
    whole: bool
    keep: Mapping[Place, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Unknown:
    """A kind that could not be listed in a place, and why."""

    kind: str
    place: Place
    why: str


@dataclass(frozen=True)
class Discovery:
    """All that one look found.

    ``not_offered`` are kinds whose operations a Region does not have, so that there are none.
    """

    things: Mapping[tuple[str, str, Place], Thing]
    stacks: Mapping[tuple[Place, str], FoundStack]
    resources: Mapping[tuple[Place, str], tuple[Mapping[str, Any], ...]]
    worlds: Mapping[Place, World]
    unknown: tuple[Unknown, ...]
    not_offered: tuple[str, ...]

    def of(self, *ownership: Ownership) -> list[Thing]:
        """What is so, without what is kept."""
        return [
            thing
            for thing in self.things.values()
            if thing.ownership in ownership and not self.is_kept(thing)
        ]

    def is_kept(self, thing: Thing) -> bool:
        """Whether the YAML says that it stays."""
        return thing.id in self.worlds[thing.place].scope.keep


@dataclass(frozen=True)
class _Known:
    """What earlier looks found out."""

    lasting: Memory
    proven: Mapping[Identity, str]


def _as_proven(thing: Thing, proven: Mapping[Identity, str]) -> Thing:
    """A thing as it was proven before, where now it is but claimed."""
    if thing.ownership != Ownership.CLAIMED or thing.identity not in proven:
        return thing
    why = "proven before, by what has been deleted since"
    return replace(thing, ownership=Ownership.OWNED, why=why, seat=proven[thing.identity])


@dataclass
class _Ground:
    """What is known of a place before its kinds are listed."""

    place: Place
    stacks: dict[str, FoundStack] = field(default_factory=dict)
    resources: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    roles: list[roles.FoundRole] = field(default_factory=list)
    boundary: str | None = None
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)


def discover(
    clients: Clients,
    target: Target,
    kinds: Sequence[Kind],
    lasting: Memory | None = None,
    proven: Mapping[Identity, str] | None = None,
) -> Discovery:
    """Look once at every place of ``target``.

    ``lasting`` and ``proven``, which is the seat of whatever was proven, may come from an earlier
    look.
    """
    known = _Known(Memory() if lasting is None else lasting, proven or {})
    where = list(target.seats)
    with ThreadPoolExecutor(max(1, len(where))) as pool:
        looks = list(pool.map(partial(_look, clients, target, kinds, known), where))
    return Discovery(
        things={key: thing for look in looks for key, thing in look.things.items()},
        stacks={key: stack for look in looks for key, stack in look.stacks.items()},
        resources={key: held for look in looks for key, held in look.resources.items()},
        worlds={place: world for look in looks for place, world in look.worlds.items()},
        unknown=tuple(one for look in looks for one in look.unknown),
        not_offered=tuple(dict.fromkeys(one for look in looks for one in look.not_offered)),
    )


def _look(
    clients: Clients, target: Target, kinds: Sequence[Kind], known: _Known, place: Place
) -> Discovery:
    ground = _survey(clients, target, place, known.lasting)
    scope = _scope(target, ground)
    world = World(
        clients,
        scope,
        tagged=ground.tagged,
        lasting=known.lasting,
        proven=known.proven,
        since=_since(target, ground, known.proven),
    )
    things: list[Thing] = []
    not_offered: list[str] = []
    # A log is proven by what wrote it, so that has to be known first.
    late = [kind for kind in kinds if isinstance(kind, logs.Streams | logs.Groups)]
    for some in ([kind for kind in kinds if kind not in late], late):
        found: list[Thing] = []
        with ThreadPoolExecutor(LISTING) as pool:
            for kind, answer in zip(some, pool.map(partial(_find, world), some), strict=True):
                if isinstance(answer, list):
                    found += answer
                elif refusals.is_not_offered(answer):
                    not_offered.append(kind.name)
                else:
                    ground.unknown.append(Unknown(kind.name, place, refusals.told(answer)))
        held = [_as_proven(thing, known.proven) for thing in _held(found, ground, scope)]
        for thing in held:
            logs.remember(world, thing)
        things += held
    things += _steps(ground, scope)
    own = {(place, thing.id) for thing in things if thing.kind == STACK}
    return Discovery(
        things={thing.key: thing for thing in things},
        stacks={(place, name): one for name, one in ground.stacks.items() if (place, name) in own},
        resources={(place, name): some for name, some in ground.resources.items()},
        worlds={place: world},
        unknown=tuple(ground.unknown),
        not_offered=tuple(not_offered),
    )


def _find(world: World, kind: Kind) -> list[Thing] | Exception:
    try:
        return list(kind.find(world))
    except refusals.Refusal as error:
        return error


def _survey(clients: Clients, target: Target, place: Place, lasting: Memory) -> _Ground:
    ground = _Ground(place)

    def part(kind: str, read: Any) -> None:
        try:
            read()
        except refusals.Refusal as error:
            ground.unknown.append(Unknown(kind, place, refusals.told(error)))

    def read_roles() -> None:
        ground.roles = roles.roles(clients, target.workshop, place)

    def read_boundary() -> None:
        ground.boundary = roles.boundary(clients, target.workshop, place)

    def read_tags() -> None:
        ground.tagged = tagged(clients, target.workshop, place)

    def read_stacks() -> None:
        ground.stacks = inventory.stacks(clients, place)
        own = [one for one in ground.stacks.values() if _whose(target, place, one) is not None]
        with ThreadPoolExecutor(LISTING) as pool:
            held_by = pool.map(partial(_resources, clients, place, lasting), own)
            for stack, held in zip(own, held_by, strict=True):
                if isinstance(held, tuple):
                    ground.resources[stack.name] = held
                else:
                    told = f"{stack.name}: {refusals.told(held)}"
                    ground.unknown.append(Unknown("stack resource", place, told))

    parts = {
        STACK: read_stacks,
        roles.ROLE: read_roles,
        roles.BOUNDARY: read_boundary,
        "tag": read_tags,
    }
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(part, parts, parts.values()))
    return ground


def tagged(clients: Clients, workshop: str, place: Place) -> dict[str, dict[str, str]]:
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
    clients: Clients, place: Place, lasting: Memory, stack: FoundStack
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


def is_settled(stack: FoundStack) -> bool:
    """Whether what the stack holds stays as it is until somebody begins to change it."""
    return stack.status.endswith("_COMPLETE")


def stands_for(stack: FoundStack) -> tuple[str, ...]:
    """The key in a lasting memory of what the stack holds for as long as nobody changes it."""
    changed = "" if stack.changed is None else stack.changed.isoformat()
    return ("resources", stack.id, stack.status, changed)


def _since(target: Target, ground: _Ground, proven: Mapping[Identity, str]) -> datetime | None:
    """When the workshop's first stack or role in a place was made; those of earlier looks count."""
    made = [
        stack.created
        for stack in ground.stacks.values()
        if stack.belongs_to(target.workshop, target.environment)
    ]
    made += [role.created for role in ground.roles]
    made += [
        datetime.fromisoformat(created)
        for kind, _, place, created in proven
        if place == ground.place and kind in NOT_KINDS and created
    ]
    return min(made, default=None)


def _scope(target: Target, ground: _Ground) -> Scope:
    """The scope of one place: with all seats that left a trace, where it is about all."""
    seats = set(target.seats[ground.place])
    if target.whole:
        for stack in ground.stacks.values():
            whose = _whose(target, ground.place, stack)
            if whose is not None and whose[0] == Ownership.OWNED:
                seats.add(whose[1])
        seats |= {role.seat for role in ground.roles if role.seat}
    return Scope(
        workshop=target.workshop,
        environment=target.environment,
        place=ground.place,
        seats=frozenset(seats - {naming.COHORT, ""}),
        whole=target.whole,
        keep=target.keep.get(ground.place, frozenset()),
    )


def _whose(target: Target, place: Place, stack: FoundStack) -> tuple[Ownership, str] | None:
    """Whose a stack is, and of which seat; None where it is none of ours.

    The provisioner's tags and the name together are proof, one of them alone is not.
    """
    ours = stack.belongs_to(target.workshop, target.environment)
    seat = stack.tags.get(tags.ATTENDEE, "")
    names = Names(target.workshop, seat, place.account, place.region)
    named = stack.name in {names.stack(kind) for kind in naming.SEAT_STACKS}
    inside = target.whole or seat in target.seats[place]
    if ours and named:
        return (Ownership.OWNED, seat) if inside else None
    if ours:
        return (Ownership.CLAIMED, seat) if inside else None
    parts = stack.name.split("-")
    alike = parts[0] == target.workshop and (
        (target.whole and parts[1:] == [naming.COHORT])
        or (len(parts) == _WORDS and parts[1] in target.seats[place])
    )
    return (Ownership.FOREIGN, "") if alike else None


def _steps(ground: _Ground, scope: Scope) -> Iterable[Thing]:
    """Stacks, roles and the boundary as things."""
    target = Target(
        scope.workshop, scope.environment, {scope.place: scope.seats}, whole=scope.whole
    )
    whys = {
        Ownership.OWNED: "its name and the provisioner's tags",
        Ownership.CLAIMED: "only its tags say so",
        Ownership.FOREIGN: "only its name looks alike",
    }
    for stack in ground.stacks.values():
        whose = _whose(target, scope.place, stack)
        if whose is not None:
            yield Thing(
                STACK,
                stack.name,
                scope.place,
                whose[0],
                whys[whose[0]],
                seat=whose[1],
                arn=stack.id,
                state=stack.status,
                created=stack.created,
            )
    holders = _holders(ground, scope)
    for thing in roles.things(scope, ground.roles, ground.boundary):
        held = holders.get(("iam", thing.id)) or holders.get(("iam", thing.arn))
        yield replace(thing, stack=held[0]) if held else thing


def _holders(ground: _Ground, scope: Scope) -> dict[tuple[str, str], tuple[str, str]]:
    """Service and physical id -> the stack that holds it, and the stack's seat."""
    target = Target(
        scope.workshop, scope.environment, {scope.place: scope.seats}, whole=scope.whole
    )
    held = {}
    for name, resources in ground.resources.items():
        whose = _whose(target, scope.place, ground.stacks[name])
        if whose is None or whose[0] != Ownership.OWNED:
            continue
        for one in resources:
            service = one["ResourceType"].split("::")[1].lower()
            if one.get("PhysicalResourceId"):
                held[(service, one["PhysicalResourceId"])] = (name, whose[1])
    return held


def _held(found: list[Thing], ground: _Ground, scope: Scope) -> Iterable[Thing]:
    """What is found, with the stack that holds it: that is proof."""
    holders = _holders(ground, scope)
    for thing in found:
        service = thing.arn.split(":")[2] if thing.arn.startswith("arn:") else ""
        by = holders.get((service, thing.id)) or holders.get((service, thing.arn))
        if by is None:
            yield thing
        else:
            stack, seat = by
            why = f"a resource of the stack {stack}"
            yield replace(thing, stack=stack, ownership=Ownership.OWNED, why=why, seat=seat)
