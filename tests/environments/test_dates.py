"""When a workshop takes place: said as people do, and doubted where it may not be meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, load, write
from workshop.config import yaml_document
from workshop.environments import dates

START = datetime(2099, 3, 8, 8, tzinfo=UTC)
TWO_DAYS = "Sun 8 Mar 2099 09:00 to Mon 9 Mar 2099 17:00 (UTC+01:00), 2 days"


@pytest.mark.parametrize(
    ("before", "distance"),
    [
        (timedelta(days=28, hours=3), "begins in 28 days"),
        (timedelta(hours=36), "begins in 36 hours"),
        (timedelta(minutes=90), "begins in 90 minutes"),
        (timedelta(), "ends in 32 hours"),
        (timedelta(days=-30), "ended 28 days ago"),
    ],
)
def test_weekdays_length_and_distance_are_said(
    tmp_path: Path, before: timedelta, distance: str
) -> None:
    write(tmp_path, HEAD + SEATS)
    said = dates.sentence(load(tmp_path).settings, START - before)
    assert said == f"{TWO_DAYS}, {distance}"


def test_an_end_in_another_zone_is_said_in_the_zone_of_the_start(tmp_path: Path) -> None:
    text = HEAD.replace("2099-03-09T17:00:00+01:00", "2099-03-08T23:30:00Z")
    write(tmp_path, text + SEATS)
    said = dates.sentence(load(tmp_path).settings, START)
    assert "to Mon 9 Mar 2099 00:30 (UTC+01:00), 2 days, ends in 15 hours" in said


def doubts(text: str, folder: Path, now: datetime) -> list[str]:
    path = write(folder, text)
    found = dates.warnings(yaml_document.parse(path.read_text()), load(folder).settings, now)
    return [str(each.of("dev.yaml")) for each in found]


def test_a_start_that_is_past_is_doubted_until_the_end(tmp_path: Path) -> None:
    sound = HEAD + SEATS
    assert doubts(sound, tmp_path, START - timedelta(minutes=1)) == []
    assert doubts(sound, tmp_path, START + timedelta(hours=5)) == [
        "dev.yaml:4: start: Sun 8 Mar 2099 09:00 is past, 5 hours ago; correct it unless the"
        " workshop is on"
    ]
    assert doubts(sound, tmp_path, START + timedelta(days=3)) == []


def test_a_workshop_of_weeks_is_doubted_and_one_of_a_week_is_not(tmp_path: Path) -> None:
    before = START - timedelta(days=1)
    week = HEAD.replace("2099-03-09T17", "2099-03-15T09") + SEATS
    assert doubts(week, tmp_path, before) == []
    weeks = HEAD.replace("2099-03-09T17", "2099-04-05T17") + SEATS
    assert doubts(weeks, tmp_path, before) == [
        "dev.yaml:5: end: Sun 5 Apr 2099 17:00 is 29 days from the start on; everything is billed"
        " as long: correct it unless that is meant"
    ]


def test_an_end_that_is_meant_never_to_come_is_left_in_peace(tmp_path: Path) -> None:
    demo = HEAD.replace("2099-03-08", "2026-01-01") + SEATS
    assert doubts(demo, tmp_path, START - timedelta(days=1)) == []


def test_hours_over_a_change_of_clocks_are_doubted_until_the_time_zone_is_named(
    tmp_path: Path,
) -> None:
    text = HEAD.replace("2099-03-08T09", "2099-03-28T09").replace(
        "2099-03-09T17:00:00+01:00", "2099-03-29T17:00:00+02:00"
    )
    hours = 'hours: "08:30-18:00"\n'
    assert doubts(text + SEATS, tmp_path, START) == []
    assert doubts(text + hours + SEATS, tmp_path, START) == [
        "dev.yaml:6: hours: are by the clock of the start, UTC+01:00, on every day, and the end"
        " has UTC+02:00; if"
        " clocks are changed in between, name the time zone, such as timezone: Europe/Berlin"
    ]
    assert doubts(text + "timezone: Europe/Berlin\n" + hours + SEATS, tmp_path, START) == []


def test_with_a_time_zone_days_are_said_by_its_clock(tmp_path: Path) -> None:
    text = HEAD.replace("2099-03-08T09", "2099-03-28T09").replace(
        "2099-03-09T17:00:00+01:00", "2099-03-29T17:00:00+02:00"
    )
    write(tmp_path, text + "timezone: Europe/Berlin\n" + SEATS)
    said = dates.sentence(load(tmp_path).settings, START)
    assert said.startswith("Sat 28 Mar 2099 09:00 to Sun 29 Mar 2099 17:00 (UTC+01:00), 2 days")
