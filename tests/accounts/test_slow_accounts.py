"""An account that turns calls away as too many holds nobody up for minutes, and not in silence."""

from __future__ import annotations

import json

import pytest

from tests.support.faulty import counts
from tests.support.notebook_workshop import retries_at_once
from tests.support.own_accounts import OwnAccounts, exemplar
from workshop.accounts import seen_accounts
from workshop.aws import places, reads


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


@pytest.mark.parametrize(
    ("why", "is_mended"),
    [("AssumeRole: AccessDenied", True), ("AssumeRole: Throttling: Rate exceeded", False)],
)
def test_only_a_role_that_refuses_is_said_to_be_made_again(why: str, *, is_mended: bool) -> None:
    loaded = exemplar().loaded
    place = loaded.seats[0].account_region
    lines = places.told_unread(loaded, [(place, f"what is there could not be read: {why}")])
    assert f"nothing could be read: {why}" in lines[0]
    assert any("made again" in line for line in lines) == is_mended
