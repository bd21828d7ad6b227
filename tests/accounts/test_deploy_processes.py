"""Real processes over seats' own accounts, killed in the middle and run again."""

from __future__ import annotations

import json

import pytest

from tests.support.deploy_processes import typed
from tests.support.own_accounts import WORKSHOP, OwnAccounts

DEPLOY = ("deploy", "-e", WORKSHOP, "--json")
TEARDOWN = ("teardown", "-e", WORKSHOP, "--early")
APPLY = ("--apply", "--yes", WORKSHOP, "--interval", "0", "--json")


@pytest.mark.long
def test_processes_that_are_killed_go_on_when_they_are_typed_again(own: OwnAccounts) -> None:
    variables = own.variables()
    with typed(own.folder, variables, *DEPLOY) as killed:
        killed.until("done", "vision-seat-storage")
        killed.kill()
    assert 1 < len(own.sets()) < 9
    with typed(own.folder, variables, *DEPLOY) as again:
        code, told, talk = again.end()
    assert code == 0, talk
    assert sum(told["seats"].values()) == 3
    assert {seat: len(own.stacks(seat)) for seat in own.seats} == dict.fromkeys(own.seats, 9)
    with typed(own.folder, variables, *DEPLOY) as third:
        assert third.end()[1]["seats"] == {"unchanged": 3}

    with typed(own.folder, variables, *TEARDOWN) as planned:
        out, err = planned.process.communicate()
        assert planned.process.returncode == 0, out + err
    with typed(own.folder, variables, *TEARDOWN, *APPLY) as killed:
        assert killed.process.stdout is not None
        for line in killed.process.stdout:
            if json.loads(line).get("outcome") == "deleted":
                break
        killed.kill()
    assert any(own.stacks(seat) for seat in own.seats)
    with typed(own.folder, variables, *TEARDOWN, *APPLY) as again:
        out, err = again.process.communicate()
        assert again.process.returncode == 0, out[-2000:] + err
    assert [own.stacks(seat) for seat in own.seats] == [set()] * 3
    assert own.sets() == set()
