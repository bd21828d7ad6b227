"""``workshop end``: one endpoint or job, and nothing else of whoever made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room, notebook, of_seats


@pytest.fixture
def busy(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A seat with a notebook, an endpoint and a job, and a stranger's endpoint."""
    made = of_seats(cloud, tmp_path, monkeypatch, 2)
    cloud.delays(training=3600, endpoint=0, stopping=0)
    made.notebooks([1])
    made.serves("vision-seat01-answer", count=2)
    made.trains("fit", {"workshop": "vision", "attendee": "seat01"})
    made.serves("theirs")
    return made


def endpoints(room: Room) -> set[str]:
    listed = room.cloud.client("sagemaker").list_endpoints()["Endpoints"]
    return {one["EndpointName"] for one in listed}


def test_an_endpoint_ends_and_its_owners_notebook_and_job_go_on(busy: Room) -> None:
    ran = busy.command("end", "vision-seat01-answer")
    assert ran.code == 0, ran.err
    assert ran.out == "seat01's endpoint vision-seat01-answer: ended, 0.230 USD per hour\n"
    assert endpoints(busy) == {"theirs"}
    assert busy.statuses() == {notebook(1): "InService"}
    client = busy.cloud.client("sagemaker")
    assert client.describe_training_job(TrainingJobName="fit")["TrainingJobStatus"] == "InProgress"
    assert client.describe_endpoint_config(EndpointConfigName="vision-seat01-answer")


def test_a_job_is_stopped_by_its_own_name_whatever_that_is(busy: Room) -> None:
    ran = busy.command("end", "fit")
    assert ran.out == "seat01's training job fit: ended, 0.230 USD per hour\n"
    client = busy.cloud.client("sagemaker")
    assert client.describe_training_job(TrainingJobName="fit")["TrainingJobStatus"] == "Stopped"
    assert endpoints(busy) == {"theirs", "vision-seat01-answer"}


def test_what_is_no_seats_is_refused_and_nothing_is_ended(busy: Room) -> None:
    ran = busy.command("end", "theirs", "fit")
    assert ran.code == 2
    assert "no endpoint or job of a seat that runs is called 'theirs'; see" in ran.err
    assert endpoints(busy) == {"theirs", "vision-seat01-answer"}
    client = busy.cloud.client("sagemaker")
    assert client.describe_training_job(TrainingJobName="fit")["TrainingJobStatus"] == "InProgress"


def test_what_aws_refuses_is_told_and_hides_no_other(busy: Room) -> None:
    busy.cloud.faults({"effect": "denied", "operation": "sagemaker:DeleteEndpoint"})
    ran = busy.command("end", "vision-seat01-answer", "fit")
    assert ran.code == 1
    first, second = ran.out.splitlines()
    assert first.startswith("seat01's endpoint vision-seat01-answer: not ended: ")
    assert second == "seat01's training job fit: ended, 0.230 USD per hour"


def test_a_warm_pool_is_let_go(busy: Room) -> None:
    busy.cloud.delays(training=0)
    busy.cloud.client("s3").create_bucket(Bucket="out")
    busy.trains("vision-seat01-warm", KeepAlivePeriodInSeconds=3600)
    ran = busy.command("end", "vision-seat01-warm")
    assert ran.out == "seat01's warm pool of vision-seat01-warm: ended, 0.230 USD per hour\n"
    told = busy.told("status")["seats"][0]
    assert "warm pool" not in told["jobs"]
