"""Conformance: MLflow Apps, as AWS treats them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.conformance import Aws, listed

APPS = "arn:aws:sagemaker:us-east-1:000000000000:mlflow-app"
ARN = f"{APPS}/app-0123456789AB"
HOST = r"app-[0-9a-f]{12}\.us-east-1\.experiments\.sagemaker\.aws"


def create(aws: Aws, role: str, **more: Any) -> str:
    request = {"ArtifactStoreUri": "s3://conformance-bucket/mlflow", "RoleArn": role, **more}
    return str(aws.sagemaker.create_mlflow_app(Name="runs", **request)["Arn"])


def state(aws: Aws, arn: str) -> str:
    return str(aws.sagemaker.describe_mlflow_app(Arn=arn)["Status"])


def test_an_app_is_asked_for_by_an_arn_that_sagemaker_gives_it(aws: Aws) -> None:
    aws.bucket()
    arn = create(aws, aws.role(), Tags=[{"Key": "attendee", "Value": "ada"}])
    assert re.fullmatch(
        r"arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/app-[0-9A-F]{12}", arn
    )
    now = aws.sagemaker.describe_mlflow_app(Arn=arn)
    assert (now["Name"], now["Status"]) == ("runs", "Creating")
    assert now["CreatedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::000000000000:")
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "attendee", "Value": "ada"}]
    aws.pass_time()
    (summary,) = aws.sagemaker.list_mlflow_apps()["Summaries"]
    assert (summary["Arn"], summary["Name"], summary["Status"]) == (arn, "runs", "Created")


def test_an_app_is_updated_opened_and_deleted(aws: Aws) -> None:
    aws.bucket()
    arn = create(aws, aws.role())
    aws.pass_time()
    aws.sagemaker.update_mlflow_app(Arn=arn, ModelRegistrationMode="AutoModelRegistrationEnabled")
    assert state(aws, arn) == "Updating"
    aws.pass_time()
    assert state(aws, arn) == "Updated"
    address = aws.sagemaker.create_presigned_mlflow_app_url(Arn=arn)["AuthorizedUrl"]
    assert re.match(rf"https://{HOST}/auth", address)
    aws.sagemaker.delete_mlflow_app(Arn=arn)
    assert state(aws, arn) == "Deleting"
    assert "in un-deletable state (DELETING)" in aws.refusal("delete_mlflow_app", Arn=arn)
    aws.pass_time()
    assert aws.sagemaker.list_mlflow_apps()["Summaries"] == []


def test_an_app_without_its_bucket_fails_and_can_be_deleted(aws: Aws) -> None:
    arn = create(aws, aws.role(), ArtifactStoreUri="s3://nowhere/mlflow")
    aws.pass_time()
    assert state(aws, arn) == "CreateFailed"
    aws.sagemaker.delete_mlflow_app(Arn=arn)
    aws.pass_time()
    assert aws.sagemaker.list_mlflow_apps()["Summaries"] == []


@pytest.mark.parametrize(
    "operation",
    ["describe_mlflow_app", "delete_mlflow_app", "create_presigned_mlflow_app_url"],
)
def test_an_app_that_is_not_there_is_not_found(aws: Aws, operation: str) -> None:
    missing = f"ResourceNotFound: MLflow App with ARN {ARN} does not exist."
    assert aws.refusal(operation, Arn=ARN) == missing


def test_apps_of_one_name_are_two_and_are_listed_by_status(aws: Aws) -> None:
    aws.bucket()
    role = aws.role()
    arns = {create(aws, role), create(aws, role)}
    assert len(arns) == 2
    found = {one["Arn"] for one in listed(aws.sagemaker, "list_mlflow_apps", "Summaries", 1)}
    assert found == arns
    assert aws.sagemaker.list_mlflow_apps(Status="Created")["Summaries"] == []
