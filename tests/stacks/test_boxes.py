"""The stack of a seat's EC2 instance: what is in it, and that one template serves all its seats."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.stacks.test_cfn_lint import findings
from tests.stacks.test_stacks import empty_strings
from tests.support.assemblies import exemplars, synthesize
from tests.support.boxes import boxed, boxed_environment
from tests.support.snapshots import TemplateSnapshots
from workshop.config.ec2 import ANY_PLACE
from workshop.deploy import assembly, desired
from workshop.deploy.templates import Exemplar
from workshop.naming import SEAT_STACKS

SEATS = exemplars(boxed_environment())


def template(profile: str) -> dict[str, Any]:
    return boxed().template(f"vision-{SEATS[profile]}-box")


def of_type(document: dict[str, Any], resource_type: str) -> list[dict[str, Any]]:
    every = document["Resources"].values()
    return [one["Properties"] for one in every if one["Type"] == resource_type]


def instance(profile: str) -> dict[str, Any]:
    (properties,) = of_type(template(profile), "AWS::EC2::Instance")
    return properties


def test_a_seat_has_the_stacks_of_its_profile_and_no_others() -> None:
    kinds = {
        profile: [
            stack.rpartition("-")[2]
            for stack in boxed().stacks()
            if stack.startswith(f"vision-{seat}-")
        ]
        for profile, seat in SEATS.items()
    }
    assert kinds == {
        "plain": ["storage", "registry", "access", "box", "monitoring"],
        "both": ["storage", "registry", "access", "notebook", "box", "monitoring"],
        "reserved": ["storage", "registry", "access", "box", "monitoring"],
    }
    needs = boxed().manifest()["artifacts"]["vision-ada-box"]["dependencies"]
    assert needs == ["vision-ada-access"]


@pytest.mark.parametrize("profile", SEATS)
def test_it_makes_what_the_map_says(profile: str) -> None:
    made = {one["Type"] for one in template(profile)["Resources"].values()}
    optional = {"AWS::EC2::SecurityGroup", "AWS::EC2::LaunchTemplate"}
    assert made | optional == {*SEAT_STACKS["box"].makes}


@pytest.mark.parametrize("profile", SEATS)
def test_nothing_reaches_it_from_outside(profile: str) -> None:
    properties = instance(profile)
    assert "KeyName" not in properties
    assert properties["MetadataOptions"] == {
        "HttpEndpoint": "enabled",
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 2 if profile == "both" else 1,
        "InstanceMetadataTags": "disabled",
    }
    text = json.dumps(template(profile))
    assert "Ingress" not in text
    groups = of_type(template(profile), "AWS::EC2::SecurityGroup")
    assert len(groups) == (0 if profile == "reserved" else 1)


def test_a_group_is_in_the_vpc_of_its_subnets_or_in_the_default_one() -> None:
    (of_both,) = of_type(template("both"), "AWS::EC2::SecurityGroup")
    (of_plain,) = of_type(template("plain"), "AWS::EC2::SecurityGroup")
    assert of_both["VpcId"] == "vpc-0abc1234567890125"
    assert "VpcId" not in of_plain
    assert "SubnetId" not in instance("plain")
    assert instance("reserved")["SecurityGroupIds"] == ["sg-0abc1234567890125"]


@pytest.mark.parametrize("profile", SEATS)
def test_its_disk_is_encrypted_and_goes_with_it(profile: str) -> None:
    (disk,) = instance(profile)["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert disk["Ebs"]["DeleteOnTermination"] is True
    assert disk["Ebs"]["VolumeType"] == "gp3"
    assert instance(profile)["PropagateTagsToVolumeOnCreation"] is True
    assert instance(profile)["InstanceInitiatedShutdownBehavior"] == "stop"


def test_a_capacity_block_is_asked_for_by_a_launch_template() -> None:
    (reserved,) = of_type(template("reserved"), "AWS::EC2::LaunchTemplate")
    assert reserved["LaunchTemplateData"] == {
        "CapacityReservationSpecification": {
            "CapacityReservationTarget": {"CapacityReservationId": "cr-0abc1234567890def"}
        },
        "InstanceMarketOptions": {"MarketType": "capacity-block"},
    }
    assert "LaunchTemplate" in instance("reserved")
    assert "LaunchTemplate" not in instance("plain")


def test_each_region_of_a_profiles_seats_has_its_image() -> None:
    found = {profile: template(profile)["Mappings"]["Image"] for profile in SEATS}
    assert found["plain"] == {
        "eu-west-1": {"ImageId": "ami-0abc1234567890000", "RootDevice": "/dev/sda1"},
        "us-east-1": {"ImageId": "ami-0abc1234567890001", "RootDevice": "/dev/sda1"},
    }
    assert found["reserved"] == {
        "eu-west-1": {"ImageId": "ami-0abc1234567890004", "RootDevice": "/dev/xvda"}
    }


@pytest.mark.parametrize("profile", SEATS)
def test_ec2_may_take_on_the_role_only_of_seats_with_an_instance(profile: str) -> None:
    document = boxed().template(f"vision-{SEATS[profile]}-access")
    (role,) = of_type(document, "AWS::IAM::Role")
    trusted = [one["Principal"]["Service"] for one in role["AssumeRolePolicyDocument"]["Statement"]]
    assert trusted == ["sagemaker.amazonaws.com", "ec2.amazonaws.com"]


@pytest.mark.parametrize("profile", SEATS)
def test_no_value_is_empty_wherever_it_goes(profile: str) -> None:
    assert [*empty_strings(template(profile))] == []


def test_cfn_lint_finds_nothing() -> None:
    stacks = [stack for stack in boxed().stacks() if stack.endswith(("-box", "-access"))]
    found = {stack: findings(boxed().template(stack), "eu-west-1") for stack in stacks}
    assert len(found) == 2 * len(SEATS)
    assert {stack: told for stack, told in found.items() if told} == {}


def test_another_seats_template_is_what_cdk_writes_for_it() -> None:
    loaded = boxed_environment()
    others = [seat for seat in loaded.seats if seat.id not in SEATS.values()]
    made = synthesize(loaded, [seat.id for seat in others])
    for seat in others:
        first = SEATS[seat.profile]
        for kind in loaded.kinds(seat):
            exemplar = Exemplar(boxed().text(f"vision-{first}-{kind}"))
            assert exemplar.text(seat) == made.text(f"vision-{seat.id}-{kind}"), (seat.id, kind)


def test_each_type_is_tried_where_ec2_chooses_and_then_in_each_zone_that_offers_it() -> None:
    loaded = boxed_environment()
    texts = {name: (boxed().text(name), False) for name in boxed().stacks()}
    some = [seat for seat in loaded.seats if seat.id in SEATS.values()]
    read = assembly.read(loaded, some, texts)
    home = some[0].account_region
    zones = {home: {"g5.xlarge": ("eu-west-1a", "eu-west-1c"), "g4dn.xlarge": ("eu-west-1b",)}}
    found = {stack.name: stack for stack in desired.stacks(loaded, read, some, zones)}

    def tried(name: str) -> list[tuple[str, ...]]:
        boxes = [one.document["Mappings"]["Seat"]["Box"] for one in found[name].templates]
        keys = ("InstanceType", "AvailabilityZone", "SubnetId")
        return [tuple(box[key] for key in keys) for box in boxes]

    assert tried("vision-ada-box") == [
        ("g5.xlarge", ANY_PLACE, ANY_PLACE),
        ("g5.xlarge", "eu-west-1a", ANY_PLACE),
        ("g5.xlarge", "eu-west-1c", ANY_PLACE),
        ("g4dn.xlarge", ANY_PLACE, ANY_PLACE),
        ("g4dn.xlarge", "eu-west-1b", ANY_PLACE),
    ]
    assert tried("vision-cleo-box") == [
        ("g5g.xlarge", ANY_PLACE, "subnet-0abc1234567890125"),
        ("g5g.xlarge", ANY_PLACE, "subnet-0abc1234567890126"),
    ]
    assert found["vision-ada-box"].needs == "vision-ada-access"
    assert "vision-ada-notebook" not in found


def test_a_type_of_the_roster_is_tried_first() -> None:
    (ben,) = boxed_environment().chosen(["ben"])
    plain = boxed_environment().settings.profiles["plain"].ec2
    assert plain is not None
    assert [name for name, _, _ in plain.candidates(ben.box_type)] == [
        "g5.12xlarge",
        "g5.xlarge",
        "g4dn.xlarge",
    ]
    assert dataclasses.replace(ben, box_gb=0).volume_gb == 0


def test_the_template_is_the_reviewed_one(snapshot: SnapshotAssertion) -> None:
    document = template("both")
    (properties,) = of_type(document, "AWS::EC2::Instance")
    properties["UserData"] = "workbench.box_scripts"
    assert document == snapshot.use_extension(TemplateSnapshots)
