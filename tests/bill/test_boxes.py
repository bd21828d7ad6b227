"""What EC2 instances cost: estimated before, seen while they run, and on the bill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import config_folder
from tests.support.box_assembly import PROFILES, ROSTER, TEXT, write_pins
from tests.support.teardown_demo import HERE
from workshop.aws.boxes import BoxState
from workshop.aws.reads import Unavailable
from workshop.bill import bills, estimate
from workshop.bill.observation import Observation, box_disks, with_looks
from workshop.bill.record import UsageRecord
from workshop.config.environment import LoadedEnvironment
from workshop.pricing import amounts
from workshop.status.snapshot import Owners

MADE = datetime(2026, 3, 2, 8, tzinfo=UTC)


def workshop(folder: Path) -> LoadedEnvironment:
    dated = TEXT.replace("2099-12-31T17", "2026-01-01T19")
    config_folder.write(folder, f"{dated}{PROFILES}\n")
    (folder / "people.csv").write_text(ROSTER)
    write_pins(folder)
    return config_folder.load(folder)


def box(status: str, since: datetime, reason: str = "") -> BoxState:
    place = ("g5.xlarge", "us-east-1a")
    return BoxState("demo-ada-box", "i-1", status, *place, since, MADE, reason=reason)


def test_an_estimate_has_machines_and_disks_of_both_kinds(tmp_path: Path) -> None:
    loaded = workshop(tmp_path)
    made = estimate.estimate(loaded, loaded.seats)
    assert made is not None
    rows = {(row.kind, row.instance_type): row for row in made.rows}
    instances = rows[amounts.BOX, "g5.xlarge"]
    assert instances.seats == 2
    assert instances.cost.usd == 2 * instances.hours * Decimal("1.006")
    disks = rows[amounts.BOX_DISK, ""]
    assert disks.cost.usd == 2 * 10 * Decimal("0.08") * 150 / 730
    assert rows[amounts.NOTEBOOK, "ml.t3.medium"].seats == 1
    assert (
        "8 hours a day of each notebook and each EC2 instance (stopped outside of them), their"
        " disks from start to end, "
    ) in estimate.paragraph(loaded, made)
    [ada, *_] = loaded.seats
    alone = estimate.estimate(loaded, [ada])
    assert alone is not None
    assert "8 hours a day of each EC2 instance (stopped outside of them), its disk" in (
        estimate.paragraph(loaded, alone)
    )


def test_a_bill_counts_the_hours_that_an_instance_was_seen_to_run_and_its_disk_all_along(
    tmp_path: Path,
) -> None:
    loaded, kept = workshop(tmp_path), UsageRecord()
    for hours, status, since in ((2, "running", MADE), (6, "stopped", MADE)):
        look = Observation(
            HERE, Owners("demo", {"ada", "ben"}), kept, MADE + timedelta(hours=hours)
        )
        look.boxes({"demo-ada-box": box(status, since)}, box_disks(loaded, HERE))
        kept = with_looks(kept, [look])
    [ada] = [one for one in bills.bill(loaded, kept, look.at).seats if one.seat == "ada"]
    assert ada.of(amounts.BOX).least == 2 * Decimal("1.006")
    assert ada.of(amounts.BOX).most == 6 * Decimal("1.006")
    of_disk = ada.of(amounts.BOX_DISK)
    assert of_disk.least == of_disk.most
    assert float(of_disk.least) == float(6 * 150 * Decimal("0.08") / 730)


@pytest.mark.parametrize(
    ("status", "began", "reason", "hours"),
    [
        # Once: since it was made, until it was stopped, whoever had looked meanwhile.
        ("stopped", 0, "User initiated (2026-03-02 11:30:00 GMT)", ("3.5", "3.5")),
        ("stopping", 0, "User initiated (2026-03-02 11:30:00 GMT)", ("3.5", "3.5")),
        # Started again after three hours of which nobody knows.
        ("stopped", 3, "User initiated (2026-03-02 11:30:00 GMT)", ("0.5", "3.5")),
        # Of what is shut down from inside EC2 tells no time.
        ("stopped", 0, "", ("0", "6")),
        # Words of an earlier stop.
        ("running", 4, "User initiated (2026-03-02 11:30:00 GMT)", ("2", "6")),
    ],
)
def test_the_hours_of_an_instance_that_was_stopped_are_known_by_what_ec2_says_of_it(
    tmp_path: Path, status: str, began: int, reason: str, hours: tuple[str, str]
) -> None:
    loaded, at = workshop(tmp_path), MADE + timedelta(hours=6)
    look = Observation(HERE, Owners("demo", {"ada", "ben"}), UsageRecord(), at)
    seen = box(status, MADE + timedelta(hours=began), reason)
    look.boxes({"demo-ada-box": seen}, box_disks(loaded, HERE))
    made = bills.bill(loaded, with_looks(UsageRecord(), [look]), at)
    [ada] = [one for one in made.seats if one.seat == "ada"]
    used = ada.of(amounts.BOX)
    assert [used.least, used.most] == [Decimal(one) * Decimal("1.006") for one in hours]


def test_what_cannot_be_listed_is_told_and_is_not_nothing() -> None:
    look = Observation(HERE, Owners("demo", {"ada"}), UsageRecord(), MADE)
    look.boxes(Unavailable("DescribeInstances: UnauthorizedOperation"), {})
    assert look.unread == [
        "EC2 instances could not be read: DescribeInstances: UnauthorizedOperation"
    ]
    assert not look.has_read(amounts.BOX)
