"""What the watch costs itself: counted calls at list prices, below 1 USD for a class of 100."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.model import OperationModel

from localcloud import process
from stacks import watch as stack
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, IMAGE, role
from tests.support.watch_runs import PLENTY, SETTINGS, watch_without_stacks
from workshop.bill import watch_cost
from workshop.watch import budget
from workshop.watch.work import Work

THREE_DAYS = timedelta(days=2, hours=8)
CAPS = {
    "warn_percent": 80,
    "on_cap": "freeze",
    "per_seat_usd": 1000,
    "prices": {"ml.t3.medium": 0.05, "ml.m5.large": 0.115},
}


def test_a_hundred_seats_and_three_days_cost_below_1_usd_with_caps_and_agents() -> None:
    found = watch_cost.cost(100, THREE_DAYS, capped=True, use=Decimal(24))
    assert Decimal("0.2") < found.total < 1
    assert found.line.startswith(f"The watch and the agents cost about {found.total:.2f} USD")
    without = watch_cost.cost(100, THREE_DAYS, capped=False, use=Decimal(24))
    assert without.parts["GB-seconds"] < Decimal("0.02")


def test_it_reckons_with_the_memory_that_the_function_has() -> None:
    assert Decimal(stack.MEGABYTES) / 1024 == watch_cost.GB


@pytest.mark.parametrize("endpoints", [1, 4])
def test_a_run_makes_no_more_calls_than_it_is_reckoned_with(cloud: Cloud, endpoints: int) -> None:
    """Each of two seats with a notebook, a job and endpoints, which are described at each run."""
    cloud.freeze()
    cloud.delays(training=36_000, endpoint=0, notebook=0, tick=0)
    watch_without_stacks(cloud)
    client = cloud.client("sagemaker")
    for names in (ADA, BEN):
        arn = role(cloud, names)
        given = {"workshop": names.workshop, "attendee": names.seat}
        tags = [{"Key": key, "Value": value} for key, value in given.items()]
        for number in range(endpoints):
            name = f"{names.job_prefix}serve{number}"
            client.create_model(
                ModelName=name, PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=arn
            )
            variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large"}
            client.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
            )
            client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=tags)
        client.create_notebook_instance(
            NotebookInstanceName=names.notebook, InstanceType="ml.t3.medium", RoleArn=arn
        )
    first, later = calls(cloud), calls(cloud)
    assert later.total() <= first.total()
    reckoned = watch_cost.CALLS + 2 * watch_cost.CALLS_A_SEAT * max(1, endpoints)
    assert later.total() <= reckoned
    assert later["PutObject"] + later["GetObject"] <= 3


def calls(cloud: Cloud) -> Counter[str]:
    """What one run with caps asks AWS for, by operation."""
    counted: Counter[str] = Counter()

    def note(model: OperationModel, **_: Any) -> None:
        counted.update([model.name])

    cloud.advance(300)
    now = datetime.fromtimestamp(process.set_clock(cloud.running)["now"], UTC)
    settings = replace(SETTINGS, budget=CAPS, end="2099-12-31T17:00:00Z")
    clients = {service: cloud.client(service) for service in ("s3", "sagemaker", "iam", "sns")}
    for client in clients.values():
        client.meta.events.register("before-call", note)
    work = Work(settings, now, lambda: PLENTY, client=clients.__getitem__)
    budget.hold_to_budget(work)
    for client in clients.values():
        client.meta.events.unregister("before-call", note)
    assert work.problems == []
    return counted
