"""Regions of other partitions, whose ARNs begin with their own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud import partitions
from tests.support.local_cloud import IAM, TRUST, Cloud, template

PLACES = [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]


@pytest.mark.parametrize(("region", "partition"), [*PLACES, ("eu-west-1", "aws"), ("", "aws")])
def test_a_region_is_in_its_partition(region: str, partition: str) -> None:
    assert partitions.of_region(region) == partition


@pytest.mark.parametrize(("region", "partition"), PLACES)
def test_arns_go_in_and_come_out_with_the_partition(
    cloud: Cloud, region: str, partition: str
) -> None:
    def client(service: str) -> Any:
        return cloud.client(service, region=region)

    assert client("sts").get_caller_identity()["Arn"] == f"arn:{partition}:iam::000000000000:root"
    made = client("iam").create_role(RoleName="seat", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = made["Role"]["Arn"]
    assert arn == f"arn:{partition}:iam::000000000000:role/seat"
    managed = f"arn:{partition}:iam::aws:policy/ReadOnlyAccess"
    client("iam").attach_role_policy(RoleName="seat", PolicyArn=managed)
    listed = client("iam").list_attached_role_policies(RoleName="seat")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in listed] == [managed]
    notebook = {"NotebookInstanceName": "nb", "InstanceType": "ml.t3.medium", "RoleArn": arn}
    client("sagemaker").create_notebook_instance(**notebook)
    described = client("sagemaker").describe_notebook_instance(NotebookInstanceName="nb")
    prefix = f"arn:{partition}:sagemaker:{region}:000000000000:"
    assert described["NotebookInstanceArn"] == f"{prefix}notebook-instance/nb"
    assert described["RoleArn"] == arn


@pytest.mark.parametrize(("region", "partition"), PLACES)
def test_a_stack_and_a_bucket_policy_know_the_partition_and_objects_stay_as_they_are(
    cloud: Cloud, region: str, partition: str
) -> None:
    s3 = cloud.client("s3", region=region)
    s3.create_bucket(Bucket="ours", CreateBucketConfiguration={"LocationConstraint": region})
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:{partition}:s3:::ours/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket="ours", Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket="ours")["Policy"]) == json.loads(policy)
    s3.put_object(Bucket="ours", Key="a", Body=b"arn:aws:s3:::other")
    assert s3.get_object(Bucket="ours", Key="a")["Body"].read() == b"arn:aws:s3:::other"
    properties = {"RoleName": "seat", "AssumeRolePolicyDocument": TRUST}
    body = template(
        {"R": {"Type": "AWS::IAM::Role", "Properties": properties}},
        Outputs={"Arn": {"Value": {"Fn::GetAtt": ["R", "Arn"]}}},
    )
    client = cloud.client("cloudformation", region=region)
    stack_id = client.create_stack(StackName="s", TemplateBody=body, **IAM)["StackId"]
    assert stack_id.startswith(f"arn:{partition}:cloudformation:{region}:")
    client.get_waiter("stack_create_complete").wait(
        StackName=stack_id, WaiterConfig={"Delay": 0, "MaxAttempts": 1000}
    )
    (stack,) = client.describe_stacks(StackName=stack_id)["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == f"arn:{partition}:iam::000000000000:role/seat"
