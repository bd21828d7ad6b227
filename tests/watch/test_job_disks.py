"""A job's disk may cost more than its machine, and no policy can bound it: the watch counts it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.watch_runs import END, PLENTY, SETTINGS
from workshop.watch import spending
from workshop.watch.counted import Counted
from workshop.watch.spending import JOBS_THAT_BILL
from workshop.watch.work import Settings, Work

PRICES = {"ml.m5.large": 0.115}


class Described:
    """SageMaker, as it describes any job."""

    def __init__(self, **job: Any) -> None:
        self._job = job

    def __getattr__(self, _: str) -> Any:
        return lambda **_: self._job


def _always(client: Described, _: str) -> Described:
    return client


@pytest.mark.parametrize(("gigabytes", "usd"), [(5, 0.0), (100, 0.0), (16_384, 3.1229)])
def test_a_large_disk_counts_with_each_machine(gigabytes: int, usd: float) -> None:
    machines = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": gigabytes}
    training, processing, _ = JOBS_THAT_BILL
    for kind, job in (
        (training, {"ResourceConfig": machines}),
        (processing, {"ProcessingResources": {"ClusterConfig": machines}}),
    ):
        settings = Settings(**{**SETTINGS.__dict__, "budget": {"prices": PRICES}})
        described = Described(**job)
        work = Work(settings, END, lambda: PLENTY, client=partial(_always, described))
        found = Counted("ada", kind.kind)
        spending._describe_job(work, found, kind, "large")
        assert found.hourly == pytest.approx(2 * (0.115 + usd), abs=0.001)
