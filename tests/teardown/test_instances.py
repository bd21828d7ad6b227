"""EC2 instances and volumes with the workshop's tags."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import context, found, owners, tag_list
from workshop.teardown.resources.instances import Instances, Volumes

INSTANCES = Instances()
VOLUMES = Volumes()


def _tagged(resource_type: str, **tags: str) -> dict[str, Any]:
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tag_list(**tags)}]}


def instance(cloud: Cloud, count: int = 1, **tags: str) -> str:
    made = cloud.client("ec2").run_instances(
        ImageId="ami-0abcdef1234567890",
        InstanceType="g5.xlarge",
        MinCount=count,
        MaxCount=count,
        **_tagged("instance", **tags),
    )
    return str(made["Instances"][0]["InstanceId"])


def volume(cloud: Cloud, **tags: str) -> str:
    made = cloud.client("ec2").create_volume(
        AvailabilityZone="us-east-1a", Size=1, **_tagged("volume", **tags)
    )
    return str(made["VolumeId"])


def test_tags_claim_instances_and_volumes_of_the_seats_asked_about(cloud: Cloud) -> None:
    mine, drive = instance(cloud, attendee="ada"), volume(cloud, attendee="ben")
    for make in (instance, volume):
        make(cloud, attendee="cem")
        make(cloud, attendee="ada", workshop="speech")
    prods = instance(cloud, attendee="ada", environment="prod")
    assert owners(INSTANCES, context(cloud)) == {
        mine: ("claimed", "ada"),
        prods: ("claimed", "ada"),
    }
    assert found(INSTANCES, context(cloud))[prods].of_environment == "prod"
    assert owners(VOLUMES, context(cloud))[drive] == ("claimed", "ben")
    assert {seat for _, seat in owners(VOLUMES, context(cloud)).values()} <= {"ada", "ben"}


def test_stopping_ends_what_an_instance_costs_and_terminating_ends_it(cloud: Cloud) -> None:
    instance(cloud, attendee="ada")
    here = context(cloud)
    [one] = found(INSTANCES, here).values()
    assert one.hourly is None
    assert INSTANCES.stop(here, one)
    [stopped] = found(INSTANCES, here).values()
    assert (stopped.state, stopped.hourly) == ("stopped", Decimal(0))
    assert not INSTANCES.stop(here, stopped)
    INSTANCES.delete(here, one)
    assert INSTANCES.state(here, one) is None
    INSTANCES.delete(here, one)
    assert found(INSTANCES, here) == {}


def test_a_volume_in_use_is_waited_for(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")
    host, drive = instance(cloud, attendee="ada"), volume(cloud, attendee="ada")
    ec2.attach_volume(VolumeId=drive, InstanceId=host, Device="/dev/sdf")
    here = context(cloud)
    one = found(VOLUMES, here)[drive]
    assert one.state == "in-use"
    assert not VOLUMES.deletable_in(one.state)
    assert VOLUMES.after == (INSTANCES.name,)
    ec2.detach_volume(VolumeId=drive)
    assert VOLUMES.deletable_in(str(VOLUMES.state(here, one)))
    VOLUMES.delete(here, one)
    assert VOLUMES.state(here, one) is None
    VOLUMES.delete(here, one)


def test_many_instances_are_all_found(cloud: Cloud) -> None:
    instance(cloud, count=51, attendee="ada")
    assert len(found(INSTANCES, context(cloud))) == 51


@pytest.mark.parametrize(
    ("resource_type", "operation"), [(INSTANCES, "DescribeInstances"), (VOLUMES, "DescribeVolumes")]
)
def test_a_denied_listing_is_an_error_and_not_none(
    cloud: Cloud, resource_type: Instances | Volumes, operation: str
) -> None:
    cloud.faults({"effect": "denied", "operation": f"ec2:{operation}"})
    with pytest.raises(ClientError, match=r"AccessDenied|UnauthorizedOperation"):
        list(resource_type.find(context(cloud)))
