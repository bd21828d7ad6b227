"""How long agents are waited for: as long as was said, and not for those that are not there."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import notebook, of_seats
from workshop.aws.agent_reports import AgentReport
from workshop.aws.machine_kinds import machines_of
from workshop.aws.reads import Unavailable
from workshop.cli.context import opened
from workshop.config.roster import Seat
from workshop.requests import ask
from workshop.requests.ask import AgentAnswer, AgentWaits

ADA, BEN = (
    Seat(one, "attendee", "000000000000", "us-east-1", "ml.t3.medium", 5) for one in ("ada", "ben")
)


def waited(
    minutes: float, patience: float = 5, **reports: AgentReport | Unavailable
) -> dict[str, tuple[int, str]]:
    """Wait a minute at a time; return at which minute each seat's answer came, and its reason."""
    clock, ends = count(step=60), dict[str, tuple[int, str]]()
    passed = -1

    def now() -> float:
        nonlocal passed
        passed += 1
        return next(clock)

    def end(answer: AgentAnswer) -> None:
        ends[answer.seat.id] = (passed, answer.reason)

    waits = AgentWaits(lambda _: False, minutes, clock=now)
    asked = dict.fromkeys(machines_of([ADA, BEN]), patience * 60)
    ask.wait_for(lambda one: reports[one.seat.id], asked, "request", waits, end)
    return ends


@pytest.mark.parametrize("patience", [5, 3, 0])
def test_an_agent_that_has_never_reported_is_waited_for_until_it_could_have(patience: int) -> None:
    """It could have, five minutes after its machine came up; others are waited for all the same."""
    reported = AgentReport(time=1.0)
    assert waited(15, patience, ada=AgentReport(), ben=reported) == {
        "ada": (max(1, patience), "its agent has never reported"),
        "ben": (15, "its agent did not answer in time"),
    }


@pytest.mark.parametrize(("up_for", "asked_for"), [(0, 5), (120, 3), (3600, 1)])
def test_who_has_been_up_long_without_a_report_is_told_at_once(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, up_for: int, asked_for: int
) -> None:
    """A notebook runs and its agent has never reported: it is read a minute apart."""
    made = of_seats(cloud, tmp_path, monkeypatch, 1)
    made.notebooks([1])
    cloud.client("s3").create_bucket(Bucket="vision-cohort-datasets-000000000000-us-east-1")
    cloud.client("s3").create_bucket(Bucket="vision-seat01-data-000000000000-us-east-1")
    book = cloud.client("sagemaker").describe_notebook_instance(NotebookInstanceName=notebook(1))
    now, pauses = book["LastModifiedTime"].timestamp() + up_for, list[float]()

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    waits = AgentWaits(pause, 7, clock=count(step=60).__next__, now=lambda: now)
    work = opened("room", made.config)
    [answer] = ask.ask(work.clients, work.loaded, machines_of(work.seats), "save", waits)
    assert answer.reason == "its agent has never reported"
    assert len(pauses) == asked_for - 1


def test_what_cannot_be_read_is_no_agent_that_is_not_there() -> None:
    ends = waited(15, ada=AgentReport(), ben=Unavailable("AccessDenied"))
    assert ends["ben"] == (15, "its report: AccessDenied")


def test_a_shorter_time_holds_for_all() -> None:
    ends = waited(2, ada=AgentReport(), ben=AgentReport(time=1.0))
    assert [minute for minute, _ in ends.values()] == [2, 2]
