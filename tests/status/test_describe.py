"""How machines are learned: in bulk, once where they cannot change, and never more than a bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import IMAGE, Room, of_seats
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.pricing.billing import Machines
from workshop.status import describe
from workshop.status.describe import DescribeCache, Described, Descriptions
from workshop.status.snapshot import ENDPOINT, PROCESSING, TRAINING, RunningJob

PLACE = AccountRegion("111122223333", "eu-west-1")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=1)


def work(kind: str, name: str) -> RunningJob:
    return RunningJob(kind, name, f"arn:{name}", "InProgress", NOW, NOW)


@dataclass
class DescribedJobs:
    """SageMaker with these descriptions, of which Search has ``indexed``; all calls are kept."""

    indexed: dict[str, dict[str, Any]] = field(default_factory=dict)
    described: dict[str, dict[str, Any]] = field(default_factory=dict)
    searches: list[list[str]] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)

    def pages(
        self, account_region: AccountRegion, service: str, operation: str, **request: Any
    ) -> Iterator[dict[str, Any]]:
        assert (account_region, service, operation) == (PLACE, "sagemaker", "Search")
        values = [one["Value"] for one in request["SearchExpression"]["Filters"]]
        self.searches.append(values)
        noun = request["Resource"]
        names = ",".join(values).split(",")
        yield {"Results": [{noun: self.indexed[name]} for name in names if name in self.indexed]}

    def call(
        self, account_region: AccountRegion, service: str, operation: str, **request: str
    ) -> dict[str, Any]:
        assert (account_region, service) == (PLACE, "sagemaker")
        (name,) = request.values()
        self.made.append((operation, name))
        return self.described[name]

    def look(self, memory: DescribeCache, *things: RunningJob) -> dict[RunningJob, Described]:
        with ThreadPoolExecutor(2) as pool:
            return Descriptions(cast("Clients", self), PLACE, memory).of(pool, things)


def job(name: str, count: int = 1) -> dict[str, Any]:
    config = {"InstanceType": "ml.m5.large", "InstanceCount": count}
    return {"TrainingJobArn": f"arn:{name}", "ResourceConfig": config}


def endpoint(name: str, count: int, changed: datetime = NOW, config: str = "c") -> dict[str, Any]:
    return {
        "EndpointName": name,
        "EndpointArn": f"arn:{name}",
        "EndpointConfigName": config,
        "LastModifiedTime": changed,
        "ProductionVariants": [{"VariantName": "all", "CurrentInstanceCount": count}],
    }


def config(instance_type: str) -> dict[str, Any]:
    return {"ProductionVariants": [{"VariantName": "all", "InstanceType": instance_type}]}


def training(count: int) -> tuple[Machines, ...]:
    return (Machines("training", "ml.m5.large", count),)


@pytest.mark.parametrize(("count", "searches"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_training_jobs_cost_a_search_for_a_hundred_and_no_call_of_their_own(
    count: int, searches: int
) -> None:
    jobs = [work(TRAINING, f"fit{number}") for number in range(count)]
    told = DescribedJobs({one.name: job(one.name) for one in jobs})
    memory = DescribeCache()
    assert told.look(memory, *jobs) == dict.fromkeys(jobs, training(1))
    assert (len(told.searches), told.made) == (searches, [])
    # What a job has cannot change.
    assert told.look(memory, *jobs) == dict.fromkeys(jobs, training(1))
    assert len(told.searches) == searches


@example(names=[f"{number:x>63}" for number in range(100)])
@given(names=st.lists(st.text("ab-", min_size=1, max_size=63), max_size=100, unique=True))
def test_names_fit_into_the_filters_that_search_takes(names: list[str]) -> None:
    told = DescribedJobs({name: job(name) for name in names})
    found = told.look(DescribeCache(), *(work(TRAINING, name) for name in names))
    assert len(found) == len(names)
    assert Unavailable not in {type(one) for one in found.values()}
    for values in told.searches:
        assert len(values) <= 20
        assert max(map(len, values)) <= 1024


def test_what_search_does_not_have_yet_is_described() -> None:
    told = DescribedJobs({"old": job("old")}, {"new": job("new", 3)})
    old, new = work(TRAINING, "old"), work(TRAINING, "new")
    assert told.look(DescribeCache(), old, new) == {old: training(1), new: training(3)}
    assert told.made == [("DescribeTrainingJob", "new")]


def test_an_endpoint_that_changed_since_search_saw_it_is_described() -> None:
    told = DescribedJobs(
        {"answer": endpoint("answer", 1, EARLIER, "before")},
        {"answer": endpoint("answer", 2), "c": config("ml.c5.xlarge")},
    )
    one = work(ENDPOINT, "answer")
    assert told.look(DescribeCache(), one) == {one: (Machines("endpoint", "ml.c5.xlarge", 2),)}
    assert told.made == [("DescribeEndpoint", "answer"), ("DescribeEndpointConfig", "c")]


def test_an_endpoints_machines_are_counted_anew_and_its_configuration_read_once() -> None:
    told = DescribedJobs({"answer": endpoint("answer", 1)}, {"c": config("ml.m5.large")})
    one, memory = work(ENDPOINT, "answer"), DescribeCache()
    assert told.look(memory, one) == {one: (Machines("endpoint", "ml.m5.large", 1),)}
    told.indexed["answer"] = endpoint("answer", 4)
    assert told.look(memory, one) == {one: (Machines("endpoint", "ml.m5.large", 4),)}
    assert told.made == [("DescribeEndpointConfig", "c")]
    # Made anew by the same names, it may have other machines.
    told.described["c"] = config("ml.g5.xlarge")
    told.indexed["answer"] = endpoint("answer", 1, NOW + timedelta(hours=1))
    again = replace(one, changed=NOW + timedelta(hours=1))
    assert told.look(memory, again) == {again: (Machines("endpoint", "ml.g5.xlarge", 1),)}


def test_descriptions_of_one_look_are_bounded_and_the_next_look_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(describe, "DESCRIPTIONS", 3)
    monkeypatch.setattr(describe, "DESCRIPTIONS_PER_SECOND", 1000.0)
    machine = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    jobs = [work(PROCESSING, f"clean{number}") for number in range(7)]
    described = {"ProcessingResources": {"ClusterConfig": machine}}
    told = DescribedJobs(described={one.name: described for one in jobs})
    memory = DescribeCache()
    for made, unknown in ((3, 4), (6, 1), (7, 0), (7, 0)):
        found = Counter(type(one) for one in told.look(memory, *jobs).values())
        assert (len(told.made), found[Unavailable]) == (made, unknown)


def test_status_says_what_it_left_for_the_next_look(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room: Room = of_seats(cloud, tmp_path, monkeypatch, 2)
    cloud.delays(processing=600)
    for seat in (1, 2):
        cloud.client("sagemaker").create_processing_job(
            ProcessingJobName=f"vision-seat0{seat}-clean",
            ProcessingResources={
                "ClusterConfig": {
                    "InstanceType": "ml.m5.xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 5,
                }
            },
            AppSpecification={"ImageUri": IMAGE},
            RoleArn=room.role,
        )
    assert room.told("status")["totals"]["usd_per_hour"]["complete"]
    monkeypatch.setattr(describe, "DESCRIPTIONS", 1)
    ran = room.command("status")
    assert ran.code == 1
    assert "at least 0.23" in ran.out
    assert (
        "machines of jobs and endpoints (1 of them) could not be read: one scan describes 200"
        " resources at most (processing and transform jobs, configurations of endpoints); with"
        " --watch, the next scan goes on with the others"
    ) in ran.err


@pytest.mark.parametrize("count", [2, 21])
def test_many_jobs_and_endpoints_cost_one_search_each_and_an_endpoints_configuration(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    room = of_seats(cloud, tmp_path, monkeypatch, count)
    cloud.delays(training=600, endpoint=0)
    monkeypatch.setattr(describe, "DESCRIPTIONS_PER_SECOND", 1000.0)
    long = "x" * 40
    for seat in range(1, count + 1):
        room.trains(f"vision-seat{seat:02}-{long}")
        room.serves(f"vision-seat{seat:02}-{long}")
    told = room.told("status")
    calls = {
        name: made
        for name, made in told["calls"].items()
        if "Describe" in name and name.startswith("sagemaker:")
    }
    assert calls == {"sagemaker:DescribeEndpointConfig": count}
    assert told["calls"]["sagemaker:Search"] == 2
    assert told["totals"]["usd_per_hour"]["complete"]
    assert told["totals"]["endpoints"] == count
