"""A bucket holds what people made: private, tidy, and never emptied by deleting a stack."""

from __future__ import annotations

from typing import Any

from tests.support.single_construct import only, resources
from workbench.bucket import WorkbenchBucket


def bucket(**changes: Any) -> dict[str, Any]:
    values = {
        "bucket_name": "vision-${AttendeeId}-data",
        "versioned": True,
        "noncurrent_days": 7,
        "incomplete_upload_days": 2,
        **changes,
    }
    return only(lambda stack: WorkbenchBucket(stack, "Data", **values), "AWS::S3::Bucket")


def rule(made: dict[str, Any]) -> dict[str, Any]:
    (found,) = made["Properties"]["LifecycleConfiguration"]["Rules"]
    assert isinstance(found, dict)
    return found


def test_nobody_outside_reads_it_and_nothing_travels_in_the_clear() -> None:
    properties = bucket()["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    made = resources(
        lambda stack: WorkbenchBucket(
            stack,
            "Data",
            bucket_name="plain",
            versioned=False,
            noncurrent_days=1,
            incomplete_upload_days=1,
        )
    )
    (policy,) = [one for one in made if one["Type"] == "AWS::S3::BucketPolicy"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    # A function that empties buckets would stay behind, with its role and its log group.
    assert {one["Type"] for one in made} == {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"}


def test_its_name_is_the_seats_in_any_account() -> None:
    assert bucket()["Properties"]["BucketName"] == {"Fn::Sub": "vision-${AttendeeId}-data"}
    assert bucket(bucket_name="plain")["Properties"]["BucketName"] == "plain"


def test_what_was_overwritten_is_there_for_some_days_and_then_costs_nothing() -> None:
    kept, plain = bucket(), bucket(versioned=False)
    assert kept["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert rule(kept)["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert "VersioningConfiguration" not in plain["Properties"]
    assert "NoncurrentVersionExpiration" not in rule(plain)


def test_uploads_that_never_ended_are_ended_and_objects_expire_only_if_asked() -> None:
    assert rule(bucket())["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert "ExpirationInDays" not in rule(bucket())
    assert rule(bucket(expire_days=30))["ExpirationInDays"] == 30


def test_it_outlives_its_stack_only_if_the_yaml_says_keep() -> None:
    assert bucket()["DeletionPolicy"] == "Delete"
    kept = bucket(keep=True)
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == (
        "RetainExceptOnCreate",
        "Retain",
    )
