"""A deployment by stack sets that ends at any step, and goes on when it is run again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest import mock

import pytest

from tests.support.local_cloud import IAM
from tests.support.own_accounts import SETTINGS, OwnAccounts
from workshop.accounts.stack_sets import InstanceResult, SetOperation, StackSetCalls

ACCESS, NOTEBOOK = "vision-seat-access-attendee", "vision-seat-notebook-attendee"
LARGER = SETTINGS.replace("attendee: {}", "attendee: {notebook: {volume_gb: 30}}")

CHANGING = ("create", "update", "deploy")
"""What a deployment asks StackSets to change."""


class Killed(BaseException):
    """The process ends here and now: nothing that it knew is kept."""


@contextmanager
def killed(calls: int, *, answered: bool) -> Iterator[Counter[str]]:
    """Have the process end at its so-manieth call that changes anything; yield what it has called.

    ``answered``: when the call has been made, else just before.
    """
    made: Counter[str] = Counter()

    def dying(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def called(*given: Any) -> Any:
            if made.total() + 1 == calls and not answered:
                raise Killed
            answer = call(*given)
            made[name] += 1
            if made.total() == calls:
                raise Killed
            return answer

        return called

    with ExitStack() as patches:
        for name in CHANGING:
            call = dying(name, getattr(StackSetCalls, name))
            patches.enter_context(mock.patch.object(StackSetCalls, name, call))
        yield made


def ends_in_the_middle(own: OwnAccounts, calls: int, *, answered: bool) -> bool:
    """Deploy with a process that ends at that call; return whether it came to it."""
    with killed(calls, answered=answered) as made:
        try:
            ran = own.run("deploy", "--json")
        except Killed:
            return True
    assert ran.code == 0, ran.err + ran.out
    assert made.total() < calls
    return False


def is_whole(own: OwnAccounts) -> None:
    """See that each account has each stack once, and that nothing is left to do."""
    stacks = {seat: own.administrator.stacks(own.account(seat)) for seat in own.seats}
    assert {seat: len(some) for seat, some in stacks.items()} == dict.fromkeys(own.seats, 9)
    assert {one["StackStatus"] for some in stacks.values() for one in some} <= {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
    }
    assert own.run("deploy").err.endswith("nothing to do\n")


@pytest.mark.parametrize(
    ("calls", "answered"),
    [
        (7, True),
        *(
            pytest.param(*case, marks=pytest.mark.long)
            for case in ((8, False), (2, True), (2, False), (1, True))
        ),
    ],
)
def test_whoever_is_killed_after_some_calls_gets_there_by_running_it_again(
    own: OwnAccounts, *, calls: int, answered: bool
) -> None:
    """Each run goes on a bit further, so that they end at every step of a whole deployment."""
    runs = 0
    while ends_in_the_middle(own, calls, answered=answered):
        runs += 1
        assert runs < 60
    assert runs >= 27 // calls
    is_whole(own)

    own.write(settings=LARGER)
    runs = 0
    while ends_in_the_middle(own, calls, answered=answered):
        runs += 1
        assert runs < 9
    assert runs >= 3 // calls
    is_whole(own)


@contextmanager
def minute_passing(own: OwnAccounts, polls: int) -> Iterator[None]:
    """Have a minute of the frozen cloud pass each time that an operation was asked for so often."""
    asked = 0
    ask = StackSetCalls.operation

    def asking(self: StackSetCalls, name: str, operation: str) -> SetOperation:
        nonlocal asked
        asked += 1
        if asked % polls == 0:
            own.cloud.advance(60)
        return ask(self, name, operation)

    with mock.patch.object(StackSetCalls, "operation", asking):
        yield


def test_operations_under_way_are_waited_for_whoever_began_them(own: OwnAccounts) -> None:
    own.cloud.freeze()
    own.cloud.delays(notebook=50)
    # The canary's notebook is being made when the process ends.
    with minute_passing(own, 3):
        assert ends_in_the_middle(own, 18, answered=True)
    under_way = own.administrator.client.list_stack_set_operations(StackSetName=NOTEBOOK)
    assert [one["Status"] for one in under_way["Summaries"]] == ["RUNNING"]
    with minute_passing(own, 3):
        ran = own.run("deploy", "--json")
    assert ran.code == 0, ran.err
    joined = [one for one in map(json.loads, ran.out.splitlines()) if one["what"] == "joined"]
    (operation,) = under_way["Summaries"]
    assert {(one["seat"], one["stack"]) for one in joined} == {("ada", "vision-seat-notebook")}
    assert {one["message"] for one in joined} == {
        f"operation {operation['OperationId']} of {NOTEBOOK}"
    }
    done = own.administrator.client.list_stack_set_operations(StackSetName=NOTEBOOK)
    assert [one["Status"] for one in done["Summaries"]] == ["SUCCEEDED", "SUCCEEDED"]
    is_whole(own)


@pytest.mark.long
def test_a_set_that_queues_nothing_is_worked_on_when_it_is_free(own: OwnAccounts) -> None:
    """Somebody has taken managed execution off, and updates the set meanwhile."""
    assert own.run("deploy").code == 0
    own.join("dan")
    client = own.administrator.client
    unmanaged = {"UsePreviousTemplate": True, "ManagedExecution": {"Active": False}}
    request = own.request([own.account("ada")])
    own.administrator.finished("update_stack_set", NOTEBOOK, **unmanaged, **IAM, **request)
    own.cloud.freeze()
    own.cloud.delays(notebook=50)
    results, theirs = StackSetCalls.results, list[str]()

    def overtaken(self: StackSetCalls, name: str, operation: str) -> list[InstanceResult]:
        if name == ACCESS and not theirs:
            request = own.request([own.account("dan")])
            begun = own.administrator.call("create_stack_instances", NOTEBOOK, **request)
            theirs.append(begun["OperationId"])
        return results(self, name, operation)

    with mock.patch.object(StackSetCalls, "results", overtaken), minute_passing(own, 3):
        ran = own.run("deploy", "--json")
    assert ran.code == 0, ran.err + ran.out
    last = client.list_stack_set_operations(StackSetName=NOTEBOOK)["Summaries"][0]
    assert ([last["OperationId"]], last["Status"]) == (theirs, "SUCCEEDED")
    is_whole(own)
