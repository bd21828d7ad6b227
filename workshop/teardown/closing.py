"""What goes last where seats have accounts of their own: the way into them, and the stack sets.

An account that two scans have shown to be empty needs nobody to look any more. Only then do the
sets forget its stacks, and only then goes the role by which the organiser was in it. The sets go
once they have no instances.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.counting import count_of, first_of
from workshop.teardown import own_sets, roles
from workshop.teardown.events import DeletionOutcome, DeletionResult
from workshop.teardown.members import MemberAccounts
from workshop.teardown.own_sets import STACK_SET, OwnSet
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.set_stacks import SetStacks

_NAMED = 3


@dataclass(frozen=True)
class Closing:
    """The end of a teardown; ``stacks`` makes what works with some sets."""

    members: MemberAccounts
    workshop: str
    environment: str
    stacks: Callable[[list[OwnSet]], SetStacks]

    def close(
        self,
        proven: Collection[AccountRegion],
        given_up: Collection[AccountRegion],
        last: Iterable[Resource],
        *,
        sets_too: bool,
    ) -> list[DeletionResult]:
        """Let go of the accounts that are proven empty, and of those that are ``given_up``.

        In the latter nobody can look, and whoever asks goes on without them: what is there stays.
        ``last`` are the stacks, roles and stack sets that go now, if they may; return what became
        of each.
        """
        ending = [*last]
        try:
            sets = self._found()
        except errors.Refusal as error:
            return [_unlisted(resource, error) for resource in ending]
        work = self.stacks(sets)
        way_in = [own for own in sets if own.makes_way_in]
        # What else an account had was seen to be gone.
        others = [own for own in sets if not own.makes_way_in]
        failed = work.forget(others, {*proven, *given_up}, retain=True)
        failed |= work.forget(way_in, given_up, retain=True)
        ready = {place for place in proven if place not in failed} | self.members.handed_back
        failed |= work.forget(way_in, ready, retain=False)
        results = [
            self._of_way_in(resource, proven, failed)
            for resource in ending
            if not _is_set(resource)
        ]
        if not sets_too:
            return results
        ending = [resource for resource in ending if _is_set(resource)]
        try:
            left = {own.name: own for own in self._found()}
        except errors.Refusal as error:
            return [*results, *(_unlisted(resource, error) for resource in ending)]
        return [*results, *(self._of_set(resource, left.get(resource.id)) for resource in ending)]

    def _found(self) -> list[OwnSet]:
        found = own_sets.find(self.members.calls, self.workshop, self.environment)
        return [own for own in found if own.ownership == Ownership.OWNED]

    @staticmethod
    def _of_way_in(
        resource: Resource, proven: Collection[AccountRegion], failed: dict[AccountRegion, str]
    ) -> DeletionResult:
        place = resource.account_region
        if place not in proven:
            why = "it is the way into an account that is not shown to be empty"
            return DeletionResult(resource, DeletionOutcome.STUCK, why)
        if place in failed:
            return DeletionResult(resource, DeletionOutcome.STUCK, failed[place])
        if resource.resource_type == roles.ROLE and not resource.stack:
            why = "no stack set has it; delete it with credentials of the account's own"
            return DeletionResult(resource, DeletionOutcome.STUCK, why)
        return DeletionResult(resource, DeletionOutcome.DELETED)

    def _of_set(self, resource: Resource, own: OwnSet | None) -> DeletionResult:
        if own is None:
            return DeletionResult(resource, DeletionOutcome.ALREADY_GONE)
        if own.instances:
            accounts = sorted({instance.account_region.account for instance in own.instances})
            instances = count_of(len(own.instances), "instance")
            why = f"it has {instances}: {first_of(accounts, _NAMED)}"
            return DeletionResult(resource, DeletionOutcome.STUCK, why)
        try:
            self.members.calls.delete(own.name)
        except errors.Refusal as error:
            return DeletionResult(resource, DeletionOutcome.STUCK, errors.describe(error))
        return DeletionResult(resource, DeletionOutcome.DELETED)


def _unlisted(resource: Resource, error: Exception) -> DeletionResult:
    why = f"the stack sets could not be listed: {errors.describe(error)}"
    return DeletionResult(resource, DeletionOutcome.STUCK, why)


def _is_set(resource: Resource) -> bool:
    return resource.resource_type == STACK_SET
