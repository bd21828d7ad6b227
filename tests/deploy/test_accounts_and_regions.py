"""Seats in several accounts and Regions: each place for itself, through an assumed role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.preflights import calling
from tests.support.small_workshop import ACCOUNT, HOME, QUICK, Fleet
from tests.support.usual_stacks import USUAL_STACKS
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.deploy.events import DeployStep
from workshop.deploy.plan import StackAction

AWAY = AccountRegion("111122223333", "eu-west-1")
NEAR = AccountRegion(ACCOUNT, "eu-central-1")
ROLE = "deploy: {role: WorkshopDeployer}"
ROWS = """\
id,account,region
ada,,
alan,111122223333,eu-west-1
zoe,111122223333,eu-west-1
grace,,eu-central-1
"""


@pytest.fixture
def three(fleet: Fleet) -> Fleet:
    """Four seats in three places."""
    fleet.write(0, ROLE, roster="roster: {file: people.csv}")
    (fleet.config / "people.csv").write_text(ROWS)
    return fleet


def seats(*names: str) -> set[str]:
    own = {f"demo-{name}-{kind}" for name in names for kind in USUAL_STACKS}
    return {"demo-cohort-start", "demo-cohort", "demo-cohort-watch"} | own


def test_an_assumed_role_acts_in_its_own_account(three: Fleet) -> None:
    with calling(three.cloud):
        clients = Clients(HOME, role="WorkshopDeployer")
        assert clients.caller(HOME) == ACCOUNT
        assert clients.caller(AWAY) == AWAY.account
        arn = clients.client("sts", AWAY).get_caller_identity()["Arn"]
        assert arn == (
            "arn:aws:sts::111122223333:assumed-role/WorkshopDeployer/workshop-provisioner"
        )
        clients.client("s3", AWAY).create_bucket(
            Bucket="made-away", CreateBucketConfiguration={"LocationConstraint": AWAY.region}
        )
    assert not three.cloud.client("s3").list_buckets()["Buckets"]
    away = three.cloud.client("s3", account=AWAY.account).list_buckets()["Buckets"]
    assert [one["Name"] for one in away] == ["made-away"]


def test_every_seat_comes_up_in_its_own_place_with_a_cohort_there(three: Fleet) -> None:
    run = three.deploy()
    assert run.good
    assert three.statuses().keys() == seats("ada")
    assert three.statuses(region=NEAR.region).keys() == seats("grace")
    away = three.statuses(account=AWAY.account, region=AWAY.region)
    assert away.keys() == seats("alan", "zoe")
    assert len(run.deployment.engines) == 3
    account_regions = {
        event.seat: event.account_region
        for event in run.of(DeployStep.SEAT_DONE)
        if event.seat != "cohort"
    }
    assert account_regions == {"ada": HOME, "alan": AWAY, "zoe": AWAY, "grace": NEAR}
    roles = three.cloud.client("iam", account=AWAY.account).list_roles(PathPrefix="/ws/")["Roles"]
    assert {one["Arn"].split(":")[4] for one in roles} == {AWAY.account}
    assert len(roles) == 3  # of two seats, and of the watch
    assert three.deploy().calls == {}


def test_a_seat_that_moved_leaves_a_stray_behind(three: Fleet) -> None:
    assert three.deploy().good
    moved = ROWS.replace("zoe,111122223333,eu-west-1", "zoe,,eu-central-1")
    (three.config / "people.csv").write_text(moved)
    plan = three.plan()
    assert [(one.seat, one.account_region) for one in plan.strays] == [("zoe", AWAY)]
    actions = {(one.seat, one.account_region): one.action for one in plan.seats}
    assert actions["zoe", NEAR] == StackAction.CREATE


def test_one_account_that_refuses_everything_stops_no_other(three: Fleet) -> None:
    plan = three.plan()
    three.cloud.faults(
        {"effect": "denied", "operation": "cloudformation:CreateStack", "account": AWAY.account}
    )
    run = three.deploy(plan=plan)
    assert run.outcomes == {
        "cohort": run.outcomes["cohort"],
        "ada": "done",
        "alan": "failed",
        "zoe": "failed",
        "grace": "done",
    }
    stopped = {engine.account_region: engine.stopped for engine in run.deployment.engines}
    assert stopped == {
        HOME: "",
        NEAR: "",
        AWAY: "demo-cohort-start is not as it should be, and every seat needs it",
    }
    assert three.statuses(account=AWAY.account, region=AWAY.region) == {}


def test_failures_in_one_place_do_not_count_in_another(fleet: Fleet) -> None:
    fleet.write(0, ROLE, roster="roster: {file: people.csv}")
    rows = [f"here{n},," for n in range(1, 6)]
    rows += [f"away{n},111122223333,eu-west-1" for n in range(1, 6)]
    (fleet.config / "people.csv").write_text("\n".join(["id,account,region", *rows, ""]))
    plan = fleet.plan()
    refused = {"effect": "denied", "operation": "cloudformation:CreateStack"}
    fleet.cloud.faults(
        *(refused | {"match": f"demo-away{number}-storage"} for number in (2, 3)),
        refused | {"match": "demo-here3-storage"},
    )
    # One of five may fail in each place, not two of all ten in one of them.
    run = fleet.deploy(plan=plan, percent=25, limits=replace(QUICK, concurrency=1))
    here = [run.outcomes[f"here{number}"] for number in range(1, 6)]
    assert here == ["done", "done", "failed", "done", "done"]
    away = [run.outcomes[f"away{number}"] for number in range(1, 6)]
    assert away == ["done", "failed", "failed", "not begun", "not begun"]
    stopped = {engine.account_region: engine.stopped for engine in run.deployment.engines}
    assert stopped[HOME] == ""
    assert stopped[AWAY].startswith("2 seats have failed, more than 25 % of all")
