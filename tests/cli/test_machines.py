"""Whole commands for seats without a notebook: with a role alone, and with an EC2 instance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.workshop_command import Ran, run
from workshop.config import images

TYPES = "{training_instance_types: [ml.m5.large], processing_instance_types: [ml.m5.large],\
 endpoint_instance_types: [ml.m5.large]}"
ENVIRONMENT = """\
workshop: vision
account: "000000000000"
region: us-east-1
start: 2026-01-01T09:00:00+00:00
end: 2099-12-31T17:00:00+00:00
roster: {seats: 2}
profiles:
  attendee:
    notebook: {enabled: false}
"""
INSTANCES = "    ec2: {instance_types: [g5.xlarge, g4dn.xlarge]}\n"


@pytest.fixture
def folder(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def written(folder: Path, more: str = "") -> None:
    text = f"{ENVIRONMENT}{more}    access: {TYPES}\n"
    (folder / "dev.yaml").write_text(text, encoding="utf-8")


def well(*arguments: str) -> Ran:
    """Run a command of the environment, which has to end well."""
    ran = run(*arguments, "-e", "dev")
    assert ran.code == 0, (arguments, ran.out, ran.err)
    return ran


def gone() -> None:
    digest = json.loads(run("teardown", "-e", "dev", "--json").out)["digest"]
    ran = run(
        *("teardown", "-e", "dev", "--apply", digest, "--yes", "vision", "--early"),
        *("--interval", "0"),
    )
    assert ran.code == 0, (ran.out, ran.err)


@pytest.mark.long
def test_a_seat_may_have_a_role_and_buckets_and_no_machine(cloud: Cloud, folder: Path) -> None:
    written(folder)
    assert "attendee      2       8" in well("check").out
    assert "2 create" in well("plan").out
    well("preflight")
    well("deploy")
    assert "all 2 seats are ready" in well("status").err
    assert cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"] == []
    slips = json.loads(well("handout", "--format", "json").out)
    assert [(one["notebook"], one["state"]) for one in slips["seats"]] == [(None, "none")] * 2
    for command in ("stop", "start"):
        assert "2 no notebook" in well(command).out + well(command).err
    well("ready")
    well("bill")
    well("save")
    assert "2 unchanged" in well("plan").out
    gone()


def test_an_instance_in_place_of_a_notebook_is_pinned_deployed_and_unchanged(
    cloud: Cloud, folder: Path
) -> None:
    written(folder, INSTANCES)
    refused = run("check", "-e", "dev")
    assert refused.code == 2
    assert refused.err.splitlines()[0] == (
        "config/dev.yaml:10: profiles.attendee.ec2.image: 'deep-learning-pytorch' is not pinned in"
        " us-east-1; ask AWS which image that is with: workshop image pin -e dev"
    )
    pinned = well("image", "pin")
    assert pinned.err == "wrote 1 image to config/images/pins.yaml; check it in\n"
    pin = images.read(folder)[0].find("deep-learning-pytorch", "us-east-1")
    assert pin is not None
    assert (pin.architecture, pin.root_device, pin.root_gb) == ("x86_64", "/dev/sda1", 75)
    assert "the same" in well("image", "pin").out
    well("check")
    well("deploy")
    found = cloud.client("ec2").describe_instances()["Reservations"]
    boxes = [one for each in found for one in each["Instances"]]
    assert {(one["InstanceType"], one["ImageId"]) for one in boxes} == {("g5.xlarge", pin.image)}
    names = [tag["Value"] for one in boxes for tag in one["Tags"] if tag["Key"] == "Name"]
    assert sorted(names) == ["vision-seat01-box", "vision-seat02-box"]
    assert "all 2 seats are ready" in well("status").err
    assert "2 unchanged" in well("plan").out
    well("handout")
    (folder / "images" / "pins.yaml").unlink()
    assert run("plan", "-e", "dev").code == 2
    assert "all 2 seats are ready" in well("status").err
    assert "2 EC2 instances" in well("teardown", "--early").out
