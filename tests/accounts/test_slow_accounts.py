"""An account that turns calls away as too many holds nobody up for minutes, and not in silence."""

from __future__ import annotations

import json

import pytest

from tests.support.faulty import counts
from tests.support.notebook_workshop import retries_at_once
from tests.support.own_accounts import OwnAccounts
from workshop.accounts import seen_accounts
from workshop.aws import reads


def test_a_throttled_account_is_asked_a_few_times_and_then_not_known(
    own: OwnAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.deploy()
    retries_at_once(monkeypatch)
    operation = "cloudformation:DescribeStacks"
    own.cloud.faults({"effect": "throttle", "operation": operation, "account": own.account("ben")})
    ran = own.run("plan", "--json")
    assert counts(own.cloud)[0][1] == seen_accounts.ATTEMPTS
    told = " ".join(ran.err.split())
    assert "(ben): what is there could not be read: DescribeStacks: Throttling" in told
    assert json.loads(ran.out)["totals"]["unchanged"] == len(own.seats)


def test_an_account_that_is_slow_to_answer_is_named_while_it_is_waited_for(
    own: OwnAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.deploy()
    monkeypatch.setattr(reads, "SLOW_SECONDS", 0.05)
    late = {"effect": "latency", "operation": "cloudformation:DescribeStacks", "seconds": 1}
    own.cloud.faults({**late, "account": own.account("ben")})
    told = own.run("plan").err
    assert f" of 3 accounts answered; waiting for {own.account('ben')} us-east-1 (ben) ..." in told


def test_a_role_that_nobody_could_ask_for_is_not_said_to_be_changed(
    own: OwnAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.deploy()
    retries_at_once(monkeypatch)
    own.cloud.faults({"effect": "throttle", "operation": "sts:AssumeRole"})
    told = " ".join(own.run("plan").err.split())
    assert "3 accounts (ada, ben, cleo): nothing could be read: AssumeRole: Throttling" in told
    assert "made again" not in told
