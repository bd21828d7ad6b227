"""What EC2 instances cost: estimated before, seen while they run, and on the bill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

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


def box(status: str, since: datetime) -> BoxState:
    return BoxState("demo-ada-box", "i-1", status, "g5.xlarge", "us-east-1a", since, MADE)


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


def test_a_bill_counts_the_hours_that_an_instance_was_seen_to_run_and_its_disk_all_along(
    tmp_path: Path,
) -> None:
    loaded, kept = workshop(tmp_path), UsageRecord()
    for hours, status, since in ((2, "running", MADE), (6, "stopped", MADE)):
        look = Observation(
            HERE, Owners("demo", {"ada", "ben"}), kept, MADE + timedelta(hours=hours)
        )
        look.boxes({"demo-ada-box": box(status, since)}, box_disks(loaded))
        kept = with_looks(kept, [look])
    [ada] = [one for one in bills.bill(loaded, kept, look.at).seats if one.seat == "ada"]
    assert ada.of(amounts.BOX).least == 2 * Decimal("1.006")
    assert ada.of(amounts.BOX).most == 6 * Decimal("1.006")
    of_disk = ada.of(amounts.BOX_DISK)
    assert of_disk.least == of_disk.most
    assert float(of_disk.least) == float(6 * 150 * Decimal("0.08") / 730)


def test_what_cannot_be_listed_is_told_and_is_not_nothing() -> None:
    look = Observation(HERE, Owners("demo", {"ada"}), UsageRecord(), MADE)
    look.boxes(Unavailable("DescribeInstances: UnauthorizedOperation"), {})
    assert look.unread == [
        "EC2 instances could not be read: DescribeInstances: UnauthorizedOperation"
    ]
    assert not look.has_read(amounts.BOX)
