"""Stack sets of a workshop that grows, changes and shrinks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from tests.support.own_accounts import SETTINGS, OwnAccounts, sets
from tests.support.stacksets import HANDLE
from workshop.accounts import set_run
from workshop.deploy.ends import StackEnds
from workshop.deploy.events import DeployStep

REPOSITORY, NOTEBOOK = "TrainingRepository238146D5", "vision-seat-notebook-attendee"
LARGER = SETTINGS.replace("attendee: {}", "attendee: {notebook: {volume_gb: 30}}")


@pytest.fixture
def grown(own: OwnAccounts) -> OwnAccounts:
    """Three seats that are deployed."""
    assert own.run("deploy").code == 0
    return own


def lines(own: OwnAccounts, command: str, *more: str, code: int = 0) -> list[dict[str, Any]]:
    """Run a command with ``--json`` and return the lines that it prints."""
    ran = own.run(command, "--json", *more)
    assert ran.code == code, ran.err + ran.out
    return [json.loads(line) for line in ran.out.splitlines()]


def plan(own: OwnAccounts, *more: str) -> dict[str, Any]:
    ran = own.run("plan", "--json", *more)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def results(own: OwnAccounts, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield action and seats of a set's operations, the first first."""
    listed = own.administrator.client.list_stack_set_operations(StackSetName=name)["Summaries"]
    for one in reversed(listed):
        done = own.administrator.results(one["OperationId"], name)
        yield one["Action"], own.organization.named(done)


def repositories(own: OwnAccounts, seat: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = own.within("ecr", seat).describe_repositories()["repositories"]
    return found


def test_whoever_joins_late_is_deployed_and_nobody_else_is_touched(grown: OwnAccounts) -> None:
    grown.join("dan")
    totals = plan(grown)["totals"]
    assert (totals["create"], totals["unchanged"]) == (1, 3)
    assert lines(grown, "deploy")[-1]["seats"] == {"done": 1, "unchanged": 3}
    for name in grown.sets():
        assert [*results(grown, name)][2:] == [("CREATE", {"dan"})]


@pytest.mark.long
def test_no_more_stacks_are_worked_on_at_once_than_stack_sets_take(own: OwnAccounts) -> None:
    under_way: list[int] = []
    say = StackEnds.say

    def counting(self: StackEnds, what: DeployStep, *told: Any) -> None:
        say(self, what, *told)
        under_way.append(self.under_way)

    with mock.patch.object(set_run, "AT_ONCE", 3), mock.patch.object(StackEnds, "say", counting):
        assert lines(own, "deploy")[-1]["seats"] == {"done": 3}
    assert max(under_way) == 3


def test_a_changed_template_is_tried_in_one_account_and_then_brought_to_all(
    grown: OwnAccounts,
) -> None:
    grown.write(settings=LARGER)
    ((change,),) = (
        stack["changes"]
        for stack in plan(grown)["seats"][0]["stacks"]
        if stack["action"] == "update"
    )
    assert (change["property"], change["before"], change["after"]) == ("VolumeSizeInGB", "20", "30")
    assert lines(grown, "deploy")[-1]["seats"] == {"done": 3}
    assert [*results(grown, NOTEBOOK)][2:] == [
        ("UPDATE", {"ada"}),
        ("CREATE", {"ben", "cleo"}),
    ]
    assert grown.run("deploy").err.endswith("nothing to do\n")


def test_an_update_that_loses_data_is_refused_for_seats_that_nobody_asked_for_too(
    grown: OwnAccounts,
) -> None:
    """A set changes with one of its stacks at least."""
    grown.edits[REPOSITORY] = "AnotherRepository"
    grown.join("dan")
    before = {seat: repositories(grown, seat) for seat in ("ada", "ben", "cleo")}
    ended = lines(grown, "deploy", "--only", "dan", code=1)[-1]
    ((failed),) = ended["failed"]
    assert failed["seat"] == "dan"
    assert failed["message"].startswith(
        "vision-seat-registry: the template of vision-seat-registry-attendee has changed, and"
    )
    assert failed["message"].endswith(
        "see what with: workshop plan -e vision, then run: workshop deploy -e vision"
    )
    refused = plan(grown)["seats"][0]
    assert refused["action"] == "refused"
    assert "--remove" in json.dumps(refused)
    assert {seat: repositories(grown, seat) for seat in before} == before


def test_a_seat_of_another_profile_is_torn_down_first(grown: OwnAccounts) -> None:
    grown.profiles["ben"] = "author"
    grown.write()
    seats = {one["seat"]: one for one in plan(grown)["seats"]}
    assert seats["ben"]["action"] == "refused"
    assert {stack["message"] for stack in seats["ben"]["stacks"]} == {
        f"account {grown.account('ben')} has the stacks of profile 'attendee', whose names are the"
        " same; tear it down with: workshop teardown -e vision --early --only ben --save-to FOLDER,"
        " then run: workshop deploy -e vision --only ben"
    }


def test_stacks_of_a_profile_and_a_seat_that_are_gone_are_told(own: OwnAccounts) -> None:
    own.profiles["cleo"] = "author"
    own.write()
    assert lines(own, "deploy")[-1]["seats"] == {"done": 3}
    assert len(own.sets()) == 18
    own.seats = ("ada", "ben")
    own.write(settings=SETTINGS.replace(", author: {}", ""))
    found = plan(own)
    assert found["totals"]["unchanged"] == 2
    (stray,) = found["off_roster"]
    assert (stray["seat"], stray["account"]) == ("cleo", own.account("cleo"))
    assert len(stray["stacks"]) == 9


def test_a_stack_set_of_somebody_else_is_left_alone(own: OwnAccounts) -> None:
    own.administrator.call("create_stack_set", NOTEBOOK, TemplateBody=HANDLE)
    told = [" ".join(line.split()) for line in own.run("plan", "--only", "ada").out.splitlines()]
    where = f"ada {own.account('ada')} us-east-1"
    assert told[1].startswith(f"{where} refused notebook a stack set {NOTEBOOK} in ")
    assert f"{where} create 8" in told
    ended = lines(own, "deploy", code=1)[-1]
    assert {one["message"] for one in ended["failed"]} == {
        f"vision-seat-notebook: a stack set {NOTEBOOK} in 000000000000 us-east-1 belongs to"
        " something else; rename the workshop, or remove that stack set"
    }
    assert {len(own.stacks(seat)) for seat in own.seats} == {8}
    (theirs,) = (one for one in sets(own.administrator.client) if one["StackSetName"] == NOTEBOOK)
    assert theirs["PermissionModel"] == "SELF_MANAGED"


def test_a_stack_that_somebody_deleted_is_told_and_made_again_with_what_is_told(
    own: OwnAccounts,
) -> None:
    """StackSets does not notice: it tells of the stack as before."""
    assert own.run("deploy").code == 0
    whole = own.stacks("ada")
    (access,) = (name for name in own.stacks("ben") if "-seat-access-" in name)
    own.within("cloudformation", "ben").delete_stack(StackName=access)
    assert len(own.stacks("ben")) == len(whole) - 1
    seen = own.run("status")
    assert "4/5 access missing" in seen.out
    again = "workshop deploy -e vision --only ben"
    assert f"warning: make the stacks that are missing again with: {again}" in seen.out + seen.err
    ran = own.run("deploy", "--only", "ben")
    assert ran.code == 0, ran.err + ran.out
    assert "somebody has deleted its stack" in " ".join(ran.out.split())
    assert len(own.stacks("ben")) == len(whole)
    assert "missing" not in own.run("status").out
    assert own.run("deploy", "--only", "ben").err.endswith("nothing to do\n")
