"""EC2 instances under CloudFormation: made, changed, replaced, refused, removed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_cloud import IAM, Cloud, template
from tests.support.machines import PARAMETER, described, image, tag_map
from tests.support.refusals import code_of

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
DISK = {"VolumeSize": 100, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}
OUTPUTS = {
    "Id": {"Ref": "Box"},
    "Zone": {"Fn::GetAtt": "Box.AvailabilityZone"},
    "Address": {"Fn::GetAtt": "Box.PrivateIp"},
    "Host": {"Fn::GetAtt": "Box.PrivateDnsName"},
    "Network": {"Fn::GetAtt": "Box.VpcId"},
    "Group": {"Fn::GetAtt": "Group.GroupId"},
    "Profile": {"Ref": "Profile"},
    "ProfileArn": {"Fn::GetAtt": "Profile.Arn"},
}


def box(cloud: Cloud, kind: str = "g5.xlarge", zone: str = "", **more: Any) -> str:
    """Return the template of a seat's box: type and zone stand in a mapping, the zone may be none.

    A property that is None is left out.
    """
    properties = {
        "ImageId": image(cloud.client, PARAMETER),
        "InstanceType": {"Fn::FindInMap": ["Seat", "Box", "Type"]},
        "AvailabilityZone": {
            "Fn::If": [
                "HasZone",
                {"Fn::FindInMap": ["Seat", "Box", "Zone"]},
                {"Ref": "AWS::NoValue"},
            ]
        },
        "IamInstanceProfile": {"Ref": "Profile"},
        "SecurityGroupIds": [{"Fn::GetAtt": "Group.GroupId"}],
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": DISK}],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": "1"},
        "InstanceInitiatedShutdownBehavior": "stop",
        "PropagateTagsToVolumeOnCreation": "true",
        "Tags": [{"Key": "attendee", "Value": "ada"}],
        "UserData": {"Fn::Base64": "#!/bin/sh\n"},
        **more,
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Profile": {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"Path": "/workshop/", "Roles": [{"Ref": "Role"}]},
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "no way in",
                "SecurityGroupEgress": [
                    {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
                ],
            },
        },
        "Box": {
            "Type": "AWS::EC2::Instance",
            "Properties": {name: one for name, one in properties.items() if one is not None},
        },
    }
    zone_of = {"Fn::FindInMap": ["Seat", "Box", "Zone"]}
    return template(
        resources,
        Mappings={"Seat": {"Box": {"Type": kind, "Zone": zone}}},
        Conditions={"HasZone": {"Fn::Not": [{"Fn::Equals": [zone_of, ""]}]}},
        Outputs={name: {"Value": value} for name, value in OUTPUTS.items()},
    )


def deploy(cloud: Cloud, text: str) -> str:
    return cloud.deploy("s", text, **IAM)


def update(cloud: Cloud, text: str) -> str:
    return cloud.update("s", text, **IAM)


def outputs(cloud: Cloud) -> dict[str, str]:
    [stack] = cloud.client("cloudformation").describe_stacks(StackName="s")["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def running(cloud: Cloud) -> list[str]:
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopped"]}]
    found = cloud.client("ec2").describe_instances(Filters=alive)["Reservations"]
    return [one["Instances"][0]["InstanceId"] for one in found]


def test_a_box_is_made_with_disk_profile_group_and_tags_and_goes_with_its_stack(
    cloud: Cloud,
) -> None:
    assert deploy(cloud, box(cloud)) == "CREATE_COMPLETE"
    told = outputs(cloud)
    made = described(cloud.client, told["Id"])
    assert made["State"]["Name"] == "running"
    assert made["InstanceType"] == "g5.xlarge"
    assert told["Zone"] == made["Placement"]["AvailabilityZone"]
    assert (told["Address"], told["Host"]) == (made["PrivateIpAddress"], made["PrivateDnsName"])
    assert told["Network"] == made["VpcId"]
    assert made["SecurityGroups"][0]["GroupId"] == told["Group"]
    assert made["IamInstanceProfile"]["Arn"] == told["ProfileArn"]
    assert told["ProfileArn"].endswith(f":instance-profile/workshop/{told['Profile']}")
    assert made["MetadataOptions"]["HttpTokens"] == "required"
    [stack] = cloud.client("cloudformation").describe_stacks(StackName="s")["Stacks"]
    assert tag_map(made) == {
        "attendee": "ada",
        "aws:cloudformation:logical-id": "Box",
        "aws:cloudformation:stack-id": stack["StackId"],
        "aws:cloudformation:stack-name": "s",
    }
    ec2 = cloud.client("ec2")
    [disk] = ec2.describe_volumes()["Volumes"]
    assert (disk["Size"], disk["Encrypted"], tag_map(disk)) == (100, True, {"attendee": "ada"})
    [group] = ec2.describe_security_groups(GroupIds=[told["Group"]])["SecurityGroups"]
    assert group["IpPermissions"] == []
    assert [one["FromPort"] for one in group["IpPermissionsEgress"]] == [443]
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert described(cloud.client, told["Id"])["State"]["Name"] == "terminated"
    assert ec2.describe_volumes()["Volumes"] == []
    assert code_of(ec2.describe_security_groups, GroupIds=[told["Group"]]) == (
        "InvalidGroup.NotFound"
    )
    profile = cloud.client("iam").get_instance_profile
    assert code_of(profile, InstanceProfileName=told["Profile"]) == "NoSuchEntity"


def test_a_zone_of_the_mapping_is_taken(cloud: Cloud) -> None:
    assert deploy(cloud, box(cloud, zone="us-east-1b")) == "CREATE_COMPLETE"
    assert outputs(cloud)["Zone"] == "us-east-1b"


def test_no_machine_fails_the_stack_in_the_words_of_ec2(cloud: Cloud) -> None:
    cloud.faults({"effect": "capacity", "instance_type": "g5.*", "zone": "us-east-1a"})
    assert deploy(cloud, box(cloud, zone="us-east-1a")) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("s", "CREATE_FAILED")["Box"]
    assert reason.startswith(
        'Resource handler returned message: "We currently do not have sufficient g5.xlarge '
        "capacity in the Availability Zone you requested (us-east-1a). Our system will be working "
        "on provisioning additional capacity. You can currently get g5.xlarge capacity by not "
        "specifying an Availability Zone in your request or choosing us-east-1b. (Service: Ec2, "
        "Status Code: 500, Request ID: "
    )
    assert reason.endswith("HandlerErrorCode: GeneralServiceException)")
    assert running(cloud) == []


def test_no_vcpus_fail_the_stack(cloud: Cloud) -> None:
    assert deploy(cloud, box(cloud, "p4d.24xlarge")) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("s", "CREATE_FAILED")["Box"]
    assert "more vCPU capacity than your current vCPU limit of 0 allows" in reason
    assert "(Service: Ec2, Status Code: 400, Request ID: " in reason
    cloud.client("cloudformation").delete_stack(StackName="s")
    cloud.quotas(ec2={"L-417A185B": 96})
    assert deploy(cloud, box(cloud, "p4d.24xlarge")) == "CREATE_COMPLETE"


def test_without_a_default_vpc_the_group_is_refused(cloud: Cloud, aws: Any) -> None:
    aws.without_default_vpc()
    assert deploy(cloud, box(cloud)) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("s", "CREATE_FAILED")["Group"]
    assert reason.startswith(
        'Resource handler returned message: "No default VPC for this user (Service: Ec2, '
        "Status Code: 400, Request ID: "
    )


def test_the_first_that_an_account_has_is_in_its_default_vpc(cloud: Cloud) -> None:
    client = cloud.client("cloudformation", account="222222222222")
    client.create_stack(StackName="s", TemplateBody=box(cloud), **IAM)
    client.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0})
    [default] = cloud.client("ec2", account="222222222222").describe_vpcs()["Vpcs"]
    [made] = client.describe_stacks(StackName="s")["Stacks"]
    told = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
    assert (default["IsDefault"], told["Network"]) == (True, default["VpcId"])


def test_another_type_and_script_keep_the_box_and_its_disk(cloud: Cloud) -> None:
    deploy(cloud, box(cloud))
    name = outputs(cloud)["Id"]
    [disk] = cloud.client("ec2").describe_volumes()["Volumes"]
    changed = box(cloud, "g5.2xlarge", UserData={"Fn::Base64": "#!/bin/sh\ntrue\n"})
    assert update(cloud, changed) == "UPDATE_COMPLETE"
    assert outputs(cloud)["Id"] == name
    made = described(cloud.client, name)
    assert (made["InstanceType"], made["State"]["Name"]) == ("g5.2xlarge", "running")
    assert made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"] == disk["VolumeId"]
    tags = [{"Key": "attendee", "Value": "ben"}]
    retagged = box(cloud, "g5.2xlarge", UserData={"Fn::Base64": "#!/bin/sh\ntrue\n"}, Tags=tags)
    assert update(cloud, retagged) == "UPDATE_COMPLETE"
    assert outputs(cloud)["Id"] == name
    assert tag_map(described(cloud.client, name))["attendee"] == "ben"


@pytest.mark.parametrize(
    "changed",
    [
        {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {**DISK, "VolumeSize": 200}}]},
        {"KeyName": "mine"},
        {"AvailabilityZone": "us-east-1b"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_disk_image_or_place_is_another_box(cloud: Cloud, changed: dict[str, Any]) -> None:
    cloud.client("ec2").create_key_pair(KeyName="mine")
    deploy(cloud, box(cloud))
    before = outputs(cloud)["Id"]
    assert update(cloud, box(cloud, **changed)) == "UPDATE_COMPLETE"
    after = outputs(cloud)["Id"]
    assert after != before
    assert running(cloud) == [after]
    assert len(cloud.client("ec2").describe_volumes()["Volumes"]) == 1


def test_whether_a_disk_goes_with_its_box_is_changed_in_place(cloud: Cloud) -> None:
    deploy(cloud, box(cloud))
    name = outputs(cloud)["Id"]
    kept = [{"DeviceName": "/dev/sda1", "Ebs": {**DISK, "DeleteOnTermination": "false"}}]
    assert update(cloud, box(cloud, BlockDeviceMappings=kept)) == "UPDATE_COMPLETE"
    assert outputs(cloud)["Id"] == name
    [mapping] = described(cloud.client, name)["BlockDeviceMappings"]
    assert mapping["Ebs"]["DeleteOnTermination"] is False


def test_an_update_without_machines_rolls_back_to_the_type_before(cloud: Cloud) -> None:
    deploy(cloud, box(cloud))
    name = outputs(cloud)["Id"]
    cloud.faults({"effect": "capacity", "instance_type": "g5.2xlarge"})
    assert update(cloud, box(cloud, "g5.2xlarge")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Insufficient capacity." in cloud.reasons("s", "UPDATE_FAILED")["Box"]
    made = described(cloud.client, name)
    assert (made["InstanceType"], made["State"]["Name"]) == ("g5.xlarge", "running")


def test_a_change_set_says_when_the_box_is_replaced(cloud: Cloud) -> None:
    deploy(cloud, box(cloud))
    formation = cloud.client("cloudformation")
    told = {}
    for name, text in (
        ("image", box(cloud, ImageId=image(cloud.client))),
        ("type", box(cloud, "g5.2xlarge")),
    ):
        formation.create_change_set(StackName="s", ChangeSetName=name, TemplateBody=text, **IAM)
        changes = formation.describe_change_set(StackName="s", ChangeSetName=name)["Changes"]
        [box_] = [one["ResourceChange"] for one in changes]
        told[name] = box_["Replacement"]
    assert told == {"image": "True", "type": "False"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Colour": "red"}, "#: extraneous key [Colour] is not permitted"),
        (
            {"ImageId": "ami-00000000000000000"},
            "The image id '[ami-00000000000000000]' does not exist (Service: Ec2, Status Code: 400",
        ),
        ({"IamInstanceProfile": "nobody"}, "Invalid IAM Instance Profile name (Service: Ec2,"),
    ],
)
def test_a_mistake_in_a_box_fails_its_stack(
    cloud: Cloud, changed: dict[str, Any], reason: str
) -> None:
    assert deploy(cloud, box(cloud, **changed)) == "ROLLBACK_COMPLETE"
    assert reason in cloud.reasons("s", "CREATE_FAILED")["Box"]


def test_a_group_in_use_by_somebody_else_keeps_its_stack(cloud: Cloud) -> None:
    deploy(cloud, box(cloud))
    group = outputs(cloud)["Group"]
    ec2 = cloud.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    other = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert (
        f"resource {group} has a dependent object (Service: Ec2, Status Code: 400"
        in (cloud.reasons("s", "DELETE_FAILED")["Group"])
    )
    ec2.delete_network_interface(NetworkInterfaceId=other["NetworkInterfaceId"])
    assert cloud.destroy("s") == "DELETE_COMPLETE"


def test_a_box_from_a_launch_template_is_in_its_reservation(cloud: Cloud) -> None:
    document = json.loads(
        box(
            cloud,
            LaunchTemplate={
                "LaunchTemplateId": {"Ref": "Template"},
                "Version": {"Fn::GetAtt": "Template.LatestVersionNumber"},
            },
        )
    )
    made = cloud.client("ec2").create_capacity_reservation(
        InstanceType="g5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=1,
    )
    name = made["CapacityReservation"]["CapacityReservationId"]
    target = {"CapacityReservationId": name}
    document["Resources"]["Template"] = {
        "Type": "AWS::EC2::LaunchTemplate",
        "Properties": {
            "LaunchTemplateData": {
                "CapacityReservationSpecification": {"CapacityReservationTarget": target}
            }
        },
    }
    assert deploy(cloud, json.dumps(document)) == "CREATE_COMPLETE"
    instance = described(cloud.client, outputs(cloud)["Id"])
    assert instance["CapacityReservationId"] == name
    specified = instance["CapacityReservationSpecification"]
    assert specified["CapacityReservationTarget"] == target
    assert cloud.destroy("s") == "DELETE_COMPLETE"


def test_a_role_that_is_not_there_is_in_no_profile(cloud: Cloud) -> None:
    text = template(
        {"P": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": ["nobody"]}}}
    )
    assert deploy(cloud, text) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("s", "CREATE_FAILED")["P"]
    assert 'message: "The role with name nobody cannot be found. (Service: Iam, Status' in reason
