"""Which seats have to keep their role for now: SageMaker needs it to delete what they have."""

from __future__ import annotations

from collections.abc import Mapping

from workshop.account_region import AccountRegion
from workshop.counting import plural
from workshop.naming import SEAT_STACKS
from workshop.teardown.discovery import STACKS_AND_IDENTITIES
from workshop.teardown.events import DeletionResults
from workshop.teardown.holders import STACK, STACK_RESOURCE
from workshop.teardown.plan import PlannedAction, TeardownPlan
from workshop.teardown.resource import Resource
from workshop.teardown.roles import ROLE

LEFT = (
    PlannedAction.DELETE,
    PlannedAction.RECORD,
    PlannedAction.LEAVE_CLAIMED,
    PlannedAction.LEAVE_UNKNOWN,
)
"""What is there after a sweep although it should not be, or is in doubt."""


def held_seats(
    plan: TeardownPlan,
    account_region: AccountRegion,
    not_saved: Mapping[str, str],
    results: DeletionResults,
) -> dict[str, str]:
    """Return the seats whose role stays, and why; the seat "" stands for all of them."""
    if plan.choices.abandon:
        return {}
    held = dict.fromkeys(not_saved, "its work could not be saved")
    for unknown in plan.unknown:
        if unknown.account_region == account_region and _needs_role(plan, unknown.resource_type):
            types = plural(unknown.resource_type)
            held[""] = f"{types} could not be listed, and may need the role"
    for resource, action in plan.actions_at(account_region):
        if action in LEFT and _holds(plan, resource, results):
            held[resource.seat] = (
                f"the {resource.resource_type} {resource.id} is left, and may need the role"
            )
    return held


def why_held(seat: str, held: Mapping[str, str]) -> str | None:
    """Return why a seat's role stays, None where it may go."""
    return held.get(seat) or held.get("")


def makes_role(stack: Resource) -> bool:
    """Return whether it is the stack of its seat that makes the seat's role."""
    kind = SEAT_STACKS.get(stack.id.rpartition("-")[2])
    return kind is not None and "AWS::IAM::Role" in kind.makes


def _holds(plan: TeardownPlan, resource: Resource, results: DeletionResults) -> bool:
    return not (
        resource.resource_type in STACKS_AND_IDENTITIES
        or resource.stack
        or plan.is_accepted(resource)
        or plan.is_record(resource)
        or results.is_gone(resource)
        or not _needs_role(plan, resource.resource_type)
    )


def _needs_role(plan: TeardownPlan, resource_type: str) -> bool:
    """Return whether SageMaker may need a seat's role for what is left of a resource type."""
    if resource_type in plan.resource_types:
        return plan.resource_types[resource_type].needs_role
    # What a stack holds that could not be read is nobody knows what.
    return resource_type in (STACK, STACK_RESOURCE, ROLE)
