"""``workshop stop`` and ``workshop start``: the notebooks of all seats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty import counts
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import THERE, Room, notebook, of_seats, retries_at_once, room
from workshop.aws import machine_kinds as kinds
from workshop.aws.clients import MOST_ATTEMPTS, Clients
from workshop.aws.machine_kinds import machines_of
from workshop.aws.notebooks import notebooks
from workshop.cli.progress import Progress
from workshop.environments import loader
from workshop.notebooks import start_stop


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)


@pytest.fixture
def three(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Three seats with notebooks in service."""
    made = of_seats(cloud, tmp_path, monkeypatch, 3)
    made.notebooks([1, 2, 3])
    assert set(made.statuses().values()) == {"InService"}
    return made


def ticking(monkeypatch: pytest.MonkeyPatch, seconds: int, listed: Any = notebooks) -> None:
    """Let so much time pass with each look, and none besides."""
    looks: list[None] = []

    def passing(*given: Any) -> Any:
        looks.append(None)
        return listed(*given)

    clock = partial(start_stop.NotebookWaits, clock=lambda: float(seconds * len(looks)))
    monkeypatch.setattr(start_stop, "NotebookWaits", clock)
    monkeypatch.setattr(kinds, "notebooks", passing)


def asked(room: Room, status: str, number: int = 1) -> None:
    """Leave one notebook on its way from here to ``status``, for ever."""
    room.cloud.faults(
        {
            "effect": "stuck",
            "noun": "NotebookInstance",
            "name": notebook(number),
            "status": status,
        }
    )


def test_all_are_stopped_and_started_again_and_it_says_what_that_saves(three: Room) -> None:
    stopped = three.command("stop")
    assert set(three.statuses().values()) == {"Stopped"}
    assert stopped.out.splitlines() == [
        "seat    was        is       result   why",
        "seat01  InService  Stopped  stopped",
        "seat02  InService  Stopped  stopped",
        "seat03  InService  Stopped  stopped",
    ]
    assert stopped.err.splitlines()[-3:] == [
        "3 stopped",
        "this saves 0.150 USD per hour (us-east-1 list prices of 2026-04-21);"
        " disks cost all the time",
        "still running: nothing of these seats",
    ]
    started = three.command("start")
    assert set(three.statuses().values()) == {"InService"}
    see = "workshop status -e room"
    assert started.err.splitlines()[-3:] == [
        "3 started",
        "they cost 0.150 USD per hour (us-east-1 list prices of 2026-04-21);"
        " disks cost all the time",
        f"running now: 3 notebooks, 0 endpoints, 0 jobs, 0.150 USD per hour; see: {see}",
    ]
    assert (stopped.code, started.code) == (0, 0)


def test_what_is_there_already_is_not_asked_again(three: Room) -> None:
    three.command("stop", "--only", "seat02")
    told = three.told("stop")
    assert told["calls"]["sagemaker:StopNotebookInstance"] == 2
    assert [one["result"] for one in told["seats"]] == ["done", "already", "done"]
    again = three.command("stop")
    assert again.err.splitlines()[-2] == "3 stopped already"
    assert again.code == 0


def test_what_is_on_its_way_is_waited_for_and_then_asked(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.command("stop")
    three.cloud.freeze()
    three.cloud.delays(notebook=60)
    three.cloud.client("sagemaker").start_notebook_instance(NotebookInstanceName=notebook(1))

    def advancing(*given: Any) -> Any:
        seen = notebooks(*given)
        three.cloud.advance(61)
        return seen

    monkeypatch.setattr(kinds, "notebooks", advancing)
    told = three.told("stop", "--save-minutes", "0")
    assert [(one["before"], one["after"], one["result"]) for one in told["seats"]] == [
        ("Pending", "Stopped", "done"),
        ("Stopped", "Stopped", "already"),
        ("Stopped", "Stopped", "already"),
    ]
    assert told["calls"] == {
        "sagemaker:ListNotebookInstances": 4,
        "sagemaker:StopNotebookInstance": 1,
    }


def test_a_missing_and_a_failed_notebook_are_told_and_stop_no_other(three: Room) -> None:
    client = three.cloud.client("sagemaker")
    three.command("stop", "--only", "seat01,seat02")
    client.delete_notebook_instance(NotebookInstanceName=notebook(1))
    three.cloud.faults({"effect": "capacity", "instance_type": "ml.t3.medium", "times": 1})
    client.start_notebook_instance(NotebookInstanceName=notebook(2))
    ran = three.command("stop")
    assert ran.code == 1
    assert three.statuses()[notebook(3)] == "Stopped"
    assert [line.split()[:4] for line in ran.out.splitlines()[1:]] == [
        ["seat01", "-", "-", "missing"],
        ["seat02", "Failed", "Failed", "failed"],
        ["seat03", "InService", "Stopped", "stopped"],
    ]
    assert "its notebook is Failed: " in ran.out
    assert ran.err.splitlines()[-3].split(", ") == ["1 missing", "1 failed", "1 stopped"]


def test_a_notebook_that_failed_to_start_is_started_again(three: Room) -> None:
    client = three.cloud.client("sagemaker")
    three.command("stop", "--only", "seat02")
    three.cloud.faults({"effect": "capacity", "instance_type": "ml.t3.medium", "times": 1})
    client.start_notebook_instance(NotebookInstanceName=notebook(2))
    assert three.statuses()[notebook(2)] == "Failed"
    ran = three.command("start", "--only", "seat02")
    assert ran.code == 0, ran.out
    assert three.statuses()[notebook(2)] == "InService"


def test_a_stuck_notebook_is_given_up_in_time_and_told(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(three, "Stopping")
    ticking(monkeypatch, 20)
    assert three.told("stop", "--minutes", "2")["calls"] == {
        "sagemaker:ListNotebookInstances": 7,
        "sagemaker:StopNotebookInstance": 3,
    }
    three.command("start", "--only", "seat02,seat03")
    ran = three.command("stop", "--minutes", "2")
    assert ran.code == 1
    assert ran.out.splitlines()[1] == (
        "seat01  Stopping   Stopping  stuck    still Stopping after 2 minutes"
    )
    again = "-e room"
    assert ran.err.splitlines()[-1].startswith("still running: 1 notebook, 0 endpoints, 0 jobs, ")
    assert ran.err.splitlines()[-2] == (
        f"see how they are with: workshop status {again}; go on with: workshop stop {again}"
    )
    assert Counter(three.statuses().values()) == {"Stopping": 1, "Stopped": 2}


def test_without_waiting_they_are_asked_and_left(three: Room) -> None:
    three.cloud.delays(notebook=60)
    told = three.told("stop", "--no-wait")
    assert [one["result"] for one in told["seats"]] == ["asked"] * 3
    assert told["calls"]["sagemaker:ListNotebookInstances"] == 1
    assert set(three.statuses().values()) == {"Stopping"}
    late = three.command("start", "--no-wait")
    assert late.code == 1
    assert "its notebook is Stopping; start it again later" in late.out


def test_a_call_that_is_refused_is_told_and_stops_no_other(three: Room) -> None:
    three.cloud.faults(
        {"effect": "denied", "operation": "sagemaker:Stop*", "match": notebook(2)},
    )
    told = three.told("stop")
    assert told["calls"]["sagemaker:StopNotebookInstance"] == 3
    assert "AccessDenied" in told["seats"][1]["reason"]
    assert three.command("stop").code == 1
    assert Counter(three.statuses().values()) == {"Stopped": 2, "InService": 1}


def test_a_start_beyond_the_quota_is_told(three: Room) -> None:
    three.command("stop")
    three.cloud.quotas(sagemaker={"ml.t3.medium for notebook instance usage": 2})
    told = three.told("start")
    assert Counter(one["result"] for one in told["seats"]) == {"done": 2, "failed": 1}
    [reason] = [one["reason"] for one in told["seats"] if one["reason"]]
    assert "ResourceLimitExceeded" in reason


def test_a_listing_that_fails_leaves_every_seat_unknown_not_missing(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
    ticking(monkeypatch, 600)
    ran = three.command("stop")
    assert ran.code == 1
    last = ran.err.splitlines()
    assert "3 not known" in last
    assert last[-1].startswith(
        "still running: an unknown number of notebooks, 0 endpoints, 0 jobs, an unknown sum per"
        " hour; see: workshop status -e room"
    )
    assert "its notebook could not be read: ListNotebookInstances: " in ran.out


def test_an_interruption_says_how_to_go_on(three: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(three, "Stopping")
    told: list[str] = []
    tell = Progress.end

    def telling(self: Any, line: str, *, good: bool) -> None:
        told.append(line)
        tell(self, line, good=good)

    def interrupted(running: Sequence[Future[None]]) -> Iterator[None]:
        while len(told) < 2:
            assert not running[0].done()
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "end", telling)
    monkeypatch.setattr(start_stop, "_wait_for", interrupted)
    ran = three.command("stop", "--only", "seat01,seat02,seat03")
    assert ran.code == 1
    assert "ending: what AWS was asked for goes on without this command" in ran.err
    # The seats that were named, and no others.
    again = "-e room --only seat01,seat02,seat03"
    assert ran.err.splitlines()[-1] == (
        f"see how they are with: workshop status {again}; go on with: workshop stop {again}"
    )
    assert ran.out.splitlines()[1].split()[:4] == ["seat01", "InService", "Stopping", "interrupted"]


@pytest.mark.parametrize("seats", [26, 51, 101, 201])
def test_one_listing_looks_at_all_seats(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seats: int
) -> None:
    made = of_seats(cloud, tmp_path, monkeypatch, seats)
    made.notebooks(range(1, seats + 1))
    cloud.faults(
        {"effect": "latency", "operation": "sagemaker:ListNotebookInstances", "seconds": 0.001},
        {"effect": "latency", "operation": "sagemaker:*", "seconds": 0.001},
    )
    told = made.told("stop")
    assert {one["result"] for one in told["seats"]} == {"done"}
    pages = -(-seats // 100)
    assert told["calls"] == {
        "sagemaker:ListNotebookInstances": 2 * pages,
        "sagemaker:StopNotebookInstance": seats,
    }
    (listings, _), (calls, _) = counts(cloud)
    # Two to stop them, and one more to see what still runs, besides nine of jobs and endpoints.
    assert (listings, calls) == (4 * pages, 4 * pages + seats + 10)


def test_places_go_side_by_side_and_one_that_fails_holds_up_no_other(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = room(cloud, tmp_path, monkeypatch, "roster:\n  file: who.yaml\n")
    (made.config / "who.yaml").write_text(
        f"- id: seat01\n- id: seat02\n  region: {THERE}\n", encoding="utf-8"
    )
    made.notebooks([1])
    made.notebooks([2], THERE)
    cloud.faults({"effect": "denied", "operation": "sagemaker:Stop*", "region": THERE})
    told = made.told("stop")
    assert [(one["seat"], one["result"]) for one in told["seats"]] == [
        ("seat01", "done"),
        ("seat02", "failed"),
    ]
    assert made.statuses() == {notebook(1): "Stopped"}
    assert made.statuses(THERE) == {notebook(2): "InService"}


def test_throttling_leaves_no_notebook_behind(three: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    retries_at_once(monkeypatch)
    three.cloud.faults(
        {"effect": "throttle", "operation": "sagemaker:*", "probability": 0.3, "seed": 2}
    )
    assert {one["result"] for one in three.told("stop")["seats"]} == {"done"}
    three.cloud.faults()
    assert set(three.statuses().values()) == {"Stopped"}


@pytest.mark.parametrize("effect", ["throttle", "error"])
def test_a_call_that_fails_for_long_is_made_again_after_the_next_look(
    three: Room, monkeypatch: pytest.MonkeyPatch, effect: str
) -> None:
    retries_at_once(monkeypatch)
    rule = {"effect": effect, "operation": "sagemaker:Stop*", "match": notebook(1)}
    three.cloud.faults({**rule, "times": MOST_ATTEMPTS})
    told = three.told("stop")
    assert {one["result"] for one in told["seats"]} == {"done"}
    assert told["calls"]["sagemaker:StopNotebookInstance"] == 4
    three.cloud.faults({**rule, "operation": "sagemaker:Start*"})
    assert [one["result"] for one in three.told("start")["seats"]] == ["failed", "done", "done"]


def test_what_was_asked_is_not_asked_again_although_the_listing_is_behind(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Any] = []

    def behind(*given: Any) -> Any:
        looks.append(notebooks(*given))
        return looks[max(0, len(looks) - 2)]

    monkeypatch.setattr(kinds, "notebooks", behind)
    told = three.told("stop", "--save-minutes", "0")
    assert {one["result"] for one in told["seats"]} == {"done"}
    assert told["calls"] == {
        "sagemaker:ListNotebookInstances": 3,
        "sagemaker:StopNotebookInstance": 3,
    }


def test_a_start_that_was_accepted_and_changed_nothing_is_sent_again(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.told("stop")
    stopped = notebooks
    looks: list[Any] = []

    def unmoved(*given: Any) -> Any:
        looks.append(stopped(*given))
        return looks[0] if len(looks) < 4 else looks[-1]

    ticking(monkeypatch, 20, unmoved)
    told = three.told("start")
    assert {one["result"] for one in told["seats"]} == {"done"}
    assert told["calls"]["sagemaker:StartNotebookInstance"] == 6


def test_a_notebook_that_another_stopped_since_the_look_is_seen_to_stop(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*given: Any) -> Any:
        seen = notebooks(*given)
        if seen[notebook(1)].status == "InService":
            client = three.cloud.client("sagemaker")
            client.stop_notebook_instance(NotebookInstanceName=notebook(1))
        return seen

    monkeypatch.setattr(kinds, "notebooks", overtaken)
    stop = ("stop", "--save-minutes", "0")
    assert [one["result"] for one in three.told(*stop)["seats"]] == ["done"] * 3


def test_after_an_interruption_nothing_more_is_asked(three: Room) -> None:
    loaded = loader.load("room", three.config)
    clients = Clients(loaded.home)
    [turn] = start_stop.batches(
        loaded,
        machines_of(loaded.seats),
        clients,
        goal=start_stop.STOP,
        waits=start_stop.NotebookWaits(lambda _: True),
        report=lambda _: None,
    )
    assert turn.turn() == start_stop.POLL_SECONDS
    turn.interrupt()
    assert [one.result for one in turn.outcomes] == ["interrupted"] * 3
    assert clients.calls == {"sagemaker:ListNotebookInstances": 1}


def test_what_goes_on_is_told_with_what_it_costs_and_how_to_end_it(three: Room) -> None:
    three.cloud.delays(training=3600)
    three.serves("vision-seat02-serve")
    three.trains("vision-seat02-fit")
    ran = three.command("stop", "--only", "seat01,seat02")
    # What is named can be ended alone; who was not asked for is left out.
    assert ran.err.splitlines()[-2:] == [
        "  seat02's training job vision-seat02-fit, 0.230 USD per hour; end it alone with:"
        " workshop end -e room vision-seat02-fit",
        "  seat02's endpoint vision-seat02-serve, 0.115 USD per hour; end it alone with:"
        " workshop end -e room vision-seat02-serve",
    ]
    assert "vision-seat02" not in three.command("stop", "--only", "seat01").err
    assert ran.err.splitlines()[-3] == (
        "still running: 0 notebooks, 1 endpoint, 1 job, 0.345 USD per hour; see: workshop status"
        " -e room --only seat01,seat02; end jobs and endpoints, and delete what these seats"
        " made, with: workshop sweep -e room --only seat02"
    )
    denied = {"effect": "denied", "operation": "sagemaker:ListEndpoints"}
    three.cloud.faults(denied)
    ran = three.command("stop")
    assert "an unknown number of endpoints, 1 job, at least 0.230 USD per hour; see" in ran.err
    running = three.told("start")["running"]
    assert (running["endpoints"], running["notebooks"]) == (None, 3)
    assert running["usd_per_hour"] == {"least": 0.38, "complete": False}
    three.cloud.faults({"effect": "denied", "operation": "*:List*"})
    assert three.told("stop")["running"]["usd_per_hour"] == {"least": 0.0, "complete": False}


def test_what_may_be_a_seats_and_could_not_be_attributed_makes_its_cost_unknown(
    three: Room,
) -> None:
    three.serves("mine", {"workshop": "vision", "attendee": "seat01"})
    three.cloud.faults({"effect": "denied", "operation": "resourcegroupstaggingapi:*"})
    told = three.told("status")
    assert [row["usd_per_hour"]["complete"] for row in told["seats"]] == [False] * 3
    assert told["totals"]["usd_per_hour"]["complete"] is False


def test_a_short_change_is_seen_soon_and_a_long_one_asked_for_seldom(
    three: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(three, "Stopping")
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 5.0)
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) == 9

    made = start_stop.NotebookWaits
    stopped = partial(made, pause, clock=lambda: 0.0)
    monkeypatch.setattr(start_stop, "NotebookWaits", lambda _, **more: stopped(**more))
    three.command("stop", "--only", "seat01")
    # Before the first look nothing is waited for, and nothing before the call.
    assert pauses == [0, 0, 1.0, 1.5, 2.25, 3.375, 5.0, 5.0, 5.0]
