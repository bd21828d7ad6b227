"""``workshop bill``: ahead, so far and afterwards, as an organiser runs it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room, notebook, of_seats, room
from workshop import events
from workshop.account_region import AccountRegion
from workshop.ledger import Ledger


@pytest.fixture
def two(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """Two seats, of which the first has a notebook."""
    made = of_seats(cloud, tmp_path, monkeypatch, 2)
    made.notebooks([1])
    return made


def cost(day: datetime, usd: str, **tags: str) -> dict[str, Any]:
    """What Cost Explorer knows of a day."""
    return {"day": f"{day:%Y-%m-%d}", "usd": usd, "tags": {"workshop": "vision", **tags}}


def test_a_table_has_every_seat_and_says_what_it_is(two: Room, tmp_path: Path) -> None:
    ran = two.command("bill", "--csv", "bill.csv", "--page", "bill.html")
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[0] == ["seat", "notebook", "disk", "USD"]
    assert [row[0] for row in rows[1:]] == ["seat01", "seat02", "together"]
    assert rows[2] == ["seat02", "0.00", "0.00", "0.00"]
    wrote, again, last = ran.err.splitlines()[-3:]
    assert (wrote, again) == ("wrote bill.csv", "wrote bill.html")
    assert "an estimate by us-east-1 list prices of 2026-04-21; not in it: " in last
    assert "it has no machine of SageMaker there); older prices are used" in ran.err
    assert "seat01,notebook," in (tmp_path / "bill.csv").read_text()
    assert "<h1>vision</h1>" in (tmp_path / "bill.html").read_text()
    assert (tmp_path / "bill.html").stat().st_mode & 0o077 == 0


def test_names_are_in_files_only_where_they_are_asked_for(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = room(cloud, tmp_path, monkeypatch, "roster:\n  file: who.csv\n")
    (made.config / "who.csv").write_text("id,name\nada,Ada <b>Lovelace\n", encoding="utf-8")
    client = cloud.client("sagemaker")
    client.create_notebook_instance(
        NotebookInstanceName="vision-ada-notebook", InstanceType="ml.t3.medium", RoleArn=made.role
    )
    made.command("bill", "--page", "plain.html", "--csv", "plain.csv")
    made.command("bill", "--page", "named.html", "--csv", "named.csv", "--with-names")
    for name in ("plain.html", "plain.csv"):
        assert "Lovelace" not in (tmp_path / name).read_text()
    assert "Ada &lt;b&gt;Lovelace" in (tmp_path / "named.html").read_text()
    assert "ada,Ada <b>Lovelace,notebook," in (tmp_path / "named.csv").read_text()


def test_prices_of_aws_are_read_once_and_used_by_check_and_plan_as_well(two: Room) -> None:
    two.cloud.billing(
        products=[
            {
                "regionCode": "us-east-1",
                "usagetype": "USE1-Notebk:ml.t3.medium",
                "unit": "Hrs",
                "usd": "0.06",
            }
        ]
    )
    ran = two.command("bill")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert f"an estimate by AWS's price list for us-east-1, read on {today}; " in ran.err
    told = two.told("status")
    assert told["prices"] == {"us-east-1": f"AWS's price list for us-east-1, read on {today}"}
    # It has no price of disks, and that of the shipped list is another day's.
    assert told["totals"]["usd_per_hour"] == {"least": 0.06, "complete": False}


def test_status_says_what_it_has_seen_so_far_and_since_when_jobs_are_known(two: Room) -> None:
    assert "so far 0.00 USD, without jobs; all of it: workshop bill -e room" in (
        two.command("status").err
    )
    assert two.told("status")["so_far"]["jobs_at"] is None
    two.command("bill")
    assert f"so far 0.00 USD, jobs until {datetime.now(UTC):%Y-%m-%d} " in two.command("status").err


def test_the_estimate_is_a_paragraph_and_needs_an_end(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = of_seats(cloud, tmp_path, monkeypatch, 2)
    ran = made.command("bill", "--estimate")
    assert ran.code == 2
    assert (
        "the workshop's 'end' is more than ten years away, and nothing is estimated by that;"
        " correct it"
    ) in ran.err
    path = made.config / "room.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2099-12-31", "2026-01-02"), encoding="utf-8")
    ran = made.command("bill", "--estimate")
    assert ran.out.startswith("vision, Thu 1 Jan 2026 09:00 to Fri 2 Jan 2026 17:00 (UTC), 2 days")
    told = made.told("bill", "--estimate")
    assert (told["seats"], told["estimate"], told["rows"][0]["hours"]) == (2, True, 16.0)
    refused = made.command("bill", "--estimate", "--page", "x.html")
    assert refused.code == 2
    assert "'--estimate' looks ahead and has no files" in refused.err


def test_cost_explorer_is_compared_seat_by_seat_and_day_by_day(two: Room) -> None:
    now = datetime.now(UTC)
    Ledger("room").begin("deploy", account="000000000000", region="us-east-1", workshop="vision")
    two.cloud.billing(
        costs=[
            cost(now - timedelta(days=1), "1.25", attendee="seat01"),
            cost(now, "0.50", attendee="seat01"),
            cost(now, "0.25", attendee="cohort"),
            {**cost(now, "9", attendee="seat01"), "tags": {"workshop": "another"}},
        ]
    )
    ran = two.command("bill", "--reconcile")
    assert ran.code == 0
    assert [line.split()[:4] for line in ran.out.splitlines()] == [
        ["seat", "list", "prices", "Cost"],
        ["seat01", "0.00", "1.75", "+1.75"],
        ["seat02", "0.00", "-"],
        ["shared", "by", "all", "0.00"],
        ["together", "0.00", "2.00"],
    ]
    assert "Cost Explorer is up to a day behind" in ran.err
    assert "not activated" not in ran.err
    told = two.told("bill", "--reconcile")["reconciliation"]
    assert told["billed_usd"] == 2.0
    assert told["seats"][1] == {
        "seat": "seat02",
        "listed_usd": {"least": 0.0, "most": 0.0},
        "billed_usd": None,
    }


@pytest.mark.parametrize("tagged", [False, True])
def test_tags_that_are_not_activated_are_told_with_the_cure(two: Room, *, tagged: bool) -> None:
    two.cloud.billing(costs=[cost(datetime.now(UTC), "1")] if tagged else [])
    ran = two.command("bill", "--reconcile")
    which = "attendee" if tagged else "workshop and attendee"
    assert f"Cost Explorer knows no cost of 'vision' by seat: the tags {which} are not" in ran.err
    assert "aws ce update-cost-allocation-tags-status --cost-allocation-tags-status" in ran.err
    assert ("without the tag" in ran.out) is tagged


def test_cost_explorer_that_does_not_answer_is_not_zero(two: Room) -> None:
    two.cloud.faults({"effect": "denied", "operation": "ce:GetCostAndUsage"})
    ran = two.command("bill", "--reconcile")
    assert ran.code == 1
    assert "warning: Cost Explorer of account 000000000000: " in ran.err
    assert "not activated" not in ran.err
    assert json.loads(two.command("bill", "--json").out)["environment"] == "room"


def test_what_was_torn_down_did_not_go_on_until_somebody_looked_again(
    two: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    two.command("bill")
    client = two.cloud.client("sagemaker")
    two.command("stop", "--only", "seat01")
    client.delete_notebook_instance(NotebookInstanceName=notebook(1))
    Ledger("room").gone([AccountRegion("000000000000", "us-east-1")], "vision")
    later = datetime.now(UTC) + timedelta(days=7)
    monkeypatch.setattr(events, "now", lambda: later)
    two.command("status")
    [seat, _] = two.told("bill")["seats"]
    assert seat["by_kind"].keys() == {"notebook", "disk"}
    # Seven days of the notebook would be 8.40 USD.
    assert seat["usd"]["most"] < 1
