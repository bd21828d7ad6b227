"""What CloudFormation StackSets is asked for, and how its answers read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.own_accounts import OwnAccounts
from tests.support.stacksets import HANDLE
from workshop.accounts.stack_sets import (
    InstanceResult,
    Preferences,
    SetDefinition,
    SetOperation,
    StackSetCalls,
)

NAME = "vision-seat-storage-attendee"
TAGS = {"workshop": "vision", "environment": "vision", "managed-by": "workshop-provisioner"}
FIRST = SetDefinition(HANDLE, {}, {**TAGS, "template": "1"})
SECOND = SetDefinition(HANDLE.replace('"Handle"', '"Other"'), {}, {**TAGS, "template": "2"})


@pytest.fixture
def calls(own: OwnAccounts) -> Iterator[StackSetCalls]:
    with own.calling():
        yield StackSetCalls(own.clients(), own.loaded())


def ended(calls: StackSetCalls, operation: str) -> SetOperation:
    """Return an operation once it has ended."""
    for _ in range(5_000):
        found = calls.operation(NAME, operation)
        if found.has_ended:
            return found
    raise AssertionError(f"{operation} goes on")


def test_a_set_is_made_once_and_is_known_by_its_tags(calls: StackSetCalls) -> None:
    assert calls.describe(NAME) is None
    calls.create(NAME, FIRST)
    found = calls.describe(NAME)
    assert found is not None
    assert (found.digest, found.is_managed, found.is_service_managed) == ("1", True, True)
    assert found.belongs_to("vision", "vision")
    assert not found.belongs_to("vision", "other")
    assert calls.names() == [NAME]
    calls.delete(NAME)
    assert calls.describe(NAME) is None
    assert calls.names() == []


def test_accounts_are_deployed_and_the_others_are_outdated_after_an_update(
    own: OwnAccounts, calls: StackSetCalls
) -> None:
    calls.create(NAME, FIRST)
    ada, ben, cleo = map(own.place, own.seats)
    done = ended(calls, calls.deploy(NAME, [ada, ben], Preferences(0, percent=50)))
    assert (done.action, done.status, done.failed) == ("CREATE", "SUCCEEDED", 0)
    assert calls.results(NAME, done.id) == [
        InstanceResult(one, "SUCCEEDED") for one in sorted((ada, ben))
    ]
    assert {one.account_region: one.status for one in calls.instances(NAME)} == {
        ada: "CURRENT",
        ben: "CURRENT",
    }
    current = calls.describe(NAME)
    assert current is not None
    ended(calls, calls.update(current, SECOND, [ada], Preferences(0)))
    states = {one.account_region: one for one in calls.instances(NAME)}
    assert (states[ada].status, states[ben].status) == ("CURRENT", "OUTDATED")
    # One operation makes what is missing and mends what is outdated.
    ended(calls, calls.deploy(NAME, [ben, cleo], Preferences(0)))
    assert [one.status for one in calls.instances(NAME)] == ["CURRENT"] * 3
    assert all(one.stack_id for one in calls.instances(NAME))
    assert calls.under_way(NAME) == []


def test_an_account_is_left_or_kept_on_request(own: OwnAccounts, calls: StackSetCalls) -> None:
    calls.create(NAME, FIRST)
    ada, ben, _ = map(own.place, own.seats)
    ended(calls, calls.deploy(NAME, [ada, ben], Preferences(0)))
    ended(calls, calls.delete_instances(NAME, [ada]))
    ended(calls, calls.delete_instances(NAME, [ben], retain=True))
    assert calls.instances(NAME) == []
    assert own.stacks("ada") == set()
    assert len(own.stacks("ben")) == 1
    calls.delete(NAME)
    assert calls.names() == []
