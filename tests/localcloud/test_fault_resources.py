"""Faults of resources: keys that stay, statuses that do not pass, machines that are not there."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud

PENDING = 60.0
"""Seconds that a notebook takes to start or stop in these tests."""


def filled(cloud: Cloud, *keys: str, versions: bool = False) -> Any:
    """Return a client of S3 and a bucket, "bucket", with an object at each key."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    if versions:
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    for key in keys:
        s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    return s3


def left(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]


def asked(*keys: str, **more: Any) -> dict[str, Any]:
    return {"Objects": [{"Key": key} for key in keys], **more}


def notebook(cloud: Cloud, name: str, instance_type: str = "ml.t3.medium") -> None:
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=name,
        InstanceType=instance_type,
        RoleArn=cloud.role(f"{name}-role"),
        PlatformIdentifier="notebook-al2023-v1",
    )


def status(cloud: Cloud, name: str) -> str:
    told = cloud.client("sagemaker").describe_notebook_instance(NotebookInstanceName=name)
    return str(told["NotebookInstanceStatus"])


def test_matching_keys_stay_and_are_named_in_an_answer_with_status_200(cloud: Cloud) -> None:
    s3 = filled(cloud, "checkpoints/1", "m/1", "<&>")
    cloud.faults({"effect": "keys", "match": "checkpoints/*"}, {"effect": "keys", "match": "<?>"})
    answer = s3.delete_objects(Bucket="bucket", Delete=asked("checkpoints/1", "m/1", "<&>"))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [item["Key"] for item in answer["Deleted"]] == ["m/1"]
    message = "We encountered an internal error. Please try again."
    assert answer["Errors"] == [
        {"Key": "checkpoints/1", "Code": "InternalError", "Message": message},
        {"Key": "<&>", "Code": "InternalError", "Message": message},
    ]
    assert left(s3) == ["<&>", "checkpoints/1"]


def test_a_version_that_stays_is_named_with_its_id(cloud: Cloud) -> None:
    s3 = filled(cloud, "a", "b", versions=True)
    found = s3.list_object_versions(Bucket="bucket")["Versions"]
    named = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found]
    cloud.faults({"effect": "keys", "match": "a", "code": "AccessDenied"})
    answer = s3.delete_objects(Bucket="bucket", Delete={"Objects": named})
    assert answer["Errors"] == [{**named[0], "Code": "AccessDenied", "Message": "Access Denied"}]
    kept = s3.list_object_versions(Bucket="bucket")["Versions"]
    assert [item["VersionId"] for item in kept] == [named[0]["VersionId"]]


def test_a_quiet_deletion_still_tells_of_errors(cloud: Cloud) -> None:
    s3 = filled(cloud, "a", "b")
    cloud.faults({"effect": "keys", "match": "a"})
    answer = s3.delete_objects(Bucket="bucket", Delete=asked("a", "b", Quiet=True))
    assert "Deleted" not in answer
    assert [error["Key"] for error in answer["Errors"]] == ["a"]
    assert left(s3) == ["a"]


def test_all_keys_can_stay_once(cloud: Cloud) -> None:
    s3 = filled(cloud, "a", "b")
    cloud.faults({"effect": "keys", "match": "*", "times": 1})
    answer = s3.delete_objects(Bucket="bucket", Delete=asked("a", "b"))
    assert ("Deleted" in answer, len(answer["Errors"]), left(s3)) == (False, 2, ["a", "b"])
    again = s3.delete_objects(Bucket="bucket", Delete=asked("a", "b"))
    assert ("Errors" in again, len(again["Deleted"]), left(s3)) == (False, 2, [])


def test_a_deletion_that_names_no_such_key_is_not_counted(cloud: Cloud) -> None:
    s3 = filled(cloud, "a", "b")
    cloud.faults({"effect": "keys", "match": "a", "times": 1})
    assert "Errors" not in s3.delete_objects(Bucket="bucket", Delete=asked("b"))
    assert "Errors" in s3.delete_objects(Bucket="bucket", Delete=asked("a"))


def test_a_bucket_that_is_not_there_has_no_keys_to_lose(cloud: Cloud) -> None:
    cloud.faults({"effect": "keys", "match": "*"})
    with pytest.raises(ClientError, match="NoSuchBucket"):
        cloud.client("s3").delete_objects(Bucket="nowhere", Delete=asked("a"))


def test_keys_stay_in_one_account_only(cloud: Cloud) -> None:
    s3 = filled(cloud, "a")
    cloud.faults({"effect": "keys", "match": "*", "account": "111122223333"})
    assert "Errors" not in s3.delete_objects(Bucket="bucket", Delete=asked("a"))


def test_a_stuck_resource_keeps_its_status_until_the_rule_is_cleared(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.delays(notebook=PENDING)
    for name in ("ada", "bob"):
        notebook(cloud, name)
    stuck = {"effect": "stuck", "noun": "Notebook*", "name": "ad?", "status": "Pending"}
    cloud.faults(stuck)
    cloud.advance(PENDING)
    assert (status(cloud, "ada"), status(cloud, "bob")) == ("Pending", "InService")
    cloud.advance(10 * PENDING)
    assert status(cloud, "ada") == "Pending"
    cloud.faults()
    cloud.advance(PENDING)
    assert status(cloud, "ada") == "InService"


def test_another_status_region_or_account_is_not_stuck(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.delays(notebook=PENDING)
    notebook(cloud, "ada")
    stuck = {"effect": "stuck", "noun": "NotebookInstance"}
    cloud.faults(
        {**stuck, "status": "Deleting"},
        {**stuck, "status": "Pending", "region": "eu-west-1"},
        {**stuck, "status": "Pending", "account": "111122223333"},
    )
    cloud.advance(PENDING)
    assert status(cloud, "ada") == "InService"


def test_there_is_no_machine_of_a_type_for_as_often_as_asked(cloud: Cloud) -> None:
    cloud.quotas(sagemaker={"ml.p3.2xlarge for notebook instance usage": 2})
    lacking = {"effect": "capacity", "instance_type": "ml.p?.*", "times": 1}
    assert cloud.faults(lacking) == [{**lacking, "seen": 0, "hits": 0}]
    notebook(cloud, "usual")
    notebook(cloud, "first", "ml.p3.2xlarge")
    notebook(cloud, "second", "ml.p3.2xlarge")
    cloud.advance(0)
    assert [status(cloud, name) for name in ("usual", "first", "second")] == [
        "InService",
        "Failed",
        "InService",
    ]
    told = cloud.client("sagemaker").describe_notebook_instance(NotebookInstanceName="first")
    assert told["FailureReason"].startswith("Insufficient notebook instance capacity.")
