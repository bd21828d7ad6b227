"""Credentials that end at any call of any command: it stops at once, and can go on later.

The local cloud refuses every call from the k-th on, as AWS does when a session is over.
"""

from __future__ import annotations

import json

import pytest

from localcloud import process, record
from tests.support import teardown_demo
from tests.support.faulty import counts
from tests.support.small_workshop import Fleet
from tests.support.workshop_command import Ran

MOST_FURTHER_CALLS = 60
"""Those of the threads that were asking already: never one for each resource."""

TEARDOWN = ("teardown", "--apply", "--yes", "demo", "--early", "--interval", "0")


def ending(fleet: Fleet, call: int, *command: str) -> Ran:
    """Run a command whose credentials end after so many calls."""
    fleet.cloud.faults({"effect": "expired", "after": call})
    try:
        ran = fleet.run(*command)
        ((seen, hits),) = counts(fleet.cloud)
    finally:
        fleet.cloud.faults()
    if seen > call:
        assert_ended(ran, command)
        assert 0 < hits < MOST_FURTHER_CALLS, (command, call, hits)
    return ran


def assert_ended(ran: Ran, command: tuple[str, ...]) -> None:
    assert ran.code == (4 if command[0] in ("teardown", "leftovers") else 1), ran
    told = [line for line in ran.err.splitlines() if "sign-in" in line]
    again = " ".join([command[0], "-e", "dev", *command[1:]])
    assert len(told) == 1, ran.err
    assert told[0].startswith("workshop: your sign-in to AWS has ended"), told
    assert told[0].endswith(f"run again: workshop {again}"), told
    assert "stuck" not in ran.out + ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("every", [2, pytest.param(1, marks=pytest.mark.long)])
def test_every_command_stops_at_once_and_goes_on_later(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    teardown_demo.connect(fleet.cloud, monkeypatch, quick=False)
    fleet.write(2)
    for call in (0, 25, 33)[::every]:  # looking, making the cohort, making seats
        assert ending(fleet, call, "deploy").code == 1
    assert fleet.run("deploy").code == 0
    names = fleet.loaded().names(fleet.seats(["seat01"])[0])
    teardown_demo.serves(fleet.cloud, "serve", names.role_arn, names)
    for command, calls in (
        ("status", (0, 7)),
        ("plan", (1,)),
        ("preflight", (11,)),
        ("handout", (2,)),
        ("stop", (1, 2)),
        ("start", (1,)),
        ("sweep", (40,)),
        ("leftovers", (20,)),
        ("teardown", (30,)),
    ):
        for call in calls[::every]:
            assert ending(fleet, call, command).code != 0
    assert fleet.run("teardown", "--early").code == 0
    codes = [
        ending(fleet, call, *TEARDOWN).code for call in (60, 120, 150, 1000)[every - 1 :: every]
    ]
    assert (codes[-1], set(codes[:-1])) == (0, {4})
    assert fleet.statuses() == {}


def test_a_deployment_tells_programs_in_its_last_line(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.cloud.faults({"effect": "expired", "operation": "cloudformation:CreateStack"})
    ran = fleet.run("deploy", "--json")
    fleet.cloud.faults()
    last = json.loads(ran.out.splitlines()[-1])
    assert (ran.code, last["exit"], last["broken"]) == (1, 1, "")
    assert last["stopped"].startswith("your sign-in to AWS has ended (ExpiredToken: ")
    assert ran.err.splitlines()[-1].endswith("run again: workshop deploy -e dev --json")
    assert "To go on from here" not in ran.err


POINT = 'point this terminal to it with: eval "$(workshop cloud env)", or'
START = "start it with: workshop cloud start, and"


@pytest.mark.parametrize(
    ("cloud_is", "here"),
    [
        ("running", f" a local cloud runs here: {POINT}"),
        ("stopped", f" a local cloud ran here and was stopped: {START} {POINT}"),
        ("none", ""),
    ],
)
def test_whoever_was_never_signed_in_hears_of_the_local_cloud_of_this_folder(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, cloud_is: str, here: str
) -> None:
    fleet.write(1)
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": ""}
    variables = {**fleet.variables(), **nobody, "AWS_EC2_METADATA_DISABLED": "true"}
    monkeypatch.setattr(Fleet, "variables", lambda _: variables)
    running = fleet.cloud.running if cloud_is == "running" else None
    monkeypatch.setattr(process, "status", lambda _: running)
    if cloud_is == "stopped":
        log = fleet.folder / process.DEFAULT_STATE_DIR / record.LOG
        log.parent.mkdir(parents=True)
        log.touch()
    ran = fleet.run("status")
    assert (ran.code, ran.err) == (
        1,
        "workshop: you are not signed in to AWS (Unable to locate credentials);"
        f"{here} sign in, and run again: workshop status -e dev\n",
    )


def test_a_watch_ends_too(fleet: Fleet) -> None:
    fleet.write(1)
    assert ending(fleet, 3, "status", "--watch", "--every", "1").code == 1
