"""Seats on the worst day of AWS's: made, changed, repaired and taken away all the same.

What was recorded of AWS happens at once: throttling, failing calls, conflicts with other changes,
listings that are behind, handlers that fail, a sign-in that ends in the middle.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.support import teardown_demo
from tests.support.assemblies import WITHOUT_DOOR
from tests.support.faulty import counts
from tests.support.notebook_workshop import retries_at_once
from tests.support.played_time import played_waits
from tests.support.small_workshop import Fleet
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import Ran
from workshop.teardown.run import Teardown

OTHERS = "111122223333"
TAKEN = "demo-seat07-data-000000000000-us-east-1"
OVER = "ExpiredToken: The security token included in the request is expired"

CONFLICTS = (
    *("iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary", "iam:DeleteRolePolicy"),
    *("s3:DeleteBucket", "s3:DeleteObjects", "s3:PutBucketPolicy"),
)
BEHIND = (
    *("iam:GetRole", "iam:List*", "s3:ListBuckets", "sagemaker:List*"),
    *("sagemaker:DescribeEndpoint", "sagemaker:DescribeNotebookInstance"),
)
WEATHER: tuple[dict[str, Any], ...] = (
    {"effect": "throttle", "operation": "cloudformation:*", "probability": 0.2},
    {"effect": "throttle", "operation": "*:List*", "probability": 0.1, "seed": 1},
    {"effect": "throttle", "operation": "*:Describe*", "probability": 0.1, "seed": 2},
    {"effect": "throttle", "operation": "*:Stop*", "probability": 0.2, "seed": 3},
    {"effect": "error", "operation": "cloudformation:*", "probability": 0.05, "seed": 4},
    *({"effect": "conflict", "operation": one, "probability": 0.2} for one in CONFLICTS),
    *({"effect": "stale", "operation": one, "seconds": 5} for one in BEHIND),
)
"""What goes on all day; ``seconds`` are those of the cloud's clock."""


def _handler(kind: str, action: str, code: str, after: int) -> dict[str, Any]:
    """One of the handlers of these resources fails, after so many."""
    what = {"effect": "handler", "type": kind, "action": action, "code": code}
    return {**what, "after": after, "times": 1}


def _expired(operation: str, after: int) -> dict[str, Any]:
    """The sign-in ends in the middle."""
    return {"effect": "expired", "operation": operation, "after": after}


class Day:
    """Commands of an organiser, each under the day's weather and what else goes wrong."""

    def __init__(self, fleet: Fleet, seats: int) -> None:
        self.fleet, self.seats = fleet, seats
        self.stacks = seats * len(USUAL_STACKS) + len(WITHOUT_DOOR)
        self.accepted: dict[str, int] = {}
        """How many calls of each operation CloudFormation has taken."""

    def run(self, *words: str, but: tuple[dict[str, Any], ...] = ()) -> Ran:
        self.begin(*but)
        ran = self.fleet.run(*words)
        self.end()
        return ran

    def begin(self, *but: dict[str, Any]) -> None:
        # Behind all others these count what arrives.
        counting = [
            {"effect": "latency", "operation": f"cloudformation:{name}", "seconds": 0.001}
            for name in ("CreateStack", "UpdateStack")
        ]
        which = {"match": "*demo-seat07-storage*"}
        self.fleet.cloud.faults(*but, *WEATHER, *counting, counting[0] | which)

    def end(self) -> None:
        """Note what was taken; the weather clears, so that a test can look."""
        taken = [hits for _, hits in counts(self.fleet.cloud)[-3:]]
        for name, hits in zip(("CreateStack", "UpdateStack", "seat07"), taken, strict=True):
            self.accepted[name] = self.accepted.get(name, 0) + hits
        self.fleet.cloud.faults()


@pytest.fixture(params=[8, pytest.param(20, marks=pytest.mark.long)])
def day(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Day:
    """A day on which nothing waits: the cloud's clock goes on where a teardown waits."""
    retries_at_once(monkeypatch)
    teardown_demo.connect(fleet.cloud, monkeypatch, quick=False)
    played = played_waits(fleet.cloud)

    def pause(seconds: float) -> None:
        fleet.cloud.advance(seconds)
        played["pause"](seconds)

    waiting = partial(Teardown, **{**played, "pause": pause})
    monkeypatch.setattr("workshop.teardown.session.Teardown", waiting)
    fleet.cloud.freeze()
    made = Day(fleet, request.param)
    fleet.write(made.seats)
    return made


def last(ran: Ran) -> dict[str, Any]:
    """What a command tells programs in its last line."""
    document: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return document


def assert_signed_out(ran: Ran, code: int, command: str) -> None:
    """It stopped at once, and says why, what to do and what to type."""
    assert ran.code == code, ran.err
    (said,) = [line for line in ran.err.splitlines() if "sign-in" in line]
    assert said.startswith(f"workshop: your sign-in to AWS has ended ({OVER}); "), said
    assert said.endswith(f", and run again: workshop {command}"), said
    assert "stuck" not in ran.out + ran.err


def test_seats_come_up_change_and_go_on_the_worst_day(day: Day) -> None:
    _come_up(day)
    _change(day)
    _go(day)


def _come_up(day: Day) -> None:
    """The sign-in ends; a bucket's name is another account's; two handlers fail in passing."""
    theirs = day.fleet.cloud.client("s3", account=OTHERS)
    theirs.create_bucket(Bucket=TAKEN)
    unread = {"effect": "denied", "operation": "s3:HeadBucket"}  # so nobody is told before
    deploy = ("deploy", "--json", "--accept-unknown", "bucket names")

    ran = day.run(*deploy, but=(_expired("cloudformation:*", after=2 * day.seats), unread))
    assert_signed_out(ran, 1, "deploy -e dev --json --accept-unknown 'bucket names'")
    assert last(ran)["exit"] == 1
    assert 0 < len(day.fleet.statuses()) < day.stacks

    passing = (
        _handler("AWS::IAM::Role", "create", "ResourceConflict", after=1),
        _handler("AWS::CloudWatch::Dashboard", "create", "Throttling", after=2),
    )
    ran = day.run(*deploy, but=(*passing, unread))
    end = last(ran)
    assert (ran.code, end["exit"]) == (1, 1), ran.err
    assert end["seats"].pop("failed") == 1
    assert end["seats"].keys() == {"done", "unchanged"}
    assert sum(end["seats"].values()) == day.seats - 1
    assert end["throttles"] > 0
    (failed,) = end["failed"]
    # CloudFormation tells it by the failed operation alone, and the last one is the rollback.
    assert (failed["seat"], failed["outcome"]) == ("seat07", "failed")
    assert failed["message"].startswith(
        "demo-seat07-storage: bucket: Resource of type 'AWS::S3::Bucket' with identifier"
        f" '{TAKEN}' already exists"
    )

    theirs.delete_bucket(Bucket=TAKEN)
    ran = day.run("deploy", "--json")
    assert (ran.code, last(ran)["seats"]) == (0, {"done": 1, "unchanged": day.seats - 1}), ran.err
    assert set(day.fleet.statuses().values()) == {"CREATE_COMPLETE"}
    assert len(day.fleet.statuses()) == day.stacks
    # One for each, and once more where a handler had failed.
    assert day.accepted["CreateStack"] - day.accepted["seat07"] == day.stacks - 1 + len(passing)
    assert day.run("status").code == 0


def _change(day: Day) -> None:
    """A handler refuses one seat's change, which is rolled back; another's fails in passing."""
    day.fleet.write(day.seats, "tags: {mark: '1'}")
    failing = (
        _handler("AWS::S3::Bucket", "update", "InvalidRequest", after=4),
        _handler("AWS::ECR::Repository", "update", "ResourceConflict", after=7),
    )
    ran = day.run("deploy", "--json", but=failing)
    end = last(ran)
    assert (ran.code, end["seats"]) == (1, {"done": day.seats - 1, "failed": 1}), ran.err
    (failed,) = end["failed"]
    stack = f"demo-{failed['seat']}-storage"
    assert failed["message"].startswith(
        f'{stack}: bucket: Resource handler returned message: "The handler failed (Service: S3,'
    )
    assert failed["message"].endswith("HandlerErrorCode: InvalidRequest)")
    statuses = day.fleet.statuses()
    assert statuses[stack] == "UPDATE_ROLLBACK_COMPLETE"
    assert set(statuses.values()) == {"UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}

    ran = day.run("deploy", "--json")
    assert (ran.code, last(ran)["seats"]) == (0, {"done": 1, "unchanged": day.seats - 1}), ran.err
    assert set(day.fleet.statuses().values()) == {"UPDATE_COMPLETE"}
    assert day.accepted["UpdateStack"] == day.stacks + len(failing)
    ran = day.run("deploy", "--json")
    assert (ran.code, last(ran)["seats"]) == (0, {"unchanged": day.seats}), ran.err


def _go(day: Day) -> None:
    """What seats make after the plan is not listed at first, and the sign-in ends once more."""
    fleet = day.fleet
    names = [fleet.loaded().names(seat) for seat in fleet.seats()]
    day.begin(_expired("cloudformation:DeleteStack", after=day.seats))
    assert fleet.run("teardown", "--early").code == 0
    for seat in names[:2]:
        fleet.cloud.client("s3").put_object(Bucket=seat.bucket("data"), Key="work", Body=b"x")
        teardown_demo.serves(fleet.cloud, f"demo-{seat.seat}-serve", seat.role_arn, seat)
    apply = ("teardown", "--early", "--apply", "--yes", "demo")
    ran = fleet.run(*apply)
    assert_signed_out(ran, 4, "teardown -e dev --early --apply --yes demo")
    day.end()
    assert 0 < len(fleet.statuses()) < day.stacks

    ran = day.run(*apply)
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.splitlines()[-1] == "gone: two scans found nothing of workshop 'demo'"
    assert fleet.statuses() == {}
    assert teardown_demo.roles(fleet.cloud) == set()
    sagemaker = fleet.cloud.client("sagemaker")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_notebook_instances()["NotebookInstances"] == []
    assert fleet.cloud.client("s3").list_buckets()["Buckets"] == []
