"""What is asked before EC2 instances are made: vCPUs, machines, images and networks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.box_assembly import pins, write_pins
from tests.support.conformance import Aws
from tests.support.local_cloud import Cloud
from tests.support.preflights import Preflights
from workshop.preflight.checks import Check, CheckState

HEAD = """\
workshop: demo
account: "000000000000"
region: us-east-1
start: 2098-03-08T09:00:00+01:00
end: 2099-03-09T17:00:00+01:00
"""
G, P = "Running On-Demand G and VT instances", "Running On-Demand P instances"


def text(seats: int, ec2: str) -> str:
    return (
        f"{HEAD}roster: {{seats: {seats}, profile: box}}\n"
        f"profiles: {{box: {{notebook: {{enabled: false}}, ec2: {{{ec2}}}}}}}\n"
    )


@pytest.fixture
def asked(cloud: Cloud, tmp_path: Path) -> Preflights:
    write_pins(tmp_path)
    return Preflights(cloud, tmp_path)


def checks(asked: Preflights, seats: int, ec2: str) -> Mapping[str, Check]:
    return {check.subject: check for check in asked.ask(text(seats, ec2)).checks}


def test_vcpus_of_a_hundred_instances_are_told_with_the_arithmetic(asked: Preflights) -> None:
    asked.cloud.quotas(region="us-east-1", ec2={"L-DB2E81BA": 64})
    found = checks(asked, 100, "instance_types: [g5.xlarge, g4dn.xlarge]")
    check = found[G]
    assert check.state == CheckState.SHORT
    assert check.message == (
        "100 x g5.xlarge = 400 vCPUs; the quota L-DB2E81BA is 64: 336 too few; ask AWS for 400, or"
        " have seats take turns: --accept-short L-DB2E81BA"
    )
    assert check.request == (
        "aws service-quotas request-service-quota-increase --service-code ec2 --quota-code"
        " L-DB2E81BA --desired-value 400 --region us-east-1"
    )
    assert found["EC2 g5.xlarge"].message == "offered in us-east-1a, us-east-1b"
    image = found["image of box"]
    assert image.state == CheckState.OK
    assert image.message.endswith("is there, for x86_64")
    assert found["default VPC"].state == CheckState.OK


def test_a_p4d_is_refused_by_a_quota_of_nothing(asked: Preflights) -> None:
    check = checks(asked, 2, "instance_types: [p4d.24xlarge]")[P]
    assert check.state == CheckState.FAILED
    assert check.message == (
        "2 x p4d.24xlarge = 192 vCPUs; the quota L-417A185B is 0: 192 too few; ask AWS for 192"
    )


def test_what_runs_counts_and_instances_in_a_reservation_do_not(asked: Preflights) -> None:
    asked.cloud.quotas(region="us-east-1", ec2={"L-DB2E81BA": 12})
    ec2 = asked.cloud.client("ec2", region="us-east-1")
    image = next(iter(pins().by_region["us-east-1"].values())).image
    ec2.run_instances(ImageId=image, InstanceType="g4dn.2xlarge", MinCount=1, MaxCount=1)
    check = checks(asked, 1, "instance_types: [g5.xlarge]")[G]
    assert (check.state, check.message) == (
        CheckState.OK,
        "1 x g5.xlarge = 4 vCPUs, beside 8 of what runs: 12; the quota L-DB2E81BA is 12",
    )
    reserved = checks(
        asked, 9, "instance_types: [g5.xlarge], capacity_reservation: cr-0abc1234567890def"
    )
    assert G not in reserved


def test_types_images_disks_and_subnets_that_are_not_there_are_refused(
    asked: Preflights,
) -> None:
    found = checks(
        asked,
        1,
        "instance_types: [g5g.xlarge], image: deep-learning-pytorch-arm64, network: {subnet_ids:"
        " [subnet-0abc1234567890125], security_group_ids: [sg-0abc1234567890125]}",
    )
    assert found["subnet-0abc1234567890125"].message == (
        "there is no such subnet in us-east-1; correct ec2.network.subnet_ids"
    )
    assert "default VPC" not in found
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("workshop.preflight.boxes.machine_images", lambda *_: {})
        gone = checks(asked, 1, "instance_types: [g5.xlarge]")["image of box"]
    assert gone.state == CheckState.FAILED
    assert "is not to be seen in us-east-1; pin the one that is there now with:" in gone.message


def test_without_a_default_vpc_it_is_told_how_to_make_one(asked: Preflights, aws: Aws) -> None:
    aws.without_default_vpc()
    check = checks(asked, 1, "instance_types: [g5.xlarge]")["default VPC"]
    assert check.state == CheckState.FAILED
    assert check.message.endswith("aws ec2 create-default-vpc --region us-east-1")


def vpc(asked: Preflights, cidr: str) -> tuple[str, str, str]:
    """A VPC with a subnet in zone b and a security group, by their ids."""
    ec2 = asked.cloud.client("ec2", region="us-east-1")
    name = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=name, CidrBlock=cidr, AvailabilityZone="us-east-1b")
    group = ec2.create_security_group(GroupName="mine", Description="mine", VpcId=name)
    return name, subnet["Subnet"]["SubnetId"], group["GroupId"]


def test_subnets_and_security_groups_are_of_one_vpc_and_have_addresses_for_all(
    asked: Preflights,
) -> None:
    (mine, subnet, group), (theirs, other, _) = vpc(asked, "10.8.0.0/28"), vpc(asked, "10.9.0.0/28")
    network = f"network: {{subnet_ids: [{subnet}, {other}], vpc_id: {mine}}}"
    apart = checks(asked, 1, network)["profiles.box.ec2.network"]
    assert apart.state == CheckState.FAILED
    assert apart.message.startswith(f"{other} is of {theirs}, and not of {mine}; name subnets of")
    # The local cloud has 251 in every subnet.
    few = checks(asked, 252, f"network: {{subnet_ids: [{subnet}], vpc_id: {mine}}}")
    assert few["profiles.box.ec2.network"].message.startswith(
        "251 free addresses for 252 EC2 instances; name a larger subnet"
    )
    named = f"network: {{subnet_ids: [{other}], security_group_ids: [{group}, sg-0abc1234]}}"
    found = checks(asked, 1, named)
    assert found["sg-0abc1234"].message.endswith("correct ec2.network.security_group_ids")
    assert (found[group].state, found[group].message) == (
        CheckState.FAILED,
        f"it is of {mine}, and {other} of {theirs}; name security groups of the subnet's VPC",
    )
    good = checks(asked, 251, f"network: {{subnet_ids: [{subnet}], vpc_id: {mine}}}")
    assert "profiles.box.ec2.network" not in good


def test_a_reservation_is_there_for_the_type_and_zone_and_has_room(asked: Preflights) -> None:
    ec2 = asked.cloud.client("ec2", region="us-east-1")
    made = ec2.create_capacity_reservation(
        InstanceType="g5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=2,
        InstanceMatchCriteria="targeted",
    )
    name = str(made["CapacityReservation"]["CapacityReservationId"])

    def check(seats: int, ec2: str = "", reservation: str = name) -> tuple[CheckState, str]:
        found = checks(asked, seats, f"capacity_reservation: {reservation}{ec2}")[reservation]
        return found.state, found.message

    assert check(2) == (
        CheckState.OK,
        "it has room for 2 more instances of g5.xlarge in us-east-1a",
    )
    assert check(3) == (
        CheckState.SHORT,
        "the seats need 3 more of g5.xlarge, and it has room for 2; reserve more, or give some"
        f" seats a profile without it, or have seats take turns: --accept-short {name}",
    )
    assert check(1, ", instance_types: [g4dn.xlarge]") == (
        CheckState.FAILED,
        "it is for g5.xlarge, which profiles.box.ec2.instance_types does not name; put that type"
        " there, or name another reservation",
    )
    mine, subnet, _ = vpc(asked, "10.8.0.0/28")
    state, message = check(1, f", network: {{subnet_ids: [{subnet}], vpc_id: {mine}}}")
    assert state == CheckState.FAILED
    assert message.startswith("it is in us-east-1a, and no subnet of profiles.box.ec2.network is")
    assert check(1, reservation="cr-0abc1234567890def") == (
        CheckState.FAILED,
        "there is no such capacity reservation in 000000000000 us-east-1; correct"
        " profiles.box.ec2.capacity_reservation",
    )
    ec2.cancel_capacity_reservation(CapacityReservationId=name)
    assert check(1) == (
        CheckState.FAILED,
        "it is cancelled; name an active one in profiles.box.ec2.capacity_reservation",
    )
