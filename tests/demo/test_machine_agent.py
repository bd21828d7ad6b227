"""The local cloud runs no agent of an instance: a round of its own code makes its report."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.box_class import write_boxes
from tests.support.local_cloud import Cloud
from workshop.aws import agent_reports
from workshop.aws.agent_reports import AgentReport
from workshop.aws.clients import Clients
from workshop.demo import machine_agent
from workshop.environments import loader
from workshop.errors import WorkshopError

NOW, USED = 1_900_000_000.0, 1_899_999_400.0
BUCKET = "vision-ben-data-000000000000-us-east-1"


def reported(cloud: Cloud, folder: Path) -> AgentReport:
    loaded = loader.load("dev", write_boxes(folder))
    ben = next(seat for seat in loaded.seats if seat.id == "ben")
    said = machine_agent.report(
        cloud.client("s3"), loaded.names(ben), bucket="data", now=NOW, used=USED, work="print()\n"
    )
    assert said == "the agent has saved 1 file and reported"
    clients = Clients(loaded.home)
    report = agent_reports.read(clients, loaded, ben, of_box=True)
    assert isinstance(report, AgentReport)
    return report


def test_it_says_when_the_instance_was_last_used_and_saves_its_work(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    for bucket in (BUCKET, "vision-cohort-datasets-000000000000-us-east-1"):
        cloud.client("s3").create_bucket(Bucket=bucket)
    report = reported(cloud, tmp_path)
    assert (report.time, report.active, report.files) == (NOW, USED, 1)
    saved = cloud.client("s3").get_object(Bucket=BUCKET, Key="saved/files/train.py")
    assert saved["Body"].read() == b"print()\n"


def test_what_the_agent_notes_as_an_error_ends_in_a_sentence(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(WorkshopError, match=r"the agent of vision-ben-box: messages: .*NoSuch"):
        reported(cloud, tmp_path)
