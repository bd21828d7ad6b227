"""Instance types and subnets: what EC2 tells of them, and what it does not prove."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.ec2 import offerings as ec2_offerings
from tests.support.local_cloud import Cloud
from tests.support.preflights import HEAD, HOME, THREE, Preflights, calling, one, refused
from tests.support.usual_stacks import USUAL_STACKS
from workshop.aws.clients import Clients
from workshop.config import instance_types
from workshop.preflight import CheckState, offerings

TYPES = "instance types"


def notebook(seats: int = 3, **keys: Any) -> str:
    inside = ", ".join(f"{key}: {value}" for key, value in keys.items())
    return f"{HEAD}roster: {{seats: {seats}}}\nprofiles: {{attendee: {{notebook: {{{inside}}}}}}}\n"


def in_subnet(subnet: str, seats: int = 3, group: str = "sg-0abc12345", **keys: Any) -> str:
    network = f"{{subnet_id: {subnet}, security_group_ids: [{group}]}}"
    return notebook(seats, network=network, **keys)


def subnet_in(cloud: Cloud, zone: str) -> str:
    ec2 = cloud.client("ec2", region=HOME.region)
    made = ec2.create_subnet(
        VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
        CidrBlock="172.31.200.0/24",
        AvailabilityZone=zone,
    )
    return str(made["Subnet"]["SubnetId"])


def default_group(cloud: Cloud) -> str:
    """The security group of the default VPC."""
    groups = cloud.client("ec2", region=HOME.region).describe_security_groups()["SecurityGroups"]
    return str(groups[0]["GroupId"])


def test_a_notebook_type_that_ec2_does_not_offer_is_unknown_and_can_be_accepted(
    preflights: Preflights,
) -> None:
    text = notebook(instance_type="ml.p4d.24xlarge")
    preflights.cloud.quotas(
        region=HOME.region, sagemaker={"ml.p4d.24xlarge for notebook instance usage": 3}
    )
    report = preflights.ask(text)
    assert refused(report) == ["ml.p4d.24xlarge"]
    assert one(report, "ml.p4d.24xlarge").message == (
        "EC2 has no p4d.24xlarge in eu-west-1, so SageMaker hardly has; find it out, or go on"
        " without: --accept-unknown ml.p4d.24xlarge"
    )
    assert preflights.ask(text, accept=["ml.p4d.24xlarge"]).passed


def test_a_type_of_jobs_that_ec2_does_not_offer_is_a_warning(preflights: Preflights) -> None:
    preflights.cloud.quotas(
        region=HOME.region, sagemaker={"ml.p4d.24xlarge for training job usage": 3}
    )
    access = "{access: {training_instance_types: [ml.p4d.24xlarge]}}"
    report = preflights.ask(f"{THREE}profiles: {{attendee: {access}}}\n")
    assert report.passed
    assert one(report, "ml.p4d.24xlarge").state == CheckState.WARNING
    assert TYPES not in [check.subject for check in report.checks]


def test_a_seat_in_a_subnet_needs_its_zone_to_offer_the_type(preflights: Preflights) -> None:
    good, poor = (subnet_in(preflights.cloud, f"eu-west-1{zone}") for zone in "bc")
    gpu = "ml.g4dn.xlarge"
    group = default_group(preflights.cloud)
    report = preflights.ask(in_subnet(good, group=group, instance_type=gpu))
    assert report.passed
    assert one(report, "ml.g4dn.xlarge in eu-west-1b").state == CheckState.OK
    report = preflights.ask(in_subnet(poor, group=group, instance_type=gpu))
    assert refused(report) == ["ml.g4dn.xlarge in eu-west-1c"]
    assert one(report, "ml.g4dn.xlarge in eu-west-1c").message == (
        f"EC2 has no g4dn.xlarge in eu-west-1c, the zone of {poor}; eu-west-1a, eu-west-1b would"
        " do; find it out, or go on without: --accept-unknown 'ml.g4dn.xlarge in eu-west-1c'"
    )


def test_a_subnet_that_is_not_there_fails(preflights: Preflights) -> None:
    group = default_group(preflights.cloud)
    report = preflights.ask(in_subnet("subnet-0123456789abcdef0", group=group))
    assert refused(report) == ["subnet-0123456789abcdef0"]
    assert one(report, "subnet-0123456789abcdef0").message == (
        "there is no such subnet in 000000000000 eu-west-1; correct notebook.network.subnet_id"
    )


@pytest.mark.parametrize(("seats", "state"), [(251, CheckState.OK), (252, CheckState.FAILED)])
def test_a_subnet_needs_a_free_address_for_each_notebook_to_be_made(
    preflights: Preflights, seats: int, state: CheckState
) -> None:
    subnet = subnet_in(preflights.cloud, "eu-west-1a")
    check = one(preflights.ask(in_subnet(subnet, seats)), subnet)
    assert (check.state, check.need, check.quota) == (state, seats, 251)


def test_subnets_that_cannot_be_read_are_unknown(preflights: Preflights) -> None:
    subnet = subnet_in(preflights.cloud, "eu-west-1a")
    group = default_group(preflights.cloud)
    preflights.cloud.faults({"effect": "denied", "operation": "ec2:DescribeSubnets"})
    report = preflights.ask(in_subnet(subnet, group=group))
    assert refused(report) == [subnet]
    assert "DescribeSubnets" in one(report, subnet).message


def test_nothing_is_asked_about_types_and_subnets_when_no_seat_is_to_be_made(
    preflights: Preflights,
) -> None:
    for kind in USUAL_STACKS:
        preflights.stack(f"vision-seat01-{kind}")
    preflights.cloud.faults({"effect": "denied", "operation": "ec2:DescribeInstanceTypeOfferings"})
    text = in_subnet("subnet-0123456789abcdef0")
    assert preflights.ask(text, only=["seat01"]).passed
    assert not preflights.ask(text, only=["seat01", "seat02"]).passed


def test_every_page_of_offers_is_read(cloud: Cloud) -> None:
    types = sorted(instance_types.known("notebook"))[:101]
    with calling(cloud):
        clients = Clients(HOME)
        region = offerings.offers(clients, HOME, "region", types)
        zones = offerings.offers(clients, HOME, "availability-zone", types)
    assert len(types) > ec2_offerings.PAGE
    assert region == {
        "eu-west-1": frozenset(
            one for one in types if ec2_offerings.locations(one[3:], "region", "eu-west-1")
        )
    }
    assert set(zones) == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
    assert zones["eu-west-1a"] == region["eu-west-1"]
    assert zones["eu-west-1c"] < zones["eu-west-1a"]


def group_in(cloud: Cloud, vpc: str) -> str:
    """A new security group of a VPC."""
    ec2 = cloud.client("ec2", region=HOME.region)
    made = ec2.create_security_group(GroupName="notebooks", Description="notebooks", VpcId=vpc)
    return str(made["GroupId"])


def test_security_groups_have_to_exist_in_the_vpc_of_the_subnet(preflights: Preflights) -> None:
    ec2 = preflights.cloud.client("ec2", region=HOME.region)
    subnet = subnet_in(preflights.cloud, "eu-west-1a")
    missing = preflights.ask(in_subnet(subnet, group="sg-0123456789abcdef0"))
    assert one(missing, "sg-0123456789abcdef0").message == (
        "there is no such security group in 000000000000 eu-west-1; correct"
        " notebook.network.security_group_ids"
    )
    home = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    right = group_in(preflights.cloud, home)
    assert preflights.ask(in_subnet(subnet, group=right)).passed
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = group_in(preflights.cloud, vpc)
    report = preflights.ask(in_subnet(subnet, group=other))
    assert refused(report) == [other]
    assert one(report, other).message == (
        f"it is of {vpc}, and {subnet} of {home}; name security groups of the subnet's VPC"
    )
    preflights.cloud.faults({"effect": "denied", "operation": "ec2:DescribeSecurityGroups"})
    assert refused(preflights.ask(in_subnet(subnet, group=right))) == [right]
