"""What the ledger tells of a run that is under way, and of the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from workshop import events
from workshop.account_region import AccountRegion
from workshop.board import progress
from workshop.board.progress import DayLine
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.ledger import Ledger

HOME = AccountRegion("000000000000", "us-east-1")


def happens(ledger: Ledger, what: DeployStep, seat: str = "", message: str = "") -> None:
    ledger.event(DeployEvent(events.now(), HOME, what, seat, f"demo-{seat}-access", message))


def said(folder: Path, later: timedelta = timedelta()) -> list[str]:
    return list(progress.running(Ledger("dev", folder).runs(), events.now() + later))


def test_a_deployment_under_way_is_told_by_its_seats_until_it_has_ended(tmp_path: Path) -> None:
    ledger = Ledger("dev", tmp_path)
    assert said(tmp_path) == []
    ledger.begin("deploy", seats=40)
    for seat in ("ada", "ben"):
        happens(ledger, DeployStep.DONE, seat)
        happens(ledger, DeployStep.SEAT_DONE, seat)
    happens(ledger, DeployStep.SEAT_FAILED, "zoe", "no room")
    (line,) = said(tmp_path)
    assert line.startswith("deploy by ")
    assert line.endswith(" since 0 min: 2 of 40 seats done, 1 failed, 2 stacks")
    ledger.end({"exit": 1})
    assert said(tmp_path) == []


def test_a_teardown_under_way_is_told_by_its_step(tmp_path: Path) -> None:
    ledger = Ledger("dev", tmp_path)
    ledger.begin("teardown", plan="x")
    assert said(tmp_path)[0].endswith("since 0 min: begins")
    ledger.note_step("freeze", "3 roles in us-east-1 can make nothing new")
    ledger.note_step("verify", "scanning twice, 30 seconds apart")
    assert said(tmp_path)[0].endswith(": verify: scanning twice, 30 seconds apart")


def test_a_run_that_was_broken_off_is_under_way_no_more_after_a_while(tmp_path: Path) -> None:
    Ledger("dev", tmp_path).begin("deploy", seats=1)
    assert len(said(tmp_path, timedelta(minutes=19))) == 1
    assert said(tmp_path, timedelta(minutes=21)) == []


def test_the_day_has_what_began_failed_ended_and_was_told_the_latest_first(
    tmp_path: Path,
) -> None:
    ledger = Ledger("dev", tmp_path)
    ledger.begin("deploy", seats=2)
    happens(ledger, DeployStep.SEAT_FAILED, "zoe", "no room")
    ledger.event(DeployEvent(events.now(), HOME, DeployStep.STOPPED, message="too many fail"))
    ledger.end({"exit": 1, "seats": {"ada": 1}})
    now = events.now()
    runs = Ledger("dev", tmp_path).runs()
    messages = [
        {"id": "1", "time": (now + timedelta(minutes=1)).timestamp(), "text": "Lunch"},
        {"id": "2", "time": 0.0, "text": "of another day"},
        {
            "id": "3",
            "time": (now + timedelta(minutes=2)).timestamp(),
            "text": "80 %",
            "seats": ["ada"],
        },
    ]
    watch = [DayLine(now + timedelta(minutes=3), "the watch ran last")]
    told = [line.what for line in progress.day(runs, messages, watch, now - timedelta(hours=1))]
    assert told[:4] == [
        "the watch ran last",
        "ada was told: 80 %",
        "everybody was told: Lunch",
        "deploy ends: exit 1",
    ]
    assert told[4:6] == ["stopped: too many fail", "zoe: seat failed: no room"]
    assert told[6].startswith("deploy begins, by ")
    assert len(told) == 7


def test_a_day_begins_at_midnight_where_the_workshop_is() -> None:
    east = datetime(2027, 3, 9, 1, 30, tzinfo=UTC)
    zone = datetime.fromisoformat("2027-03-09T09:00:00+09:00").tzinfo
    assert progress.midnight(east, zone).isoformat() == "2027-03-09T00:00:00+09:00"
