"""The stack sets of a workshop whose seats have accounts of their own, and what they made where.

A set is the workshop's by its tags, which only somebody of the account that administers it can have
written; one that is merely called so is left alone. What a set's instances list is proof of the
stacks in the seats' accounts: nobody in these can write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.accounts.stack_sets import StackInstance, StackSetCalls
from workshop.naming import ALONE, COHORT, ORGANISER
from workshop.teardown.resource import Ownership, Resource

STACK_SET = "stack set"

_WHY = {
    Ownership.OWNED: "its name and the provisioner's tags",
    Ownership.FOREIGN: "only its name looks alike",
}


@dataclass(frozen=True)
class OwnSet:
    """A stack set that is called as one of the workshop's, and its instances if it is one.

    ``of_environment`` is another environment of the workshop that it was made for.
    """

    name: str
    kind: str
    ownership: Ownership
    instances: tuple[StackInstance, ...] = ()
    of_environment: str = ""

    @property
    def makes_way_in(self) -> bool:
        """Whether its stacks are the way into the accounts, which goes last."""
        return self.kind == ORGANISER

    def resource(self, home: AccountRegion) -> Resource:
        """Return it as a teardown counts it."""
        why = _WHY[self.ownership]
        if self.of_environment:
            why = f"it belongs to environment {self.of_environment!r}"
        return Resource(
            STACK_SET,
            self.name,
            home,
            self.ownership,
            why,
            seat=COHORT,
            of_environment=self.of_environment,
        )


def find(calls: StackSetCalls, workshop: str, environment: str) -> list[OwnSet]:
    """Return the stack sets that are called as the workshop's; botocore's errors pass through."""
    return [*_found(calls, workshop, environment)]


def _found(calls: StackSetCalls, workshop: str, environment: str) -> Iterator[OwnSet]:
    for name in calls.names():
        kind = kind_of(workshop, name)
        described = calls.describe(name) if kind else None
        if described is None:  # somebody else's, or gone meanwhile
            continue
        if described.belongs_to(workshop, environment):
            yield OwnSet(name, kind, Ownership.OWNED, tuple(calls.instances(name)))
            continue
        other = described.tags.get(tags.ENVIRONMENT, "")
        alike = described.belongs_to(workshop, other)
        yield OwnSet(name, kind, Ownership.FOREIGN, of_environment=other if alike else "")


def kind_of(workshop: str, name: str) -> str:
    """Return the kind of the stacks that a set of this name makes, empty for another's name."""
    found = re.fullmatch(rf"{re.escape(workshop)}-({ALONE}|{COHORT})-([a-z]+)-[^-]+", name)
    return found[2] if found and found[2] in naming.kinds_of(found[1]) else ""


def made_by(sets: Iterable[OwnSet]) -> dict[AccountRegion, frozenset[str]]:
    """Return the ids of the stacks that the workshop's own sets have made and not deleted."""
    return {
        account_region: frozenset(instance.stack_id for instance in some if instance.stack_id)
        for account_region, some in places_of(sets).items()
    }


def places_of(sets: Iterable[OwnSet]) -> dict[AccountRegion, list[StackInstance]]:
    """Return where the workshop's own sets have instances, whether there is a stack or not."""
    found: dict[AccountRegion, list[StackInstance]] = {}
    for own in sets:
        for instance in own.instances:
            found.setdefault(instance.account_region, []).append(instance)
    return found
