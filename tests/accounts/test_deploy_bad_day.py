"""A deployment in which accounts are closed, deny, lack a quota and fail in the middle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.own_accounts import OwnAccounts, founded

CLOSED, DENIED, LIMITED, BROKEN, FINE = "closed", "denied", "limited", "broken", "ada"
FAILING = {
    DENIED: {"type": "AWS::IAM::Role", "code": "AccessDenied", "policy": "organization"},
    LIMITED: {"type": "AWS::SageMaker::NotebookInstance", "code": "ServiceLimitExceeded"},
    BROKEN: {"type": "AWS::SageMaker::NotebookInstance", "code": "GeneralServiceException"},
}


def ended(own: OwnAccounts, code: int, *more: str) -> dict[str, Any]:
    """Deploy and return the last line, which tells how it ended."""
    ran = own.run("deploy", "--json", *more)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


@pytest.fixture(params=[6, pytest.param(50, marks=pytest.mark.long)])
def day(request: pytest.FixtureRequest, cloud: Cloud, tmp_path: Path) -> OwnAccounts:
    """An organization in which all that can go wrong does."""
    others = [f"seat{number:02}" for number in range(5, request.param)]
    own = founded(cloud, tmp_path, CLOSED, DENIED, FINE, LIMITED, BROKEN, *others)
    own.organization.client.close_account(AccountId=own.account(CLOSED))
    cloud.faults(
        *(
            {"effect": "handler", "account": own.account(seat), **rule}
            for seat, rule in FAILING.items()
        )
    )
    return own


def test_each_account_fails_for_itself_and_is_mended_by_what_it_is_told(day: OwnAccounts) -> None:
    end = ended(day, 1, "--failure-percent", "60")
    assert end["seats"] == {"done": len(day.seats) - 4, "failed": 4}
    told = {one["seat"]: one["message"] for one in end["failed"]}
    assert told[CLOSED] == (
        f"vision-cohort-organiser: account {day.account(CLOSED)} is SUSPENDED; have it reopened,"
        " or give closed another account with: workshop accounts -e vision --replace closed --write"
    )
    assert told[DENIED].startswith("vision-cohort-organiser: role: Resource handler returned")
    assert told[DENIED].endswith(
        "; have the organization's policies allow it in account"
        f" {day.account(DENIED)}, then run: workshop deploy -e vision --only denied"
    )
    assert told[LIMITED].startswith("vision-seat-notebook: notebook: Resource handler returned")
    assert told[LIMITED].endswith(
        "; ask AWS for more with: workshop preflight -e vision --only limited --request-quotas,"
        " and once it is granted run: workshop deploy -e vision --only limited"
    )
    assert "HandlerErrorCode: GeneralServiceException" in told[BROKEN]

    whole = day.stacks(FINE)
    assert {seat: day.stacks(seat) for seat in (CLOSED, DENIED)} == {CLOSED: set(), DENIED: set()}
    for seat in (LIMITED, BROKEN):
        assert len(day.stacks(seat)) == len(whole) - 1
    assert all(len(day.stacks(seat)) == len(whole) for seat in day.seats[5:])

    plan = json.loads(day.run("plan", "--json").out)
    actions = {seat["seat"]: seat["action"] for seat in plan["seats"]}
    again = [actions.pop(seat) for seat in (CLOSED, DENIED, LIMITED, BROKEN)]
    assert again == ["refused", "create", "create", "create"]
    assert {*actions.values()} == {"unchanged"}

    day.cloud.faults()
    day.organization.add_member("spare", "seats")
    assert day.run("accounts", "--replace", CLOSED, "--write").code == 0
    assert ended(day, 0)["seats"] == {"done": 4, "unchanged": len(day.seats) - 4}
    assert day.run("deploy").err.endswith("nothing to do\n")
