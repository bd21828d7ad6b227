"""Seats with EC2 instances from preflight to teardown, by whole commands."""

from __future__ import annotations

import json

import pytest

from tests.support import gpu_boxes
from tests.support.gpu_boxes import SEATS, G, P, machines
from tests.support.small_workshop import REGION, Fleet
from tests.support.workshop_command import Ran
from workshop.notebooks import start_stop


@pytest.fixture
def fleet(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """A seat of each instance type, in a new account."""
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(start_stop, "FIRST_POLL_SECONDS", 0.01)
    fleet.write(1, gpu_boxes.profiles(), roster=gpu_boxes.HEAD)
    (fleet.config / "people.csv").write_text(gpu_boxes.ROSTER)
    return fleet


def well(fleet: Fleet, command: str, *arguments: str) -> Ran:
    """Run a command that has to end well."""
    ran = fleet.run(command, *arguments)
    assert ran.code == 0, (command, ran.out, ran.err)
    return ran


def states(fleet: Fleet) -> dict[str, tuple[str, str]]:
    """Seat -> instance type and state, by EC2 itself; the same is what status has."""
    found = gpu_boxes.states(fleet.cloud)
    told = json.loads(fleet.run("status", "--json").out)["seats"]
    assert {row["seat"]: row["box"] for row in told} == {
        seat: state for seat, (_, state) in found.items()
    }
    return found


@pytest.mark.long
def test_one_gpu_four_and_eight_are_deployed_used_stopped_started_and_torn_down(
    fleet: Fleet,
) -> None:
    cloud = fleet.cloud
    cloud.quotas(region=REGION, ec2={G: 52, P: 0})
    refused = fleet.run("preflight")
    assert refused.code != 0
    assert "1 x p4d.24xlarge = 96 vCPUs; the quota L-417A185B is 0: 96 too few" in refused.out
    cloud.quotas(region=REGION, ec2={G: 52, P: 96})
    well(fleet, "preflight")
    well(fleet, "deploy")
    running = gpu_boxes.running()
    assert states(fleet) == running
    assert "3 unchanged" in well(fleet, "plan").out
    assert "all 3 seats are ready" in well(fleet, "status").err

    for one in machines(cloud):
        entered = well(fleet, "connect", gpu_boxes.seat_of(one))
        assert one["InstanceId"] in entered.out
        gpu_boxes.work(cloud, one)

    assert "3 stopped" in well(fleet, "stop", "--save-minutes", "0").err
    assert {state for _, state in states(fleet).values()} == {"stopped"}
    assert "3 started" in well(fleet, "start").err
    assert states(fleet) == running

    kept = fleet.folder / "kept"
    planned = json.loads(well(fleet, "teardown", "--json", "--save-to", str(kept)).out)
    well(
        fleet,
        *("teardown", "--apply", planned["digest"], "--yes", "demo", "--early"),
        *("--interval", "0", "--save-to", str(kept)),
    )
    assert fleet.statuses() == {}
    assert [*machines(cloud)] == []
    ec2 = cloud.client("ec2")
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    groups = ec2.describe_security_groups()["SecurityGroups"]
    assert {one["GroupName"] for one in groups} == {"default"}
    assert cloud.client("iam").list_instance_profiles()["InstanceProfiles"] == []
    assert len([*kept.rglob("densenet.pth")]) == len(SEATS)
