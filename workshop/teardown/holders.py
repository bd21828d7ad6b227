"""Which stacks are a workshop's, and which resources they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.naming import Names
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources.base import ResourceType

STACK = "stack"
STACK_RESOURCE = "stack resource"

_WORDS = 3
"""In a seat's stack's name: workshop, seat, kind."""

_WHY = {
    Ownership.OWNED: "its name and the provisioner's tags",
    Ownership.CLAIMED: "only its tags say so",
    Ownership.FOREIGN: "only its name looks alike",
}
_NO_SETS = "its name and tags say so, and no stack set of the workshop's has made it"
_NOBODYS = "its name and tags say so, and neither roster, role nor record knows the seat {seat!r}"


@dataclass(frozen=True)
class StackRules:
    """What makes a stack of one account and Region the workshop's.

    ``seats`` are asked about, ``whole`` asks about all. ``known`` are the seats of which something
    else tells than the stack itself: the roster, a role below the workshop's path, the ledger, an
    earlier plan. Whoever may make stacks can use any name and any tags. In an account that is a
    seat's own, ``made`` are the ids of the stacks that the workshop's stack sets made there: these
    alone are proven. None where stacks are made by no stack set.
    """

    workshop: str
    environment: str
    account_region: AccountRegion
    seats: frozenset[str]
    whole: bool
    known: frozenset[str] = frozenset()
    made: frozenset[str] | None = None

    def judge(self, stack: StackSummary) -> OwnershipVerdict | None:
        """Return the verdict on a stack; None where it is none of ours.

        The provisioner's tags and the name together are proof, one of them alone is not.
        """
        other = self._other_environment(stack)
        if other:
            why = f"it belongs to environment {other!r}"
            return OwnershipVerdict(Ownership.FOREIGN, why, of_environment=other)
        if stack.belongs_to(self.workshop, self.environment):
            verdict = self._of_tags(stack.name, stack.tags.get(tags.ATTENDEE, ""))
            if verdict is None or verdict.ownership != Ownership.OWNED or self._is_made(stack):
                return verdict
            return replace(verdict, ownership=Ownership.CLAIMED, why=_NO_SETS)
        if self._looks_alike(stack.name):
            return OwnershipVerdict(Ownership.FOREIGN, _WHY[Ownership.FOREIGN])
        return None

    def _is_made(self, stack: StackSummary) -> bool:
        return self.made is None or stack.id in self.made

    def _of_tags(self, name: str, seat: str) -> OwnershipVerdict | None:
        if not (self.whole or seat in self.seats):
            return None
        if not self._is_named_for(seat, name):
            return OwnershipVerdict(Ownership.CLAIMED, _WHY[Ownership.CLAIMED], seat)
        if seat not in self.known | self.seats | {naming.COHORT}:
            return OwnershipVerdict(Ownership.CLAIMED, _NOBODYS.format(seat=seat), seat)
        return OwnershipVerdict(Ownership.OWNED, _WHY[Ownership.OWNED], seat)

    def _other_environment(self, stack: StackSummary) -> str:
        """Return the environment of a stack that was made for another one of the workshop."""
        environment = stack.tags.get(tags.ENVIRONMENT, "")
        if environment == self.environment or not stack.belongs_to(self.workshop, environment):
            return ""
        seat = stack.tags.get(tags.ATTENDEE, "")
        return environment if self._is_named_for(seat, stack.name) else ""

    def _is_named_for(self, seat: str, name: str) -> bool:
        names = Names(self.workshop, seat, self.account_region.account, self.account_region.region)
        return name in {names.stack(kind) for kind in naming.kinds_of(seat)}

    def _looks_alike(self, name: str) -> bool:
        parts = name.split("-")
        return parts[0] == self.workshop and (
            (self.whole and self._is_named_for(naming.COHORT, name))
            or (len(parts) == _WORDS and parts[1] in self.seats)
        )


Held = Mapping[tuple[str, str], tuple[StackSummary, str]]
"""Resource type (``AWS::S3::Bucket``) and physical id -> the stack that holds it, and its seat."""


def holders(
    rules: StackRules,
    stacks: Mapping[str, StackSummary],
    resources: Mapping[str, Iterable[Mapping[str, Any]]],
) -> Held:
    """Return what the workshop's own stacks hold.

    Types are compared whole, and only AWS's own count: a custom resource names whatever it likes,
    and a bucket's policy has the bucket's id.
    """
    held = {}
    for name, some in resources.items():
        verdict = rules.judge(stacks[name])
        if verdict is None or verdict.ownership != Ownership.OWNED:
            continue
        for summary in some:
            if summary["ResourceType"].startswith("AWS::") and summary.get("PhysicalResourceId"):
                held[summary["ResourceType"], summary["PhysicalResourceId"]] = (
                    stacks[name],
                    verdict.seat,
                )
    return held


def with_stacks(
    found: Iterable[Resource], held: Held, resource_types: Mapping[str, ResourceType]
) -> Iterator[Resource]:
    """Yield what was found, with the stack that holds it: that is proof."""
    for resource in found:
        by = holder(resource, resource_types[resource.resource_type].cloudformation_type, held)
        if by is None:
            yield resource
        else:
            stack, seat = by
            why = f"a resource of the stack {stack.name}"
            yield replace(
                resource,
                stack=stack.name,
                ownership=Ownership.OWNED,
                why=why,
                seat=seat,
                of_environment="",
            )


def holder(
    resource: Resource, cloudformation_type: str, held: Held
) -> tuple[StackSummary, str] | None:
    """Return the stack that holds a resource of this type, and the stack's seat; None for none.

    Where CloudFormation's own tag can be read, it has to name that very stack: AWS keeps tags of
    ``aws:`` to itself (https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html).
    """
    if not cloudformation_type:
        return None
    by = held.get((cloudformation_type, resource.id)) or held.get(
        (cloudformation_type, resource.arn)
    )
    if by is None or (resource.stack_tag is not None and resource.stack_tag != by[0].id):
        return None
    return by
