"""Buckets and their policies under CloudFormation: every setting kept, full buckets protected."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud, template

NAME = "ws-demo-ada-data"
BLOCKED = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}
RULES = [
    {
        "Id": "noncurrent",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": "14", "NewerNoncurrentVersions": 2},
        "NoncurrentVersionTransitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 7}],
    },
    {
        "Id": "uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    },
    {
        "Id": "models",
        "Status": "Disabled",
        "Prefix": "models/",
        "TagFilters": [{"Key": "keep", "Value": "no"}],
        "ExpirationInDays": 90,
        "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}],
    },
    {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
]


def bucket(name: str = NAME, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **more}}


def full(**more: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "PublicAccessBlockConfiguration": BLOCKED,
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "BucketKeyEnabled": "true",
                    "ServerSideEncryptionByDefault": {
                        "SSEAlgorithm": "aws:kms",
                        "KMSMasterKeyID": "key-1",
                    },
                }
            ]
        },
        "LifecycleConfiguration": {"Rules": RULES},
        "Tags": [{"Key": "workshop", "Value": "demo & more"}],
        **more,
    }
    return bucket(**settings)


def policy(**more: Any) -> dict[str, Any]:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"arn:aws:s3:::{NAME}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        **more,
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "DependsOn": "B",
        "Properties": {
            "Bucket": NAME,
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def own_tags(cloud: Cloud) -> dict[str, str]:
    tags = cloud.client("s3").get_bucket_tagging(Bucket=NAME)["TagSet"]
    return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")}


def test_every_setting_of_a_bucket_is_given_back_by_s3(cloud: Cloud) -> None:
    assert cloud.deploy("s", template({"B": full(), "P": policy()})) == "CREATE_COMPLETE"
    s3 = cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=NAME)["PublicAccessBlockConfiguration"] == BLOCKED
    ownership = s3.get_bucket_ownership_controls(Bucket=NAME)["OwnershipControls"]
    assert ownership == {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    encryption = s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": "key-1",
            },
            "BucketKeyEnabled": True,
        }
    ]
    assert s3.get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"] == [
        {
            "ID": "noncurrent",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 14, "NewerNoncurrentVersions": 2},
            "NoncurrentVersionTransitions": [{"StorageClass": "STANDARD_IA", "NoncurrentDays": 7}],
        },
        {
            "ID": "uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
        {
            "ID": "models",
            "Status": "Disabled",
            "Filter": {
                "And": {
                    "Prefix": "models/",
                    "Tags": [{"Key": "keep", "Value": "no"}],
                    "ObjectSizeGreaterThan": 0,
                }
            },
            "Expiration": {"Days": 90},
            "Transitions": [{"StorageClass": "GLACIER", "Days": 30}],
        },
        {
            "ID": "markers",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]
    assert own_tags(cloud) == {"workshop": "demo & more"}
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=NAME)["Policy"]


def test_changed_and_removed_settings_reach_the_bucket(cloud: Cloud) -> None:
    cloud.deploy("s", template({"B": full(), "P": policy()}))
    new = bucket(Tags=[{"Key": "workshop", "Value": "other"}])
    denied = policy(Action="s3:PutObject")
    assert cloud.update("s", template({"B": new, "P": denied})) == "UPDATE_COMPLETE"
    s3 = cloud.client("s3")
    assert s3.get_bucket_versioning(Bucket=NAME)["Status"] == "Suspended"
    assert own_tags(cloud) == {"workshop": "other"}
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=NAME)
    rules = s3.get_bucket_encryption(Bucket=NAME)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "s3:PutObject" in s3.get_bucket_policy(Bucket=NAME)["Policy"]


def test_a_changed_lifecycle_rule_replaces_the_old_rules(cloud: Cloud) -> None:
    cloud.deploy("s", template({"B": full()}))
    new = full(LifecycleConfiguration={"Rules": [RULES[1]]})
    assert cloud.update("s", template({"B": new})) == "UPDATE_COMPLETE"
    rules = cloud.client("s3").get_bucket_lifecycle_configuration(Bucket=NAME)["Rules"]
    assert [rule["ID"] for rule in rules] == ["uploads"]


def test_stack_tags_reach_the_bucket_with_those_of_cloudformation(cloud: Cloud) -> None:
    cloud.deploy("s", template({"B": bucket()}), Tags=[{"Key": "workshop", "Value": "demo"}])
    assert own_tags(cloud) == {"workshop": "demo"}
    tags = cloud.client("s3").get_bucket_tagging(Bucket=NAME)["TagSet"]
    assert {"Key": "aws:cloudformation:stack-name", "Value": "s"} in tags


def test_old_versions_and_delete_markers_alone_still_refuse_deletion(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    cloud.deploy("s", template({"B": full()}))
    s3.put_object(Bucket=NAME, Key="a", Body=b"x")
    s3.delete_object(Bucket=NAME, Key="a")
    assert s3.list_objects_v2(Bucket=NAME)["KeyCount"] == 0
    assert cloud.destroy("s") == "DELETE_FAILED"
    listed = s3.list_object_versions(Bucket=NAME)
    for version in (*listed["Versions"], *listed["DeleteMarkers"]):
        s3.delete_object(Bucket=NAME, Key=version["Key"], VersionId=version["VersionId"])
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert s3.list_buckets()["Buckets"] == []


def test_a_bucket_deleted_behind_the_stack_does_not_hold_up_its_deletion(cloud: Cloud) -> None:
    cloud.deploy("s", template({"B": bucket(), "P": policy()}))
    cloud.client("s3").delete_bucket(Bucket=NAME)
    assert cloud.destroy("s") == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    "name", ["ab", "Ws-Data", "ws_data", "a" * 64, "192.168.0.1", "ws..data", "xn--a", "ws-s3alias"]
)
def test_a_name_s3_does_not_allow_fails_the_stack(cloud: Cloud, name: str) -> None:
    assert cloud.deploy("s", template({"B": bucket(name)})) == "ROLLBACK_COMPLETE"
    assert "Error Code: InvalidBucketName" in cloud.reasons("s", "CREATE_FAILED")["B"]
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_bad_lifecycle_rule_fails_the_stack_and_leaves_no_bucket(cloud: Cloud) -> None:
    rules = {"Rules": [{"Id": "a", "Status": "Enabled", "ExpirationInDays": 0}]}
    body = template({"B": bucket(LifecycleConfiguration=rules)})
    assert cloud.deploy("s", body) == "ROLLBACK_COMPLETE"
    assert "must be a positive integer" in cloud.reasons("s", "CREATE_FAILED")["B"]
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_renamed_bucket_is_a_new_one_and_the_old_one_goes(cloud: Cloud) -> None:
    cloud.deploy("s", template({"B": full()}))
    renamed = full()
    renamed["Properties"]["BucketName"] = "ws-demo-ada-other"
    assert cloud.update("s", template({"B": renamed})) == "UPDATE_COMPLETE"
    s3 = cloud.client("s3")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["ws-demo-ada-other"]
    assert s3.get_bucket_versioning(Bucket="ws-demo-ada-other")["Status"] == "Enabled"


def test_a_new_bucket_blocks_public_access_as_s3_does_since_2023(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket=NAME)
    blocked = cloud.client("s3").get_public_access_block(Bucket=NAME)
    assert blocked["PublicAccessBlockConfiguration"] == BLOCKED


def test_a_policy_needs_its_bucket_and_never_overwrites_another(cloud: Cloud) -> None:
    alone = policy()
    del alone["DependsOn"]
    assert cloud.deploy("s", template({"P": alone})) == "ROLLBACK_COMPLETE"
    assert "NoSuchBucket" in cloud.reasons("s", "CREATE_FAILED")["P"]
    cloud.destroy("s")
    cloud.deploy("first", template({"B": bucket(), "P": policy()}))
    assert cloud.deploy("s", template({"P": alone})) == "ROLLBACK_COMPLETE"
    assert "already exists" in cloud.reasons("s", "CREATE_FAILED")["P"]
    assert cloud.client("s3").get_bucket_policy(Bucket=NAME)["Policy"]


def test_ref_and_attributes_of_buckets_are_the_documented_ones(cloud: Cloud) -> None:
    attributes = ("Arn", "DomainName", "RegionalDomainName", "DualStackDomainName")
    wanted = {name: {"Value": {"Fn::GetAtt": ["B", name]}} for name in attributes}
    body = template(
        {"B": bucket(), "P": policy()},
        Outputs={**wanted, "Name": {"Value": {"Ref": "B"}}, "Policy": {"Value": {"Ref": "P"}}},
    )
    cloud.deploy("s", body)
    stack = cloud.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]
    assert {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]} == {
        "Arn": f"arn:aws:s3:::{NAME}",
        "DomainName": f"{NAME}.s3.amazonaws.com",
        "RegionalDomainName": f"{NAME}.s3.us-east-1.amazonaws.com",
        "DualStackDomainName": f"{NAME}.s3.dualstack.us-east-1.amazonaws.com",
        "Name": NAME,
        "Policy": NAME,
    }
