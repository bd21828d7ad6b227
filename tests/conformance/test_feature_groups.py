"""Conformance: feature groups, and what they leave behind."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.conformance import Aws
from tests.support.refusals import refusal

NAME = {"FeatureGroupName": "Houses"}
FEATURES = {
    "RecordIdentifierFeatureName": "id",
    "EventTimeFeatureName": "at",
    "FeatureDefinitions": [
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "at", "FeatureType": "String"},
        {"FeatureName": "rooms", "FeatureType": "Integral"},
    ],
}
ONLINE = {"OnlineStoreConfig": {"EnableOnlineStore": True}}


def offline(aws: Aws, bucket: str) -> dict[str, Any]:
    config = {"S3StorageConfig": {"S3Uri": f"{bucket}/features"}}
    return {"OfflineStoreConfig": config, "RoleArn": aws.role()}


def test_a_group_is_created_with_stores_and_a_table_in_the_catalog(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_feature_group(**NAME, **FEATURES, **ONLINE, **offline(aws, aws.bucket()))
    assert client.describe_feature_group(**NAME)["FeatureGroupStatus"] == "Creating"
    aws.pass_time()
    found = client.describe_feature_group(**NAME)
    assert found["FeatureGroupStatus"] == "Created"
    store = found["OfflineStoreConfig"]
    assert (
        "/sagemaker/us-east-1/offline-store/Houses-"
        in (store["S3StorageConfig"]["ResolvedOutputS3Uri"])
    )
    table = store["DataCatalogConfig"]
    assert table["Database"] == "sagemaker_featurestore"
    glue = aws.client("glue")
    made = glue.get_table(DatabaseName=table["Database"], Name=table["TableName"])["Table"]
    role = found["RoleArn"].rpartition("/")[2]
    assert made["CreatedBy"] == f"arn:aws:sts::000000000000:assumed-role/{role}/SageMaker"


def test_a_deleted_group_leaves_its_table_in_the_catalog(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_feature_group(**NAME, **FEATURES, **offline(aws, aws.bucket()))
    aws.pass_time()
    client.delete_feature_group(**NAME)
    assert client.describe_feature_group(**NAME)["FeatureGroupStatus"] == "Deleting"
    aws.pass_time()
    assert aws.refusal("describe_feature_group", **NAME).startswith("ResourceNotFound: ")
    tables = aws.client("glue").get_tables(DatabaseName="sagemaker_featurestore")["TableList"]
    assert [table["Name"].rpartition("_")[0] for table in tables] == ["houses"]


def test_a_group_whose_bucket_is_missing_fails_and_can_be_deleted(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_feature_group(**NAME, **FEATURES, **offline(aws, "s3://no-such-bucket"))
    aws.pass_time()
    found = client.describe_feature_group(**NAME)
    assert found["FeatureGroupStatus"] == "CreateFailed"
    assert "does not exist" in found["FailureReason"]
    client.delete_feature_group(**NAME)
    aws.pass_time()
    assert client.list_feature_groups()["FeatureGroupSummaries"] == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, "ValidationException: Either OnlineStoreConfig or OfflineStoreConfig"),
        (
            {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/p"}}},
            "ValidationException: RoleArn is required",
        ),
        (
            {**ONLINE, "EventTimeFeatureName": "no"},
            "ValidationException: EventTimeFeatureName 'no' is not one of",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(aws: Aws, change: dict[str, Any], refusal: str) -> None:
    request = {**NAME, **FEATURES, **change}
    assert aws.refusal("create_feature_group", **request).startswith(refusal)


def test_features_are_only_ever_added(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_feature_group(**NAME, **FEATURES, **ONLINE)
    assert aws.refusal("delete_feature_group", **NAME).endswith("while it is Creating.")
    assert aws.refusal("create_feature_group", **NAME, **FEATURES, **ONLINE).startswith(
        "ResourceInUse"
    )
    aws.pass_time()
    added = [{"FeatureName": "price", "FeatureType": "Fractional"}]
    client.update_feature_group(**NAME, FeatureAdditions=added)
    found = client.describe_feature_group(**NAME)
    assert [definition["FeatureName"] for definition in found["FeatureDefinitions"]] == [
        "id",
        "at",
        "rooms",
        "price",
    ]
    assert found["LastUpdateStatus"] == {"Status": "Successful"}


def test_lists_filter_by_status(aws: Aws) -> None:
    client = aws.sagemaker
    client.create_feature_group(**NAME, **FEATURES, **ONLINE)
    aws.pass_time()
    client.create_feature_group(FeatureGroupName="second", **FEATURES, **ONLINE)
    for status, expected in (("Created", ["Houses"]), ("Creating", ["second"])):
        found = client.list_feature_groups(FeatureGroupStatusEquals=status)
        assert [
            summary["FeatureGroupName"] for summary in found["FeatureGroupSummaries"]
        ] == expected
    found = client.list_feature_groups(OfflineStoreStatusEquals="Active")
    assert found["FeatureGroupSummaries"] == []


def values(**given: str) -> list[dict[str, str]]:
    return [{"FeatureName": name, "ValueAsString": value} for name, value in given.items()]


def test_a_record_is_kept_online_and_left_behind_in_the_offline_store(aws: Aws) -> None:
    bucket = aws.bucket()
    aws.sagemaker.create_feature_group(**NAME, **FEATURES, **ONLINE, **offline(aws, bucket))
    aws.pass_time()
    records = aws.client("sagemaker-featurestore-runtime")
    house = values(id="a", at="2026-01-01T00:00:00Z", rooms="3")
    records.put_record(**NAME, Record=house)
    one = {**NAME, "RecordIdentifierValueAsString": "a"}
    assert records.get_record(**one)["Record"] == house
    batch = {**NAME, "RecordIdentifiersValueAsString": ["a", "none"], "FeatureNames": ["rooms"]}
    assert records.batch_get_record(Identifiers=[batch])["Records"] == [
        {**one, "Record": values(rooms="3")}
    ]
    records.delete_record(**one, EventTime="2026-01-02T00:00:00Z")
    assert "Record" not in records.get_record(**one)
    aws.sagemaker.delete_feature_group(**NAME)
    aws.pass_time()
    (left,) = aws.keys(bucket)
    assert left.startswith("features/000000000000/sagemaker/us-east-1/offline-store/Houses-")
    assert left.endswith(".parquet")


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (values(id="a"), "Missing required feature value 'at'"),
        (values(id="a", at="1", garden="1"), "The feature group has no garden"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(
    aws: Aws, record: list[dict[str, str]], told: str
) -> None:
    aws.sagemaker.create_feature_group(**NAME, **FEATURES, **ONLINE)
    aws.pass_time()
    records = aws.client("sagemaker-featurestore-runtime")
    refused = refusal(records.put_record, **NAME, Record=record)
    assert refused[1:] == ("ValidationError", told)


def test_a_group_without_an_online_store_gives_no_record_back(aws: Aws) -> None:
    aws.sagemaker.create_feature_group(**NAME, **FEATURES, **offline(aws, aws.bucket()))
    aws.pass_time()
    records = aws.client("sagemaker-featurestore-runtime")
    with pytest.raises(ClientError, match="need a feature group with an online store"):
        records.get_record(**NAME, RecordIdentifierValueAsString="a")
    with pytest.raises(ClientError, match="'None' does not exist"):
        records.get_record(FeatureGroupName="None", RecordIdentifierValueAsString="a")


def test_records_of_several_groups_are_read_at_once_and_missing_ones_left_out(aws: Aws) -> None:
    aws.sagemaker.create_feature_group(**NAME, **FEATURES, **ONLINE, RoleArn=aws.role())
    aws.pass_time()
    client = aws.client("sagemaker-featurestore-runtime")
    values = {"id": "1", "at": "2026-01-01T00:00:00Z", "rooms": "3"}
    record = [{"FeatureName": key, "ValueAsString": value} for key, value in values.items()]
    client.put_record(**NAME, Record=record)
    asked = {**NAME, "RecordIdentifiersValueAsString": ["1", "2"]}
    [found] = client.batch_get_record(Identifiers=[asked])["Records"]
    assert (found["RecordIdentifierValueAsString"], found["Record"]) == ("1", record)
