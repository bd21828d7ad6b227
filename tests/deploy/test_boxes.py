"""Deploying seats with EC2 instances: types and zones in turn; no disk is lost unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.small_workshop import REGION, Fleet, desired
from workshop.deploy import failures
from workshop.deploy.events import DeployStep
from workshop.deploy.machines import RefusedMachine, none_to_be_had
from workshop.deploy.plan import StackAction
from workshop.deploy.templates import Template

TYPES = "[g5.xlarge, g4dn.xlarge]"
HERE, THERE = f"{REGION}a", f"{REGION}b"


def profiles(types: str = TYPES, more: str = "") -> str:
    return (
        "profiles: {box: {notebook: {enabled: false},"
        f" ec2: {{instance_types: {types}{more}}}}}}}"
    )


@pytest.fixture
def fleet(cloud: Cloud, tmp_path: Path) -> Fleet:
    """A fleet with vCPUs enough for a few instances."""
    cloud.quotas(region=REGION, ec2={"L-DB2E81BA": 64})
    return Fleet(cloud, tmp_path)


def write(fleet: Fleet, profiles: str, *more: str, rows: str = "seat01,,") -> None:
    """An environment with one seat that has an instance."""
    fleet.write(1, profiles, *more, roster="roster: {file: people.csv, profile: box}")
    (fleet.config / "people.csv").write_text(f"id,volume_gb,instance_type\n{rows}\n")


def lacking(instance_type: str, *zones: str) -> list[dict[str, Any]]:
    return [
        {"effect": "capacity", "instance_type": instance_type, "zone": zone}
        for zone in zones or ("",)
    ]


def machines(fleet: Fleet) -> dict[str, tuple[str, str, str]]:
    """Instances that are there: name to id, type and zone."""
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]
    found = fleet.cloud.client("ec2").describe_instances(Filters=alive)["Reservations"]
    return {
        next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "Name"): (
            one["InstanceId"],
            one["InstanceType"],
            one["Placement"]["AvailabilityZone"],
        )
        for reservation in found
        for one in reservation["Instances"]
    }


def test_the_first_types_and_zones_are_refused_and_the_next_one_is_taken_and_kept(
    fleet: Fleet,
) -> None:
    write(fleet, profiles())
    fleet.cloud.faults(*lacking("g5.xlarge", HERE, THERE), *lacking("g4dn.xlarge", HERE))
    run = fleet.deploy()
    assert run.good, run.message("seat01")
    box, kind, zone = machines(fleet)["demo-seat01-box"]
    assert (kind, zone) == ("g4dn.xlarge", THERE)
    assert [event.message for event in run.of(DeployStep.FALLBACK)] == [
        f"AWS has no g5.xlarge to give now; asking for g5.xlarge in {HERE}",
        f"AWS has no g5.xlarge in {HERE} to give now; asking for g5.xlarge in {THERE}",
        f"AWS has no g5.xlarge in {THERE} to give now; asking for g4dn.xlarge",
    ]
    refused = [event.message for event in run.of(DeployStep.FAILING)]
    assert len(refused) == 3
    assert "We currently do not have sufficient g5.xlarge capacity" in refused[0]
    assert f"you requested ({THERE})" in refused[2]

    fleet.cloud.faults()
    assert {seat.action for seat in fleet.plan().seats} == {StackAction.UNCHANGED}
    write(fleet, profiles(), "tags: {mark: '1'}")
    assert fleet.deploy().good
    assert machines(fleet)["demo-seat01-box"] == (box, kind, zone)


def test_where_every_type_and_zone_is_refused_one_sentence_says_what_to_do(fleet: Fleet) -> None:
    write(fleet, profiles())
    fleet.cloud.faults(*lacking("g5.xlarge", HERE, THERE), *lacking("g4dn.xlarge", HERE, THERE))
    run = fleet.deploy()
    assert run.message("seat01") == (
        "demo-seat01-box: EC2 has no g5.xlarge or g4dn.xlarge to give in us-east-1 now, asked for"
        " in us-east-1a, us-east-1b too; try again later with: workshop deploy -e dev"
        f" --config-dir {fleet.config} --only seat01, or give 'ec2.instance_types' of its profile"
        " another type"
    )
    assert run.of(DeployStep.RETRY) == []
    assert machines(fleet) == {}


def test_a_quota_without_vcpus_is_no_matter_of_zones_and_another_family_is_taken(
    fleet: Fleet,
) -> None:
    write(fleet, profiles("[p4d.24xlarge, g5.xlarge]"))
    run = fleet.deploy()
    assert run.good
    assert machines(fleet)["demo-seat01-box"][1] == "g5.xlarge"
    (refused,) = run.of(DeployStep.FAILING)
    assert "your current vCPU limit of 0" in refused.message
    (fallback,) = run.of(DeployStep.FALLBACK)
    assert fallback.message == (
        "the account's quota has no vCPUs left for p4d.24xlarge; asking for g5.xlarge"
    )


def test_a_quota_that_has_too_few_is_told_with_its_number_and_how_to_ask_for_more(
    fleet: Fleet,
) -> None:
    write(fleet, profiles("[p4d.24xlarge]"))
    message = fleet.deploy().message("seat01")
    where = f"-e dev --config-dir {fleet.config}"
    assert message == (
        "demo-seat01-box: the account's quota of 0 vCPUs has none left for p4d.24xlarge; ask AWS"
        f" for more with: workshop preflight {where} --request-quotas, and once it is granted run:"
        f" workshop deploy {where} --only seat01"
    )


def test_a_capacity_reservation_without_room_is_told_and_not_the_zones() -> None:
    refused = failures.of_text(
        'Resource handler returned message: "The requested reservation does not have sufficient'
        ' compatible and available capacity for this request. (Service: Ec2, Status Code: 400)"'
    )
    tried = [
        RefusedMachine(Template("{}", "", "g5.xlarge", place), refused) for place in ("", HERE)
    ]
    assert none_to_be_had(desired("demo-seat01-box", seat="seat01"), tried) == (
        "the capacity reservation of its profile has no room for g5.xlarge; stop what runs in it,"
        " reserve more, or take 'ec2.capacity_reservation' out, and run: workshop deploy -e dev"
        " --only seat01"
    )


def test_another_type_changes_an_instance_where_it_is(fleet: Fleet) -> None:
    write(fleet, profiles())
    fleet.cloud.faults(*lacking("g5.xlarge", HERE))
    assert fleet.deploy().good
    box, _, zone = machines(fleet)["demo-seat01-box"]
    assert zone == THERE
    fleet.cloud.faults()
    write(fleet, profiles("[g5.2xlarge, g4dn.2xlarge]"))
    assert fleet.deploy().good
    assert machines(fleet)["demo-seat01-box"] == (box, "g5.2xlarge", zone)


def test_another_disk_or_image_replaces_the_instance_only_where_it_is_asked_for(
    fleet: Fleet,
) -> None:
    write(fleet, profiles())
    assert fleet.deploy().good
    box, *_ = machines(fleet)["demo-seat01-box"]
    write(fleet, profiles(), rows="seat01,300,")
    run = fleet.deploy()
    where = f"-e dev --config-dir {fleet.config}"
    assert run.message("seat01") == (
        "demo-seat01-box: its EC2 instance would be made anew for another disk, and what is on its"
        f" disk is lost; save that with: workshop save {where} --only seat01, and replace it with:"
        f" workshop deploy {where} --remove ec2:disk, or take the change back"
    )
    assert machines(fleet)["demo-seat01-box"][0] == box
    allowed = fleet.plan(remove=frozenset({"ec2:disk"}))
    assert allowed.removed == {"ec2:disk"}
    assert fleet.deploy(plan=allowed).good
    assert machines(fleet)["demo-seat01-box"][0] != box


def test_an_instance_that_somebody_terminated_is_made_again(fleet: Fleet) -> None:
    write(fleet, profiles())
    assert fleet.deploy().good
    box, *_ = machines(fleet)["demo-seat01-box"]
    fleet.cloud.client("ec2").terminate_instances(InstanceIds=[box])
    (plan,) = [one for one in fleet.plan().stacks if one.desired.kind == "box"]
    assert plan.action == StackAction.CLEAR
    assert plan.message == "its EC2 instance is missing, though the stack is CREATE_COMPLETE"
    assert fleet.deploy().good
    assert machines(fleet)["demo-seat01-box"][0] != box
