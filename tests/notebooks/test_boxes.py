"""``workshop stop``, ``start`` and ``status`` of seats with EC2 instances."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import config_folder
from tests.support.agent_reports import BOX_KEY
from tests.support.local_cloud import Cloud
from tests.support.machines import tag_map
from tests.support.small_workshop import HOME, REGION, Fleet
from workshop import events
from workshop.agent import inbox
from workshop.aws.boxes import BoxState
from workshop.aws.machine_kinds import BOX
from workshop.cli import ready as ready_command
from workshop.cli import save as save_command
from workshop.cli import start_stop as stop_command
from workshop.notebooks import start_stop
from workshop.requests import ask
from workshop.requests.ask import AgentWaits

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


def reports(fleet: Fleet, seat: str, key: str = "saved/report.json", **more: object) -> None:
    """Lay what the agent of a seat's machine reports now."""
    text = {"time": events.now().timestamp(), **more}
    bucket = f"demo-{seat}-data-000000000000-us-east-1"
    fleet.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(text).encode())


@pytest.fixture
def agents(deployed: Fleet, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Agents that answer all requests while they are waited for; seat -> why no kernel starts."""
    broken: dict[str, str] = {}
    s3, (first, *_) = deployed.cloud.client("s3"), deployed.seats()
    held = deployed.loaded().names(first).datasets_bucket

    def answer(_: float) -> bool:
        document = json.loads(s3.get_object(Bucket=held, Key=inbox.KEY)["Body"].read())
        asked = [one["id"] for one in document["requests"]]
        for seat in ("ada", "ben", "cleo"):
            reports(deployed, seat, kernels={"python3": broken.get(seat, "")}, handled=asked)
        reports(deployed, "ben", BOX_KEY, kernels={"pytorch": "died"}, handled=asked)
        return False

    def waits(_: Callable[[float], bool], minutes: float) -> AgentWaits:
        return AgentWaits(answer, minutes, clock=lambda: 0.0)

    for command in (ready_command, save_command, stop_command):
        monkeypatch.setattr(command, "AgentWaits", waits)
    monkeypatch.setattr(ask, "POLL_SECONDS", 0.01)
    return broken


def ready(fleet: Fleet, *arguments: str) -> dict[str, dict[str, Any]]:
    """Seat -> what `workshop ready` tells programs."""
    return {row["seat"]: row for row in json.loads(fleet.run("ready", "--json", *arguments).out)}


def test_the_last_use_of_an_instance_is_what_its_agent_reports(deployed: Fleet) -> None:
    now = events.now().timestamp()
    reports(deployed, "ada", active=now - 7200)
    reports(deployed, "ben", active=now)  # of the notebook, which is not asked for it
    reports(deployed, "ben", BOX_KEY, active=now - 3600)
    reports(deployed, "cleo", time=now - 3600, active=now - 3600)
    ada, ben, cleo = told(deployed)["seats"]
    assert datetime.fromisoformat(ada["active"]).timestamp() == pytest.approx(now - 7200)
    assert datetime.fromisoformat(ben["active"]).timestamp() == pytest.approx(now - 3600)
    assert [row["active_known"] for row in (ada, ben, cleo)] == [True, True, False]
    shown = deployed.run("status")
    assert shown.code == 0
    assert "2h00m" in shown.out
    assert " ? " in next(line for line in shown.out.splitlines() if line.startswith("cleo"))

    deployed.cloud.faults({"effect": "denied", "operation": "s3:GetObject"})
    unread = deployed.run("status", "--only", "ada")
    assert unread.code == 1
    assert "reports of EC2 instances (1 of them) could not be read: " in unread.err
    assert " ? " in next(line for line in unread.out.splitlines() if line.startswith("ada"))


def test_ready_asks_instances_and_leaves_those_that_run_as_they_are(
    deployed: Fleet, agents: dict[str, str]
) -> None:
    assert deployed.run("stop", "--save-minutes", "0", "--only", "ada").code == 0
    before = {row["seat"]: row["box_up_since"] for row in told(deployed)["seats"]}
    agents["cleo"] = "no ipykernel"
    seen = ready(deployed)
    assert seen["ada"] == {
        "seat": "ada",
        "ready": True,
        "reasons": [],
        "was_stopped": True,
        "may_run_on": False,
    }
    assert seen["ben"]["reasons"] == ["EC2 instance: the kernel pytorch does not start: died"]
    assert seen["cleo"]["reasons"] == ["the kernel python3 does not start: no ipykernel"]
    rows = told(deployed)["seats"]
    assert [row["box"] for row in rows] == ["stopped", "running", "running"]
    assert {row["seat"]: row["box_up_since"] for row in rows} == before


def requests(fleet: Fleet) -> list[tuple[str, list[str]]]:
    """What agents were asked for, and of whom."""
    held = fleet.loaded().names(fleet.seats()[0]).datasets_bucket
    body = fleet.cloud.client("s3").get_object(Bucket=held, Key=inbox.KEY)["Body"].read()
    return [(one["kind"], one["seats"]) for one in json.loads(body)["requests"]]


@pytest.mark.usefixtures("agents")
def test_ready_starts_and_checks_notebooks_and_instances_side_by_side(deployed: Fleet) -> None:
    assert deployed.run("stop", "--save-minutes", "0").code == 0
    seen = deployed.run("ready")
    assert requests(deployed) == [("check", ["ada", "ben", "cleo"])]
    assert "asking 4 agents, for 15 minutes at most" in seen.err
    assert "stopping what was stopped before: 4 of 4 machines" in seen.err
    assert [row["box"] for row in told(deployed)["seats"]] == ["stopped"] * 3


@pytest.mark.usefixtures("agents")
def test_every_machine_of_a_seat_saves_when_asked_and_before_it_is_stopped(
    deployed: Fleet,
) -> None:
    saved = json.loads(deployed.run("save", "--json").out)
    assert [(one["seat"], one["machine"], one["result"]) for one in saved] == [
        ("ada", "EC2 instance", "done"),
        ("ben", "notebook", "done"),
        ("ben", "EC2 instance", "done"),
        ("cleo", "EC2 instance", "done"),
    ]
    stopped = deployed.run("stop")
    assert stopped.code == 0, stopped.err
    assert "4 saved" in stopped.err
    assert "not saved first" not in stopped.err
    assert requests(deployed) == [("save", ["ada", "ben", "cleo"])] * 2
    again = deployed.run("save")
    assert again.code == 0
    assert "0 saved, 0 not, 4 not running" in again.err


def test_instances_whose_agents_do_not_save_are_named_and_stopped_all_the_same(
    deployed: Fleet,
) -> None:
    stopped = deployed.run("stop", "--only", "ben")
    assert stopped.code == 0, stopped.err
    assert (
        "not saved first: ben, the EC2 instance of ben: its agent has never reported; a machine"
        " saves once more while it stops"
    ) in stopped.err
    assert told(deployed)["seats"][1]["box"] == "stopped"


@pytest.mark.usefixtures("agents")
def test_a_seat_for_whose_instance_there_is_no_machine_is_not_ready(deployed: Fleet) -> None:
    assert deployed.run("stop", "--save-minutes", "0", "--only", "ada").code == 0
    deployed.cloud.faults({"effect": "capacity", "instance_type": "g5.xlarge"})
    seen = ready(deployed, "--only", "ada,cleo")
    assert seen["ada"]["reasons"][0].startswith("EC2 has no g5.xlarge to give in ")
    assert [seen["ada"]["may_run_on"], seen["cleo"]["ready"]] == [False, True]
    assert [row["box"] for row in told(deployed)["seats"]] == ["stopped", "running", "running"]


def test_a_capacity_reservation_without_room_is_told_in_words(tmp_path: Path) -> None:
    error = ClientError(
        {"Error": {"Code": "ReservationCapacityExceeded", "Message": "no"}}, "StartInstances"
    )
    config_folder.write(tmp_path, f"{config_folder.HEAD}{config_folder.SEATS}")
    loaded, now = config_folder.load(tmp_path), events.now()
    state = BoxState("demo-ada-box", "i-1", "stopped", "g5.xlarge", f"{REGION}a", now, now)
    assert BOX.trouble(error, loaded, HOME, state) == (
        "its capacity reservation has no room for another g5.xlarge now; what is on its disk is"
        " safe: stop another instance in it, or start it again later"
    )


def test_instances_that_cannot_be_listed_are_not_started_and_not_ready(deployed: Fleet) -> None:
    assert deployed.run("stop", "--save-minutes", "0", "--only", "ada").code == 0
    deployed.cloud.faults({"effect": "denied", "operation": "ec2:DescribeInstances", "times": 1})
    seen = ready(deployed, "--only", "ada")
    assert seen["ada"]["reasons"][0].startswith("its EC2 instance could not be read: ")
    assert told(deployed)["seats"][0]["box"] == "stopped"


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


def test_an_instance_that_is_protected_is_told_with_what_lets_it_be_stopped(
    deployed: Fleet,
) -> None:
    ec2 = deployed.cloud.client("ec2")
    box = [{"Name": "tag:Name", "Values": ["demo-ada-box"]}]
    (found,) = ec2.describe_instances(Filters=box)["Reservations"]
    id_ = found["Instances"][0]["InstanceId"]
    ec2.modify_instance_attribute(InstanceId=id_, DisableApiStop={"Value": True})
    stop = ("stop", "--save-minutes", "0", "--only", "ada")
    refused = deployed.run(*stop)
    assert refused.code == 1
    told, _, cure = refused.out.partition("take that off with: ")
    assert f"the EC2 instance {id_} is protected against being stopped; " in told
    program, *words = cure.splitlines()[0].split()
    aws = Path(sys.executable).with_name(program)
    subprocess.run([aws, *words], env=deployed.cloud.environment(), check=True)
    assert deployed.run(*stop).code == 0


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
