"""What a poll tells about a stack that is waited for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.small_workshop import desired, found
from workshop import tags
from workshop.aws.stacks import StackSummary
from workshop.deploy import polling
from workshop.deploy.cloudformation import PollResult
from workshop.deploy.jobs import StackJob
from workshop.deploy.plan import StackAction, StackPlan
from workshop.deploy.polling import APPEARS_WITHIN, SHOWS_WITHIN, StackState, StackView

NOW = datetime(2098, 3, 8, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
OWN = found(desired())


def job(
    action: StackAction = StackAction.CREATE, before: StackSummary | None = None, **more: Any
) -> StackJob:
    """A stack that one's own call was accepted for."""
    made = StackJob(StackPlan(desired(), before, action), stack_id=OWN.id)
    made.before = before.changed if before else None
    for name, value in more.items():
        setattr(made, name, value)
    return made


def look(
    one: StackJob, stack: StackSummary | None, *, complete: bool = False, waited: float = 1
) -> StackView:
    stacks = {stack.name: stack} if stack else {}
    return polling.conclude(one, PollResult(stacks, complete), waited=waited, now=NOW)


def at(status: str, stack: StackSummary = OWN, **more: Any) -> StackSummary:
    return replace(stack, status=status, **more)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_IN_PROGRESS", StackState.STILL),
        ("ROLLBACK_IN_PROGRESS", StackState.FAILING),
        ("CREATE_COMPLETE", StackState.DONE),
        ("CREATE_FAILED", StackState.ENDED_BADLY),
        ("ROLLBACK_COMPLETE", StackState.ENDED_BADLY),
        ("ROLLBACK_FAILED", StackState.ENDED_BADLY),
        ("DELETE_IN_PROGRESS", StackState.STILL),
        ("DELETE_FAILED", StackState.ENDED_BADLY),
    ],
)
def test_ones_own_creation_goes_by_the_status(status: str, state: StackState) -> None:
    assert look(job(), at(status)) == StackView(state, at(status))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("UPDATE_IN_PROGRESS", StackState.STILL),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", StackState.STILL),
        ("UPDATE_ROLLBACK_IN_PROGRESS", StackState.FAILING),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", StackState.FAILING),
        ("UPDATE_COMPLETE", StackState.DONE),
        ("UPDATE_ROLLBACK_COMPLETE", StackState.ENDED_BADLY),
        ("UPDATE_ROLLBACK_FAILED", StackState.ENDED_BADLY),
        ("UPDATE_FAILED", StackState.ENDED_BADLY),
    ],
)
def test_ones_own_update_goes_by_the_status(status: str, state: StackState) -> None:
    one = job(StackAction.UPDATE, before=OWN)
    assert look(one, at(status, changed=LATER)).state == state


@pytest.mark.parametrize("before", [None, NOW])
def test_a_listing_from_before_an_update_tells_nothing(before: datetime | None) -> None:
    for status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
        stale = at(status, changed=before)
        one = job(StackAction.UPDATE, before=stale)
        assert look(one, stale).state == StackState.STILL
        assert look(one, stale, complete=True, waited=1000).state == StackState.STILL


def test_a_stack_that_ended_otherwise_than_wanted_is_decided_about_again() -> None:
    other = at("UPDATE_COMPLETE", tags={**OWN.tags, tags.TEMPLATE: "other"}, changed=LATER)
    assert look(job(StackAction.UPDATE, before=OWN), other) == StackView(
        StackState.DECIDE_AGAIN, other
    )


def test_a_fallback_is_done_when_it_carries_its_own_template() -> None:
    plan = StackPlan(desired(variants=2), None, StackAction.CREATE)
    one = StackJob(plan, stack_id=OWN.id, template=1)
    second = replace(OWN, tags=plan.desired.tagged(plan.desired.templates[1]))
    assert look(one, second).state == StackState.DONE
    assert look(one, OWN).state == StackState.DECIDE_AGAIN


def test_an_accepted_stack_may_take_a_while_to_be_listed() -> None:
    assert look(job(), None).state == StackState.STILL
    assert look(job(), None, complete=True, waited=APPEARS_WITHIN).state == StackState.STILL
    assert look(job(), None, waited=APPEARS_WITHIN + 1).state == StackState.STILL
    gone = look(job(), None, complete=True, waited=APPEARS_WITHIN + 1)
    assert gone == StackView(StackState.DECIDE_AGAIN)


def test_somebody_elses_stack_is_gone_once_a_whole_listing_lacks_it() -> None:
    theirs = job(StackAction.WAIT, stack_id="")
    assert look(theirs, None, waited=SHOWS_WITHIN + 1).state == StackState.STILL
    assert look(theirs, None, complete=True, waited=SHOWS_WITHIN).state == StackState.STILL
    late = look(theirs, None, complete=True, waited=SHOWS_WITHIN + 1)
    assert late == StackView(StackState.DECIDE_AGAIN)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_IN_PROGRESS", StackState.STILL),
        ("ROLLBACK_IN_PROGRESS", StackState.STILL),
        ("DELETE_IN_PROGRESS", StackState.STILL),
        ("CREATE_COMPLETE", StackState.DECIDE_AGAIN),
        ("ROLLBACK_COMPLETE", StackState.DECIDE_AGAIN),
    ],
)
@pytest.mark.parametrize("stack_id", ["", "arn:the-one-before"])
def test_a_stack_that_somebody_else_made_is_waited_for_and_then_decided_about(
    status: str, state: StackState, stack_id: str
) -> None:
    assert look(job(stack_id=stack_id), at(status)) == StackView(state, at(status), joined=True)


def clearing(status: str = "ROLLBACK_COMPLETE") -> StackJob:
    return job(StackAction.CLEAR, before=at(status), deleting=True)


def test_a_cleared_stack_is_gone_only_once_a_whole_listing_lacks_it() -> None:
    assert look(clearing(), None).state == StackState.STILL
    assert look(clearing(), None, complete=True) == StackView(StackState.DECIDE_AGAIN)


def test_a_stack_that_is_being_cleared_is_waited_for() -> None:
    for status in ("ROLLBACK_COMPLETE", "DELETE_IN_PROGRESS"):
        assert look(clearing(), at(status)).state == StackState.STILL
    left = at("DELETE_FAILED")
    assert look(clearing(), left) == StackView(StackState.ENDED_BADLY, left)


def test_the_failure_of_the_deletion_before_is_not_taken_for_a_new_one() -> None:
    left = at("DELETE_FAILED")
    assert look(clearing("DELETE_FAILED"), left, waited=SHOWS_WITHIN).state == StackState.STILL
    again = look(clearing("DELETE_FAILED"), left, waited=SHOWS_WITHIN + 1)
    assert again.state == StackState.ENDED_BADLY


def test_a_stack_made_anew_by_somebody_else_is_not_the_cleared_one() -> None:
    anew = at("CREATE_IN_PROGRESS", id="arn:another")
    assert look(clearing(), anew) == StackView(StackState.DECIDE_AGAIN, anew)
