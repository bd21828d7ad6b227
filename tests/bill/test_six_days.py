"""Six days of a seat that were played, and the bill that somebody computed by hand for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud import process
from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room, notebook, of_seats
from workshop import events
from workshop.account_region import AccountRegion
from workshop.bill import record
from workshop.bill.record import UsageRecord
from workshop.ledger import Ledger

HOUR = 3600
T3_MEDIUM, M5_LARGE = 0.05, 0.115
"""USD per hour in us-east-1."""
UNKNOWN = (None, None)
"""The bounds of what nothing is known of."""
DISK = 20 * 0.14 / 730
"""USD per hour of a disk of 20 GB at 0.14 USD per GB and month."""


@dataclass
class PlayedDay:
    """A day of the workshop ``vision``, whose hours pass when they are told to."""

    room: Room
    cloud: Cloud
    began: datetime

    def until(self, hour: float) -> None:
        """Let it become this hour of the day."""
        passed = (self.now() - self.began).total_seconds()
        self.cloud.advance(hour * HOUR - passed)

    def now(self) -> datetime:
        return datetime.fromtimestamp(process.set_clock(self.cloud.running)["now"], UTC)

    def stop(self) -> None:
        """Somebody stops the notebook."""
        client = self.cloud.client("sagemaker")
        client.stop_notebook_instance(NotebookInstanceName=notebook(1))

    def start(self) -> None:
        client = self.cloud.client("sagemaker")
        client.start_notebook_instance(NotebookInstanceName=notebook(1))

    def bill(self, seat: str = "seat01") -> dict[str, tuple[Any, Any]]:
        """What a seat has cost, by kind: the least and the most."""
        told: dict[str, Any] = self.room.told("bill")
        [one] = [some for some in told["seats"] if some["seat"] == seat]
        return {kind: (usd["least"], usd["most"]) for kind, usd in one["by_kind"].items()}


def usd(*bounds: float) -> tuple[float, float]:
    """The bounds of an amount as they are told: one figure is both."""
    least, most = (round(bound, 4) for bound in (bounds[0], bounds[-1]))
    return least, most


@pytest.fixture
def day(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlayedDay:
    """A day that begins now, with nothing in it."""
    cloud.freeze()
    cloud.delays(notebook=0, stopping=0, endpoint=0)
    made = PlayedDay(of_seats(cloud, tmp_path, monkeypatch, 2), cloud, datetime.now(UTC))
    made.began = made.now()
    monkeypatch.setattr(events, "now", made.now)
    return made


def test_a_notebook_that_runs_since_it_was_made_has_one_figure(day: PlayedDay) -> None:
    day.room.notebooks([1])
    day.until(8)
    assert day.bill() == {"notebook": usd(8 * T3_MEDIUM), "disk": usd(8 * DISK)}
    assert day.bill("seat02") == {}


def test_of_a_notebook_that_was_stopped_unseen_only_the_bounds_are_known(day: PlayedDay) -> None:
    day.room.notebooks([1])
    day.until(8)
    day.stop()
    day.until(24)
    assert day.bill() == {"notebook": usd(0, 8 * T3_MEDIUM), "disk": usd(24 * DISK)}


def test_looks_at_it_make_the_bounds_narrow(day: PlayedDay) -> None:
    day.room.notebooks([1])
    day.until(7.5)
    day.room.command("status")
    day.until(8)
    day.stop()
    day.until(9)
    day.room.command("status")
    day.until(20)
    day.start()
    day.until(24)
    # It ran from 0 to at least 7:30, at most to 8:00, and from 20:00 on. It stood from 8:00 to at
    # least 9:00; what it did until 20:00, nobody has seen.
    least, most = (7.5 + 4) * T3_MEDIUM, (24 - 1) * T3_MEDIUM
    assert day.bill()["notebook"] == usd(least, most)


def test_a_job_costs_its_billable_time_on_each_machine_also_once_it_is_deleted(
    day: PlayedDay,
) -> None:
    day.cloud.delays(training=HOUR)
    day.room.trains("vision-seat01-fit")
    day.until(2)
    client = day.cloud.client("sagemaker")
    seconds = client.describe_training_job(TrainingJobName="vision-seat01-fit")[
        "BillableTimeInSeconds"
    ]
    # The local cloud takes a tenth of the hour to start the machines, which is not billed.
    assert seconds == 0.9 * HOUR
    cost = {"training": usd(0.9 * 2 * M5_LARGE)}
    assert day.bill() == cost
    client.delete_training_job(TrainingJobName="vision-seat01-fit")
    day.until(20)
    assert day.bill() == cost


def test_an_endpoint_over_night_that_was_deleted_unseen_ended_after_the_last_look(
    day: PlayedDay,
) -> None:
    day.room.serves("vision-seat01-answer", count=3)
    day.until(11)
    assert day.bill() == {"endpoint": usd(11 * 3 * M5_LARGE)}
    day.until(12)
    day.cloud.client("sagemaker").delete_endpoint(EndpointName="vision-seat01-answer")
    day.until(13)
    assert day.bill() == {"endpoint": usd(11 * 3 * M5_LARGE, 13 * 3 * M5_LARGE)}
    day.until(20)
    assert day.bill() == {"endpoint": usd(11 * 3 * M5_LARGE, 13 * 3 * M5_LARGE)}


def test_an_unknown_price_is_not_zero_and_what_cannot_be_read_is_told(day: PlayedDay) -> None:
    day.room.notebooks([1])
    day.cloud.delays(training=HOUR)
    day.room.trains(
        "mine", {"workshop": "vision", "attendee": "seat01"}, InstanceType="ml.m4.xlarge"
    )
    day.room.trains("theirs", {"workshop": "another", "attendee": "seat01"})
    day.room.trains("left", {"workshop": "vision", "attendee": "gone"}, InstanceCount=1)
    day.until(2)
    assert day.bill()["training"] == UNKNOWN
    assert day.bill("gone")["training"] == usd(0.9 * M5_LARGE)
    ran = day.room.command("bill")
    assert "warning: what ml.m4.xlarge costs for training is not known" in ran.err
    assert ran.code == 0
    day.cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
    day.until(3)
    ran = day.room.command("bill")
    assert "warning: 000000000000 us-east-1: notebooks could not be read: " in ran.err
    assert ran.code == 1
    # What it has cost since, and what others may have had, is not known: neither is nothing.
    assert day.bill()["notebook"] == (2 * T3_MEDIUM, None)
    assert day.bill("seat02") == {"notebook": UNKNOWN, "disk": UNKNOWN}
    [sums] = [line.split() for line in ran.out.splitlines() if line.startswith("together")]
    assert sums[1:4] == ["at", "least", f"{2 * T3_MEDIUM:.2f}"]
    assert "so far at least " in day.room.command("status").err
    # It is not taken for gone.
    day.cloud.faults()
    assert day.bill()["notebook"] == usd(3 * T3_MEDIUM)
    assert day.bill("seat02") == {}


def test_what_was_not_read_of_an_account_that_nobody_has_any_more_is_not_missing(
    day: PlayedDay,
) -> None:
    """Nobody looks there again, so it could never be read: nothing was ever done there."""
    never = ("111111111111", "us-east-1", "notebook")
    torn_down = ("222222222222", "us-east-1", "notebook")
    record.write(UsageRecord(not_read=frozenset((never, torn_down))), "room")
    Ledger("room").gone([AccountRegion("222222222222", "us-east-1")], "vision")
    assert day.bill("") == {"notebook": UNKNOWN}
    assert record.read("room").not_read == {torn_down}


def test_a_job_that_cannot_be_described_costs_nobody_knows_what_and_is_not_gone(
    day: PlayedDay,
) -> None:
    day.cloud.delays(processing=5 * HOUR)
    day.cloud.client("sagemaker").create_processing_job(
        ProcessingJobName="vision-seat01-clean",
        ProcessingResources={
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            }
        },
        AppSpecification={"ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/x:1"},
        RoleArn=day.room.role,
    )
    day.until(2)
    denied = {"effect": "denied", "operation": "sagemaker:DescribeProcessingJob"}
    day.cloud.faults(denied)
    assert day.bill() == {"processing": UNKNOWN}
    assert day.room.command("bill").code == 1
    day.cloud.faults()
    [least, most] = day.bill()["processing"]
    assert least == most
    assert least
    day.cloud.faults(denied)
    day.until(3)
    assert day.bill() == {"processing": (least, None)}
    day.cloud.faults()
    day.until(4)
    assert day.bill()["processing"][0] > least


def test_a_serverless_endpoint_has_no_machine_and_a_changed_one_had_others_before(
    day: PlayedDay,
) -> None:
    client = day.cloud.client("sagemaker")
    day.room.serves("vision-seat01-answer", count=2)
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}
    variant = {"VariantName": "all", "ModelName": "vision-seat01-answer"}
    client.create_endpoint_config(
        EndpointConfigName="small", ProductionVariants=[{**variant, "ServerlessConfig": serverless}]
    )
    client.create_endpoint(EndpointName="vision-seat01-small", EndpointConfigName="small")
    day.until(6)
    day.room.command("status")
    client.create_endpoint_config(
        EndpointConfigName="large",
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.large", "InitialInstanceCount": 10}],
    )
    client.update_endpoint(EndpointName="vision-seat01-answer", EndpointConfigName="large")
    day.until(7)
    # Two machines for six hours at least, and ten for the last of seven; it may have been more.
    least = (6 * 2 + 10) * M5_LARGE
    assert day.bill() == {"endpoint": (round(least, 4), None)}
    ran = day.room.command("bill")
    assert "is not known" not in ran.err


def test_what_cannot_be_kept_is_told_and_shown_all_the_same(day: PlayedDay, tmp_path: Path) -> None:
    day.room.notebooks([1])
    (tmp_path / ".workshop").write_text("in the way", encoding="utf-8")
    ran = day.room.command("bill")
    assert "warning: what was seen could not be kept in .workshop/room/bill.json (" in ran.err
    assert ran.out.splitlines()[-1].startswith("together")
    assert day.room.command("status").code == 0


def test_an_endpoint_that_is_gone_when_it_is_described_is_not_of_unknown_cost(
    day: PlayedDay,
) -> None:
    day.room.serves("vision-seat01-answer")
    day.until(2)
    day.room.command("status")
    day.cloud.faults({"effect": "stale", "operation": "sagemaker:ListEndpoints", "seconds": 60})
    day.room.command("status")
    day.cloud.client("sagemaker").delete_endpoint(EndpointName="vision-seat01-answer")
    ran = day.room.command("status")
    assert "answer" not in ran.out + ran.err
    day.cloud.faults()
    assert day.bill() == {"endpoint": usd(2 * M5_LARGE)}
