"""Accounts of which the ledger alone tells: nothing was ever made there, or nobody knows."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support import own_teardowns
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import OwnAccounts, founded, organiser_key
from tests.support.own_teardowns import handed_back, taken_down
from tests.support.teardown_runs import Crash
from tests.support.teardown_workshop import QUIET
from workshop.accounts.stack_sets import StackSetCalls
from workshop.ledger import Ledger

EMPTY, UNKNOWN = "handed back empty", "unknown"


@pytest.fixture
def own(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Three seats with an account each, and nothing deployed."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, key=organiser_key(enforcing))
    enforcing.delays(**QUIET)
    return made


def test_where_a_deployment_was_only_refused_there_is_nothing_to_look_for(
    own: OwnAccounts,
) -> None:
    """Ada's account was closed before anything was deployed; nobody ever called anything for it."""
    own.organization.client.close_account(AccountId=own.account("ada"))
    with own_teardowns.quick(own):
        made = own.run("deploy", "--only", "ada,ben")
    assert made.code == 1, made.out + made.err
    assert "SUSPENDED" in made.out + made.err
    done = taken_down(own)
    assert done.code == 0, done.out + done.err
    assert handed_back(own)["ben"] == EMPTY
    assert "not looked at: 2 accounts, of which nothing tells of anything there" in done.err
    gone = Ledger("vision", own.folder / ".workshop").gone_from()
    assert own.place("ben") in gone
    assert own.place("ada") not in gone


def test_an_account_that_was_closed_before_anything_was_deployed_costs_nothing(
    own: OwnAccounts,
) -> None:
    """Ben's is closed only after his was deployed: what he has cost since, nobody knows."""
    own.seats = ("ada", "ben")
    own.write()
    own.assign()
    own.organization.client.close_account(AccountId=own.account("ada"))
    assert own.run("deploy").code == 1
    own.run("status")  # keeps what it could not read
    for more in ((), ("--reconcile",)):
        ran = own.run("bill", *more)
        assert ran.code == 0, ran.out + ran.err
        assert "?" not in ran.out
    own.organization.client.close_account(AccountId=own.account("ben"))
    ran = own.run("bill")
    assert ran.code == 1
    lines = {line.split()[0]: line for line in ran.out.splitlines()}
    assert ("?" in lines["ada"], "?" in lines["ben"]) == (False, True)
    # Who asks elsewhere has no ledger: there, the stack sets tell.
    shutil.rmtree(own.folder / ".workshop")
    ran = own.run("bill")
    assert (ran.code, "?" in ran.out.splitlines()[1]) == (1, False)


@pytest.mark.parametrize("cut", ["sent", "answered"])
def test_a_call_whose_answer_was_lost_keeps_an_account_unknown(
    own: OwnAccounts, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies with the call; the set loses its instance by hand, and what it made stays.

    Then the account is closed, and all that later deployments know of it is that they refuse it.
    """
    deployed = StackSetCalls.deploy

    def dies(self: StackSetCalls, *given: Any, **more: Any) -> str:
        if cut == "answered":
            deployed(self, *given, **more)
        raise Crash

    monkeypatch.setattr(StackSetCalls, "deploy", dies)
    with own_teardowns.quick(own), pytest.raises(Crash):
        own.run("deploy", "--only", "ada")
    monkeypatch.undo()
    name = "vision-cohort-organiser-attendee"
    if cut == "answered":
        for one in own.administrator.client.list_stack_set_operations(StackSetName=name)[
            "Summaries"
        ]:
            own.administrator.settled(one["OperationId"], name)
        assert own.stacks("ada")
        client, request = own.administrator.client, own.request([own.account("ada")])
        kept = client.delete_stack_instances(StackSetName=name, RetainStacks=True, **request)
        own.administrator.settled(kept["OperationId"], name)
    own.organization.client.close_account(AccountId=own.account("ada"))
    with own_teardowns.quick(own):
        assert own.run("deploy", "--only", "ada").code == 1
    done = taken_down(own)
    assert done.code == 4
    assert handed_back(own)["ada"] == UNKNOWN
