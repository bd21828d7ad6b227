"""Conformance: MLflow tracking servers, as AWS treats them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.conformance import Aws

NAME = {"TrackingServerName": "mlflow"}


def create(aws: Aws, role: str, name: str = "mlflow", **more: Any) -> str:
    request = {"ArtifactStoreUri": "s3://conformance-bucket/mlflow", "RoleArn": role, **more}
    made = aws.sagemaker.create_mlflow_tracking_server(TrackingServerName=name, **request)
    return str(made["TrackingServerArn"])


def created(aws: Aws) -> str:
    aws.bucket()
    arn = create(aws, aws.role())
    aws.pass_time()
    return arn


def seen(aws: Aws) -> dict[str, Any]:
    return dict(aws.sagemaker.describe_mlflow_tracking_server(**NAME))


def state(aws: Aws) -> tuple[str, str]:
    now = seen(aws)
    return now["TrackingServerStatus"], now["IsActive"]


def test_a_server_shows_what_it_was_made_of_and_by_whom(aws: Aws) -> None:
    arn = created(aws)
    now = seen(aws)
    assert now["TrackingServerArn"] == arn
    assert arn.endswith(":mlflow-tracking-server/mlflow")
    assert now["TrackingServerSize"] == "Small"
    assert now["AutomaticModelRegistration"] is False
    assert now["S3BucketOwnerAccountId"] == "000000000000"
    assert now["CreatedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::000000000000:")
    assert now["TrackingServerUrl"].endswith(".us-east-1.experiments.sagemaker.aws")


def test_a_server_is_created_stopped_started_updated_and_deleted(aws: Aws) -> None:
    aws.bucket()
    create(aws, aws.role())
    states = [state(aws)]
    aws.pass_time()
    states.append(state(aws))
    for change in ("stop", "start", "update"):
        more = {"TrackingServerSize": "Large"} if change == "update" else {}
        getattr(aws.sagemaker, f"{change}_mlflow_tracking_server")(**NAME, **more)
        states.append(state(aws))
        aws.pass_time()
        states.append(state(aws))
    assert states == [
        ("Creating", "Inactive"),
        ("Created", "Active"),
        ("Stopping", "Inactive"),
        ("Stopped", "Inactive"),
        ("Starting", "Inactive"),
        ("Started", "Active"),
        ("Updating", "Active"),
        ("Updated", "Active"),
    ]
    assert seen(aws)["TrackingServerSize"] == "Large"
    aws.sagemaker.delete_mlflow_tracking_server(**NAME)
    assert state(aws) == ("Deleting", "Inactive")
    aws.pass_time()
    assert aws.sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("stop", "is currently in status CREATING, can't be stopped."),
        ("start", "is currently in status CREATING, can't be started."),
        ("update", "is currently in status CREATING, can't be updated."),
    ],
)
def test_a_server_that_is_being_created_takes_no_change(aws: Aws, change: str, words: str) -> None:
    aws.bucket()
    arn = create(aws, aws.role())
    assert aws.refusal(f"{change}_mlflow_tracking_server", **NAME) == (
        f"ValidationException: Tracking Server with ARN {arn} {words}"
    )
    assert aws.refusal("delete_mlflow_tracking_server", **NAME) == (
        "ValidationException: Tracking Server is in un-deletable state (CREATING), so it cannot "
        "be deleted."
    )


def test_a_stopped_server_can_be_deleted_but_not_stopped_again(aws: Aws) -> None:
    created(aws)
    aws.sagemaker.stop_mlflow_tracking_server(**NAME)
    aws.pass_time()
    assert "in status STOPPED, can't be stopped" in aws.refusal(
        "stop_mlflow_tracking_server", **NAME
    )
    aws.sagemaker.delete_mlflow_tracking_server(**NAME)


def test_a_running_server_cannot_be_started(aws: Aws) -> None:
    created(aws)
    assert "in status CREATED, can't be started" in aws.refusal(
        "start_mlflow_tracking_server", **NAME
    )


@pytest.mark.parametrize(
    "operation",
    [
        "describe_mlflow_tracking_server",
        "start_mlflow_tracking_server",
        "stop_mlflow_tracking_server",
        "update_mlflow_tracking_server",
        "delete_mlflow_tracking_server",
        "create_presigned_mlflow_tracking_server_url",
    ],
)
def test_a_server_that_is_not_there_is_not_found(aws: Aws, operation: str) -> None:
    assert aws.refusal(operation, **NAME).startswith("ResourceNotFound: ")


def test_a_server_of_that_name_or_without_a_role_cannot_be_made(aws: Aws) -> None:
    created(aws)
    request = {"ArtifactStoreUri": "s3://conformance-bucket/", "RoleArn": aws.role("other")}
    refused = aws.refusal("create_mlflow_tracking_server", **NAME, **request)
    assert "already exists" in refused
    request["RoleArn"] = "arn:aws:iam::000000000000:role/nobody"
    refused = aws.refusal("create_mlflow_tracking_server", TrackingServerName="new", **request)
    assert refused.startswith("ValidationException: Could not assume role")


def test_a_server_without_its_bucket_fails_and_can_be_deleted(aws: Aws) -> None:
    create(aws, aws.role())
    aws.pass_time()
    assert state(aws) == ("CreateFailed", "Inactive")
    aws.sagemaker.delete_mlflow_tracking_server(**NAME)
    aws.pass_time()
    aws.bucket()
    create(aws, aws.role("other"))
    aws.pass_time()
    aws.sagemaker.update_mlflow_tracking_server(**NAME, ArtifactStoreUri="s3://nowhere/")
    aws.pass_time()
    assert state(aws) == ("UpdateFailed", "Inactive")


def test_a_presigned_address_leads_to_the_server(aws: Aws) -> None:
    created(aws)
    address = aws.sagemaker.create_presigned_mlflow_tracking_server_url(**NAME)["AuthorizedUrl"]
    assert address.startswith(f"{seen(aws)['TrackingServerUrl']}/auth?authToken=")


def test_a_server_carries_tags(aws: Aws) -> None:
    aws.bucket()
    arn = create(aws, aws.role(), Tags=[{"Key": "seat", "Value": "ada"}])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "seat", "Value": "ada"}]
    aws.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["seat"])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_servers_are_found_by_status_version_and_time(aws: Aws) -> None:
    aws.bucket()
    role = aws.role()
    create(aws, role, "old", MlflowVersion="2.16.2")
    aws.pass_time()
    create(aws, role, "new")

    def names(**request: Any) -> list[str]:
        found = aws.sagemaker.list_mlflow_tracking_servers(**request)["TrackingServerSummaries"]
        return [server["TrackingServerName"] for server in found]

    middle = aws.sagemaker.describe_mlflow_tracking_server(TrackingServerName="old")
    after = middle["CreationTime"] + timedelta(seconds=30)
    assert names() == ["new", "old"]
    assert names(TrackingServerStatus="Created") == ["old"]
    assert names(MlflowVersion="2.16.2") == ["old"]
    assert names(CreatedAfter=after) == ["new"]
    assert names(CreatedBefore=after) == ["old"]
    assert names(SortBy="Name", SortOrder="Ascending") == ["new", "old"]
    assert names(SortBy="Status", SortOrder="Ascending") == ["old", "new"]
