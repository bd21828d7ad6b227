"""What a deployment by stack sets tells of what nobody expects."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import HOME, OwnAccounts, founded
from workshop.accounts import reasons
from workshop.accounts.stack_sets import (
    InstanceResult,
    SetOperation,
    StackInstance,
    StackSetCalls,
)
from workshop.deploy.failures import Cause, FailureClass
from workshop.ledger import Ledger

NOTEBOOK = "vision-seat-notebook-attendee"
BROKEN = {
    "effect": "handler",
    "type": "AWS::SageMaker::NotebookInstance",
    "code": "GeneralServiceException",
}


def ended(own: OwnAccounts, code: int, *more: str) -> dict[str, Any]:
    """Deploy and return the last line, which tells how it ended."""
    ran = own.run("deploy", "--json", *more)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


def test_why_a_stack_failed_is_read_in_its_account_where_stack_sets_do_not_tell(
    own: OwnAccounts,
) -> None:
    own.cloud.faults({**BROKEN, "account": own.account("cleo")})
    results = StackSetCalls.results

    def silent(self: StackSetCalls, name: str, operation: str) -> list[InstanceResult]:
        return [replace(one, reason="") for one in results(self, name, operation)]

    with mock.patch.object(StackSetCalls, "results", silent):
        ((failed),) = ended(own, 1, "--failure-percent", "50")["failed"]
    assert failed["seat"] == "cleo"
    assert failed["message"].startswith("vision-seat-notebook: notebook: Resource handler returned")
    # Without a role in the account, nobody knows.
    with (
        mock.patch.object(StackSetCalls, "results", silent),
        mock.patch.object(StackSetCalls, "stack_id", return_value=""),
    ):
        ((failed),) = ended(own, 1)["failed"]
    assert failed["message"] == "vision-seat-notebook: StackSets tells no reason"


@pytest.mark.long
def test_too_many_accounts_that_fail_end_a_deployment_which_goes_on_later(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, *(f"seat{number}" for number in range(1, 7)))
    cloud.faults(*({**BROKEN, "account": own.account(seat)} for seat in own.seats[1:4]))
    end = ended(own, 1, "--concurrency", "2")
    assert end["stopped"].startswith("2 seats have failed, more than 30 % of all; no new ones")
    # Two at once, in the order of ids that are drawn: another may be under way at the second one.
    assert end["seats"]["failed"] in (2, 3)
    assert sum(end["seats"].values()) == len(own.seats)
    cloud.faults()
    assert set(ended(own, 0)["seats"]) <= {"done", "unchanged"}


@pytest.mark.long
def test_nobody_else_is_begun_while_no_canary_comes_up(cloud: Cloud, tmp_path: Path) -> None:
    own = founded(cloud, tmp_path, *(f"seat{number}" for number in range(1, 6)))
    cloud.faults(BROKEN)
    end = ended(own, 1)
    assert end["seats"] == {"failed": 3, "not begun": 2}
    assert end["stopped"] == (
        "no seat came up of seat1, seat2, seat3; mend the cause and run it again"
    )
    assert own.stacks("seat4") == set()


def test_an_operation_that_somebody_stops_ends_the_deployment(own: OwnAccounts) -> None:
    operation, stopped = StackSetCalls.operation, list[str]()
    own.cloud.freeze()
    own.cloud.delays(notebook=50)

    def stopping(self: StackSetCalls, name: str, id_: str) -> SetOperation:
        if name == NOTEBOOK and not stopped:
            own.administrator.call("stop_stack_set_operation", name, OperationId=id_)
            stopped.append(id_)
        own.cloud.advance(60)
        return operation(self, name, id_)

    with mock.patch.object(StackSetCalls, "operation", stopping):
        end = ended(own, 1)
        assert end["stopped"] == f"somebody has stopped operation {stopped[0]} of {NOTEBOOK}"
        assert ended(own, 0)["seats"]["done"] >= 2


def test_an_account_that_is_closed_meanwhile_is_told_as_such(own: OwnAccounts) -> None:
    deploy = StackSetCalls.deploy

    def closing(self: StackSetCalls, name: str, targets: Any, *given: Any) -> str:
        if len(targets) > 1 and name.startswith("vision-cohort-organiser"):
            own.organization.client.close_account(AccountId=own.account("cleo"))
        return deploy(self, name, targets, *given)

    with mock.patch.object(StackSetCalls, "deploy", closing):
        end = ended(own, 1)
    ((failed),) = end["failed"]
    assert failed["message"].startswith(
        f"vision-cohort-organiser: account {own.account('cleo')} is SUSPENDED; have it reopened, or"
    )


@pytest.mark.long
def test_an_operation_in_which_nothing_ends_is_left_to_itself(own: OwnAccounts) -> None:
    own.cloud.freeze()
    own.cloud.delays(notebook=50)
    end = ended(own, 1, "--stack-minutes", "0.02")
    ((one),) = (one for one in end["failed"] if one["seat"] == "ada")
    assert one["outcome"] == "stuck"
    assert "nothing has ended for" in one["message"]
    assert one["message"].endswith("CloudFormation goes on, run the command again later")


def test_what_was_done_is_in_the_ledger_and_shown_as_of_any_deployment(own: OwnAccounts) -> None:
    own.write("cohort: {termination_protection: true}")
    ran = own.run("deploy")
    assert ran.code == 0
    assert "'cohort.termination_protection' has no effect" in ran.err
    told = [line.split(" seat done: ") for line in ran.err.splitlines() if " seat done: " in line]
    assert [number for number, _ in told] == ["1/3", "2/3", "3/3"]
    # The canary first; StackSets tells of the others in an order of its own.
    assert (told[0][1], {seat for _, seat in told}) == ("ada", {*own.seats})
    written = [json.loads(line) for line in ledger(own).read_text().splitlines()]
    done = {(one["seat"], one["account"]) for one in written if one.get("what") == "seat done"}
    assert done == {(seat, own.account(seat)) for seat in own.seats}
    # Somebody changes the file by hand: nothing in the accounts tells that, and the work of one
    # would be the other's.
    ada, ben = own.account("ada"), own.account("ben")
    text = own.accounts_file.read_text()
    assert "when the line was written" not in own.run("status").err
    own.accounts_file.write_text(
        text.replace(f"{ada},ada", f"{ada},ben").replace(f"{ben},ben", f"{ben},ada")
    )
    for command in ("plan", "status", "handout"):
        warned = own.run(command).err
        assert "was ada's when the line was written, and is ben's now" in warned, command
        assert "was ben's when the line was written, and is ada's now" in warned, command


def ledger(own: OwnAccounts) -> Path:
    return own.folder / Ledger("vision").path


@pytest.mark.parametrize(
    ("cause", "commands"),
    [
        (
            "AWSCloudFormationStackSetExecutionRole: this account is suspended",
            [("accounts", "--replace", "ada", "--write")],
        ),
        (
            "Stack:arn is in ROLLBACK_COMPLETE state and can not be updated.",
            [
                ("teardown", "--early", "--only", "ada", "--save-to", "FOLDER"),
                ("deploy", "--only", "ada"),
            ],
        ),
        (
            "Resource handler returned message: \"The account-level service limit 'ml.g5.xlarge for"
            " notebook instance usage' is 0 Instances\"",
            [("preflight", "--only", "ada", "--request-quotas"), ("deploy", "--only", "ada")],
        ),
    ],
)
def test_a_reason_comes_with_what_helps(
    own: OwnAccounts, cause: str, commands: list[tuple[str, ...]]
) -> None:
    loaded = own.loaded()
    (ada,) = loaded.chosen(["ada"])
    said = reasons.of_failure(loaded, ada, Cause(FailureClass.PERMANENT, cause))
    for command in commands:
        assert loaded.command(*command) in said


@pytest.mark.parametrize(
    ("status", "drift", "action", "message"),
    [
        ("CURRENT", "DRIFTED", "unchanged", reasons.DRIFTED),
        (
            "INOPERABLE",
            "",
            "refused",
            "its deletion has failed (INOPERABLE: because); tear it down",
        ),
    ],
)
def test_stacks_that_are_not_as_their_set_says_are_told(
    own: OwnAccounts, status: str, drift: str, action: str, message: str
) -> None:
    assert own.run("deploy", "--only", "ada").code == 0
    instances: Callable[[StackSetCalls, str], list[StackInstance]] = StackSetCalls.instances

    def others(self: StackSetCalls, name: str) -> list[StackInstance]:
        found = instances(self, name)
        if name != NOTEBOOK:
            return found
        return [replace(one, status=status, drift=drift, reason="because") for one in found]

    with mock.patch.object(StackSetCalls, "instances", others):
        plan = json.loads(own.run("plan", "--json").out)
    stack = next(one for one in plan["seats"][0]["stacks"] if one["name"] == "vision-seat-notebook")
    assert stack["action"] == action
    assert stack["message"].startswith(message)
    assert HOME.region == plan["seats"][0]["region"]
