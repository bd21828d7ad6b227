"""How operations of stack sets run: pace, tolerance, order, one at a time, stopping."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from localcloud.stacksets import deployment, preferences
from localcloud.stacksets.records import (
    SERVICE_MANAGED,
    Instance,
    Operation,
    OperationResult,
    StackSet,
)
from localcloud.stacksets.runner import Runner
from localcloud.stacksets.store import StackSetStore
from tests.support.local_cloud import IAM
from tests.support.refusals import refusal
from tests.support.stacksets import (
    AWAY,
    HANDLE,
    HOME,
    Administrator,
    accounts,
    notebook,
    regional,
    tally,
)

EXCEEDED = "Cancelled since failure tolerance has exceeded"


@pytest.mark.parametrize(
    ("given", "number", "limits"),
    [
        # The number of accounts at a time after 0, 1, 2, ... failures.
        ({}, 10, [1, 0]),
        ({"MaxConcurrentCount": 5}, 10, [1, 0]),
        ({"MaxConcurrentCount": 2, "FailureToleranceCount": 1}, 10, [2, 1, 0]),
        ({"MaxConcurrentCount": 3, "FailureToleranceCount": 4}, 10, [3, 3, 3, 2, 1, 0]),
        (
            {
                "MaxConcurrentCount": 3,
                "FailureToleranceCount": 1,
                "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
            },
            10,
            [3, 3, 0],
        ),
        # Percentages are rounded down, but never to no account at a time.
        ({"MaxConcurrentPercentage": 25, "FailureTolerancePercentage": 25}, 11, [2, 2, 1, 0]),
        ({"MaxConcurrentPercentage": 5, "FailureTolerancePercentage": 5}, 11, [1, 0]),
        ({"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100}, 2, [2, 2, 1]),
    ],
)
def test_the_pace_follows_the_preferences_and_the_failures(
    given: dict[str, Any], number: int, limits: list[int]
) -> None:
    pace = preferences.pace(given, number)
    assert [pace.limit(failed) for failed in range(len(limits))] == limits


def letting_in(administrator: Administrator, number: int, *but: int) -> list[str]:
    """Return some accounts; those counted in ``but`` (from 1) do not let the administrator in."""
    given = accounts(number)
    administrator.may_execute(
        *(account for count, account in enumerate(given, 1) if count not in but)
    )
    return given


def test_more_failures_than_tolerated_end_the_operation_and_the_regions_after(
    administrator: Administrator,
) -> None:
    given = letting_in(administrator, 10, 3, 6)
    administrator.call("create_stack_set", TemplateBody=HANDLE)
    chosen = {
        "MaxConcurrentCount": 2,
        "FailureToleranceCount": 1,
    }
    done = administrator.finished(
        "create_stack_instances", Accounts=given, **regional(AWAY, HOME, **chosen)
    )
    assert (done["Status"], done["StatusDetails"]) == ("FAILED", {"FailedStackInstancesCount": 2})
    assert done["OperationPreferences"] == chosen
    results = administrator.results(done["OperationId"])
    assert tally(results, AWAY) == {"SUCCEEDED": 4, "FAILED": 2, "CANCELLED": 4}
    assert [results[account, AWAY]["Status"] for account in given[6:]] == ["CANCELLED"] * 4
    assert tally(results, HOME) == {"CANCELLED": 10}
    cancelled = [result for result in results.values() if result["Status"] == "CANCELLED"]
    assert {result["StatusReason"] for result in cancelled} == {EXCEEDED}
    instances = administrator.instances()
    assert tally(instances) == {"SUCCEEDED": 4, "FAILED": 2, "CANCELLED": 14}
    for place, instance in instances.items():
        current = results[place]["Status"] == "SUCCEEDED"
        assert instance["Status"] == ("CURRENT" if current else "OUTDATED")
        assert ("StackId" in instance) == current
    # Two are borne with a tolerance of two, in each Region.
    done = administrator.finished(
        "create_stack_instances", Accounts=given, **regional(HOME, AWAY, FailureToleranceCount=2)
    )
    assert (done["Status"], done["StatusDetails"]) == (
        "SUCCEEDED",
        {"FailedStackInstancesCount": 4},
    )
    assert tally(administrator.results(done["OperationId"])) == {"SUCCEEDED": 16, "FAILED": 4}


@pytest.fixture
def slow(administrator: Administrator) -> Administrator:
    """Return an administrator of ``seats``, whose stacks take a minute of a clock that stands."""
    administrator.prepared(3, notebook(), **IAM)
    administrator.cloud.delays(notebook=60)
    administrator.cloud.freeze()
    return administrator


def test_so_many_at_a_time_and_one_region_after_the_other(slow: Administrator) -> None:
    preferred = {"MaxConcurrentCount": 2, "FailureToleranceCount": 2}
    operation = slow.call(
        "create_stack_instances", Accounts=accounts(3), **regional(AWAY, HOME, **preferred)
    )["OperationId"]
    seen = []
    for running in ({"RUNNING": 2, "PENDING": 4}, {"SUCCEEDED": 2, "RUNNING": 1, "PENDING": 3}):
        until(slow, running)
        seen.append(tally(slow.results(operation), AWAY))
        slow.cloud.advance(60)
    assert seen == [{"RUNNING": 2, "PENDING": 1}, {"SUCCEEDED": 2, "RUNNING": 1}]
    until(slow, {"SUCCEEDED": 3, "RUNNING": 2, "PENDING": 1})
    slow.cloud.advance(60)
    until(slow, {"SUCCEEDED": 5, "RUNNING": 1})
    slow.cloud.advance(60)
    assert slow.settled(operation)["Status"] == "SUCCEEDED"


def test_a_stack_set_does_one_thing_at_a_time_and_stops_when_told(slow: Administrator) -> None:
    request = {"Accounts": accounts(3), "Regions": [HOME]}
    operation = slow.call("create_stack_instances", OperationId="first", **request)["OperationId"]
    until(slow, {"RUNNING": 1, "PENDING": 2})
    shown = slow.call("describe_stack_set_operation", OperationId="first")["StackSetOperation"]
    assert (shown["Status"], "EndTimestamp" in shown) == ("RUNNING", False)
    [stack] = slow.stacks(accounts(1)[0])
    assert stack["StackStatus"] == "CREATE_IN_PROGRESS"
    arn = slow.call("describe_stack_set")["StackSet"]["StackSetARN"]
    busy = (
        "OperationInProgressException",
        f"Another Operation on StackSet {arn} is in progress: first",
    )
    assert refusal(slow.call, "create_stack_instances", **request)[1:] == busy
    assert refusal(slow.call, "update_stack_set", UsePreviousTemplate=True, **IAM)[1:] == busy
    assert refusal(slow.call, "delete_stack_set")[1:] == busy
    repeated = refusal(slow.call, "create_stack_instances", OperationId="first", **request)[1:]
    assert repeated == ("OperationIdAlreadyExistsException", "Operation first already exists")

    slow.call("stop_stack_set_operation", OperationId=operation)
    shown = slow.call("describe_stack_set_operation", OperationId="first")["StackSetOperation"]
    assert shown["Status"] == "STOPPING"
    slow.cloud.advance(60)
    assert slow.settled(operation)["Status"] == "STOPPED"
    assert tally(slow.instances()) == {"SUCCEEDED": 1, "CANCELLED": 2}
    stopped = refusal(slow.call, "stop_stack_set_operation", OperationId=operation)[1:]
    assert stopped == (
        "InvalidOperationException",
        "Operation first is STOPPED and cannot be stopped",
    )


def test_a_stack_set_that_queues_does_one_thing_after_the_other(slow: Administrator) -> None:
    slow.cloud.client("cloudformation").update_stack_set(
        StackSetName="seats", UsePreviousTemplate=True, ManagedExecution={"Active": True}, **IAM
    )
    ids = [
        slow.call("create_stack_instances", Accounts=[account], Regions=[HOME])["OperationId"]
        for account in accounts(3)
    ]
    until(slow, {"RUNNING": 1})
    waiting = slow.call("list_stack_set_operations")["Summaries"][:3]
    assert [(operation["OperationId"], operation["Status"]) for operation in waiting] == [
        (ids[2], "QUEUED"),
        (ids[1], "QUEUED"),
        (ids[0], "RUNNING"),
    ]
    slow.call("stop_stack_set_operation", OperationId=ids[1])
    slow.cloud.advance(60)
    assert [slow.settled(seat)["Status"] for seat in ids[:2]] == ["SUCCEEDED", "STOPPED"]
    until(slow, {"SUCCEEDED": 1, "RUNNING": 1})
    slow.cloud.advance(60)
    assert slow.settled(ids[2])["Status"] == "SUCCEEDED"
    assert set(slow.instances()) == {(accounts(3)[0], HOME), (accounts(3)[2], HOME)}


def test_a_reset_gives_up_what_is_in_progress(slow: Administrator) -> None:
    slow.call("create_stack_instances", Accounts=accounts(3), Regions=[HOME])
    until(slow, {"RUNNING": 1, "PENDING": 2})
    slow.cloud.reset()
    assert slow.client.list_stack_sets()["Summaries"] == []
    assert [slow.stacks(account) for account in accounts(3)] == [[], [], []]
    slow.may_administer()
    slow.prepared(1, HANDLE)
    done = slow.finished("create_stack_instances", Accounts=accounts(1), Regions=[HOME])
    assert done["Status"] == "SUCCEEDED"


def test_what_runs_can_be_given_up_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = asyncio.Event(), []

    async def deploy(*_given: object) -> str:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def give_up() -> None:
        operation = Operation("id", 0, "CREATE", 0.0, [OperationResult("111111111111", HOME)])
        stack_set = StackSet("seats", "id", "0", HOME, "", SERVICE_MANAGED)
        stack_set.instances["111111111111", HOME] = Instance("111111111111", HOME)
        runner = Runner(lambda *given: ended.append(given))
        runner.start(stack_set, operation)
        await begun.wait()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.to_thread(runner.forget)
        _, left = await asyncio.wait(under_way, timeout=60)
        assert left == set()

    monkeypatch.setattr(deployment, "deploy", deploy)
    asyncio.run(give_up())
    assert ended == []


def test_an_operation_that_was_being_stopped_is_stopped_after_a_restart() -> None:
    stack_set = StackSet("seats", "id", "111111111111", HOME, "", SERVICE_MANAGED)
    for number, status in enumerate(("SUCCEEDED", "STOPPING", "QUEUED")):
        operation = Operation(status, number, "CREATE", 0.0, [], status=status)
        stack_set.operations[operation.id] = operation
    kept = json.loads(json.dumps([stack_set.as_document()]))
    store = StackSetStore()
    store.restore(kept, 60.0)
    [restored] = store
    assert [(operation.status, operation.ended) for operation in restored.operations.values()] == [
        ("SUCCEEDED", None),
        ("STOPPED", 60.0),
        ("FAILED", 60.0),
    ]


def until(administrator: Administrator, wanted: dict[str, int]) -> None:
    """Look at the instances until they have come as far as wanted."""
    for _ in range(500):
        seen = tally(administrator.instances())
        if seen == wanted:
            return
    raise AssertionError(f"the instances are {json.dumps(seen)}")
