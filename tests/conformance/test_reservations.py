"""Capacity reservations: their machines are there when nobody else's are."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
from tests.support.local_cloud import Cloud
from tests.support.machines import described, image, run
from tests.support.refusals import refusal

LACKING = "The requested reservation does not have sufficient compatible and available capacity"


def reserved(aws: Aws, count: int = 1) -> str:
    made = aws.client("ec2").create_capacity_reservation(
        InstanceType="g5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1b",
        InstanceCount=count,
        InstanceMatchCriteria="targeted",
    )
    return str(made["CapacityReservation"]["CapacityReservationId"])


def into(name: str) -> dict[str, Any]:
    target = {"CapacityReservationTarget": {"CapacityReservationId": name}}
    return {"CapacityReservationSpecification": target}


def free(aws: Aws, name: str) -> int:
    listed = aws.client("ec2").describe_capacity_reservations(CapacityReservationIds=[name])
    [one] = listed["CapacityReservations"]
    return int(one["AvailableInstanceCount"])


def asked(aws: Aws, kind: str, name: str) -> dict[str, Any]:
    ami = image(aws.client)
    return {"InstanceType": kind, "ImageId": ami, "MinCount": 1, "MaxCount": 1, **into(name)}


def test_a_reservation_has_a_machine_where_there_is_none(aws: Aws, cloud: Cloud) -> None:
    ec2, name = aws.client("ec2"), reserved(aws)
    cloud.faults({"effect": "capacity", "instance_type": "g5.*"})
    box = run(aws.client, "g5.xlarge", **into(name))
    made = described(aws.client, box)
    assert made["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert made["CapacityReservationId"] == name
    assert free(aws, name) == 0
    code, message = refusal(ec2.run_instances, **asked(aws, "g5.xlarge", name))[1:]
    assert code == "ReservationCapacityExceeded"
    assert message.startswith(LACKING)
    aws.pass_time()
    ec2.stop_instances(InstanceIds=[box])
    aws.pass_time()
    assert free(aws, name) == 1
    ec2.start_instances(InstanceIds=[box])
    assert free(aws, name) == 0


def test_a_reservation_of_another_type_or_nobodys_is_refused(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), reserved(aws)
    wrong = refusal(ec2.run_instances, **asked(aws, "g4dn.xlarge", name))
    assert wrong[1] == "ReservationCapacityExceeded"
    nobodys = refusal(ec2.run_instances, **asked(aws, "g5.xlarge", "cr-0123456789abcdef0"))
    assert nobodys[1:] == (
        "InvalidCapacityReservationId.NotFound",
        "The capacity reservation ID 'cr-0123456789abcdef0' does not exist",
    )
    ec2.cancel_capacity_reservation(CapacityReservationId=name)
    assert refusal(ec2.run_instances, **asked(aws, "g5.xlarge", name))[0] == 400
    active = [{"Name": "state", "Values": ["active"]}]
    assert ec2.describe_capacity_reservations(Filters=active)["CapacityReservations"] == []
