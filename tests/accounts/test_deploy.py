"""``workshop plan`` and ``deploy`` where each seat has an account of its own."""

from __future__ import annotations

import json
from typing import Any

from tests.support.own_accounts import OwnAccounts

KINDS = {
    *("cohort-organiser", "cohort-start", "cohort-cohort", "cohort-watch"),
    *("seat-storage", "seat-registry", "seat-access", "seat-notebook", "seat-monitoring"),
}


def planned(own: OwnAccounts, *more: str) -> dict[str, Any]:
    ran = own.run("plan", "--json", *more)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def deployed(own: OwnAccounts, *more: str, code: int = 0) -> dict[str, Any]:
    """Deploy and return how it ended."""
    ran = own.run("deploy", "--json", *more)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


def operations(own: OwnAccounts, name: str) -> list[dict[str, Any]]:
    """Return the operations of a set, the first first."""
    listed = own.administrator.client.list_stack_set_operations(StackSetName=name)["Summaries"]
    return list(reversed(listed))


def asked_for(own: OwnAccounts) -> dict[str, list[str]]:
    """Return the actions of the operations of each set, the first first."""
    return {name: [one["Action"] for one in operations(own, name)] for name in own.sets()}


def test_every_account_has_its_stacks_and_a_second_run_has_nothing_to_do(own: OwnAccounts) -> None:
    assert planned(own)["totals"]["create"] == 3
    assert own.sets() == set()

    end = deployed(own)
    assert (end["seats"], end["exit"]) == ({"done": 3}, 0)
    assert own.sets() == {f"vision-{kind}-attendee" for kind in KINDS}
    for seat in own.seats:
        assert len(own.stacks(seat)) == len(KINDS)
    # One account as a canary, then the others.
    assert set(map(tuple, asked_for(own).values())) == {("CREATE", "CREATE")}

    before = asked_for(own)
    ran = own.run("deploy")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "nothing to do")
    assert planned(own)["totals"]["unchanged"] == 3
    assert asked_for(own) == before
