"""``workshop status``: what an organiser sees of every seat."""

from __future__ import annotations

import importlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import (
    HERE,
    THERE,
    Room,
    notebook,
    of_seats,
    retries_at_once,
    room,
)
from workshop.account_region import AccountRegion
from workshop.environments import dates
from workshop.ledger import Ledger

LOGS = "/aws/sagemaker/NotebookInstances"


@pytest.fixture
def three(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Three seats."""
    made = of_seats(cloud, tmp_path, monkeypatch, 3)
    cloud.delays(training=600)
    return made


def lines(out: str) -> dict[str, str]:
    """First word -> each line of a table, with single blanks."""
    return {line.split()[0]: " ".join(line.split()) for line in out.splitlines()}


def test_a_row_tells_stacks_notebook_jobs_endpoints_and_cost(three: Room) -> None:
    three.stacks(1)
    three.stacks(2, ["storage"])
    three.notebooks([1, 2])
    three.cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=notebook(2))
    three.trains("vision-seat01-fit")
    three.serves("vision-seat01-answer", count=3)
    ran = three.command("status")
    assert [line.split("  ")[0] for line in ran.out.splitlines()] == [
        "seat",
        "seat01",
        "seat02",
        "seat03",
        "3 seats",
    ]
    told = lines(ran.out)
    assert told["seat01"] == "seat01 5/5 InService 0m 0m 1 training 1 0.629"
    assert "1/5 registry, access, notebook, monitoring missing  Stopped" in ran.out
    # A stopped notebook costs its disk: 20 GB at 0.14 USD a month.
    assert told["seat02"].endswith(" 0 0.004")
    assert told["seat03"] == "seat03 0/5 none deployed missing - - 0 0 0.000"
    assert told["3"] == "3 seats 6/15 1 InService 1 training 1 0.633"
    assert ran.err.endswith(
        "UTC; USD per hour by us-east-1 list prices of 2026-04-21\n"
        "so far 0.00 USD, without jobs; all of it: workshop bill -e room"
        "\n"
        "1 of 3 seats ready; not ready: seat02 (stacks 1/5), seat03 (not deployed)\n"
    )
    assert ran.code == 0


def test_what_a_tag_gives_to_a_seat_is_its_own_whatever_the_name(three: Room) -> None:
    three.trains("mine", {"workshop": "vision", "attendee": "seat02"})
    three.serves("answer", {"workshop": "vision", "attendee": "seat02"})
    seats = three.told("status")["seats"]
    assert [(one["jobs"], one["endpoints"]) for one in seats] == [
        ({}, 0),
        ({"training": 1}, 1),
        ({}, 0),
    ]


def test_what_nobody_owns_stands_apart_and_is_not_in_the_sum(three: Room) -> None:
    three.trains("lost")
    three.trains("vision-gone-fit")
    three.notebooks([9])
    three.cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="my-vision-study",
        InstanceType="ml.t3.medium",
        RoleArn=three.role,
        PlatformIdentifier="notebook-al2023-v1",
    )
    three.trains("another", {"workshop": "other", "attendee": "seat02"})
    three.serves("unknown", {"workshop": "vision", "attendee": "gone"})
    told = three.told("status")
    assert told["totals"]["usd_per_hour"] == {"least": 0.0, "complete": True}
    [strays] = told["of_no_seat"]
    assert strays["notebooks"] == [notebook(9)]
    assert {(one["kind"], one["name"]) for one in strays["work"]} == {
        ("training", "lost"),
        ("training", "vision-gone-fit"),
        ("endpoint", "unknown"),
    }
    assert told["calls"]["sagemaker:DescribeEndpointConfig"] == 1
    assert strays["usd_per_hour"] == {"least": 0.625, "complete": False}
    last = three.command("status").out.splitlines()[-1]
    assert " ".join(last.split()) == f"of no seat {notebook(9)} 2 training 1 at least 0.625"
    three.notebooks([10, 11])
    named = f"of no seat {notebook(9)}, {notebook(10)} and 1 more 2 training 1 at least "
    assert named in " ".join(three.command("status").out.split())


def test_a_listing_that_fails_is_a_question_mark_and_never_0(three: Room) -> None:
    three.notebooks([1])
    three.cloud.faults(
        {"effect": "denied", "operation": "cloudformation:DescribeStacks"},
        {"effect": "denied", "operation": "sagemaker:ListEndpoints"},
        {"effect": "denied", "operation": "sagemaker:ListProcessingJobs"},
        {"effect": "denied", "operation": "logs:DescribeLogStreams"},
    )
    ran = three.command("status", "--only", "seat01")
    assert lines(ran.out)["seat01"] == ("seat01 ? InService 0m ? ? processing ? at least 0.054")
    assert lines(ran.out)["1"] == "1 seat ?/5 1 InService ? processing ? at least 0.054"
    assert "warning: 000000000000 us-east-1: endpoints could not be read: List" in ran.err
    assert ran.code == 1
    assert {one["what"] for one in three.told("status")["unknown"]} == {
        "stacks",
        "endpoints",
        "processing jobs",
        "notebook logs",
    }


def test_notebooks_that_cannot_be_listed_are_unknown_not_missing(three: Room) -> None:
    three.cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
    told = three.told("status")
    assert [one["notebook"] for one in told["seats"]] == [None, None, None]
    assert told["totals"]["notebooks_up"] is None
    assert told["totals"]["usd_per_hour"] == {"least": 0.0, "complete": False}


def test_without_tags_what_has_no_prefix_is_nobodys_and_that_is_said(three: Room) -> None:
    three.trains("mine", {"workshop": "vision", "attendee": "seat02"})
    three.trains("vision-seat01-fit")
    three.cloud.faults({"effect": "denied", "operation": "resourcegroupstaggingapi:*"})
    told = three.told("status")
    assert [one["jobs"] for one in told["seats"]] == [{"training": 1}, {}, {}]
    assert [one["name"] for one in told["of_no_seat"][0]["work"]] == ["mine"]
    assert [one["what"] for one in told["unknown"]] == ["tags"]


def test_a_job_whose_machines_are_not_told_makes_the_sum_a_least(three: Room) -> None:
    three.trains("vision-seat01-fit")
    three.trains("vision-seat01-more")
    three.cloud.faults({"effect": "denied", "operation": "sagemaker:Search"})
    told = three.told("status")
    assert told["seats"][0]["usd_per_hour"] == {"least": 0.0, "complete": False}
    unknown = "machines of jobs and endpoints (2 of them)"
    assert [one["what"] for one in told["unknown"]] == [unknown]


def test_the_last_activity_is_the_newest_line_of_the_notebooks_log(three: Room) -> None:
    three.notebooks([1, 2])
    logs = three.cloud.client("logs")
    logs.create_log_group(logGroupName=LOGS)
    moment = int(datetime.now(UTC).timestamp() - 3900) * 1000
    # That a notebook started says nothing of its attendee.
    for stream in (f"{notebook(1)}/jupyter.log", f"{notebook(2)}/LifecycleConfigOnStart"):
        logs.create_log_stream(logGroupName=LOGS, logStreamName=stream)
        logs.put_log_events(
            logGroupName=LOGS,
            logStreamName=stream,
            logEvents=[{"timestamp": moment, "message": "Saving file at /fit.ipynb"}],
        )
    told = lines(three.command("status").out)
    assert told["seat01"] == "seat01 0/5 none deployed InService 0m 1h05m 0 0 0.054"
    assert told["seat02"] == "seat02 0/5 none deployed InService 0m - 0 0 0.054"


@pytest.mark.parametrize("seats", [26, 51, 101, 201])
def test_more_seats_cost_pages_and_not_calls_of_their_own(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seats: int
) -> None:
    made = of_seats(cloud, tmp_path, monkeypatch, seats)
    made.notebooks(range(1, seats + 1))
    told = made.told("status")
    assert told["totals"]["notebooks_up"] == seats
    pages = -(-seats // 100)
    assert told["calls"] == {
        "total": 12 + pages,
        "cloudformation:DescribeStacks": 1,
        "logs:DescribeLogStreams": 1,
        "sagemaker:ListEndpoints": 1,
        "sagemaker:ListHyperParameterTuningJobs": 2,
        "sagemaker:ListNotebookInstances": pages,
        "sagemaker:ListProcessingJobs": 2,
        "sagemaker:ListTrainingJobs": 3,
        "sagemaker:ListTransformJobs": 2,
    }


def test_tags_of_many_things_are_asked_for_a_hundred_at_a_time(three: Room) -> None:
    three.cloud.quotas(sagemaker={"ml.m5.large for training job usage": 400})
    for number in range(101):
        three.trains(f"fit{number}", {"workshop": "vision", "attendee": "seat01"})
    told = three.told("status")
    assert told["seats"][0]["jobs"] == {"training": 101}
    assert told["calls"]["resourcegroupstaggingapi:GetResources"] == 2
    assert told["calls"]["sagemaker:ListTrainingJobs"] == 4
    assert told["calls"]["sagemaker:Search"] == 2
    assert "sagemaker:DescribeTrainingJob" not in told["calls"]
    assert told["seats"][0]["usd_per_hour"] == {"least": 23.23, "complete": True}


def test_places_stand_side_by_side_and_one_that_fails_hides_no_other(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = room(cloud, tmp_path, monkeypatch, "roster:\n  file: who.yaml\n")
    (made.config / "who.yaml").write_text(
        f"- id: seat01\n- id: seat02\n  region: {THERE}\n", encoding="utf-8"
    )
    made.notebooks([1])
    made.notebooks([2], THERE)
    told = made.command("status")
    assert [line.split()[:3] for line in told.out.splitlines()[1:]] == [
        ["seat01", "000000000000", HERE],
        ["seat02", "000000000000", THERE],
        ["2", "seats", "0/10"],
    ]
    assert told.err.splitlines()[-3].endswith(
        "us-east-1 list prices of 2026-04-21, an estimate for eu-west-1"
    )
    cloud.faults(
        {"effect": "denied", "operation": "sagemaker:ListNotebookInstances", "region": THERE}
    )
    assert [one["notebook"] for one in made.told("status")["seats"]] == ["InService", None]


def test_it_looks_again_until_it_is_interrupted(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.trains("vision-seat01-fit")
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    # As an attribute of the package the name is the command's.
    monkeypatch.setattr(importlib.import_module("workshop.cli.status"), "pause", pause)
    ran = three.command("status", "--watch", "--every", "4", "--json")
    assert (ran.code, waits) == (0, [4.0, 4.0])
    first, second = (json.loads(line) for line in ran.out.splitlines())
    assert first["seats"] == second["seats"]
    # What a machine is was learned by the first look.
    assert first["calls"]["sagemaker:Search"] == 1
    assert "sagemaker:Search" not in second["calls"]
    waits.clear()
    assert three.command("status", "--watch").out.count("seat01") == 2


def test_throttling_on_everything_changes_nothing_of_what_is_told(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    retries_at_once(monkeypatch)
    three.stacks(1)
    three.notebooks([1, 2, 3])
    three.trains("vision-seat01-fit")
    calm = three.told("status")
    three.cloud.faults({"effect": "throttle", "operation": "*", "probability": 0.3, "seed": 4})
    stormy = three.told("status")
    assert stormy["unknown"] == []
    assert (stormy["seats"], stormy["calls"]) == (calm["seats"], calm["calls"])


def test_it_ends_with_whether_all_seats_are_ready(three: Room) -> None:
    for number in (1, 2, 3):
        three.stacks(number)
    three.notebooks([1, 2, 3])
    assert three.command("status").err.splitlines()[-1] == "all 3 seats are ready"
    assert three.command("status", "--only", "seat02").err.splitlines()[-1] == "the seat is ready"
    three.cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=notebook(2))
    last = three.command("status").err.splitlines()[-1]
    assert last == "2 of 3 seats ready; not ready: seat02 (notebook Stopped)"
    assert three.told("status")["ready"] == 2


def test_of_many_seats_those_that_are_alike_are_one_row_and_all_shows_each(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = of_seats(cloud, tmp_path, monkeypatch, 40)
    cloud.delays(training=600)
    for number in (1, 2, 3, 4):
        made.stacks(number)
    made.notebooks([1, 2, 3, 4])
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName=notebook(2))
    made.trains("vision-seat04-fit")
    shown = made.command("status")
    rows = shown.out.splitlines()[1:]
    # One works, and costs more than its notebook.
    assert [" ".join(row.split()[:2]) for row in rows] == [
        "seat04 5/5",
        "3 alike",
        "36 not",
        "40 seats",
    ]
    counted = [" ".join(row.split()) for row in rows[1:3]]
    assert counted == [
        "3 alike (--all) 15/15 2 InService, 1 Stopped 0 0 0.112",
        "36 not there (--all) 0/180 36 missing 0 0 0.000",
    ]
    assert shown.err.splitlines()[-1].startswith(
        "3 of 40 seats ready; not ready: seat02 (notebook Stopped), seat05 (not deployed),"
    )
    assert shown.err.splitlines()[-1].endswith(" and 27 more")
    assert len(made.command("status", "--all").out.splitlines()) == 42


def test_what_was_torn_down_is_said_so_in_place_of_empty_rows(
    three: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    account_region = AccountRegion("000000000000", HERE)
    Ledger("room").gone([account_region], "vision")
    at = Ledger("room").gone_at()[account_region]
    gone = f"this workshop was torn down on {dates.moment(at)} UTC; nothing is left"
    told = three.command("status")
    assert (told.code, told.out, told.err) == (0, f"{gone}\n", "")
    handed = three.command("handout")
    assert (handed.code, handed.out) == (1, "")
    assert handed.err == f"workshop: {gone}, and there is nothing to hand out\n"
    three.notebooks([1])  # and nothing is said of an end where something is there
    assert three.command("status").out.startswith("seat ")


def test_what_was_kept_on_request_is_named_where_all_else_is_gone(
    three: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    account_region = AccountRegion("000000000000", HERE)
    kept = [f"bucket vision-{number}-data" for number in range(7)]
    Ledger("room").gone([account_region], "vision", {account_region: kept})
    assert three.command("status").out.endswith(
        "; nothing is left but what is kept on request: bucket vision-0-data, bucket vision-1-data,"
        " bucket vision-2-data, bucket vision-3-data, bucket vision-4-data and 2 more\n"
    )
    Ledger("room").gone([account_region], "vision")
    assert three.command("status").out.endswith("; nothing is left\n")
