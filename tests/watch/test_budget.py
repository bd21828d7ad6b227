"""Caps on money: a seat above one is frozen and stopped, and its neighbours go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.budgets import (
    HOUR,
    PRICES,
    TICK,
    endpoints,
    event,
    messages,
    notebook,
    running,
    serves,
    subjects,
    tags,
    tick,
    trained,
    trains,
    used,
    work,
)
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, is_frozen
from tests.support.watch_runs import PLENTY, SETTINGS
from workshop.watch import budget, spending
from workshop.watch.counted import Counted
from workshop.watch.work import Work

pytestmark = pytest.mark.usefixtures("seats_to_watch")


def test_the_sum_is_price_by_time_whenever_the_watch_runs(cloud: Cloud) -> None:
    notebook(cloud, ADA)
    serves(cloud, ADA, count=2)
    trains(cloud, ADA, "fit")
    for seconds in (HOUR / 2, TICK, HOUR / 2 - TICK):
        assert tick(cloud, seconds, per_seat_usd=25).problems == []
    by_hand = 0.05 + 2 * 0.115 + 0.115 * trained(cloud)
    assert used(cloud) == pytest.approx(by_hand, rel=0.001)
    assert used(cloud, "ben") == 0


def test_a_forgotten_endpoint_is_gone_one_tick_after_the_cap(cloud: Cloud) -> None:
    serves(cloud, ADA, count=10)
    for _ in range(10):
        tick(cloud, per_seat_usd=1)
    assert used(cloud) < 1
    assert endpoints(cloud)
    made = tick(cloud, per_seat_usd=1)
    assert made.done["endpoints deleted"] == 1
    assert endpoints(cloud) == []
    assert is_frozen(cloud, ADA)
    before = used(cloud)
    tick(cloud, HOUR, per_seat_usd=1)
    assert used(cloud) == before
    assert subjects(cloud) == ["workshop demo: ada is above a cap"]


def test_a_neighbour_goes_on_and_is_not_frozen(cloud: Cloud) -> None:
    for names in (ADA, BEN):
        notebook(cloud, names)
    serves(cloud, ADA, count=20)
    serves(cloud, BEN)
    tick(cloud, HOUR, per_seat_usd=2)
    assert is_frozen(cloud, ADA)
    assert not is_frozen(cloud, BEN)
    assert endpoints(cloud) == [f"{BEN.job_prefix}serve"]
    assert BEN.notebook in running(cloud)
    assert ADA.notebook not in running(cloud)


def test_a_loop_of_jobs_that_end_between_two_ticks_is_counted(cloud: Cloud) -> None:
    cloud.delays(training=120)
    for number in range(8):
        trains(cloud, ADA, f"loop{number}", count=20)
        cloud.advance(120)
        trains(cloud, ADA, f"more{number}", count=20)
        tick(cloud, 180, per_seat_usd=100)
    tick(cloud, per_seat_usd=100)
    assert used(cloud) == pytest.approx(20 * 0.115 * trained(cloud), rel=0.001)
    tick(cloud, per_seat_usd=1)
    assert is_frozen(cloud, ADA)


def test_too_many_instances_freeze_at_the_event_although_the_endpoint_is_not_there_yet(
    cloud: Cloud,
) -> None:
    cloud.delays(endpoint=600)
    arn = serves(cloud, ADA, count=20)
    notebook(cloud, ADA)
    for _ in range(2):  # an event may come twice
        made = event(cloud, "Endpoint", arn, max_instances=4)
        assert made.pending == [f"endpoint {ADA.job_prefix}serve is Creating"]
        assert is_frozen(cloud, ADA)
    assert running(cloud) == []
    assert subjects(cloud) == ["workshop demo: ada is above a cap"]
    tick(cloud, max_instances=4)
    assert endpoints(cloud), "AWS deletes no endpoint that it creates"
    assert tick(cloud, 301, max_instances=4).done["endpoints deleted"] == 1


def test_an_endpoint_that_is_made_larger_freezes_at_the_event(cloud: Cloud) -> None:
    arn = serves(cloud, ADA)
    tick(cloud, max_instances=4)
    assert not is_frozen(cloud, ADA)
    cloud.delays(endpoint=600)
    name = f"{ADA.job_prefix}serve"
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
    client = cloud.client("sagemaker")
    client.create_endpoint_config(
        EndpointConfigName="large", ProductionVariants=[{**variant, "InitialInstanceCount": 20}]
    )
    client.update_endpoint(EndpointName=name, EndpointConfigName="large")
    event(cloud, "Endpoint", arn, max_instances=4)
    assert is_frozen(cloud, ADA)


def test_an_endpoint_costs_as_before_when_its_configuration_is_deleted(cloud: Cloud) -> None:
    serves(cloud, ADA, count=2)
    tick(cloud, per_seat_usd=25)
    cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName=f"{ADA.job_prefix}serve")
    assert tick(cloud, HOUR, per_seat_usd=25).problems == []
    assert used(cloud) == pytest.approx((1 + TICK / HOUR) * 2 * 0.115, rel=0.001)


def test_jobs_and_endpoints_count_together_and_an_hour_has_its_own_cap(cloud: Cloud) -> None:
    event(cloud, "Endpoint", serves(cloud, ADA, count=2), max_instances=4)
    arn = trains(cloud, ADA, "fit", count=2)
    cloud.advance(1)
    event(cloud, "TrainingJob", arn, max_instances=4, per_hour_usd=1)
    assert not is_frozen(cloud, ADA)
    event(cloud, "TrainingJob", trains(cloud, ADA, "more"), max_instances=4)
    assert is_frozen(cloud, ADA)
    serves(cloud, BEN, count=10)
    tick(cloud, per_hour_usd=1)
    assert is_frozen(cloud, BEN)


def test_an_event_looks_at_one_kind_and_freezes_nobody_for_what_has_ended_of_another(
    cloud: Cloud,
) -> None:
    job = trains(cloud, ADA, "fit", count=3)
    cloud.advance(1)
    assert asked(cloud, lambda: event(cloud, "TrainingJob", job, max_instances=4)) == {
        "ListTrainingJobs",
        "DescribeTrainingJob",
    }
    cloud.client("sagemaker").stop_training_job(TrainingJobName=job.rpartition("/")[2])
    cloud.advance(1)
    arn = serves(cloud, ADA, count=2)
    listings = asked(cloud, lambda: event(cloud, "Endpoint", arn, max_instances=4))
    assert {"ListEndpoints", "ListTrainingJobs", "ListProcessingJobs"} <= listings
    assert not is_frozen(cloud, ADA)


def asked(cloud: Cloud, run: Callable[[], object]) -> set[str]:
    """What a run lists and describes of SageMaker, but tags."""
    seen: set[str] = set()

    def note(model: Any, **_: Any) -> None:
        seen.add(model.name)

    events = cloud.client("sagemaker").meta.events
    events.register("before-call.sagemaker", note, unique_id="asked")
    run()
    events.unregister("before-call.sagemaker", unique_id="asked")
    return {name for name in seen if name.startswith(("List", "Describe"))} - {"ListTags"}


def test_a_run_reads_the_tags_of_a_resource_once(cloud: Cloud) -> None:
    arn = serves(cloud, ADA)
    asked_for: list[str] = []
    cloud.advance(1)
    note = lambda params, **_: asked_for.append(params["ResourceArn"])  # noqa: E731
    events = cloud.client("sagemaker").meta.events
    events.register("provide-client-params.sagemaker.ListTags", note)
    event(cloud, "Endpoint", arn, max_instances=1)
    tick(cloud, max_instances=0.5)
    events.unregister("provide-client-params.sagemaker.ListTags", note)
    assert is_frozen(cloud, ADA)
    # The event's run read them, and the tick's before it deleted the endpoint.
    assert asked_for == [arn, arn]


def is_read(cloud: Cloud) -> bool:
    """Whether a tick reads what an endpoint has."""
    return "DescribeEndpoint" in asked(cloud, lambda: tick(cloud, max_instances=12))


def test_an_endpoint_in_service_is_read_again_when_it_was_modified_alone(cloud: Cloud) -> None:
    name = serves(cloud, ADA).rpartition("/")[2]
    assert [is_read(cloud) for _ in range(2)] == [True, False]
    spent = used(cloud)
    cloud.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[{"VariantName": "all", "DesiredInstanceCount": 10}],
    )
    assert [is_read(cloud) for _ in range(2)] == [True, False]
    assert used(cloud) - spent == pytest.approx(2 * TICK / HOUR * 10 * 0.115, rel=0.01)
    tick(cloud, max_instances=9)
    assert is_frozen(cloud, ADA)


def test_an_endpoint_whose_size_sagemaker_manages_is_read_each_time() -> None:
    scaling = {"MinInstanceCount": 1, "MaxInstanceCount": 3}
    variant = {"VariantName": "all", "InstanceType": "ml.m5.large"}
    answers = {
        "describe_endpoint": {
            "EndpointStatus": "InService",
            "EndpointConfigName": "own",
            "ProductionVariants": [{"VariantName": "all", "CurrentInstanceCount": 2}],
        },
        "describe_endpoint_config": {
            "ProductionVariants": [{**variant, "ManagedInstanceScaling": scaling}]
        },
    }
    told = {"prices": PRICES}
    work = Work(
        replace(SETTINGS, budget=told),
        datetime.now(UTC),
        lambda: PLENTY,
        client=lambda _: SimpleNamespace(
            **{name: lambda answer=answer, **_: answer for name, answer in answers.items()}
        ),
    )
    one: dict[str, Any] = {"EndpointName": "own", "EndpointStatus": "InService"}
    one |= dict.fromkeys(("CreationTime", "LastModifiedTime"), work.now)
    found = Counted("ada", "endpoint")
    spending._describe_endpoint(work, found, one, {})
    assert (found.instances, found.modified) == (2, 0.0)


def test_one_is_warned_once_and_no_neighbour_is(cloud: Cloud) -> None:
    serves(cloud, ADA, count=10)
    tick(cloud, HOUR * 3 / 4, per_seat_usd=1)
    tick(cloud, per_seat_usd=1)
    [told] = messages(cloud)
    assert told["seats"] == ["ada"]
    assert told["text"].startswith("You have used 0.86 USD of the 1.00 USD of your seat.")
    assert not is_frozen(cloud, ADA)


@pytest.mark.parametrize(("on_cap", "left"), [("stop", []), ("tell", [f"{ADA.job_prefix}serve"])])
def test_the_yaml_says_what_a_cap_does(cloud: Cloud, on_cap: str, left: list[str]) -> None:
    serves(cloud, ADA, count=20)
    tick(cloud, HOUR, per_seat_usd=1, on_cap=on_cap)
    assert endpoints(cloud) == left
    assert not is_frozen(cloud, ADA)
    assert subjects(cloud) == ["workshop demo: ada is above a cap"]


def test_a_job_under_the_name_of_anothers_deleted_one_costs_whoever_made_it(cloud: Cloud) -> None:
    cloud.delays(training=60)
    client = cloud.client("sagemaker")
    trains(cloud, BEN, "fit", prefix="")
    tick(cloud, per_seat_usd=25)
    client.delete_training_job(TrainingJobName="fit")
    before = used(cloud, "ben")
    cloud.delays(training=6 * HOUR)
    trains(cloud, ADA, "fit", prefix="")
    tick(cloud, HOUR, per_seat_usd=25)
    assert used(cloud, "ben") == before
    assert used(cloud, "ada") > 0


def test_an_event_describes_nothing_of_the_neighbours(cloud: Cloud) -> None:
    serves(cloud, BEN)
    arn = serves(cloud, ADA)
    asked: list[str] = []
    client = cloud.client("sagemaker")
    note = lambda params, **_: asked.append(params["EndpointName"])  # noqa: E731
    client.meta.events.register("provide-client-params.sagemaker.DescribeEndpoint", note)
    event(cloud, "Endpoint", arn, max_instances=4)
    client.meta.events.unregister("provide-client-params.sagemaker.DescribeEndpoint", note)
    assert asked == [f"{ADA.job_prefix}serve"]


def test_what_is_being_deleted_counts_no_more(cloud: Cloud) -> None:
    """Whoever deletes an endpoint may make another at once."""
    serves(cloud, ADA, count=3)
    tick(cloud, max_instances=4)
    cloud.delays(endpoint=600)
    client, name = cloud.client("sagemaker"), f"{ADA.job_prefix}serve"
    client.delete_endpoint(EndpointName=name)
    made = client.create_endpoint(EndpointName="Next", EndpointConfigName=name, Tags=tags(ADA))
    event(cloud, "Endpoint", made["EndpointArn"], max_instances=4)
    assert tick(cloud, max_instances=4).problems == []
    assert not is_frozen(cloud, ADA)
    assert used(cloud) == pytest.approx(2 * TICK / HOUR * 3 * 0.115, rel=0.01)


def test_an_endpoint_that_is_gone_before_the_next_tick_is_counted(cloud: Cloud) -> None:
    tick(cloud, per_seat_usd=25)
    arn = serves(cloud, ADA, count=10)
    event_of = {"EndpointArn": arn, "EndpointStatus": "InService"}
    budget.hold_at_event(work(cloud, per_seat_usd=25), event_of)
    cloud.advance(240)
    cloud.client("sagemaker").delete_endpoint(EndpointName=f"{ADA.job_prefix}serve")
    gone = {**event_of, "EndpointStatus": "DELETING"}
    for _ in range(2):  # an event may come twice
        budget.hold_at_event(work(cloud, per_seat_usd=25), gone)
    tick(cloud, per_seat_usd=25)
    assert used(cloud) == pytest.approx(240 / HOUR * 10 * 0.115, rel=0.01)


def test_a_job_whose_record_is_deleted_before_the_next_tick_is_counted(cloud: Cloud) -> None:
    cloud.delays(training=240)
    tick(cloud, per_seat_usd=25)
    for number in range(3):
        arn = trains(cloud, ADA, f"hidden{number}", count=20)
        event(cloud, "TrainingJob", arn, per_seat_usd=25)
        cloud.advance(299)
        name = f"{ADA.job_prefix}hidden{number}"
        cloud.client("sagemaker").delete_training_job(TrainingJobName=name)
        assert tick(cloud, 1, per_seat_usd=25).problems == []
    tick(cloud, per_seat_usd=25)
    at_most = 3 * 300 / HOUR * 20 * 0.115
    assert at_most * 240 / 300 <= used(cloud) <= at_most * 1.001
