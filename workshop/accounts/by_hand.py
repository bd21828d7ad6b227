"""Stacks whose parameters somebody has changed in their account, of which their sets tell nothing.

One listing of an account's stacks shows them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from workshop.accounts import reasons
from workshop.accounts.set_plan import SetPlan, Stacks
from workshop.aws.stacks import UNREADABLE
from workshop.deploy import diff
from workshop.deploy import plan as planning
from workshop.deploy.plan import StackAction, StackPlan

Changes = tuple[diff.PropertyChange, ...]


def changed(of_set: SetPlan, plan: StackPlan, there: Stacks) -> StackPlan:
    """Return the plan of a stack that is as its set says, once its account's stacks are known."""
    current = plan.current
    if plan.action != StackAction.UNCHANGED or current is None:
        return plan
    seen = next((stack.parameters for stack in there.values() if stack.id == current.id), {})
    should = of_set.values_in(plan.desired.account_region.region)
    others = {
        name: value
        for name, value in seen.items()
        if name in should and UNREADABLE not in (value, should[name]) and value != should[name]
    }
    if not others:
        return plan
    return replace(
        plan,
        action=StackAction.UPDATE,
        current=replace(current, parameters={**should, **others}),
        message=reasons.changed_by_hand(others),
        by_hand=True,
    )


def taken_back(of_set: SetPlan, plan: StackPlan) -> Changes:
    """Return what it changes to give a stack the parameters again that it should have."""
    assert plan.current is not None  # noqa: S101 - only what is there was changed
    template, region = of_set.desired.template.document, plan.desired.account_region.region
    before = diff.with_values(template, plan.current.parameters)
    return diff.between(before, diff.with_values(template, of_set.values_in(region)), region)


def with_changes(plan: StackPlan, changes: Changes, also: Collection[str] = ()) -> StackPlan:
    """Return the plan of an update once its changes are known, with why there is one."""
    made = planning.with_changes(plan, changes, also)
    if plan.by_hand and made.action == StackAction.REFUSED:
        return replace(made, message=f"{plan.message}; {made.message}")
    return made
