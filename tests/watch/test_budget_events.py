"""Caps on money as the stack holds them: with the function's own rights, at SageMaker's events."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.seats import ADA, BEN, attempt, endpoint_config, tagged
from tests.support.teardown_demo import is_frozen
from tests.support.watched import Watched, watched_seats

BUDGET = {
    "per_seat_usd": 25,
    "max_instances": 10,
    "warn_percent": 80,
    "on_cap": "freeze",
    "prices": {"ml.m5.large": 0.115, "ml.t3.medium": 0.05},
}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_seats(tmp_path_factory.mktemp("watched"), BUDGET) as made:
        yield made


def test_an_endpoint_of_20_instances_freezes_its_seat_at_the_event(watched: Watched) -> None:
    watched.pass_by()
    watched.pass_by()  # jobs bill once their machines are there
    assert watched.state["problems"] == []
    kinds = {"endpoint", "notebook", "processing", "training", "transform"}
    assert {*watched.spending["ben"]} == kinds
    assert not is_frozen(watched.root, ADA)
    watched.root.quotas(
        sagemaker={
            "ml.m5.large for endpoint usage": 50,
            "Number of instances across active endpoints": 50,
        }
    )
    service, method, request = endpoint_config(ADA, "large")
    request["ProductionVariants"][0]["InitialInstanceCount"] = 20
    attempt(watched.seats.ada, (service, method, request))
    name = f"{ADA.job_prefix}large"
    made = {"EndpointName": name, "EndpointConfigName": name, "Tags": tagged(ADA)}
    attempt(watched.seats.ada, ("sagemaker", "create_endpoint", made))
    watched.settle()
    assert is_frozen(watched.root, ADA)
    assert not is_frozen(watched.root, BEN)
    watched.pass_by()
    running = watched.running()
    assert not [one for one in running if one.startswith(f"{ADA.workshop}-{ADA.seat}-")]
    assert {BEN.notebook, f"{BEN.job_prefix}own"} <= {*running}
    assert watched.messages == ["workshop demo: ada is above a cap"]
