"""Caps on money hold when AWS refuses, when a list cannot be read and when time is short."""

from __future__ import annotations

from itertools import chain, repeat

import pytest

from tests.support.budgets import (
    HOUR,
    TICK,
    endpoints,
    event,
    serves,
    tags,
    tick,
    trained,
    trains,
    used,
    work,
)
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, is_frozen
from tests.support.watch_runs import PLENTY
from workshop.watch import budget, spending

pytestmark = pytest.mark.usefixtures("seats_to_watch")


def test_two_runs_at_once_count_once(cloud: Cloud) -> None:
    serves(cloud, ADA)
    tick(cloud, per_seat_usd=25)
    cloud.advance(TICK)
    runs = [work(cloud, per_seat_usd=25) for _ in range(2)]
    read = [spending.read_spending(run) for run in runs]
    for run, (counts, _) in zip(runs, read, strict=True):
        spending.count_all(run, counts)
    written = [spending.write_spending(run, *both) for run, both in zip(runs, read, strict=True)]
    assert written == [True, False]
    assert used(cloud) == pytest.approx(2 * TICK / HOUR * 0.115, rel=0.01)


def test_a_kind_that_cannot_be_listed_is_made_up_for(cloud: Cloud) -> None:
    serves(cloud, ADA)
    tick(cloud, per_seat_usd=25)
    cloud.faults({"effect": "throttle", "operation": "sagemaker:ListEndpoints", "times": 1})
    assert tick(cloud, per_seat_usd=25).problems
    assert tick(cloud, per_seat_usd=25).problems == []
    assert used(cloud) == pytest.approx(3 * TICK / HOUR * 0.115, rel=0.01)


def test_a_run_without_time_is_made_up_for_by_the_next(cloud: Cloud) -> None:
    serves(cloud, ADA)
    cloud.advance(TICK)
    late = work(cloud, per_seat_usd=25)
    late.left = lambda: 1.0
    budget.hold_to_budget(late)
    assert late.unfinished
    assert used(cloud) == 0
    tick(cloud, per_seat_usd=25)
    assert used(cloud) == pytest.approx(2 * TICK / HOUR * 0.115, rel=0.01)


def test_a_stop_that_aws_refuses_is_asked_for_again_at_the_next_tick(cloud: Cloud) -> None:
    trains(cloud, ADA, "fit", count=20)
    cloud.advance(HOUR)
    cloud.faults({"effect": "throttle", "operation": "sagemaker:StopTrainingJob", "times": 1})
    first = tick(cloud, per_seat_usd=1)
    assert is_frozen(cloud, ADA)
    assert first.pending[0].startswith(f"training_job {ADA.job_prefix}fit: ")
    assert tick(cloud, per_seat_usd=1).done["jobs stopped"] == 1


def test_what_aws_refuses_is_stopped_later_although_the_seat_is_below_its_caps_by_then(
    cloud: Cloud,
) -> None:
    """Without the first, what is being created is within the cap; it was above it together."""
    serves(cloud, BEN)
    serves(cloud, ADA, count=3)
    tick(cloud, max_instances=4)
    assert not is_frozen(cloud, ADA)
    cloud.delays(endpoint=600)
    client, name = cloud.client("sagemaker"), f"{ADA.job_prefix}serve"
    made = client.create_endpoint(EndpointName="Second", EndpointConfigName=name, Tags=tags(ADA))
    run = event(cloud, "Endpoint", made["EndpointArn"], max_instances=4)
    assert run.pending == ["endpoint Second is Creating"]
    assert run.done["endpoints deleted"] == 1
    assert is_frozen(cloud, ADA)
    assert not tick(cloud, max_instances=4).done
    assert tick(cloud, 301, max_instances=4).done == {"endpoints deleted": 1}
    kept = cloud.client("s3").list_objects_v2(Bucket=ADA.watch_bucket, Prefix=budget.REFUSED)
    assert kept["KeyCount"] == 0
    assert not tick(cloud, 601, max_instances=4).done
    assert endpoints(cloud) == [f"{BEN.job_prefix}serve"]


@pytest.mark.parametrize("operation", ["ListEndpoints", "ListTags"])
def test_what_aws_refused_is_not_forgotten_when_the_next_run_cannot_read_it(
    cloud: Cloud, operation: str
) -> None:
    """The seat is below its caps by then: nothing but the note makes the watch ask again."""
    serves(cloud, ADA, count=3)
    tick(cloud, max_instances=4)
    cloud.delays(endpoint=600)
    client, name = cloud.client("sagemaker"), f"{ADA.job_prefix}serve"
    made = client.create_endpoint(EndpointName="Second", EndpointConfigName=name, Tags=tags(ADA))
    event(cloud, "Endpoint", made["EndpointArn"], max_instances=4)
    tick(cloud, max_instances=4)
    cloud.advance(301)
    unread = work(cloud, max_instances=4)
    cloud.faults({"effect": "denied", "operation": f"sagemaker:{operation}"})
    budget.hold_to_budget(unread)
    assert unread.problems
    cloud.faults()
    assert tick(cloud, max_instances=4).done == {"endpoints deleted": 1}
    tick(cloud, 601, max_instances=4)
    assert endpoints(cloud) == []


def test_however_much_there_is_to_count_there_is_time_to_freeze_and_stop(cloud: Cloud) -> None:
    serves(cloud, ADA, count=20)
    for number in range(3):
        trains(cloud, ADA, f"flood{number}")
    cloud.advance(HOUR)
    flooded = work(cloud, per_seat_usd=1)
    left = chain(repeat(PLENTY, 3), repeat(spending.FOR_HOLDING - 1))
    flooded.left = lambda: next(left)
    budget.hold_to_budget(flooded)
    assert flooded.unfinished
    assert (endpoints(cloud), is_frozen(cloud, ADA)) == ([], True)
    tick(cloud, per_seat_usd=1)
    by_hand = 20 * 0.115 + 0.115 * trained(cloud)
    assert used(cloud) == pytest.approx(by_hand, rel=0.001)
