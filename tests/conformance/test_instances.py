"""EC2 instances: their states take time, their disks stay while they are stopped."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.support.conformance import Aws
from tests.support.local_cloud import Cloud
from tests.support.machines import described, image, run, state, tag_map
from tests.support.refusals import code_of, refusal

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
ROOT = {
    "DeviceName": "/dev/xvda",
    "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
}
GONE = "InvalidInstanceID.NotFound"


def volumes(aws: Aws, name: str) -> list[dict[str, Any]]:
    attached = {"Name": "attachment.instance-id", "Values": [name]}
    return list(aws.client("ec2").describe_volumes(Filters=[attached])["Volumes"])


def test_an_instance_passes_from_pending_to_running_to_stopped_and_back(aws: Aws) -> None:
    ec2, name = aws.client("ec2"), run(aws.client)
    pending = described(aws.client, name)
    assert pending["State"] == {"Code": 0, "Name": "pending"}
    assert pending["StateReason"]["Code"] == "pending"
    assert pending["PublicIpAddress"]
    aws.pass_time()
    running = described(aws.client, name)
    assert running["State"] == {"Code": 16, "Name": "running"}
    assert "StateReason" not in running
    [change] = ec2.stop_instances(InstanceIds=[name])["StoppingInstances"]
    assert change["PreviousState"]["Name"] == "running"
    assert change["CurrentState"] == {"Code": 64, "Name": "stopping"}
    assert state(aws.client, name) == "stopping"
    aws.pass_time()
    stopped = described(aws.client, name)
    assert stopped["State"] == {"Code": 80, "Name": "stopped"}
    assert stopped["StateReason"] == {
        "Code": "Client.UserInitiatedShutdown",
        "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
    }
    assert stopped["StateTransitionReason"].startswith("User initiated (20")
    assert "PublicIpAddress" not in stopped
    assert stopped["PrivateIpAddress"] == running["PrivateIpAddress"]
    [change] = ec2.start_instances(InstanceIds=[name])["StartingInstances"]
    assert change["CurrentState"]["Name"] == "pending"
    aws.pass_time()
    again = described(aws.client, name)
    assert again["State"]["Name"] == "running"
    assert again["LaunchTime"] > running["LaunchTime"]
    assert again["StateTransitionReason"] == ""


def test_a_terminated_instance_is_shown_for_an_hour_without_its_disk(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    name = run(
        aws.client,
        BlockDeviceMappings=[ROOT],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    aws.pass_time()
    ec2.terminate_instances(InstanceIds=[name])
    assert state(aws.client, name) == "shutting-down"
    assert len(volumes(aws, name)) == 1
    aws.pass_time()
    gone = described(aws.client, name)
    assert gone["State"] == {"Code": 48, "Name": "terminated"}
    assert gone["BlockDeviceMappings"] == gone["NetworkInterfaces"] == []
    assert "SubnetId" not in gone
    assert tag_map(gone) == {"a": "b"}
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    ec2.terminate_instances(InstanceIds=[name])
    assert code_of(ec2.start_instances, InstanceIds=[name]) == "IncorrectInstanceState"
    aws.advance(3600)
    status, code, message = refusal(ec2.describe_instances, InstanceIds=[name])
    assert (status, code) == (400, GONE)
    assert message == f"The instance ID '{name}' does not exist"


def test_the_root_disk_is_encrypted_kept_while_stopped_and_tagged(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    tags = [{"Key": "attendee", "Value": "ada"}]
    kinds = ("instance", "volume", "network-interface")
    name = run(
        aws.client,
        BlockDeviceMappings=[ROOT],
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in kinds],
    )
    aws.pass_time()
    ec2.stop_instances(InstanceIds=[name])
    aws.pass_time()
    [disk] = volumes(aws, name)
    assert (disk["Size"], disk["VolumeType"], disk["Encrypted"]) == (100, "gp3", True)
    assert disk["State"] == "in-use"
    assert disk["SnapshotId"].startswith("snap-")
    [attachment] = disk["Attachments"]
    assert (attachment["Device"], attachment["DeleteOnTermination"]) == ("/dev/xvda", True)
    instance = described(aws.client, name)
    [mapping] = instance["BlockDeviceMappings"]
    assert mapping["Ebs"]["VolumeId"] == disk["VolumeId"]
    [interface] = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert interface["Attachment"]["InstanceId"] == name
    assert tag_map(instance) == tag_map(disk) == {"attendee": "ada"}
    mine = {"Name": "tag:attendee", "Values": ["a?a"]}
    assert len(ec2.describe_instances(Filters=[mine])["Reservations"]) == 1
    stopped = {"Name": "instance-state-name", "Values": ["stopped"]}
    assert len(ec2.describe_instances(Filters=[mine, stopped])["Reservations"]) == 1
    other = {"Name": "instance-state-name", "Values": ["running", "pending"]}
    assert ec2.describe_instances(Filters=[mine, other])["Reservations"] == []
    wrong = refusal(ec2.describe_instances, Filters=[{"Name": "mood", "Values": ["a"]}])
    assert wrong[1:] == ("InvalidParameterValue", "The filter 'mood' is invalid")


def test_a_disk_that_does_not_go_with_its_instance_stays(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    kept = {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}
    name = run(aws.client, BlockDeviceMappings=[kept])
    aws.pass_time()
    ec2.terminate_instances(InstanceIds=[name])
    aws.pass_time()
    [disk] = ec2.describe_volumes()["Volumes"]
    assert (disk["State"], disk["Attachments"]) == ("available", [])
    assert disk["Size"] == 8


def test_a_shutdown_from_inside_stops_or_terminates(aws: Aws, cloud: Cloud) -> None:
    staying = run(aws.client)
    going = run(aws.client, InstanceInitiatedShutdownBehavior="terminate")
    aws.pass_time()
    for name in (staying, going):
        cloud.shut_down(name)
    aws.pass_time()
    stopped = described(aws.client, staying)
    assert stopped["State"]["Name"] == "stopped"
    assert stopped["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert stopped["StateTransitionReason"] == ""
    assert state(aws.client, going) == "terminated"


def test_metadata_options_and_attributes_are_those_asked_for(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    script = base64.b64encode(b"#!/bin/sh\n").decode()
    name = run(
        aws.client,
        UserData="#!/bin/sh\n",
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
    )
    options = described(aws.client, name)["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
    assert (options["HttpEndpoint"], options["State"]) == ("enabled", "applied")

    def attribute(which: str) -> Any:
        found = ec2.describe_instance_attribute(InstanceId=name, Attribute=which)
        return found[which[0].upper() + which[1:]]["Value"]

    assert attribute("userData") == script
    assert attribute("instanceInitiatedShutdownBehavior") == "stop"
    assert attribute("disableApiTermination") is False
    ec2.modify_instance_attribute(InstanceId=name, DisableApiTermination={"Value": True})
    status, code, message = refusal(ec2.terminate_instances, InstanceIds=[name])
    assert (status, code) == (400, "OperationNotPermitted")
    assert message.endswith("'disableApiTermination' instance attribute and try again.")
    aws.pass_time()
    change: dict[str, Any] = {"InstanceId": name, "InstanceType": {"Value": "t3.large"}}
    assert code_of(ec2.modify_instance_attribute, **change) == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=[name])
    aws.pass_time()
    ec2.modify_instance_attribute(**change)
    assert described(aws.client, name)["InstanceType"] == "t3.large"


def test_instances_are_listed_in_pages_and_their_status_while_they_run(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    made = {run(aws.client, MinCount=1, MaxCount=1) for _ in range(7)}
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["Reservations"]) for page in pages] == [5, 2]
    seen = {one["Instances"][0]["InstanceId"] for page in pages for one in page["Reservations"]}
    assert seen == made
    assert ec2.describe_instance_status()["InstanceStatuses"] == []
    every = ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert {one["InstanceState"]["Name"] for one in every} == {"pending"}
    aws.pass_time()
    running = ec2.describe_instance_status()["InstanceStatuses"]
    assert {one["InstanceId"] for one in running} == made
    assert {one["SystemStatus"]["Status"] for one in running} == {"ok"}


def test_what_a_launch_template_says_is_asked_for_unless_the_request_says_it(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="box",
        LaunchTemplateData={
            "InstanceType": "m5.large",
            "ImageId": image(aws.client),
            "MetadataOptions": {"HttpTokens": "required"},
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}}],
            "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
        },
    )
    asked = {"LaunchTemplate": {"LaunchTemplateName": "box"}, "MinCount": 1, "MaxCount": 1}
    [made] = ec2.run_instances(**asked)["Instances"]
    assert (made["InstanceType"], made["MetadataOptions"]["HttpTokens"]) == ("m5.large", "required")
    assert made["CapacityReservationSpecification"]["CapacityReservationPreference"] == "none"
    [disk] = volumes(aws, made["InstanceId"])
    assert disk["Size"] == 30
    [other] = ec2.run_instances(**asked, InstanceType="t3.large")["Instances"]
    assert other["InstanceType"] == "t3.large"
    wrong = {**asked, "LaunchTemplate": {"LaunchTemplateName": "nobodys"}}
    refused = code_of(ec2.run_instances, **wrong)
    assert refused == "InvalidLaunchTemplateName.NotFoundException"


def test_a_request_with_the_same_token_makes_nothing_more(aws: Aws) -> None:
    assert run(aws.client, ClientToken="once") == run(aws.client, ClientToken="once")
    assert len(aws.client("ec2").describe_instances()["Reservations"]) == 1


@pytest.mark.parametrize(
    ("wanted", "code", "says"),
    [
        (
            {"ImageId": "ami-00000000000000000"},
            "InvalidAMIID.NotFound",
            "The image id '[ami-00000000000000000]' does not exist",
        ),
        (
            {"instance_type": "g5.tiny"},
            "InvalidParameterValue",
            "Invalid value 'g5.tiny' for InstanceType.",
        ),
        (
            {"instance_type": "g5g.xlarge"},
            "InvalidParameterValue",
            "The architecture 'arm64' of the specified instance type does not match",
        ),
        (
            {"instance_type": "g5.xlarge", "Placement": {"AvailabilityZone": "us-east-1c"}},
            "Unsupported",
            "Your requested instance type (g5.xlarge) is not supported in your requested "
            "Availability Zone (us-east-1c).",
        ),
        (
            {"IamInstanceProfile": {"Name": "nobody"}},
            "InvalidParameterValue",
            "Value (nobody) for parameter iamInstanceProfile.name is invalid.",
        ),
        (
            {"SubnetId": "subnet-0123456789abcdef0"},
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-0123456789abcdef0' does not exist",
        ),
        (
            {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
            "InvalidGroup.NotFound",
            "The security group 'sg-0123456789abcdef0' does not exist",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 4}}]},
            "InvalidBlockDeviceMapping",
            "Volume of size 4GB is smaller than snapshot",
        ),
        (
            {"KeyName": "nobodys"},
            "InvalidKeyPair.NotFound",
            "The key pair 'nobodys' does not exist",
        ),
        (
            {"SecurityGroups": ["nobodys"]},
            "InvalidGroup.NotFound",
            "The security group 'nobodys' does not exist in default VPC",
        ),
        ({"UserData": "#" * 16_385}, "InvalidParameterValue", "limited to 16384 bytes"),
        ({"DryRun": True}, "DryRunOperation", "Request would have succeeded, but"),
    ],
)
def test_what_cannot_be_run_is_refused(
    aws: Aws, wanted: dict[str, Any], code: str, says: str
) -> None:
    def start(**_: Any) -> None:
        run(aws.client, **{"ImageId": image(aws.client), **wanted})

    status, refused, message = refusal(start)
    assert (status, refused) == (412 if code == "DryRunOperation" else 400, code)
    assert says in message
    assert aws.client("ec2").describe_instances()["Reservations"] == []
    assert aws.client("ec2").describe_volumes()["Volumes"] == []


def test_without_a_default_vpc_a_subnet_is_needed(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24", AvailabilityZone="us-east-1b")[
        "Subnet"
    ]["SubnetId"]
    aws.without_default_vpc()
    asked = {"ImageId": image(aws.client), "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.large"}
    assert refusal(ec2.run_instances, **asked)[1:] == (
        "VPCIdNotSpecified",
        "No default VPC for this user",
    )
    group = refusal(ec2.create_security_group, GroupName="g", Description="g")
    assert group[1:] == ("VPCIdNotSpecified", "No default VPC for this user")
    made = described(aws.client, run(aws.client, SubnetId=subnet))
    assert made["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert made["VpcId"] == vpc
    assert made["PrivateIpAddress"].startswith("10.1.")
    assert "PublicIpAddress" not in made


def test_a_security_group_in_use_is_not_deleted(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName="box", Description="box")["GroupId"]
    name = run(aws.client, SecurityGroupIds=[group])
    aws.pass_time()
    code, message = refusal(ec2.delete_security_group, GroupId=group)[1:]
    assert (code, message) == ("DependencyViolation", f"resource {group} has a dependent object")
    ec2.terminate_instances(InstanceIds=[name])
    aws.pass_time()
    ec2.delete_security_group(GroupId=group)


def test_types_are_described_with_vcpus_architecture_and_gpus(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    names = ["g5.xlarge", "g5.12xlarge", "p4d.24xlarge", "g5g.xlarge", "t3.medium"]
    found = {
        one["InstanceType"]: one
        for one in ec2.describe_instance_types(InstanceTypes=names)["InstanceTypes"]
    }
    assert {name: one["VCpuInfo"]["DefaultVCpus"] for name, one in found.items()} == {
        "g5.xlarge": 4,
        "g5.12xlarge": 48,
        "p4d.24xlarge": 96,
        "g5g.xlarge": 4,
        "t3.medium": 2,
    }
    [gpu] = found["g5.12xlarge"]["GpuInfo"]["Gpus"]
    assert (gpu["Name"], gpu["Manufacturer"], gpu["Count"]) == ("A10G", "NVIDIA", 4)
    assert gpu["MemoryInfo"]["SizeInMiB"] == 24_576
    assert found["p4d.24xlarge"]["GpuInfo"]["Gpus"][0]["Name"] == "A100"
    assert "GpuInfo" not in found["t3.medium"]
    arm = found["g5g.xlarge"]["ProcessorInfo"]["SupportedArchitectures"]
    assert arm == ["arm64"]
    offered = {
        one["InstanceType"]
        for page in ec2.get_paginator("describe_instance_type_offerings").paginate()
        for one in page["InstanceTypeOfferings"]
    }
    described_ = {
        one["InstanceType"]
        for page in ec2.get_paginator("describe_instance_types").paginate()
        for one in page["InstanceTypes"]
    }
    assert offered == described_
    wrong = refusal(ec2.describe_instance_types, InstanceTypes=["g5.tiny"])
    assert wrong[1] == "InvalidInstanceType"


def test_operations_that_are_not_played_say_so(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    assert code_of(ec2.describe_spot_instance_requests) == "NotPlayedHere"
    assert code_of(ec2.describe_fleets) == "NotPlayedHere"
