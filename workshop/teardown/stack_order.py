"""In which order the stacks of one account and Region go, with the roles and policies beside them.

Seats first; a role goes once nothing of its seat is left, the cohort after all seats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.naming import COHORT, DOOR, WATCH
from workshop.teardown import roles
from workshop.teardown.discovery import STACKS_AND_IDENTITIES
from workshop.teardown.events import DeletionOutcome, DeletionResult, DeletionResults
from workshop.teardown.held_roles import held_seats, makes_role, why_held
from workshop.teardown.holders import STACK
from workshop.teardown.plan import PlannedAction, TeardownPlan
from workshop.teardown.resource import Resource
from workshop.teardown.stacks import StackDeleter


@dataclass(frozen=True)
class StackOrder:
    """The stacks of one account and Region, and what goes between them.

    ``resources`` are the stacks, roles and policies that may go; ``engine`` deletes what no stack
    holds. ``problems`` are the seats that keep all they have, and why; with ``seats_only``, what
    seats share stays as well. ``await_interfaces`` waits for what needs roles, and ``sweep_shared``
    deletes through its own API what seats share.
    """

    plan: TeardownPlan
    account_region: AccountRegion
    resources: Sequence[Resource]
    engine: StackDeleter
    results: DeletionResults
    problems: Mapping[str, str]
    seats_only: bool
    await_interfaces: Callable[[], object]
    sweep_shared: Callable[[], object]

    def steps(self) -> Iterator[list[Resource]]:
        """Yield the stacks that go next, side by side; go on once their results are noted."""
        own = [resource for resource in self.resources if resource.resource_type == STACK]
        cohort = [stack for stack in own if stack.seat == COHORT]
        access = [stack for stack in own if stack not in cohort and makes_role(stack)]
        yield [stack for stack in own if stack not in cohort and stack not in access]
        self.await_interfaces()
        held = held_seats(self.plan, self.account_region, self.problems, self.results)
        seats_roles = [
            resource for resource in self.resources if resource.resource_type == roles.ROLE
        ]
        self.engine.prepare_roles_for_deletion(
            role.id for role in seats_roles if why_held(role.seat, held) is None
        )
        orphans = [role for role in seats_roles if not role.stack]
        yield [stack for stack in access if not why_held(stack.seat, held)]
        self.results.note(
            self.engine.delete_orphans(
                resource for resource in orphans if not why_held(resource.seat, held)
            )
        )
        kept = [(resource, why_held(resource.seat, held)) for resource in (*access, *orphans)]
        kept_roles = [
            DeletionResult(resource, DeletionOutcome.STUCK, why)
            for resource, why in kept
            if why is not None
        ]
        self.results.note(kept_roles)
        stays = any(
            resource.seat != COHORT and self.results.is_stuck(resource)
            for resource in (*own, *seats_roles)
        )
        if stays or kept_roles or self.seats_only:
            why = "waits until nothing of any seat is left"
            self.results.note(DeletionResult(stack, DeletionOutcome.STUCK, why) for stack in cohort)
            return
        self.sweep_shared()
        # The door keeps what it knows in the watch's bucket, and the watch attaches a policy of
        # the cohort's.
        beside = [
            [stack for stack in cohort if stack.id.endswith(f"-{kind}")] for kind in (DOOR, WATCH)
        ]
        yield from beside
        yield [stack for stack in cohort if not any(stack in some for some in beside)]
        policies = [
            resource
            for resource in self.resources
            if resource.resource_type == roles.POLICY and not resource.stack
        ]
        self.results.note(self.engine.delete_orphans(policies))


def of_account_region(
    plan: TeardownPlan, account_region: AccountRegion, may_go: Callable[[Resource], bool]
) -> list[Resource]:
    """Return the stacks, roles and policies of a plan that go in one account and Region."""
    return [
        resource
        for resource in plan.resources(
            PlannedAction.DELETE, PlannedAction.WITH_STACK, at=account_region
        )
        if resource.resource_type in STACKS_AND_IDENTITIES
        and not plan.discovery.goes_last(resource)
        and may_go(resource)
    ]
