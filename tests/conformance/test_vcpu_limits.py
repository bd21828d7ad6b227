"""What EC2 refuses for want of quota or of machines, when an instance is run or started."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
from tests.support.local_cloud import Cloud
from tests.support.machines import described, image, run, state
from tests.support.refusals import code_of, message_of, refusal

GPUS = "Running On-Demand G and VT instances"
LIMIT = (
    "You have requested more vCPU capacity than your current vCPU limit of {} allows for the "
    "instance bucket that the specified instance type belongs to. Please visit "
    "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
)


def asked(aws: Aws, instance_type: str, zone: str | None = None, count: int = 1) -> dict[str, Any]:
    where = {"Placement": {"AvailabilityZone": zone}} if zone else {}
    return {
        "ImageId": image(aws.client),
        "InstanceType": instance_type,
        "MinCount": count,
        "MaxCount": count,
        **where,
    }


def test_vcpus_are_counted_by_family_while_pending_or_running(aws: Aws, cloud: Cloud) -> None:
    ec2 = aws.client("ec2")
    cloud.quotas(ec2={GPUS: 8})
    first = run(aws.client, "g5.xlarge")
    assert refusal(ec2.run_instances, **asked(aws, "g5.2xlarge")) == (
        400,
        "VcpuLimitExceeded",
        LIMIT.format(8),
    )
    run(aws.client, "m5.4xlarge")
    second = run(aws.client, "g4dn.xlarge")
    aws.pass_time()
    assert code_of(ec2.run_instances, **asked(aws, "g4dn.xlarge")) == "VcpuLimitExceeded"
    ec2.stop_instances(InstanceIds=[first])
    third = run(aws.client, "g4dn.xlarge")
    aws.pass_time()
    assert code_of(ec2.start_instances, InstanceIds=[first]) == "VcpuLimitExceeded"
    assert state(aws.client, first) == "stopped"
    ec2.terminate_instances(InstanceIds=[second, third])
    ec2.start_instances(InstanceIds=[first])
    assert state(aws.client, first) == "pending"


def test_a_p4d_needs_96_of_a_quota_that_is_nothing(aws: Aws, cloud: Cloud) -> None:
    ec2, quotas = aws.client("ec2"), aws.client("service-quotas")
    one = quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-417A185B")["Quota"]
    assert (one["QuotaName"], one["Value"]) == ("Running On-Demand P instances", 0.0)
    assert message_of(ec2.run_instances, **asked(aws, "p4d.24xlarge")) == LIMIT.format(0)
    cloud.quotas(ec2={"L-417A185B": 96})
    run(aws.client, "p4d.24xlarge")
    listed = quotas.list_service_quotas(ServiceCode="ec2")["Quotas"]
    assert {"L-DB2E81BA", "L-1216C47A"} <= {one["QuotaCode"] for one in listed}


def test_instances_started_at_once_are_counted_together(aws: Aws, cloud: Cloud) -> None:
    ec2 = aws.client("ec2")
    boxes = [run(aws.client, "g5.xlarge") for _ in range(3)]
    aws.pass_time()
    ec2.stop_instances(InstanceIds=boxes)
    aws.pass_time()
    cloud.quotas(ec2={GPUS: 8})
    assert code_of(ec2.start_instances, InstanceIds=boxes) == "VcpuLimitExceeded"
    assert {state(aws.client, one) for one in boxes} == {"stopped"}
    ec2.start_instances(InstanceIds=boxes[:2])


def test_a_zone_without_machines_is_refused_with_other_zones(aws: Aws, cloud: Cloud) -> None:
    ec2 = aws.client("ec2")
    cloud.faults({"effect": "capacity", "instance_type": "g5.*", "zone": "us-east-1a"})
    status, code, message = refusal(ec2.run_instances, **asked(aws, "g5.xlarge", "us-east-1a"))
    assert (status, code) == (500, "InsufficientInstanceCapacity")
    assert message == (
        "We currently do not have sufficient g5.xlarge capacity in the Availability Zone you "
        "requested (us-east-1a). Our system will be working on provisioning additional capacity. "
        "You can currently get g5.xlarge capacity by not specifying an Availability Zone in your "
        "request or choosing us-east-1b."
    )
    chosen = run(aws.client, "g5.xlarge")
    assert described(aws.client, chosen)["Placement"]["AvailabilityZone"] == "us-east-1b"
    elsewhere = run(aws.client, "g4dn.xlarge", Placement={"AvailabilityZone": "us-east-1a"})
    assert described(aws.client, elsewhere)["Placement"]["AvailabilityZone"] == "us-east-1a"


def test_a_type_without_machines_anywhere_is_refused(aws: Aws, cloud: Cloud) -> None:
    ec2 = aws.client("ec2")
    cloud.faults({"effect": "capacity", "instance_type": "g5.xlarge", "times": 3})
    status, code, message = refusal(ec2.run_instances, **asked(aws, "g5.xlarge"))
    assert (status, code) == (500, "InsufficientInstanceCapacity")
    assert message.startswith("We currently do not have sufficient g5.xlarge capacity in zones")
    message = message_of(ec2.run_instances, **asked(aws, "g5.xlarge", "us-east-1b"))
    assert message.endswith("provisioning additional capacity.")
    assert refusal(ec2.run_instances, **asked(aws, "g5.xlarge"))[0] == 500
    run(aws.client, "g5.xlarge")


def test_a_stopped_instance_has_no_claim_to_a_machine(aws: Aws, cloud: Cloud) -> None:
    ec2, name = aws.client("ec2"), run(aws.client, "g5.xlarge")
    aws.pass_time()
    ec2.stop_instances(InstanceIds=[name])
    aws.pass_time()
    zone = described(aws.client, name)["Placement"]["AvailabilityZone"]
    cloud.faults({"effect": "capacity", "instance_type": "g5.xlarge", "zone": zone, "times": 1})
    assert refusal(ec2.start_instances, InstanceIds=[name]) == (
        500,
        "InsufficientInstanceCapacity",
        "Insufficient capacity.",
    )
    assert state(aws.client, name) == "stopped"
    ec2.start_instances(InstanceIds=[name])


def test_an_instance_can_be_stuck_in_a_state(aws: Aws, cloud: Cloud) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    aws.pass_time()
    cloud.faults({"effect": "stuck", "noun": "Instance", "status": "stopping"})
    ec2.stop_instances(InstanceIds=[name])
    aws.pass_time(3)
    assert state(aws.client, name) == "stopping"
    cloud.faults()
    aws.pass_time()
    assert state(aws.client, name) == "stopped"
