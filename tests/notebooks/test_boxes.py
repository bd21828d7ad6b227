"""``workshop stop``, ``start`` and ``status`` of seats with EC2 instances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.machines import tag_map
from tests.support.small_workshop import REGION, Fleet
from workshop.notebooks import start_stop

PROFILES = (
    "profiles: {box: {notebook: {enabled: false}, ec2: {instance_types: [g5.xlarge]}},"
    " both: {ec2: {instance_types: [g4dn.xlarge]}}}"
)
ROWS = "id,profile\nada,box\nben,both\ncleo,box\n"


@pytest.fixture
def deployed(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """Three seats that have instances, one of them a notebook as well."""
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(start_stop, "FIRST_POLL_SECONDS", 0.01)
    cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 64})
    fleet = Fleet(cloud, tmp_path)
    fleet.write(1, PROFILES, roster="roster: {file: people.csv, profile: box}")
    (fleet.config / "people.csv").write_text(ROWS)
    assert fleet.deploy().good
    return fleet


def told(fleet: Fleet) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(fleet.run("status", "--json").out)
    return document


def zone_of(fleet: Fleet, seat: str) -> str:
    box = [{"Name": "tag:Name", "Values": [f"demo-{seat}-box"]}]
    (found,) = fleet.cloud.client("ec2").describe_instances(Filters=box)["Reservations"]
    return str(found["Instances"][0]["Placement"]["AvailabilityZone"])


def test_instances_are_stopped_and_started_and_who_gets_no_machine_is_named(
    deployed: Fleet,
) -> None:
    stopped = deployed.run("stop", "--save-minutes", "0")
    assert stopped.code == 0, stopped.err
    assert "4 stopped" in stopped.err
    assert "this saves 2.588 USD per hour" in stopped.err
    at_rest = {row["seat"]: row for row in told(deployed)["seats"]}
    assert at_rest["ada"]["box"] == "stopped"
    assert at_rest["ada"]["usd_per_hour"]["least"] == pytest.approx(150 * 0.08 / 730)
    assert "stopped g5.xlarge (A10G)" in deployed.run("status").out

    fault = {"effect": "capacity", "instance_type": "g5.xlarge", "zone": zone_of(deployed, "ada")}
    deployed.cloud.faults(fault)
    deployed.cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 64})
    started = deployed.run("start")
    assert started.code == 1
    for seat in ("ada", "cleo"):
        zone = zone_of(deployed, seat)
        assert (
            f"{seat}: EC2 instance failed: EC2 has no g5.xlarge to give in {zone} now, and a"
            " stopped instance has no claim to one; what is on its disk is safe: start it again"
            " later, and early on the day, or give its row another 'instance_type' and deploy"
        ) in started.err
    assert "2 failed, 2 started" in started.err

    deployed.cloud.faults()
    again = deployed.run("start")
    assert again.code == 0
    assert "2 started already" in again.err
    ready = told(deployed)
    assert (ready["ready"], ready["totals"]["boxes_up"]) == (3, 3)
    assert ready["seats"][0]["box_up_since"] is not None


def test_a_quota_that_has_been_used_up_meanwhile_is_told(deployed: Fleet) -> None:
    assert deployed.run("stop", "--save-minutes", "0", "--only", "ada").code == 0
    deployed.cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 8})
    started = deployed.run("start", "--only", "ada")
    assert started.code == 1
    assert (
        "the account's quota of vCPUs has none left for g5.xlarge; stop another instance, or ask"
        " AWS for more with: workshop preflight -e dev --request-quotas"
    ) in started.err


def test_a_frozen_seats_instance_carries_the_tag_by_which_a_door_leaves_it_alone(
    deployed: Fleet,
) -> None:
    def frozen() -> list[str]:
        tagged = [{"Name": "tag:frozen", "Values": ["true"]}]
        found = deployed.cloud.client("ec2").describe_instances(Filters=tagged)["Reservations"]
        return [tag_map(one["Instances"][0])["Name"] for one in found]

    assert deployed.run("freeze", "--only", "ada").code == 0
    assert frozen() == ["demo-ada-box"]
    assert deployed.run("reopen", "--only", "ada").code == 0
    assert frozen() == []
