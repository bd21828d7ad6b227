"""What the watch says is said once: whatever happens to the run that says it, and however many."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from localcloud import process
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA
from tests.support.watch_runs import END, PLENTY, SETTINGS, watch_without_stacks
from workshop.watch import messages
from workshop.watch.work import Work

TICK = timedelta(minutes=5)


class KilledError(BaseException):
    """Nothing of the run is done any more."""


@pytest.fixture(autouse=True)
def _watched(cloud: Cloud) -> None:
    watch_without_stacks(cloud)


def work(cloud: Cloud, ticks: int = 0) -> Work:
    return Work(SETTINGS, END + ticks * TICK, lambda: PLENTY, client=cloud.client)


def say(work: Work) -> None:
    messages.say(work, "over", "the end", "It is over.")


def sent(cloud: Cloud) -> list[str]:
    told = process.post(cloud.running, "/_localcloud/messages", {})["messages"]
    return [message["subject"] for message in told]


def test_a_run_that_is_killed_before_it_says_something_leaves_it_to_the_next(cloud: Cloud) -> None:
    def killed() -> None:
        with messages.first_time(work(cloud), "over") as first:
            assert first
            raise KilledError

    with pytest.raises(KilledError):
        killed()
    say(work(cloud))
    assert sent(cloud) == [], "the other may still be at it"
    for ticks in (1, 2, 3):
        say(work(cloud, ticks))
    assert sent(cloud) == ["the end"]


def test_what_could_not_be_sent_is_sent_by_the_next_run(cloud: Cloud) -> None:
    cloud.faults({"effect": "error", "operation": "sns:Publish", "times": 1})
    first = work(cloud)
    say(first)
    assert first.problems[0].startswith("not sent: the end: ")
    say(work(cloud))
    assert sent(cloud) == ["the end"]


def test_another_end_is_another_thing_to_say(cloud: Cloud) -> None:
    for end in ("2026-12-04T17:00:00Z", "2026-12-04T20:00:00Z"):
        for _ in range(2):
            say(replace(work(cloud), settings=replace(SETTINGS, end=end)))
    assert sent(cloud) == ["the end"] * 2


def test_no_run_hides_what_a_later_one_has_written_down(cloud: Cloud) -> None:
    for ticks in (1, 0):
        messages.keep(work(cloud, ticks))
    body = cloud.client("s3").get_object(Bucket=ADA.watch_bucket, Key=messages.STATE)["Body"]
    assert json.loads(body.read())["ran"] == "2026-12-04T17:05:00Z"
