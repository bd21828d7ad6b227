"""``workshop teardown`` to its end: in several places, after saving, with what cannot go."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from unittest import mock

import pytest

from tests.support.attendee_resources import IMAGE
from tests.support.direct_calls import Lines, QuickClients, lines_to
from tests.support.local_cloud import Cloud
from tests.support.small_workshop import HOME, Fleet
from tests.support.teardown_demo import QUICK, QUICK_STACKS
from tests.support.usual_stacks import USUAL_STACKS
from tests.support.workshop_command import Ran
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.naming import Names
from workshop.teardown.run import Teardown

AWAY = AccountRegion("111122223333", "eu-west-1")
WHOSE = {"ada": HOME, "alan": AWAY}
ROWS = "id,account,region\nada,,\nalan,111122223333,eu-west-1\n"
APPLY = ("--apply", "--early", "--yes", "demo", "--interval", "0", "--json")


def names(seat: str, where: AccountRegion = HOME) -> Names:
    return Names("demo", seat, where.account, where.region)


def taken_down(fleet: Fleet, *more: str, between: Callable[[], object] = lambda: None) -> Ran:
    """Shows a plan, and does it."""
    quick = partial(Teardown, waits=QUICK, stack_waits=QUICK_STACKS)
    with (
        mock.patch("workshop.teardown.session.Teardown", quick),
        mock.patch.object(Clients, "of", partial(clients, lines_to(fleet.cloud.running))),
    ):
        shown = fleet.run("teardown", *more)
        assert shown.code == 0, shown.err
        between()
        return fleet.run("teardown", *APPLY, *more)


def clients(lines: Lines, loaded: LoadedEnvironment) -> Clients:
    """One set for all commands: making them takes longer than using them."""
    return _clients(lines, loaded.home, loaded.member_role)


@cache
def _clients(lines: Lines, home: AccountRegion, role: str | None) -> Clients:
    # What is saved comes as a stream, which those do not have.
    return QuickClients(lines, home, role=role) if role else Clients(home)


def report(fleet: Fleet) -> dict[str, Any]:
    """What the last run wrote."""
    written = (fleet.folder / ".workshop" / "dev").glob("teardown-2*.json")
    # Of two in one second the later is called as the other, with a number.
    last = max(written, key=lambda path: path.stem)
    found: dict[str, Any] = json.loads(last.read_text(encoding="utf-8"))
    return found


def put(cloud: Cloud, seat: str) -> str:
    bucket = names(seat).bucket("data")
    for key, body in (("models/net.bin", seat.encode()), ("models/a b/ü", b"x" * 1000)):
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return bucket


# --- several places ---------------------------------------------------------------------------


def test_a_place_that_cannot_be_read_holds_up_no_other(fleet: Fleet) -> None:
    fleet.write(0, "deploy: {role: WorkshopDeployer}", roster="roster: {file: people.csv}")
    (fleet.config / "people.csv").write_text(ROWS, encoding="utf-8")
    assert fleet.deploy().good
    for seat, where in WHOSE.items():
        at = {"account": where.account, "region": where.region}
        fleet.cloud.client("sagemaker", **at).create_model(
            ModelName=f"{seat}s",
            PrimaryContainer={"Image": IMAGE},
            ExecutionRoleArn=names(seat, where).role_arn,
        )
    denied = {"effect": "denied", "operation": "sagemaker:ListEndpoints", "account": AWAY.account}
    first = taken_down(fleet, between=lambda: fleet.cloud.faults(denied))
    assert first.code == 4, first.err
    unread = [one for look in report(fleet)["scans"] for one in look["unknown"]]
    assert {(one["resource_type"], one["account_region"]) for one in unread} == {
        ("endpoint", str(AWAY))
    }
    assert left(fleet, "ada") == (set(), [])
    # What the unread endpoints might need stays: models and the role.
    assert left(fleet, "alan") == (
        {"demo-cohort", "demo-cohort-start", "demo-cohort-watch", "demo-alan-access"},
        ["alans"],
    )
    fleet.cloud.faults()
    again = taken_down(fleet)
    assert again.code == 0, again.out
    assert left(fleet, "alan") == (set(), [])


def left(fleet: Fleet, seat: str) -> tuple[set[str], list[str]]:
    """Stacks and models in a seat's place."""
    at = {"account": WHOSE[seat].account, "region": WHOSE[seat].region}
    models = fleet.cloud.client("sagemaker", **at).list_models()["Models"]
    return set(fleet.statuses(**at)), [one["ModelName"] for one in models]


# --- work that is saved first -----------------------------------------------------------------


@pytest.mark.parametrize(
    "to", ["saved", pytest.param("s3://archive/vision", marks=pytest.mark.long)]
)
def test_what_is_saved_is_there_and_a_seat_whose_copy_failed_stays(fleet: Fleet, to: str) -> None:
    fleet.write(2)
    assert fleet.deploy().good
    cloud = fleet.cloud
    cloud.client("s3").create_bucket(Bucket="archive")
    buckets = {seat: put(cloud, seat) for seat in ("seat01", "seat02")}
    operation = "s3:CopyObject" if to.startswith("s3:") else "s3:GetObject"
    denied = {"effect": "denied", "operation": operation, "match": f"*{buckets['seat02']}*"}
    first = taken_down(fleet, "--save-to", to, between=lambda: cloud.faults(denied))
    assert first.code == 4, first.err
    assert set(report(fleet)["not_saved"]) == {"seat02"}
    cloud.faults()
    stacks = {names("seat02").stack(kind) for kind in USUAL_STACKS}
    assert set(fleet.statuses()) == stacks | {
        "demo-cohort",
        "demo-cohort-start",
        "demo-cohort-watch",
    }
    kept = cloud.client("s3").list_objects_v2(Bucket=buckets["seat02"])["Contents"]
    assert len(kept) == 2
    assert saved(fleet, to, "seat01", buckets) == {"net.bin": b"seat01", "ü": b"x" * 1000}
    again = taken_down(fleet, "--save-to", to)
    assert again.code == 0, again.err
    assert fleet.statuses() == {}
    for seat in buckets:
        assert saved(fleet, to, seat, buckets) == {"net.bin": seat.encode(), "ü": b"x" * 1000}


def saved(fleet: Fleet, to: str, seat: str, buckets: dict[str, str]) -> dict[str, bytes]:
    """The last word of each name that was saved of a seat, and what it holds."""
    start = f"{seat}/{buckets[seat]}/"
    if not to.startswith("s3:"):
        files = (one for one in (fleet.folder / to / start).rglob("*") if one.is_file())
        return {one.name.replace("%C3%BC", "ü"): one.read_bytes() for one in files}
    s3 = fleet.cloud.client("s3")
    listed = s3.list_objects_v2(Bucket="archive", Prefix=f"vision/{start}")["Contents"]
    return {
        one["Key"].rpartition("/")[2]: s3.get_object(Bucket="archive", Key=one["Key"])[
            "Body"
        ].read()
        for one in listed
    }


# --- what cannot be deleted -------------------------------------------------------------------


def test_what_cannot_be_deleted_is_left_behind_only_if_asked_and_named(fleet: Fleet) -> None:
    fleet.write(1)
    assert fleet.deploy().good
    bucket = put(fleet.cloud, "seat01")
    kept = {"effect": "keys", "match": "models/*", "code": "AccessDenied"}
    first = taken_down(fleet, between=lambda: fleet.cloud.faults(kept))
    assert first.code == 4
    assert "demo-seat01-storage" in fleet.statuses()
    assert "abandoned" not in report(fleet)["results"]
    second = taken_down(fleet, "--abandon")
    assert second.code == 4, second.err
    assert fleet.statuses() == {}
    assert [one["id"] for one in report(fleet)["results"]["abandoned"]] == [bucket]
    pages = (fleet.folder / ".workshop" / "dev").glob("*.md")
    assert bucket in max(pages, key=lambda path: path.stem).read_text()
    there = fleet.cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert len(there) == 2
