"""Conformance: endpoints and their statuses, as AWS treats them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.conformance import Aws
from tests.support.endpoints import (
    CHANGES,
    IMAGE,
    NAME,
    configure,
    create,
    deploy,
    prepare,
    refused,
    seen,
    status,
)


def test_an_endpoint_is_created_and_then_in_service(aws: Aws) -> None:
    prepare(aws)
    arn = create(aws)
    first = seen(aws)
    assert first["EndpointStatus"] == "Creating"
    assert first["PendingDeploymentSummary"]["EndpointConfigName"] == "first"
    assert "ProductionVariants" not in first
    aws.pass_time()
    then = seen(aws)
    assert then["EndpointStatus"] == "InService"
    assert then["EndpointConfigName"] == "first"
    assert then["EndpointArn"] == arn
    assert then["LastModifiedTime"] - then["CreationTime"] == timedelta(seconds=60)
    assert "PendingDeploymentSummary" not in then
    [only] = then["ProductionVariants"]
    assert only["VariantName"] == "AllTraffic"
    assert (only["CurrentWeight"], only["DesiredWeight"]) == (1.0, 1.0)
    assert (only["CurrentInstanceCount"], only["DesiredInstanceCount"]) == (1, 1)
    [image] = only["DeployedImages"]
    assert image["SpecifiedImage"] == IMAGE
    assert image["ResolvedImage"].startswith(IMAGE.removesuffix(":1") + "@sha256:")


def test_the_waiters_of_the_service_know_when_an_endpoint_serves_and_when_it_is_gone(
    aws: Aws,
) -> None:
    deploy(aws)
    aws.sagemaker.get_waiter("endpoint_in_service").wait(**NAME)
    aws.sagemaker.delete_endpoint(**NAME)
    assert status(aws) == "Deleting"
    aws.pass_time()
    aws.sagemaker.get_waiter("endpoint_deleted").wait(**NAME)


@pytest.mark.parametrize("operation", CHANGES)
def test_an_endpoint_that_is_being_created_takes_no_change_not_even_deletion(
    aws: Aws, operation: str
) -> None:
    prepare(aws)
    arn = create(aws)
    assert refused(aws, operation) == (
        f'ValidationException: Cannot update in-progress endpoint "{arn}".'
    )


@pytest.mark.parametrize("operation", CHANGES)
def test_an_endpoint_that_is_updated_or_deleted_takes_no_other_change(
    aws: Aws, operation: str
) -> None:
    deploy(aws)
    configure(aws, "second")
    aws.sagemaker.update_endpoint(**NAME, EndpointConfigName="second")
    assert "Cannot update in-progress endpoint" in refused(aws, operation)
    aws.pass_time()
    aws.sagemaker.delete_endpoint(**NAME)
    assert "Cannot update in-progress endpoint" in refused(aws, operation)


@pytest.mark.parametrize("operation", [*CHANGES, "describe_endpoint"])
def test_an_endpoint_that_is_not_there_is_named_by_its_arn(aws: Aws, operation: str) -> None:
    assert refused(aws, operation) == (
        'ValidationException: Could not find endpoint "arn:aws:sagemaker:us-east-1:'
        '000000000000:endpoint/ep".'
    )


def test_an_endpoint_of_that_name_in_whatever_case_cannot_be_created_again(aws: Aws) -> None:
    prepare(aws)
    arn = create(aws)
    assert aws.refusal("create_endpoint", EndpointName="EP", EndpointConfigName="first") == (
        f'ValidationException: Cannot create already existing endpoint "{arn}".'
    )


def test_an_endpoint_needs_a_configuration_whose_models_exist(aws: Aws) -> None:
    words = aws.refusal("create_endpoint", **NAME, EndpointConfigName="first")
    assert words.startswith("ValidationException: Could not find endpoint configuration ")
    prepare(aws)
    aws.sagemaker.delete_model(ModelName="model")
    words = aws.refusal("create_endpoint", **NAME, EndpointConfigName="first")
    assert words.startswith("ValidationException: Could not find model ")


def test_configuration_and_model_of_a_live_endpoint_can_be_deleted(aws: Aws) -> None:
    deploy(aws)
    aws.sagemaker.delete_endpoint_config(EndpointConfigName="first")
    aws.sagemaker.delete_model(ModelName="model")
    assert status(aws) == "InService"
    aws.sagemaker.delete_endpoint(**NAME)
    aws.pass_time()
    assert aws.sagemaker.list_endpoints()["Endpoints"] == []


def test_an_endpoint_whose_role_is_gone_sticks_in_deleting_until_it_is_back(aws: Aws) -> None:
    deploy(aws)
    aws.client("iam").delete_role(RoleName="seat")
    aws.sagemaker.delete_endpoint(**NAME)
    aws.pass_time(5)
    assert status(aws) == "Deleting"
    aws.role()
    aws.pass_time()
    assert "Could not find endpoint" in aws.refusal("describe_endpoint", **NAME)


def test_a_role_of_the_configuration_counts_like_that_of_the_model(aws: Aws) -> None:
    own = aws.role("own")
    deploy(aws, ExecutionRoleArn=own)
    aws.client("iam").delete_role(RoleName="own")
    aws.sagemaker.delete_endpoint(**NAME)
    aws.pass_time(2)
    assert status(aws) == "Deleting"


def test_an_endpoint_fails_if_its_role_goes_while_it_is_created(aws: Aws) -> None:
    prepare(aws)
    create(aws)
    aws.client("iam").delete_role(RoleName="seat")
    aws.pass_time()
    failed = seen(aws)
    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"].startswith("The execution role ARN ")
    words = refused(aws, "update_endpoint")
    assert words.startswith("ValidationException: Cannot update failed endpoint")
    aws.sagemaker.delete_endpoint(**NAME)
    aws.pass_time()
    assert aws.sagemaker.list_endpoints()["Endpoints"] == []


def test_endpoints_are_found_by_name_by_status_and_in_order(aws: Aws) -> None:
    prepare(aws)
    for name in ("b", "a-1"):
        create(aws, name)
    aws.pass_time()
    create(aws, "a-2")

    def names(**request: Any) -> list[str]:
        found = aws.sagemaker.list_endpoints(**request)["Endpoints"]
        return [endpoint["EndpointName"] for endpoint in found]

    assert names(StatusEquals="Creating") == ["a-2"]
    assert names() == ["a-2", "b", "a-1"]
    assert names(NameContains="a-", SortBy="Name", SortOrder="Ascending") == ["a-1", "a-2"]
    by_status = names(SortBy="Status", SortOrder="Ascending")
    assert by_status[0] == "a-2"
    assert len(by_status) == 3


def test_an_endpoint_carries_tags_an_empty_list_of_them_is_none(aws: Aws) -> None:
    prepare(aws)
    arn = create(aws, Tags=[])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
    aws.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "seat", "Value": "ada"}])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "seat", "Value": "ada"}]
    aws.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["seat"])
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []
