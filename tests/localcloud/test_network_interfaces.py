"""What SageMaker runs in a VPC has network interfaces, which keep subnets and groups."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import job_requests as jobs
from tests.support.conformance import Aws


@pytest.fixture
def network(aws: Aws) -> dict[str, Any]:
    """Make a VPC with a subnet and a security group."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    return {"Subnets": [subnet], "SecurityGroupIds": [group]}


def in_subnet(aws: Aws, network: dict[str, Any]) -> list[dict[str, Any]]:
    filters = [{"Name": "subnet-id", "Values": network["Subnets"]}]
    found = aws.client("ec2").describe_network_interfaces(Filters=filters)
    return list(found["NetworkInterfaces"])


def test_a_job_has_interfaces_while_it_runs_and_for_a_while_after(
    aws: Aws, network: dict[str, Any]
) -> None:
    request = jobs.training(jobs.made_once(aws), VpcConfig=network)
    aws.sagemaker.create_training_job(**request)
    (interface,) = in_subnet(aws, network)
    assert interface["Description"].startswith("[DO NOT DELETE] ENI managed by SageMaker")
    assert [group["GroupId"] for group in interface["Groups"]] == network["SecurityGroupIds"]
    ec2 = aws.client("ec2")
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_subnet(SubnetId=network["Subnets"][0])
    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=network["SecurityGroupIds"][0])
    aws.pass_time(2)
    ended = aws.sagemaker.describe_training_job(TrainingJobName="job")
    assert ended["TrainingJobStatus"] == "Completed"
    assert len(in_subnet(aws, network)) == 1
    aws.advance(120)
    assert in_subnet(aws, network) == []
    ec2.delete_security_group(GroupId=network["SecurityGroupIds"][0])
    ec2.delete_subnet(SubnetId=network["Subnets"][0])


def test_a_notebook_has_one_until_it_is_gone(aws: Aws, network: dict[str, Any]) -> None:
    aws.sagemaker.create_notebook_instance(
        NotebookInstanceName="nb",
        InstanceType="ml.t3.medium",
        RoleArn=aws.role(),
        SubnetId=network["Subnets"][0],
        SecurityGroupIds=network["SecurityGroupIds"],
    )
    aws.pass_time()
    (interface,) = in_subnet(aws, network)
    assert interface["Status"] == "in-use"
    by_id = aws.client("ec2").describe_network_interfaces(
        NetworkInterfaceIds=[interface["NetworkInterfaceId"]]
    )
    assert len(by_id["NetworkInterfaces"]) == 1
    aws.sagemaker.stop_notebook_instance(NotebookInstanceName="nb")
    aws.pass_time()
    assert len(in_subnet(aws, network)) == 1
    aws.sagemaker.delete_notebook_instance(NotebookInstanceName="nb")
    aws.pass_time()
    assert in_subnet(aws, network) == []


def test_what_runs_in_no_vpc_has_none(aws: Aws) -> None:
    kept = jobs.machines(KeepAlivePeriodInSeconds=3600)
    aws.sagemaker.create_training_job(**jobs.training(jobs.made_once(aws), ResourceConfig=kept))
    aws.pass_time(2)
    pool = aws.sagemaker.describe_training_job(TrainingJobName="job")["WarmPoolStatus"]
    assert pool["Status"] == "Available"
    assert aws.client("ec2").describe_network_interfaces()["NetworkInterfaces"] == []
