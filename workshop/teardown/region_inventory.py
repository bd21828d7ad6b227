"""What is known of an account and Region before its resource types are listed.

Its stacks and what they hold, the workshop's roles and policies, what carries the workshop's tags:
these tell which seats there are, since when, and whose a resource is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from workshop.teardown.resource import STILL_THERE, Identity, Ownership, ScanCache, Scope, SeenRole
from workshop.teardown.roles import WorkshopIdentity
from workshop.teardown.scan_target import ScanTarget, Unknown

LISTING = 12
"""Listings of one account and Region that are made at once."""

TAGS = "tag"
"""What the scan calls the tagging service's answer."""

_GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


@dataclass
class RegionInventory:
    """What is known of an account and Region before its resource types are listed."""

    account_region: AccountRegion
    stacks: dict[str, StackSummary] = field(default_factory=dict)
    stack_resources: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    roles: list[WorkshopIdentity] = field(default_factory=list)
    policies: list[WorkshopIdentity] = field(default_factory=list)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown: list[Unknown] = field(default_factory=list)


def survey(
    clients: Clients, target: ScanTarget, account_region: AccountRegion, lasting: ScanCache
) -> RegionInventory:
    inventory = RegionInventory(account_region)
    first = target.is_first(account_region)

    def here(found: list[WorkshopIdentity]) -> list[WorkshopIdentity]:
        """Return those of this Region; what tells none counts in the first one of its account."""
        return [
            identity
            for identity in found
            if identity.region == account_region.region or (first and not identity.region)
        ]

    def read_roles() -> None:
        inventory.roles = here(roles.roles(clients, target.workshop, account_region))

    def read_policies() -> None:
        inventory.policies = here(roles.policies(clients, target.workshop, account_region))

    def read_tags() -> None:
        inventory.tagged = tagged(clients, target.workshop, account_region)

    def read_stacks() -> None:
        listed = stack_listing.stacks(clients, account_region)
        inventory.stacks = _proven_first(listed, target.made_in(account_region) or frozenset())
        own = {
            key: stack
            for key, stack in inventory.stacks.items()
            if stack.belongs_to(target.workshop, target.environment)
        }
        with ThreadPoolExecutor(LISTING) as pool:
            held_by = pool.map(partial(_resources, clients, account_region, lasting), own.values())
            for key, held in zip(own, held_by, strict=True):
                if isinstance(held, tuple):
                    inventory.stack_resources[key] = held
                else:
                    why = f"{key}: {errors.describe(held)}"
                    inventory.unknown.append(Unknown(STACK_RESOURCE, account_region, why))

    def read(resource_type: str, part: Callable[[], None]) -> None:
        try:
            part()
        except errors.Refusal as error:
            inventory.unknown.append(Unknown(resource_type, account_region, errors.describe(error)))

    parts = {
        STACK: read_stacks,
        roles.ROLE: read_roles,
        roles.POLICY: read_policies,
        TAGS: read_tags,
    }
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(read, parts, parts.values()))
    return inventory


def _proven_first(
    listed: Mapping[str, StackSummary], made: frozenset[str]
) -> dict[str, StackSummary]:
    """Return stacks by name, or by ARN where another has it: that of a stack set has its own."""
    found: dict[str, StackSummary] = {}
    for stack in sorted(listed.values(), key=lambda stack: stack.id not in made):
        found[stack.id if stack.name in found else stack.name] = stack
    return found


def tagged(
    clients: Clients, workshop: str, account_region: AccountRegion
) -> dict[str, dict[str, str]]:
    """Return the tags of all with the workshop's tag, by ARN; botocore's errors pass through."""
    client = clients.client("resourcegroupstaggingapi", account_region)
    pages = client.get_paginator("get_resources").paginate(
        TagFilters=[{"Key": tags.WORKSHOP, "Values": [workshop]}],
        PaginationConfig={"PageSize": 100},
    )
    return {
        mapping["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in mapping["Tags"]}
        for page in pages
        for mapping in page["ResourceTagMappingList"]
    }


def _resources(
    clients: Clients, account_region: AccountRegion, lasting: ScanCache, stack: StackSummary
) -> tuple[Mapping[str, Any], ...] | Exception:
    """Return what a stack holds, asked anew where it may have changed since an earlier scan."""
    client = clients.client("cloudformation", account_region)

    def read() -> tuple[Mapping[str, Any], ...]:
        pages = client.get_paginator("list_stack_resources").paginate(StackName=stack.id)
        return tuple(
            summary
            for page in pages
            for summary in page["StackResourceSummaries"]
            if summary["ResourceStatus"] not in _GONE
        )

    try:
        if not is_settled(stack):
            return read()
        held: tuple[Mapping[str, Any], ...] = lasting.get(stands_for(stack), read)
    except errors.Refusal as error:
        return () if errors.is_gone(error) else error
    return held


def is_settled(stack: StackSummary) -> bool:
    """Return whether what the stack holds stays as it is until somebody begins to change it."""
    return stack.status.endswith("_COMPLETE")


def stands_for(stack: StackSummary) -> tuple[str, ...]:
    """Return the key of what the stack holds for as long as nobody changes it."""
    changed = "" if stack.changed is None else stack.changed.isoformat()
    return ("resources", stack.id, stack.status, changed)


_CUT_OFF = timedelta(seconds=1)
"""IAM tells whole seconds: what others made within that one is not of the workshop's time."""


def began(
    target: ScanTarget,
    inventory: RegionInventory,
    rules: StackRules,
    proven: Mapping[Identity, str],
) -> datetime | None:
    """Return when the workshop began in a Region, as its stacks, roles and records tell."""
    verdicts = ((stack, rules.judge(stack)) for stack in inventory.stacks.values())
    made = [
        stack.created
        for stack, verdict in verdicts
        if verdict is not None and verdict.ownership == Ownership.OWNED
    ]
    made += [role.created + _CUT_OFF for role in inventory.roles]
    made += [
        datetime.fromisoformat(created) + (_CUT_OFF if resource_type == roles.ROLE else timedelta())
        for resource_type, _, account_region, created in proven
        if account_region == inventory.account_region
        and resource_type in (STACK, roles.ROLE)
        and created
    ]
    if inventory.account_region in target.began:
        made.append(target.began[inventory.account_region])
    return min(made, default=None)


def seen_roles(
    inventory: RegionInventory, held: holders.Held, lasting: ScanCache
) -> tuple[SeenRole, ...]:
    """Return the roles of the account that are there, or were when an earlier scan noted them.

    One that was deleted by hand is in its stack all the same.
    """
    account = inventory.account_region.account
    there = roles.seen_now(inventory.roles, account)
    before = roles.remembered(lasting, account)
    roles.remember(lasting, there)
    known = {role.name for role in (*there, *before)}
    missing = [
        SeenRole(account, name, "", stack.created, STILL_THERE)
        for (resource_type, name), (stack, _) in held.items()
        if resource_type == "AWS::IAM::Role" and name not in known
    ]
    return (*(replace(role, seen=STILL_THERE) for role in there), *before, *missing)


def rules_of(
    target: ScanTarget, inventory: RegionInventory, proven: Mapping[Identity, str]
) -> StackRules:
    """Return what makes a stack of one account and Region the workshop's."""
    known = {role.seat for role in inventory.roles}
    known |= {
        seat
        for (*_, account_region, _), seat in proven.items()
        if account_region == inventory.account_region
    }
    return StackRules(
        target.workshop,
        target.environment,
        inventory.account_region,
        seats=target.seats[inventory.account_region],
        whole=target.whole,
        known=frozenset(known - {""}),
        made=target.made_in(inventory.account_region),
    )


def scope_of(target: ScanTarget, inventory: RegionInventory, rules: StackRules) -> Scope:
    """Return the scope of one Region: with all seats that left a trace, where it is about all."""
    seats = set(target.seats[inventory.account_region])
    if target.whole:
        verdicts = map(rules.judge, inventory.stacks.values())
        seats |= {
            verdict.seat for verdict in verdicts if verdict and verdict.ownership == Ownership.OWNED
        }
        seats |= {role.seat for role in inventory.roles}
    return Scope(
        workshop=target.workshop,
        environment=target.environment,
        account_region=inventory.account_region,
        seats=frozenset(seats - {naming.COHORT, ""}),
        whole=target.whole,
        keep=target.keep.get(inventory.account_region, frozenset()),
        subnets=target.subnets.get(inventory.account_region, {}),
        alone_as=target.alone_as(inventory.account_region),
    )
